/** Exceptions of floating point that are not masked. */
export type FloatFaultCode =
  | "float-stack"
  | "float-invalid"
  | "float-zero-divide"
  | "float-denormal"
  | "float-overflow"
  | "float-underflow"
  | "float-inexact";

/** Why a processor cannot go on. */
export type FaultCode =
  | "access-violation"
  | "guard-page"
  | "illegal-instruction"
  | "not-translated"
  | "privileged-instruction"
  | "divide-by-zero"
  | "integer-overflow"
  | "array-bounds"
  | "assertion"
  | FloatFaultCode
  | "breakpoint"
  | "single-step"
  | "fast-fail"
  | "stack-overflow";

/** A processor exception. `rip`, rsp and a frame register are exact. */
export interface Fault {
  readonly code: FaultCode;
  readonly rip: number;
  /** Whether all registers in the CPU block are exact; otherwise they are as of the last call or entry. Flags that no code reads are neither. */
  readonly isExact: boolean;
  /** Of an access violation and a guard page. A bigint where it is above 2^53. */
  readonly address?: number | bigint;
  readonly access?: "read" | "write" | "execute";
  /** Of the vector instructions' floating point: which unmasked exceptions there were, as MXCSR's flags. */
  readonly raised?: number;
  /** A sentence: what happened, with the instruction. */
  readonly message: string;
}

/** Why `Machine.run` came back. */
export type Exit = { readonly kind: "suspend" } | { readonly kind: "budget" } | { readonly kind: "fault"; readonly fault: Fault };

/** An access that guarded code found not to be allowed: guest address, halves apart. */
export interface RefusedAccess {
  readonly low: number;
  readonly high: number;
  /** MISALIGNED where the address is only not aligned; 0 where the size is not known. */
  readonly bytes: number;
  readonly kind: "read" | "write";
}

/** An exception that translated code raises: the address of its instruction, or the number of its site in the unit. */
interface Raised {
  readonly kind: number;
  readonly rip?: number;
  readonly site?: number;
  readonly access?: RefusedAccess;
}

/** Thrown through translated code by the helpers `trap` and `accessFault`, and by the runtime's `refuse`. */
export class GuestTrap extends Error {
  readonly raised: Raised;

  constructor(raised: Raised) {
    super("a processor exception");
    this.raised = raised;
  }
}

/** The fault of fetching an instruction, or the rest of it, from where no code may run. */
export function noCode(rip: number, address = rip): Fault {
  const message = `no code can run at 0x${address.toString(16)}`;
  return { code: "access-violation", rip, isExact: true, address, access: "execute", message };
}
