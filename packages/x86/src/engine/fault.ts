/** Why a processor cannot go on. */
export type FaultCode =
  | "access-violation"
  | "illegal-instruction"
  | "not-translated"
  | "privileged-instruction"
  | "divide-by-zero"
  | "integer-overflow"
  | "breakpoint"
  | "fast-fail"
  | "stack-overflow";

/** A processor exception. The CPU block holds the registers as of the last call or entry; `rip` is exact. */
export interface Fault {
  readonly code: FaultCode;
  readonly rip: number;
  /** Of an access violation, where it is known. */
  readonly address?: number;
  readonly access?: "read" | "write" | "execute";
  /** A sentence: what happened, with the instruction. */
  readonly message: string;
}

/** Why `Machine.run` came back. */
export type Exit = { readonly kind: "suspend" } | { readonly kind: "budget" } | { readonly kind: "fault"; readonly fault: Fault };

/** Thrown through translated code by the helper `trap`. */
export class GuestTrap extends Error {
  readonly kind: number;
  readonly rip: number;

  constructor(kind: number, rip: number) {
    super("a processor exception");
    this.kind = kind;
    this.rip = rip;
  }
}
