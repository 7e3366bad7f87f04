import type { Cuda, CudaDriver } from "@decant/cuda";
import { AllocationMap, CUDA_ERROR, CudaClient, CudaError, cudaOf, CudaThread } from "@decant/cuda";
import { type ApiFunction, type CallingThread, implementFor, type Out, type Waiting } from "@decant/hook";
import { type GuestGenerator, type Thread, waitFor } from "@decant/process";
import type { HostCall } from "./host-functions.ts";
import type { JitOptions } from "./jit-options.ts";

/** What nvcuda needs of a guest thread, and of its process. */
export interface GuestThread extends CallingThread {
  state<T>(key: symbol, make: () => T): T;
  readonly kernel: { reportOnce(sentence: string): void };
  readonly process: {
    readonly name: string;
    state<T>(key: symbol, make: () => T): T;
    readonly heap: { allocate(size: number): number };
    readonly host: { readonly stdout: { write(bytes: Uint8Array): unknown } };
    onEnd(callback: () => void): void;
    createHostThread(main: (thread: Thread) => GuestGenerator<never>): unknown;
    addFunction(target: ApiFunction): number;
    readonly loader: { require(name: string): { readonly exports: { readonly byName: ReadonlyMap<string, object> } } };
    readonly modules: {
      find(name: string): { readonly exports: { readonly byName: ReadonlyMap<string, object> } } | undefined;
    };
  };
}

export interface NvcudaOptions {
  readonly driver: CudaDriver;
  /** Takes a sentence when a connection is lost, or cannot be made. */
  log?(sentence: string): void;
  /** A guest's file by the name that it used, for cuModuleLoad; undefined when there is none. */
  readFile?(thread: GuestThread, path: string): Uint8Array | undefined;
}

/** Page-locked memory: its flags, whether it was allocated or registered, and the device's pointer to it, if it has one. */
interface HostBlock {
  readonly flags: number;
  readonly isAllocated: boolean;
  devicePointer: number | undefined;
}

/** What nvcuda.dll keeps for a process. */
class ProcessState {
  client: CudaClient | undefined;
  opening: Promise<CudaClient> | undefined;
  /** Page-locked host memory; guest addresses. */
  readonly pinned = new AllocationMap();
  /** What each of the pinned ranges is; guest addresses. */
  readonly hostBlocks = new Map<number, HostBlock>();
  /** Managed memory: what the guest knows it by, and its own part of that. */
  readonly managed = new Map<number, number>();
  readonly texts = new Map<string, number>();
  /** Pending links: where their logs go, and the image that the guest may read. */
  readonly links = new Map<number, { readonly logs: JitOptions; image: number | undefined }>();
  /** Functions that wait to be called on the hidden thread, and whether it runs. */
  readonly hostCalls: HostCall[] = [];
  isHostThreadRunning = false;
  handleArray = 0;
  handleRoom = 0;
  /** CUDA_RESOURCE_DESC and CUDA_TEXTURE_DESC of texture and surface objects, by context and object. */
  readonly textureBlocks = new Map<string, { readonly resource: Uint8Array; readonly desc: Uint8Array }>();
  /** Tables of cuGetExportTable that were asked for: guest addresses by CUuuid. */
  readonly exportTables = new Map<string, number>();
  /** Graph nodes' parameters as the guest gave them, or as it was shown them: guest addresses by node. */
  readonly nodeBlocks = new Map<number, number>();
}

/** nvcuda.dll in all guest processes that use one driver. */
export class Nvcuda {
  readonly #options: NvcudaOptions;
  readonly #key = Symbol("nvcuda");
  readonly #unsupported = new Map<string, number>();

  constructor(options: NvcudaOptions) {
    this.#options = options;
  }

  /** How often each function without a mapping was called. */
  get unsupportedCalls(): ReadonlyMap<string, number> {
    return this.#unsupported;
  }

  countUnsupported(thread: GuestThread, name: string): void {
    this.state(thread).client?.session.unsupportedCall(1, name);
    this.#unsupported.set(name, (this.#unsupported.get(name) ?? 0) + 1);
  }

  /** cuInit: opens the process's session, at the first call. */
  *initialize(thread: GuestThread, flags: number): Waiting<void> {
    if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const state = this.state(thread);
    if (state.client) return;
    state.opening ??= CudaClient.open(this.#options.driver, {
      longBytes: 4,
      onOutput: (text) => void thread.process.host.stdout.write(text),
      onLost: (reason) => this.#options.log?.(`the CUDA server is gone: ${reason}`),
    });
    try {
      const client = yield* waitFor(state.opening);
      if (state.client) return;
      state.client = client;
      thread.process.onEnd(() => void client.close());
    } catch (error) {
      // A later cuInit tries again.
      state.opening = undefined;
      if (error instanceof CudaError) this.#options.log?.(`cuInit: ${error.message}`);
      throw error;
    }
  }

  /** A file's bytes; fails with CUDA_ERROR_FILE_NOT_FOUND. */
  readFile(thread: GuestThread, path: string): Uint8Array {
    const bytes = this.#options.readFile?.(thread, path);
    if (!bytes) throw new CudaError(CUDA_ERROR.FILE_NOT_FOUND);
    return bytes;
  }

  state(thread: GuestThread): ProcessState {
    return thread.process.state(this.#key, () => new ProcessState());
  }

  /** The Driver API as this thread sees it; fails with CUDA_ERROR_NOT_INITIALIZED before cuInit. */
  cuda(thread: GuestThread): Cuda {
    const { client } = this.state(thread);
    if (!client) throw new CudaError(CUDA_ERROR.NOT_INITIALIZED);
    return thread.state(this.#key, () => cudaOf(new CudaThread(client)));
  }

  /** The guest address of an array of handles, which holds until the next one is asked for. */
  handles(thread: GuestThread, handles: readonly number[]): number {
    if (handles.length === 0) return 0;
    const state = this.state(thread);
    if (state.handleRoom < handles.length) {
      state.handleRoom = Math.max(64, 2 * handles.length);
      state.handleArray = thread.process.heap.allocate(8 * state.handleRoom);
    }
    for (const [index, handle] of handles.entries()) thread.memory.setU64(state.handleArray + 8 * index, BigInt(handle));
    return state.handleArray;
  }

  /** The guest address of a NUL-terminated text that stays. */
  text(thread: GuestThread, text: string): number {
    const { texts } = this.state(thread);
    const known = texts.get(text);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(`${text}\0`);
    const address = thread.process.heap.allocate(bytes.length);
    thread.memory.write(address, bytes);
    texts.set(text, address);
    return address;
  }
}

export const implement = implementFor<GuestThread>();

/** Fails with CUDA_ERROR_INVALID_VALUE when one of the places for results is NULL: before anything is made. */
export function need(...places: readonly Pick<Out<unknown>, "isNull">[]): void {
  if (places.some(({ isNull }) => isNull)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** A name that a function takes; NULL is CUDA_ERROR_INVALID_VALUE. */
export function named(text: string | undefined): string {
  if (text === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return text;
}
