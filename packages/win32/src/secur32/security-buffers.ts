import { array, PVOID, struct, ULONG } from "@decant/hook";
import type { Thread } from "@decant/process";
import { refuse } from "./security-codes.ts";

/** SECBUFFER_*. */
export const SECBUFFER = {
  EMPTY: 0,
  DATA: 1,
  TOKEN: 2,
  MISSING: 4,
  EXTRA: 5,
  STREAM_TRAILER: 6,
  STREAM_HEADER: 7,
  APPLICATION_PROTOCOLS: 18,
} as const;
/** SECBUFFER_ATTRMASK: what is said of a buffer besides its type. */
const ATTRIBUTES = 0xf000_0000;
const MAX_BUFFERS = 64;

const SEC_BUFFER = struct("SecBuffer", { cbBuffer: ULONG, BufferType: ULONG, pvBuffer: PVOID });
const DESCRIPTION = struct("SecBufferDesc", { ulVersion: ULONG, cBuffers: ULONG, pBuffers: PVOID });

/** One SecBuffer, where the program has it. */
export class SecurityBuffer {
  readonly #thread: Thread;
  readonly #at: number;

  constructor(thread: Thread, at: number) {
    this.#thread = thread;
    this.#at = at;
  }

  get type(): number {
    return (this.#load().BufferType & ~ATTRIBUTES) >>> 0;
  }

  /** In bytes. */
  get size(): number {
    return this.#load().cbBuffer;
  }

  get address(): number {
    return this.#load().pvBuffer;
  }

  read(): Uint8Array {
    return this.#thread.memory.slice(this.address, this.size);
  }

  set(type: number, size: number, address?: number): void {
    SEC_BUFFER.storePart(this.#thread, this.#at, {
      BufferType: type,
      cbBuffer: size,
      ...(address !== undefined && { pvBuffer: address }),
    });
  }

  #load() {
    return SEC_BUFFER.load(this.#thread, this.#at);
  }
}

/** The buffers of a SecBufferDesc; none of NULL. Fails with SEC_E_INVALID_TOKEN where there are more than make sense. */
export function buffersAt(thread: Thread, description: number): SecurityBuffer[] {
  if (description === 0) return [];
  const { cBuffers, pBuffers } = DESCRIPTION.load(thread, description);
  if (cBuffers > MAX_BUFFERS) refuse("E_INVALID_TOKEN");
  const size = array(SEC_BUFFER, 1).size(thread.pointerSize);
  return Array.from({ length: cBuffers }, (_, index) => new SecurityBuffer(thread, pBuffers + index * size));
}

/** The first buffer of a type. */
export function bufferOf(buffers: readonly SecurityBuffer[], type: number): SecurityBuffer | undefined {
  return buffers.find((buffer) => buffer.type === type);
}
