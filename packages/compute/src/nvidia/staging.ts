import { CUDA_ERROR } from "@decant/cuda";
import type { Libcuda } from "./libcuda.ts";
import { type PinnedMemory, pinnedMemory } from "./pinned-memory.ts";

/** Bytes of a buffer: clients copy in pieces of that many. */
export const STAGING_BYTES = 1024 * 1024;
/** As many pieces as a client has on their way. */
const BUFFERS = 16;

/** A buffer that copies go through, and the event that says when the device is done with it. */
export interface StagingBuffer extends PinnedMemory {
  /** Recorded behind the copy, in the context that it was made in; 0 where none was. */
  event: bigint;
}

/**
 * Page-locked buffers between the client's bytes and the device. The library waits inside for copies of memory that is not page-locked; through these a copy takes its
 * place in its stream at once, and nothing is waited for.
 */
export class Staging {
  readonly #cuda: Libcuda;
  readonly #free: StagingBuffer[] = [];
  /** Buffers of copies to the device, the oldest first. */
  #busy: StagingBuffer[] = [];

  constructor(cuda: Libcuda) {
    this.#cuda = cuda;
  }

  /** Makes the buffers, in a current context: before there is work, as allocating them may wait for it. */
  prepare(): void {
    if (this.#free.length + this.#busy.length > 0) return;
    for (let index = 0; index < BUFFERS; index++) this.#free.push({ ...pinnedMemory(this.#cuda, STAGING_BYTES), event: 0n });
  }

  /** A buffer that nobody uses, if there is one. */
  take(): StagingBuffer | undefined {
    if (this.#free.length === 0) this.collect();
    const buffer = this.#free.pop();
    if (buffer !== undefined) buffer.event = 0n;
    return buffer;
  }

  /** Gives a buffer back, to be used again when its event has come. */
  release(buffer: StagingBuffer): void {
    this.#busy.push(buffer);
  }

  /** Takes back what the device is done with: all of a context's, when its work has ended. */
  collect(): void {
    const busy = this.#busy;
    this.#busy = [];
    for (const buffer of busy) {
      if (buffer.event !== 0n && this.#cuda.cuEventQuery(buffer.event) === CUDA_ERROR.NOT_READY) {
        this.#busy.push(buffer);
        continue;
      }
      if (buffer.event !== 0n) this.#cuda.cuEventDestroy_v2(buffer.event);
      this.#free.push(buffer);
    }
  }
}
