import { readFileSync } from "node:fs";
import { cpuDriver } from "@decant/compute";
import { type CudaDriver, guard, openCuda, type Cuda } from "@decant/cuda";
import { remoteDriver } from "@decant/remoting";
import { afterAll, beforeAll, describe } from "vitest";
import { serve, type Server } from "../serve.ts";

/** The ways to a driver that all tests of the Driver API's behaviour go: in this process, and through a server. */
const ways: Record<string, () => Promise<{ driver: CudaDriver; stop(): Promise<void> }>> = {
  async "in this process"() {
    const cpu = cpuDriver({ workers: 2, memoryBytes: 256 << 20, timeLimitMs: 5_000 });
    return { driver: { open: async (options) => guard(await cpu.open(options)), close: () => cpu.close() }, stop: async () => cpu.close() };
  },
  async "through a WebSocket"() {
    const cpu = cpuDriver({ workers: 2, memoryBytes: 256 << 20, timeLimitMs: 5_000 });
    const server: Server = await serve({ listen: "127.0.0.1:0", driver: cpu });
    const driver = remoteDriver(server.url);
    return {
      driver,
      async stop() {
        await driver.close();
        await server.stop();
      },
    };
  },
};

/** Declares the same tests for each way. `driver()` is for use inside of tests. */
export function onEveryDriver(declare: (driver: () => CudaDriver) => void): void {
  describe.each(Object.entries(ways))("%s:", (_, open) => {
    let opened: Awaited<ReturnType<typeof open>> | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.stop());
    declare(() => opened!.driver);
  });
}

/** A session with a context, which ends with the test. */
export async function withContext<T>(driver: CudaDriver, run: (cuda: Cuda, context: number) => Promise<T>): Promise<T> {
  const cuda = await openCuda(driver);
  try {
    return await run(cuda, cuda.cuCtxCreate(0, 0));
  } finally {
    await cuda.close();
  }
}

export const failing = (code: number): { readonly cuResult: number } => ({ cuResult: code });

/** A file of this folder's testdata, or of another package's. */
export const file = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, import.meta.url)));
