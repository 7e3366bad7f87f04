/** API functions whose common case is emitted as WebAssembly instead of a call out of it. */
export type Intrinsic =
  | "memcpy"
  | "memmove"
  | "memset"
  | "memcmp"
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
}
