import type { BoundFunction } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import type { Intrinsic } from "@decant/x86";
import type { Thread } from "../threads/thread.ts";

/** A function of a built-in DLL: answers the call that the thread's registers describe; returns where the guest goes on, or UNWIND. */
export type ApiEntry = (thread: Thread) => number;

/** An export of a built-in DLL. */
export type LibraryExport = {
  readonly name?: string;
  readonly ordinal?: number;
} & (
  | {
      readonly kind: "function";
      readonly entry: ApiEntry;
      readonly intrinsic?: Intrinsic | undefined;
      /** What hooks change. */
      readonly bound?: BoundFunction;
    }
  | { readonly kind: "data"; readonly size: number; initialise?(memory: GuestMemory, address: number): void }
  /** "NTDLL.RtlAllocateHeap". */
  | { readonly kind: "forward"; readonly to: string }
  /** Another name of an earlier export, by its index: the same address. */
  | { readonly kind: "alias"; readonly of: number }
);

/** A built-in DLL, before it is mapped. */
export interface Library {
  /** "KERNEL32.DLL". */
  readonly name: string;
  readonly exports: readonly LibraryExport[];
}

/** Where built-in DLLs come from, by their keys: "kernel32.dll". */
export interface LibrarySource {
  find(key: string): Library | undefined;
  /** The file of a built-in DLL that is guest code. */
  image?(key: string): Uint8Array | undefined;
  /** What a function that the DLL lacks does all the same, because a user's hook supplies it, or to say by its signature how it was called. */
  missing?(key: string, name: string): MissingFunction | undefined;
}

/** A function that is declared or supplied, and not implemented. */
export interface MissingFunction {
  readonly entry: ApiEntry;
  /** Whether it can be called: GetProcAddress finds it then. */
  readonly isSupplied: boolean;
}
