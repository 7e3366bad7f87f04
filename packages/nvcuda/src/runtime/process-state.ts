import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { Cuda } from "@decant/cuda";

/** A fatbin that a program registered; it is loaded when something of it is first used. */
export class FatBinary {
  /** Where the program keeps it. */
  readonly address: number;
  /** Managed variables lie in it, which are not there. */
  hasManagedVariables = false;
  #loading: Promise<number> | undefined;

  constructor(address: number) {
    this.address = address;
  }

  /** The CUlibrary; several threads that ask at once load it once. A load that failed is tried again. */
  library(cuda: Cuda, read: () => Uint8Array): Promise<number> {
    if (this.hasManagedVariables) return Promise.reject(new CudaError(CUDA_ERROR.NOT_SUPPORTED, "__managed__ variables"));
    this.#loading ??= cuda.cuLibraryLoadData(read()).catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }
}

/** A kernel or variable of a fatbin, by its name on the device. */
export interface Symbol {
  readonly binary: FatBinary;
  readonly name: string;
}

/** What the runtime keeps for a process. */
export class RuntimeState {
  /** Fatbins by the handles that their programs got. */
  readonly binaries = new Map<number, FatBinary>();
  /** Kernels and variables by the addresses of their stand-ins in the program. */
  readonly functions = new Map<number, Symbol>();
  readonly variables = new Map<number, Symbol & { readonly size: number }>();
  /** The CUkernels of functions that were used, by the same addresses. */
  readonly kernels = new Map<number, number>();
  /** Parameters of kernel nodes on their way to the driver: a guest address. */
  scratch = 0;
  /** Devices whose primary context the runtime holds, with that context. */
  readonly contexts = new Map<number, number>();
  /** Functions that stand for those that are not there: guest addresses by name. */
  readonly missing = new Map<string, number>();
  /** cudaResourceDesc and cudaTextureDesc of texture and surface objects, as the program gave them. */
  readonly textureBlocks = new Map<string, { readonly resource: Uint8Array; readonly desc: Uint8Array }>();
}

/** A launch that a program has configured and not made: what stands in its <<<…>>>. */
export interface CallConfiguration {
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
  readonly sharedMem: number;
  readonly stream: number;
}

/** What the runtime keeps for a thread. */
export class RuntimeThread {
  device = 0;
  /** What cudaGetLastError gives. */
  lastError = 0;
  readonly configurations: CallConfiguration[] = [];
}
