import type { CudaDriver } from "../driver.ts";
import { CudaClient } from "./client.ts";
import * as contextCalls from "./context-calls.ts";
import * as deviceCalls from "./device-calls.ts";
import * as arrayCalls from "./array-calls.ts";
import * as captureCalls from "./capture-calls.ts";
import * as graphCalls from "./graph-calls.ts";
import type { HostMemory } from "./host-memory.ts";
import * as hostCalls from "./host-calls.ts";
import * as launchCalls from "./launch-calls.ts";
import * as libraryCalls from "./library-calls.ts";
import * as linkCalls from "./link-calls.ts";
import * as memoryCalls from "./memory-calls.ts";
import * as moduleCalls from "./module-calls.ts";
import * as poolCalls from "./pool-calls.ts";
import { allocateShared } from "./shared-memory-calls.ts";
import * as sharedMemoryCalls from "./shared-memory-calls.ts";
import * as streamCalls from "./stream-calls.ts";
import { CudaArray } from "./objects.ts";
import * as textureCalls from "./texture-calls.ts";
import { CudaThread } from "./thread.ts";
import { allocationDevice } from "./virtual-memory-calls.ts";
import * as virtualMemoryCalls from "./virtual-memory-calls.ts";

const calls = {
  ...deviceCalls,
  ...contextCalls,
  ...hostCalls,
  ...captureCalls,
  ...arrayCalls,
  ...textureCalls,
  ...graphCalls,
  ...moduleCalls,
  ...linkCalls,
  ...libraryCalls,
  ...memoryCalls,
  ...launchCalls,
  ...streamCalls,
  ...poolCalls,
  ...sharedMemoryCalls,
  ...virtualMemoryCalls,
};

type Calls = typeof calls;
type ThreadCall = (thread: CudaThread, ...args: never[]) => unknown;
type WithoutThread<F> = F extends (thread: CudaThread, ...args: infer A) => infer R ? (...args: A) => R : never;

/**
 * The Driver API for TypeScript, one method for each function, with CUDA's names and parameters; what C passes out
 * through pointers is returned. A failure is a thrown CudaError. Calls that need an answer give promises; all others
 * are posted, or answered here.
 */
export type Cuda = {
  readonly [N in keyof Calls as N extends `cu${string}` ? N : never]: WithoutThread<Calls[N]>;
} & {
  readonly client: CudaClient;
  readonly thread: CudaThread;
  /** Device memory that stands for memory of the host's, at an address of the caller's where one is given. */
  allocateShared(bytesize: number, memory: HostMemory, at?: number): number;
  /** The device of memory of cuMemCreate. */
  allocationDevice(handle: number): number;
  /** The array of a handle, with its place in device memory. */
  array(hArray: number): CudaArray;
  /** Another host thread of the same program: contexts and handles are shared, what is current is not. */
  newThread(): Cuda;
  /** A promise while posted bytes pile up in the channel: who posts many wait for it before they post more. */
  backpressure(): Promise<void> | undefined;
  /** Ends the session, and frees what it holds. */
  close(): Promise<void>;
};

/** The face of one host thread. */
export function cudaOf(thread: CudaThread): Cuda {
  const names = Object.keys(calls).filter((name) => name.startsWith("cu"));
  const methods = Object.fromEntries(
    names.map((name) => {
      // Each call keeps its own type in `Cuda`; here they are alike.
      const call = calls[name as keyof Calls] as ThreadCall;
      return [name, (...args: never[]) => call(thread, ...args)];
    }),
  );
  return {
    ...methods,
    client: thread.client,
    thread,
    allocateShared: (...args: [number, HostMemory, number?]) => allocateShared(thread, ...args),
    allocationDevice: (handle: number) => allocationDevice(thread, handle),
    array: (hArray: number) => thread.client.object(hArray, CudaArray),
    newThread: () => cudaOf(new CudaThread(thread.client)),
    backpressure: () => thread.client.session.backpressure?.(),
    close: () => thread.client.close(),
  } as unknown as Cuda;
}

/** Opens a session of a driver and gives its first thread. */
export async function openCuda(driver: CudaDriver, options: Parameters<typeof CudaClient.open>[1] = {}): Promise<Cuda> {
  return cudaOf(new CudaThread(await CudaClient.open(driver, options)));
}
