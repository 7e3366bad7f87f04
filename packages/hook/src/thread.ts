import type { GuestMemory } from "@decant/memory";

/** Bytes of a guest pointer. */
export type PointerSize = 4 | 8;

/** Converts text of a code page. */
export interface TextCodec {
  decode(encoded: Uint8Array): string;
  encode(text: string): Uint8Array;
}

/** What calls need of the calling thread. */
export interface CallingThread {
  readonly memory: GuestMemory;
  /** The live CPU block as 32-bit words: general register n at 2n, xmm n at 64 + 4n. */
  readonly registers: Uint32Array;
  readonly pointerSize: PointerSize;
  /** The process's ANSI code page. */
  readonly ansi: TextCodec;
  lastError: number;
  errno: number;
  /** The high half that a pointer into an image above 4 GiB carries; absent where there is none. */
  pointerHigh?(address: number): number;
  /** What a handle stands for, for the trace. */
  describeHandle?(handle: number): string | undefined;
}
