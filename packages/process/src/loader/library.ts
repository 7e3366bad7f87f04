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
  | { readonly kind: "function"; readonly entry: ApiEntry; readonly intrinsic?: Intrinsic | undefined }
  | { readonly kind: "data"; readonly size: number; initialise?(memory: GuestMemory, address: number): void }
  /** "NTDLL.RtlAllocateHeap". */
  | { readonly kind: "forward"; readonly to: string }
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
}
