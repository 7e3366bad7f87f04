import type { GuestGenerator } from "../waits/suspension.ts";
import { LoadError } from "../loader/load-error.ts";
import { guestCall } from "./guest-call.ts";
import type { Thread } from "./thread.ts";

/** What the first thread of a process runs: DllMains, TLS callbacks, the program's entry point. */
export function* processMain(thread: Thread): GuestGenerator<never> {
  const { process } = thread;
  try {
    yield* process.loader.attachPending(thread, true);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    process.end({ kind: "load", exitCode: error.exitCode, message: `${process.name}: ${error.message}` });
  }
  const { hostMain } = process.options;
  const entryPoint = hostMain === undefined ? guestCall(thread, process.modules.program.entryPoint, process.peb) : hostMain(thread);
  return yield* exitThread(thread, yield* entryPoint);
}

/** What every other thread runs: thread attach calls, then the start function with its argument. */
export function* threadMain(thread: Thread, start: number, argument: bigint): GuestGenerator<never> {
  yield* thread.process.loader.attachThread(thread);
  return yield* exitThread(thread, yield* guestCall(thread, start, argument));
}

/** Ends the calling thread as ExitThread does; the process with it when it is the last one. */
export function* exitThread(thread: Thread, exitCode: number): GuestGenerator<never> {
  const { process } = thread;
  if (process.liveThreadCount === 1) return yield* exitProcess(thread, exitCode);
  for (const callback of process.threadExitCallbacks) yield* callback(thread);
  yield* process.loader.detachThread(thread);
  return yield* end("thread", exitCode);
}

/** Ends the process as ExitProcess does: other threads stop, DLLs and mappings are told, then everything is gone. */
export function* exitProcess(thread: Thread, exitCode: number): GuestGenerator<never> {
  const { process } = thread;
  // A DllMain that calls ExitProcess again ends it at once.
  if (!process.isExiting) {
    process.isExiting = true;
    process.stopOtherThreads(thread, exitCode);
    yield* process.loader.detachProcess(thread);
    for (const detach of process.takeDetachCallbacks()) yield* detach(thread);
  }
  return yield* end("process", exitCode);
}

function* end(what: "thread" | "process", exitCode: number): GuestGenerator<never> {
  yield { kind: "end", what, exitCode: exitCode >>> 0 };
  throw new Error("a thread that has ended was resumed");
}
