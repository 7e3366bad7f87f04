import { STATUS } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import type { AccessKind, MemoryAccessError } from "@decant/memory";
import type { Fault } from "@decant/x86";

/** An exception that a guest can handle: EXCEPTION_RECORD without its chain. */
export interface GuestException {
  /** NTSTATUS, or the program's own code. */
  readonly code: number;
  readonly flags: number;
  /** Where it happened. */
  readonly address: number;
  readonly parameters: readonly bigint[];
  /** The address of the record of the exception that it follows from. */
  readonly record?: number;
  /** What happened, for the sentence that the user gets when nobody handles it. */
  readonly description: string;
  /** The same without the instruction and its address. */
  readonly summary?: string;
  /** False when the registers that are shown may be older than the exception. */
  readonly isExact?: boolean;
}

/** Thrown by a mapping that raises an exception itself, at its own address. */
export class RaisedException extends Error {
  readonly exception: Omit<GuestException, "address">;
  constructor(exception: Omit<GuestException, "address">) {
    super(exception.description);
    this.exception = exception;
  }
}

/** EXCEPTION_NONCONTINUABLE. */
export const NONCONTINUABLE = 1;

/** Offsets in EXCEPTION_RECORD by the size of a pointer (winnt.h); code and flags come first. */
const RECORD = {
  8: { ExceptionRecord: 8, ExceptionAddress: 16, NumberParameters: 24, ExceptionInformation: 32, SIZE: 0x98 },
  4: { ExceptionRecord: 8, ExceptionAddress: 12, NumberParameters: 16, ExceptionInformation: 20, SIZE: 0x50 },
} as const;

/** The layout of an EXCEPTION_RECORD in this memory. */
export function recordLayout({ pointerSize }: GuestMemory): (typeof RECORD)[4 | 8] {
  return RECORD[pointerSize];
}

/** Bytes of an x64 EXCEPTION_RECORD, the larger one. */
export const EXCEPTION_RECORD_SIZE = 0x98;
/** EXCEPTION_MAXIMUM_PARAMETERS. */
const MAX_PARAMETERS = 15;

const ACCESS: Readonly<Record<AccessKind, bigint>> = { read: 0n, write: 1n, execute: 8n };

/** NTSTATUS by the kind of a processor fault. */
const CODES: Readonly<Record<Fault["code"], number>> = {
  "access-violation": STATUS.ACCESS_VIOLATION,
  "illegal-instruction": STATUS.ILLEGAL_INSTRUCTION,
  "not-translated": STATUS.ILLEGAL_INSTRUCTION,
  "divide-by-zero": STATUS.INTEGER_DIVIDE_BY_ZERO,
  "integer-overflow": STATUS.INTEGER_OVERFLOW,
  "array-bounds": STATUS.ARRAY_BOUNDS_EXCEEDED,
  assertion: STATUS.ASSERTION_FAILURE,
  "guard-page": STATUS.GUARD_PAGE_VIOLATION,
  breakpoint: STATUS.BREAKPOINT,
  "single-step": STATUS.SINGLE_STEP,
  "privileged-instruction": STATUS.PRIVILEGED_INSTRUCTION,
  "fast-fail": STATUS.STACK_BUFFER_OVERRUN,
  "stack-overflow": STATUS.STACK_OVERFLOW,
  "float-stack": STATUS.FLOAT_STACK_CHECK,
  "float-invalid": STATUS.FLOAT_INVALID_OPERATION,
  "float-zero-divide": STATUS.FLOAT_DIVIDE_BY_ZERO,
  "float-denormal": STATUS.FLOAT_DENORMAL_OPERAND,
  "float-overflow": STATUS.FLOAT_OVERFLOW,
  "float-underflow": STATUS.FLOAT_UNDERFLOW,
  "float-inexact": STATUS.FLOAT_INEXACT_RESULT,
};

/** MXCSR's flags of what is raised before an operation is done. */
const BEFORE_OPERATION = 7;

/** The exception that a processor fault raises; `mxcsr` and `pointerSize` are the thread's. */
export function exceptionOfFault(fault: Fault, { mxcsr, pointerSize }: { mxcsr: number; pointerSize: number }): GuestException {
  let code = CODES[fault.code];
  let parameters = fault.address === undefined ? [] : [ACCESS[fault.access ?? "write"], BigInt(fault.address)];
  if (fault.raised !== undefined) {
    // In x86 Windows tells of vector instructions only this, and leaves the rest to who looks at MXCSR.
    if (pointerSize === 4) code = (fault.raised & BEFORE_OPERATION) !== 0 ? STATUS.FLOAT_MULTIPLE_FAULTS : STATUS.FLOAT_MULTIPLE_TRAPS;
    parameters = [0n, BigInt(mxcsr)];
  }
  return { code, flags: 0, address: fault.rip, parameters, description: fault.message, summary: summaryOf(fault), isExact: fault.isExact };
}

/** Messages of faults end with the instruction, as "…: 8b 01  mov eax,[rcx] at 0x140001000". */
function summaryOf({ message, rip }: Fault): string {
  const end = ` at 0x${rip.toString(16)}`;
  return message.endsWith(end) ? message.slice(0, -end.length).replace(/: (?:[0-9a-f]{2} )+ .*$/, "") : message;
}

/** The exception that a bad pointer raises which a guest gave to a function that cannot fail otherwise. */
export function exceptionOfAccess(error: MemoryAccessError, rip: number, caller: string): GuestException {
  const description = `a function was given a bad pointer: cannot ${error.kind} address 0x${error.address.toString(16)} (called from ${caller})`;
  return { code: STATUS.ACCESS_VIOLATION, flags: 0, address: rip, parameters: [ACCESS[error.kind], BigInt(error.address)], description };
}

/** Writes an EXCEPTION_RECORD. */
export function writeExceptionRecord(memory: GuestMemory, at: number, exception: GuestException): void {
  const count = Math.min(exception.parameters.length, MAX_PARAMETERS);
  const layout = recordLayout(memory);
  memory.fill(at, 0, layout.SIZE);
  memory.setU32(at, exception.code);
  memory.setU32(at + 4, exception.flags);
  memory.setPointer(at + layout.ExceptionRecord, exception.record ?? 0);
  memory.setPointer(at + layout.ExceptionAddress, exception.address);
  memory.setU32(at + layout.NumberParameters, count);
  for (let i = 0; i < count; i++)
    memory.setWord(at + layout.ExceptionInformation + i * memory.pointerSize, BigInt.asUintN(64, exception.parameters[i]!));
}
