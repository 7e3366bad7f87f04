import type { Machine } from "./image.ts";
import type { ResourceData } from "./lay-out-resources.ts";

/** What one symbol of a built image is. */
export type DllSymbol = {
  readonly name?: string;
  /** Given to those without one in order, above the largest that is given. */
  readonly ordinal?: number;
  /** Laid out like the others, and left out of the export table. */
  readonly hidden?: boolean;
} & (
  | {
      /** A function of the host's: STUB_SIZE bytes for the processor to put its code into. */
      readonly kind: "stub";
      /** Bytes between rsp and the return address, described by unwind data; a leaf without it. */
      readonly frameSize?: number;
    }
  | { readonly kind: "data"; readonly size: number }
  /** "NTDLL.RtlAllocateHeap". */
  | { readonly kind: "forward"; readonly to: string }
  /** Another name of an earlier symbol, by its index: the same address. */
  | { readonly kind: "alias"; readonly of: number }
);

/** What a DLL image is built from. */
export interface DllSpec {
  readonly name: string;
  readonly base: bigint;
  readonly machine: Machine;
  readonly symbols: readonly DllSymbol[];
  readonly resources?: readonly ResourceData[];
  /** A program for the console, whose entry point is the first symbol, and no DLL. */
  readonly isProgram?: boolean;
}

/** A DLL image whose file layout is its memory layout: every section's file offset is its address. */
export interface BuiltDll {
  readonly bytes: Uint8Array;
  /** The address of each symbol of the spec, in its order; undefined for forwarders. */
  readonly addresses: readonly (number | undefined)[];
}

/** Bytes from one stub to the next. */
export const STUB_SIZE = 16;
