import type { Cuda } from "../client/cuda.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import type { GpuStream } from "./stream.ts";

/** The typed arrays that a buffer's elements may have. */
export type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** The constructor of a typed array: `Float32Array`. */
export interface ElementType<T extends TypedArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): T;
}

/**
 * Device memory of elements of one type. Copies are ordered after what was posted before on the stream (the default stream where none is given);
 * those to the device take their bytes at once.
 */
export class GpuBuffer<T extends TypedArray> {
  readonly #cuda: Cuda;
  readonly type: ElementType<T>;
  readonly address: number;
  /** In elements. */
  readonly length: number;

  constructor(cuda: Cuda, type: ElementType<T>, address: number, length: number) {
    this.#cuda = cuda;
    this.type = type;
    this.address = address;
    this.length = length;
  }

  get byteLength(): number {
    return this.length * this.type.BYTES_PER_ELEMENT;
  }

  /** Copies elements to the buffer, from element `at` on. Fails with CUDA_ERROR_INVALID_VALUE where they do not fit. */
  write(elements: T, at = 0, stream?: GpuStream): this {
    this.#within(at, elements.length);
    this.#cuda.cuMemcpyHtoD(this.address + at * this.type.BYTES_PER_ELEMENT, elements, stream?.handle ?? 0);
    return this;
  }

  /** The elements, when what was posted before has run. Fails with what that failed with. */
  async read(stream?: GpuStream): Promise<T> {
    const bytes = await this.#cuda.cuMemcpyDtoH(this.address, this.byteLength, stream?.handle ?? 0);
    return new this.type(bytes.buffer as ArrayBuffer, bytes.byteOffset, this.length);
  }

  /** Sets all bytes to 0. */
  clear(stream?: GpuStream): this {
    this.#cuda.cuMemsetD8(this.address, 0, this.byteLength, stream?.handle ?? 0);
    return this;
  }

  /** Copies all of another buffer of the same size, on the device. */
  copyFrom(source: GpuBuffer<T>, stream?: GpuStream): this {
    if (source.byteLength !== this.byteLength)
      throw new CudaError(CUDA_ERROR.INVALID_VALUE, `a buffer of ${source.byteLength} bytes does not fill one of ${this.byteLength}`);
    this.#cuda.cuMemcpyDtoD(this.address, source.address, this.byteLength, stream?.handle ?? 0);
    return this;
  }

  /** A part of the buffer, as a buffer: the same memory. Only the whole can be freed. */
  subarray(begin: number, end = this.length): GpuBuffer<T> {
    this.#within(begin, end - begin);
    return new GpuBuffer(this.#cuda, this.type, this.address + begin * this.type.BYTES_PER_ELEMENT, end - begin);
  }

  /** Gives the memory back, after the work that was posted before. */
  free(): void {
    this.#cuda.cuMemFree(this.address);
  }

  #within(at: number, count: number): void {
    if (at < 0 || count < 0 || at + count > this.length)
      throw new CudaError(CUDA_ERROR.INVALID_VALUE, `elements ${at} to ${at + count} of a buffer of ${this.length}`);
  }
}
