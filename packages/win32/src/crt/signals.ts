import { CrtError, ERRNO } from "@decant/hook";
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
  if (!KNOWN.has(signal)) throw new CrtError(ERRNO.EINVAL);
  const { signals } = Runtime.of(thread);
  const handler = signals.get(signal) ?? SIG_DFL;
  if (handler === SIG_IGN) return 0;
  if (handler === SIG_DFL) return yield* exitProcess(thread, ABORT_STATUS);
  signals.set(signal, SIG_DFL);
  yield* guestCall(thread, handler, signal);
  return 0;
}

/** abort: SIGABRT's handler, then the end, with no exit functions and no message. */
export function* abort(thread: Thread): GuestGenerator<never> {
  const handler = Runtime.of(thread).signals.get(SIGNAL.ABORT) ?? SIG_DFL;
  if (handler !== SIG_DFL && handler !== SIG_IGN) yield* raiseSignal(thread, SIGNAL.ABORT);
  return yield* exitProcess(thread, ABORT_STATUS);
}
