import { CrtError, InvalidParameterError, ERRNO, STATUS } from "@decant/hook";
import { exitProcess, guestCall, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "./runtime.ts";
import { ABORT_STATUS } from "./startup/ending.ts";

/** Signal numbers (signal.h). */
export const SIGNAL = { INT: 2, ILL: 4, FPE: 8, SEGV: 11, TERM: 15, BREAK: 21, ABORT_OLD: 6, ABORT: 22 } as const;
const KNOWN: ReadonlySet<number> = new Set(Object.values(SIGNAL));
const SIG_DFL = 0;
const SIG_IGN = 1;

/** signal: stores a handler and returns the former one. Throws EINVAL for a signal that there is not. */
export function setSignal(thread: Thread, signal: number, handler: number): number {
  if (!KNOWN.has(signal)) throw new CrtError(ERRNO.EINVAL);
  const { signals } = Runtime.of(thread);
  const old = signals.get(signal) ?? SIG_DFL;
  signals.set(signal, handler);
  return old;
}

/** raise: the handler runs once, unless it is set again; without one the program ends. */
export function* raiseSignal(thread: Thread, signal: number): GuestGenerator<number> {
  if (!KNOWN.has(signal)) throw new InvalidParameterError(ERRNO.EINVAL);
  const { signals } = Runtime.of(thread);
  const handler = signals.get(signal) ?? SIG_DFL;
  if (handler === SIG_IGN) return 0;
  if (handler === SIG_DFL) return yield* exitProcess(thread, ABORT_STATUS);
  signals.set(signal, SIG_DFL);
  yield* guestCall(thread, handler, signal);
  return 0;
}

/** The codes of SIGFPE that its handler gets beside the number (float.h), by the exception. */
const FLOAT_CODES: ReadonlyMap<number, number> = new Map([
  [STATUS.FLOAT_INVALID_OPERATION, 0x81], [STATUS.FLOAT_DENORMAL_OPERAND, 0x82], [STATUS.FLOAT_DIVIDE_BY_ZERO, 0x83], [STATUS.FLOAT_OVERFLOW, 0x84],
  [STATUS.FLOAT_UNDERFLOW, 0x85], [STATUS.FLOAT_INEXACT_RESULT, 0x86], [STATUS.FLOAT_STACK_CHECK, 0x8a], [STATUS.FLOAT_MULTIPLE_TRAPS, 0x8d],
  [STATUS.FLOAT_MULTIPLE_FAULTS, 0x8e],
]); // prettier-ignore

const SIGNALS: ReadonlyMap<number, number> = new Map([
  [STATUS.ACCESS_VIOLATION, SIGNAL.SEGV], [STATUS.ILLEGAL_INSTRUCTION, SIGNAL.ILL], [STATUS.PRIVILEGED_INSTRUCTION, SIGNAL.ILL],
  ...[...FLOAT_CODES.keys()].map((code) => [code, SIGNAL.FPE] as const),
]); // prettier-ignore

const EXCEPTION = { CONTINUE_SEARCH: 0, CONTINUE_EXECUTION: -1 } as const;

/**
 * What the runtime's filter around main makes of an exception (_XcptFilter, _seh_filter_exe): where it is a signal's and the program has a handler for
 * that, the handler runs, once unless it is set again, and the program goes on if it returns.
 */
export function* filterException(thread: Thread, code: number): GuestGenerator<number> {
  const signal = SIGNALS.get(code >>> 0);
  const { signals } = Runtime.of(thread);
  const handler = signal === undefined ? SIG_DFL : (signals.get(signal) ?? SIG_DFL);
  if (signal === undefined || handler === SIG_DFL) return EXCEPTION.CONTINUE_SEARCH;
  if (handler === SIG_IGN) return EXCEPTION.CONTINUE_EXECUTION;
  signals.set(signal, SIG_DFL);
  yield* guestCall(thread, handler, signal, FLOAT_CODES.get(code >>> 0) ?? 0);
  return EXCEPTION.CONTINUE_EXECUTION;
}

/** abort: SIGABRT's handler, then the end, with no exit functions and no message. */
export function* abort(thread: Thread): GuestGenerator<never> {
  const handler = Runtime.of(thread).signals.get(SIGNAL.ABORT) ?? SIG_DFL;
  if (handler !== SIG_DFL && handler !== SIG_IGN) yield* raiseSignal(thread, SIGNAL.ABORT);
  return yield* exitProcess(thread, ABORT_STATUS);
}
