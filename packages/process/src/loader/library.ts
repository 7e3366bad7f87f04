import type { GuestMemory } from "@decant/memory";
import type { Intrinsic } from "@decant/x86";
import type { Thread } from "../threads/thread.ts";

/** A function of a built-in DLL: answers the call that the thread's registers describe; returns where the guest goes on, or UNWIND. */
export type ApiEntry = (thread: Thread) => number;

/** What a stub calls. */
export interface LibraryFunction {
  /** Made when it is first asked for, as its implementation is then. */
  readonly entry: ApiEntry;
  /** What the processor may do itself while nobody hooks the function. */
  readonly intrinsic?: Intrinsic | undefined;
  readonly isHooked?: boolean;
}

/** An export of a built-in DLL. */
export type LibraryExport = {
  readonly name?: string;
  readonly ordinal?: number;
} & (
  | { readonly kind: "function"; readonly function: LibraryFunction }
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

/** A built-in DLL as an image: its functions' stubs are one after another at the beginning of its first section. */
export interface LibraryImage {
  /** "KERNEL32.DLL". */
  readonly name: string;
  /** Of its file, in which everything lies where it does in memory. */
  readonly bytes: Uint8Array;
  /** How many stubs there are. */
  readonly count: number;
  nameAt(stub: number): string;
  functionAt(stub: number): LibraryFunction;
  /** Stores what its variables start as. */
  initialise?(memory: GuestMemory, base: number): void;
}

/** Where built-in DLLs come from, by their keys: "kernel32.dll". */
export interface LibrarySource {
  find(key: string): Library | LibraryImage | undefined;
  /** The file of a built-in DLL that is guest code. */
  image?(key: string): Uint8Array | undefined;
  /** What a function that the DLL lacks does all the same, because a user's hook supplies it, or to say by its signature how it was called. */
  missing?(key: string, name: string): ApiEntry | undefined;
  /** Whether a user's hook supplies a function that the DLL lacks: GetProcAddress finds it then. */
  isSupplied?(key: string, name: string): boolean;
}
