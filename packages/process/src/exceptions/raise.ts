import { errorName, UnknownFunctionError } from "@decant/hook";
import { MemoryAccessError } from "@decant/memory";
import type { Fault } from "@decant/x86";
import { EXIT_STATUS } from "../ending.ts";
import { HeapError } from "../heap/heap.ts";
import { jump } from "../threads/guest-call.ts";
import { UNWIND } from "../threads/unwind.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { dispatchException, pushException } from "./dispatch.ts";
import { exceptionOfAccess, exceptionOfFault } from "./exception.ts";
import type { GuestException } from "./exception.ts";

/** Raises what the processor reports. Returns where the guest goes on, or UNWIND. */
export function raiseFault(thread: Thread, fault: Fault): number {
  thread.rip = fault.rip;
  return raiseException(thread, exceptionOfFault(fault));
}

/** Raises an exception where the guest is now, by the registers in the CPU block. Returns where the guest goes on, or UNWIND. */
export function raiseException(thread: Thread, exception: GuestException): number {
  const frame = pushException(thread, exception);
  if (frame === undefined) return endUnhandled(thread, exception);
  return thread.run(dispatchException(thread, exception, frame), (disposition) => {
    if (disposition === "continue") return thread.rip;
    if (disposition === "unhandled") return endUnhandled(thread, exception);
    thread.process.end({ kind: "fault", exitCode: exception.code >>> 0 });
    return UNWIND;
  });
}

/**
 * RaiseException: raises an exception at the caller of the mapping that runs. It goes on where a handler says; without one, the process ends.
 */
export function* raise(thread: Thread, exception: GuestException): GuestGenerator<never> {
  thread.rip = thread.returnFromCall();
  const frame = pushException(thread, exception);
  const disposition = frame === undefined ? "unhandled" : yield* dispatchException(thread, exception, frame);
  if (disposition === "continue") return yield* jump(thread);
  if (disposition === "unhandled") endUnhandled(thread, exception);
  yield { kind: "end", what: "process", exitCode: exception.code >>> 0 };
  throw new Error("a thread that has ended was resumed");
}

/** What an API implementation threw and its return type could not report. Throws errors that are Decant's own. */
export function handleApiError(thread: Thread, error: unknown): number {
  if (error instanceof MemoryAccessError) {
    if (!thread.memory.accessible(thread.rsp, 8, "read")) return endUnhandled(thread, exceptionOfAccess(error, thread.rip));
    thread.rip = thread.returnFromCall();
    return raiseException(thread, exceptionOfAccess(error, thread.rip));
  }
  if (error instanceof HeapError) {
    const { process } = thread;
    const caller = process.modules.describe(thread.memory.u32(thread.rsp));
    process.end({
      kind: "fault",
      exitCode: EXIT_STATUS.HEAP_CORRUPTION,
      message: `${process.name} corrupted its heap: ${error.message} (called from ${caller})`,
    });
    return UNWIND;
  }
  if (error instanceof UnknownFunctionError) {
    thread.process.end({
      kind: "unknown-function",
      exitCode: EXIT_STATUS.ENTRYPOINT_NOT_FOUND,
      message: `${thread.process.name}: ${error.message}`,
    });
    return UNWIND;
  }
  throw error;
}

function endUnhandled(thread: Thread, exception: GuestException): number {
  const { process } = thread;
  const code = exception.code >>> 0;
  const where = process.modules.describe(exception.address);
  const name = errorName("status", code);
  const shown = name.startsWith("STATUS_") ? `${name} (0x${code.toString(16)})` : `exception 0x${code.toString(16)}`;
  process.end({ kind: "fault", exitCode: code, message: `${process.name} ended with ${shown} at ${where}: ${exception.description}` });
  return UNWIND;
}
