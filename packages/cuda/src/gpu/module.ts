import type { Cuda } from "../client/cuda.ts";
import type { KernelArgument } from "../client/launch-calls.ts";
import { type ElementType, GpuBuffer, type TypedArray } from "./buffer.ts";
import type { GpuStream } from "./stream.ts";

/** Sizes in x, y and z; those that are left out are 1. */
export type Dimensions = number | readonly [x: number, y?: number, z?: number];

/** How a kernel is launched. */
export interface Launch {
  /** Blocks. */
  readonly grid: Dimensions;
  /** Threads in a block. */
  readonly block: Dimensions;
  /** Bytes of dynamic shared memory; 0 if not given. */
  readonly shared?: number;
  /** The default stream, if not given. */
  readonly stream?: GpuStream;
}

/** An argument: a buffer, an integer or address, or bytes as they are (`f32(1.5)` for a float, a typed array for a struct). */
export type GpuArgument = GpuBuffer<TypedArray> | KernelArgument;

/** Compiled code in a device. */
export class GpuModule {
  readonly #cuda: Cuda;
  readonly handle: number;

  constructor(cuda: Cuda, handle: number) {
    this.#cuda = cuda;
    this.handle = handle;
  }

  /** A kernel by its name in the PTX; fails with CUDA_ERROR_NOT_FOUND. */
  kernel(name: string): GpuKernel {
    return new GpuKernel(this.#cuda, this.#cuda.cuModuleGetFunction(this.handle, name));
  }

  /** A `__device__` or `__constant__` variable, as a buffer of as many elements as it holds. */
  variable<T extends TypedArray>(name: string, type: ElementType<T>): GpuBuffer<T> {
    const { dptr, bytes } = this.#cuda.cuModuleGetGlobal(this.handle, name);
    return new GpuBuffer(this.#cuda, type, dptr, Math.floor(bytes / type.BYTES_PER_ELEMENT));
  }

  unload(): void {
    this.#cuda.cuModuleUnload(this.handle);
  }
}

/** A function that a device runs in many threads. */
export class GpuKernel {
  readonly #cuda: Cuda;
  readonly handle: number;

  constructor(cuda: Cuda, handle: number) {
    this.#cuda = cuda;
    this.handle = handle;
  }

  /**
   * Posts a launch, and returns at once: an argument or a shape that the kernel cannot have fails here, a fault of the kernel comes with the next
   * `read` or `synchronize`.
   */
  launch({ grid, block, shared = 0, stream }: Launch, ...args: readonly GpuArgument[]): void {
    const values = args.map((value) => (value instanceof GpuBuffer ? value.address : value));
    this.#cuda.cuLaunchKernel(this.handle, ...dimensions(grid), ...dimensions(block), shared, stream?.handle ?? 0, values);
  }
}

function dimensions(given: Dimensions): [number, number, number] {
  const [x, y = 1, z = 1] = typeof given === "number" ? [given] : given;
  return [x, y, z];
}
