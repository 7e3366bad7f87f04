import type { CudaDriver } from "@decant/cuda";
import { commandPath } from "./command-path.ts";
import { UsageError } from "./terminal.ts";

/** A driver for one run, and its end. */
export interface RunDriver {
  driver: CudaDriver;
  close(): Promise<void>;
}

/** Refuses what is no address of a server. */
export function requireServerUrl(url: string): void {
  if (!/^wss?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError(`--gpu takes a server's address, as ws://127.0.0.1:9440, not "${url}"`);
}

/**
 * Where a program's CUDA calls go: to the server at `url`, or to one that is started on loopback when the program first calls cuInit. Nothing is
 * loaded or started for a program that uses no CUDA.
 */
export function cudaDriver(url: string | undefined, compiler?: "vector" | "reference"): RunDriver {
  let remote: CudaDriver | undefined;
  let stop: (() => Promise<void>) | undefined;
  const start = async (): Promise<CudaDriver> => {
    const { remoteDriver } = await import("@decant/remoting");
    if (url !== undefined) {
      const token = process.env["DECANT_TOKEN"];
      return remoteDriver(url, token ? { token } : {});
    }
    const { startServerProcess } = await import("@decant/server");
    const server = await startServerProcess([
      process.execPath,
      ...process.execArgv,
      commandPath,
      "serve",
      "--for-parent",
      ...(compiler ? [compiler] : []),
    ]);
    stop = () => server.stop();
    return remoteDriver(server.url, { token: server.token });
  };
  return {
    driver: {
      open: async (options) => (remote ??= await start()).open(options),
      close: () => {},
    },
    async close() {
      await remote?.close();
      await stop?.();
    },
  };
}
