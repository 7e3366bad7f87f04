import type { Cuda, CudaDriver, SessionOptions } from "@decant/cuda";
import { CUDA_ERROR, CudaError, openCuda } from "@decant/cuda";
import { ClientSession } from "./client-session.ts";
import { defaultWireLimits, type WireLimits } from "./limits.ts";
import type { MessageSocket } from "./socket.ts";
import { openSocket } from "./socket.ts";

export interface RemoteOptions {
  /** Who the client is; the server may ask for it. It is sent in the first message, never in the address. */
  readonly token?: string;
  readonly limits?: WireLimits;
  /** Certificates to trust in the place of the well-known ones, in PEM. Node only; `NODE_EXTRA_CA_CERTS` adds to the well-known ones. */
  readonly ca?: string;
}

/**
 * A driver on the far side of a WebSocket: `ws://host:9440`, or wss. Each session is a connection of its own, which is replaced when it breaks.
 * `open` fails with CUDA_ERROR_SYSTEM_NOT_READY when there is no server, SYSTEM_DRIVER_MISMATCH when it speaks
 * another protocol, and NOT_PERMITTED when it does not let the client in; the error's log says why.
 */
export function remoteDriver(url: string, options: RemoteOptions = {}): CudaDriver {
  const limits = options.limits ?? defaultWireLimits;
  const sessions = new Set<ClientSession>();
  const connectSocket = (): Promise<MessageSocket> => openSocket(url, limits.frameBytes, options.ca);
  return {
    async open(sessionOptions = {}) {
      const session = new ClientSession({
        ...sessionOptions,
        limits,
        reconnect: connectSocket,
        onEnded: () => sessions.delete(session),
      });
      try {
        const opened = await session.hello(await connectSocket(), options.token);
        sessions.add(session);
        return opened;
      } catch (error) {
        if (error instanceof CudaError) throw error;
        throw new CudaError(CUDA_ERROR.SYSTEM_NOT_READY, `${url}: ${(error as Error).message}`);
      }
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
    },
  };
}

/** Connects to a server and gives the Driver API for one thread. */
export function connect(url: string, options: RemoteOptions & SessionOptions = {}): Promise<Cuda> {
  return openCuda(remoteDriver(url, options), options);
}
