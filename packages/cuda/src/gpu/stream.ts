import type { Cuda } from "../client/cuda.ts";

/** A queue of work on a device, in order. Work of different streams may overlap. */
export class GpuStream {
  readonly #cuda: Cuda;
  readonly handle: number;

  constructor(cuda: Cuda, handle: number) {
    this.#cuda = cuda;
    this.handle = handle;
  }

  /** Resolves when all that was posted has run; rejects with what it failed with. */
  synchronize(): Promise<void> {
    return this.#cuda.cuStreamSynchronize(this.handle);
  }

  /** Marks this place in the stream. */
  record(): GpuEvent {
    const event = this.#cuda.cuEventCreate();
    this.#cuda.cuEventRecord(event, this.handle);
    return new GpuEvent(this.#cuda, event);
  }

  /** Makes what is posted later wait for an event, of any stream. */
  wait(event: GpuEvent): void {
    this.#cuda.cuStreamWaitEvent(this.handle, event.handle);
  }

  /** Gives the stream back; what was posted goes on. */
  destroy(): void {
    this.#cuda.cuStreamDestroy(this.handle);
  }
}

/** A place in a stream, and the time at which the device passed it. */
export class GpuEvent {
  readonly #cuda: Cuda;
  readonly handle: number;

  constructor(cuda: Cuda, handle: number) {
    this.#cuda = cuda;
    this.handle = handle;
  }

  synchronize(): Promise<void> {
    return this.#cuda.cuEventSynchronize(this.handle);
  }

  /** Milliseconds from an earlier event to this one, when both have passed. */
  async since(earlier: GpuEvent): Promise<number> {
    await Promise.all([earlier.synchronize(), this.synchronize()]);
    return this.#cuda.cuEventElapsedTime(earlier.handle, this.handle);
  }

  destroy(): void {
    this.#cuda.cuEventDestroy(this.handle);
  }
}
