import { CUDA_ERROR, type Cuda, CudaError, Kernel, LibraryKernel } from "@decant/cuda";
import { cuResultOf, type Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import type { GuestThread, Nvcuda } from "../library.ts";
import { readModuleImage } from "../module-image.ts";
import { CUDA_RUNTIME_ERROR } from "./error-names.ts";
import { RuntimeState, RuntimeThread, type FatBinary } from "./process-state.ts";

/** What a function needs before it runs: nothing at all, the driver, or a current context too. */
export type Needs = "nothing" | "driver" | "context";

/** Which runtime a program was made for: its major version. */
export type RuntimeVersion = 11 | 12 | 13;

/** The CUDA runtime in all guest processes that use one driver. What it keeps is one for all its DLLs in a process. */
export class CudaRuntime {
  readonly nvcuda: Nvcuda;
  readonly #key = Symbol("cudart");

  constructor(nvcuda: Nvcuda) {
    this.nvcuda = nvcuda;
  }

  state(thread: GuestThread): RuntimeState {
    return thread.process.state(this.#key, () => new RuntimeState());
  }

  thread(thread: GuestThread): RuntimeThread {
    return thread.state(this.#key, () => new RuntimeThread());
  }

  cuda(thread: GuestThread): Cuda {
    return this.nvcuda.cuda(thread);
  }

  /** Starts the driver and makes a context current where that is wanting: undefined when all is there. */
  prepare(thread: GuestThread, needs: Needs): Waiting<void> | undefined {
    if (needs === "nothing") return undefined;
    if (!this.nvcuda.state(thread).client) return this.#start(thread, needs);
    if (needs === "context") this.#makeCurrent(thread);
    return undefined;
  }

  *#start(thread: GuestThread, needs: Needs): Waiting<void> {
    yield* this.nvcuda.initialize(thread, 0);
    if (needs === "context") this.#makeCurrent(thread);
  }

  /** The context that is current stays, whoever made it so; otherwise it is the primary one of the thread's device. */
  #makeCurrent(thread: GuestThread): void {
    const cuda = this.cuda(thread);
    const { current } = cuda.thread;
    if (current && !current.destroyed) return;
    cuda.cuCtxSetCurrent(this.primary(thread, this.thread(thread).device));
  }

  /** The primary context of a device, which the runtime holds from its first use on. */
  primary(thread: GuestThread, device: number): number {
    const { contexts } = this.state(thread);
    const cuda = this.cuda(thread);
    const known = contexts.get(device);
    if (known !== undefined && cuda.cuDevicePrimaryCtxGetState(device).active) return known;
    const made = cuda.cuDevicePrimaryCtxRetain(device);
    contexts.set(device, made);
    return made;
  }

  /** Runs a body that waits, and keeps the error with which it fails. */
  *waiting(thread: GuestThread, body: Waiting<unknown>): Waiting<unknown> {
    try {
      return yield* body;
    } catch (error) {
      throw this.failed(thread, error);
    }
  }

  /** Keeps an error for cudaGetLastError. */
  failed(thread: GuestThread, error: unknown): unknown {
    const code = cuResultOf(error);
    if (code !== undefined) this.thread(thread).lastError = code;
    return error;
  }

  /** The CUlibrary of a fatbin. */
  *library(thread: GuestThread, binary: FatBinary): Waiting<number> {
    return yield* waitFor(binary.library(this.cuda(thread), () => readModuleImage(thread.memory, binary.address)));
  }

  /** The CUkernel of a stand-in's address, loaded where that is wanting; a kernel's own handle stays as it is. */
  *kernel(thread: GuestThread, entry: number): Waiting<number> {
    const { kernels, functions } = this.state(thread);
    const known = kernels.get(entry);
    if (known !== undefined) return known;
    const registered = functions.get(entry);
    if (!registered) return this.#isKernel(thread, entry) ? entry : invalidFunction();
    const library = yield* this.library(thread, registered.binary);
    try {
      const kernel = this.cuda(thread).cuLibraryGetKernel(library, registered.name);
      kernels.set(entry, kernel);
      return kernel;
    } catch (error) {
      if (error instanceof CudaError && error.cuResult === CUDA_ERROR.NOT_FOUND) invalidFunction();
      throw error;
    }
  }

  /** The CUfunction of a stand-in's address in the current context. */
  *function(thread: GuestThread, entry: number): Waiting<number> {
    const kernel = yield* this.kernel(thread, entry);
    const cuda = this.cuda(thread);
    return cuda.client.find(kernel) instanceof Kernel ? kernel : yield* waitFor(cuda.cuKernelGetFunction(kernel));
  }

  /** The stand-in of a CUfunction; the handle itself where no stand-in of a registered kernel led to it. */
  entryOf(thread: GuestThread, hfunc: number): number {
    const { client } = this.cuda(thread);
    const context = this.cuda(thread).thread.context();
    for (const [entry, kernel] of this.state(thread).kernels) if (client.kernel(kernel, context).handle === hfunc) return entry;
    return hfunc;
  }

  /** Where a variable lies on the device, and its size; fails with cudaErrorInvalidSymbol. */
  *variable(thread: GuestThread, symbol: number): Waiting<{ dptr: number; bytes: number }> {
    const registered = this.state(thread).variables.get(symbol);
    if (!registered) throw new CudaError(CUDA_RUNTIME_ERROR.INVALID_SYMBOL);
    const library = yield* this.library(thread, registered.binary);
    return yield* waitFor(this.cuda(thread).cuLibraryGetGlobal(library, registered.name));
  }

  #isKernel(thread: GuestThread, handle: number): boolean {
    const object = this.cuda(thread).client.find(handle);
    return object instanceof Kernel || object instanceof LibraryKernel;
  }
}

function invalidFunction(): never {
  throw new CudaError(CUDA_RUNTIME_ERROR.INVALID_DEVICE_FUNCTION);
}
