/** API functions whose common case is emitted as WebAssembly instead of a call out of it. */
export type Intrinsic =
  | "memcpy"
  | "memmove"
  | "memset"
  | "memcmp"
  | "memchr"
  | "strcmp"
  | "strncmp"
  | "strchr"
  | "strcpy"
  | "strlen"
  | "wcslen"
  | "TlsGetValue"
  | "GetLastError"
  | "SetLastError"
  | "EnterCriticalSection"
  | "LeaveCriticalSection";

/** A guest function of ours: reaching its address is a call of `api(index)`. */
export interface Stub {
  readonly address: number;
  readonly index: number;
  readonly intrinsic: Intrinsic | undefined;
  /** "KERNEL32.DLL!Sleep": what finds it again in another run. */
  readonly name: string | undefined;
}

/** What may be said of a stub. */
export type StubDetails = Partial<Pick<Stub, "intrinsic" | "name">>;

/**
 * An API function that a call or jump was seen to reach. `slot` is the import table's slot that must still hold the stub's address when the
 * call is made; without one the stub itself is the target.
 */
export interface ApiTarget {
  readonly stub: Stub;
  readonly slot: number | undefined;
  /** The bytes of the function that only jumps through the slot, if it is reached through one. */
  readonly thunk?: readonly [start: number, end: number];
}
