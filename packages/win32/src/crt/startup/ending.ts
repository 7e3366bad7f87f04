import { errnoOf } from "@decant/hook";
import { exitProcess, guestCall, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { latin1Bytes } from "../stdio/characters.ts";
import { writeDescriptor } from "../stdio/low-io.ts";
import { flushAll } from "../stdio/stream.ts";

/** What a program that calls abort, or has an unhandled signal, exits with. */
export const ABORT_STATUS = 3;
const STDERR = 2;

/** exit: the program's exit functions, newest first, then the streams, then the process. */
export function* exit(thread: Thread, status: number): GuestGenerator<never> {
  yield* runExitFunctions(thread);
  yield* flushAll(thread);
  return yield* exitProcess(thread, status);
}

/** _cexit: what exit does, without ending the process. */
export function* cleanUp(thread: Thread): GuestGenerator<void> {
  yield* runExitFunctions(thread);
  yield* flushAll(thread);
}

/** Runs the exit functions, newest first; functions that they add run too. */
export function* runExitFunctions(thread: Thread): GuestGenerator<void> {
  const { exits } = Runtime.of(thread);
  if (exits.isExiting) return;
  exits.isExiting = true;
  if (exits.threadLocal !== 0) {
    const callback = exits.threadLocal;
    exits.threadLocal = 0;
    yield* guestCall(thread, callback, 0, 0, 0);
  }
  for (let next = exits.atExit.pop(); next !== undefined; next = exits.atExit.pop()) yield* guestCall(thread, next);
  exits.isExiting = false;
}

/** Writes a message of the runtime's own to standard error, past the streams; a closed one is no error. */
export function* complain(thread: Thread, message: string): GuestGenerator<void> {
  try {
    yield* writeDescriptor(thread, STDERR, latin1Bytes(message));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
