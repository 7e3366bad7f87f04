import { EXIT_STATUS } from "./ending.ts";
import { guestCall } from "./threads/guest-call.ts";
import type { Thread } from "./threads/thread.ts";
import type { GuestGenerator } from "./waits/suspension.ts";

/** What the thread runs that a console event starts (SetConsoleCtrlHandler, Microsoft Learn): handlers, newest first, until one takes it. */
export function* runConsoleHandlers(thread: Thread, event: number): GuestGenerator<never> {
  const { process } = thread;
  for (const handler of [...process.consoleHandlers].reverse()) {
    if ((yield* guestCall(thread, handler, event)) !== 0) return yield* endThread(0);
  }
  process.end({ kind: "interrupt", exitCode: EXIT_STATUS.CONTROL_C_EXIT });
  return yield* endThread(0);
}

function* endThread(exitCode: number): GuestGenerator<never> {
  yield { kind: "end", what: "thread", exitCode };
  throw new Error("a thread that has ended was resumed");
}
