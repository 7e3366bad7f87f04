import { errorName, STATUS, UnknownFunctionError } from "@decant/hook";
import { MemoryAccessError } from "@decant/memory";
import type { Fault } from "@decant/x86";
import { EXIT_STATUS } from "../ending.ts";
import { HeapError } from "../heap/heap.ts";
import { jump } from "../threads/guest-call.ts";
import { WORD } from "../threads/registers.ts";
import { UNWIND } from "../threads/unwind.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { readContext } from "./context-record.ts";
import { crashReport } from "../report/crash-report.ts";
import { dispatchException, pushException, type ExceptionFrame } from "./dispatch.ts";
import { exceptionOfAccess, exceptionOfFault, NONCONTINUABLE, RaisedException } from "./exception.ts";
import type { GuestException } from "./exception.ts";

/** Raises what the processor reports. Returns where the guest goes on, or UNWIND. */
export function raiseFault(thread: Thread, fault: Fault): number {
  thread.rip = fault.rip;
  const exception = exceptionOfFault(fault, { mxcsr: thread.registers[WORD.mxcsr] as number, pointerSize: thread.pointerSize });
  // __fastfail asks no handler: what handlers rest on may be what is broken.
  if (fault.code === "fast-fail") return endUnhandled(thread, exception);
  if (fault.code === "stack-overflow" && !thread.enterStackReserve()) return endUnhandled(thread, exception);
  return raiseException(thread, exception);
}

/** Raises an exception where the guest is now, by the registers in the CPU block. Returns where the guest goes on, or UNWIND. */
export function raiseException(thread: Thread, exception: GuestException, below = thread.rsp): number {
  const frame = pushException(thread, exception, below);
  if (frame === undefined) return endUnhandled(thread, exception);
  return thread.run(dispatchException(thread, exception, frame), (disposition) => {
    if (disposition === "continue") return thread.rip;
    if (disposition === "noncontinuable" || disposition === "invalid") {
      readContext(thread.memory, frame.context, thread.live);
      return raiseException(thread, dispatcherException(disposition, exception, frame.record), frame.record);
    }
    if (disposition === "unhandled") return endUnhandled(thread, exception, frame);
    thread.process.end({ kind: "fault", exitCode: exception.code >>> 0 });
    return UNWIND;
  });
}

/**
 * RaiseException: raises an exception at the caller of the mapping that runs. It goes on where a handler says; without one, the process ends.
 * On x86 the mapping's arguments are popped, so many bytes of them.
 */
export function* raise(thread: Thread, exception: GuestException, argumentBytes = 0): GuestGenerator<never> {
  thread.rip = thread.returnFromCall(thread.pointerSize === 8 ? 0 : argumentBytes);
  return yield* raiseHere(thread, exception);
}

/** Ends the process with an exception that no handler hears of. */
export function failFast(thread: Thread, exception: GuestException): void {
  endUnhandled(thread, exception);
}

function* raiseHere(thread: Thread, exception: GuestException, below = thread.rsp): GuestGenerator<never> {
  const frame = pushException(thread, exception, below);
  const disposition = frame === undefined ? "unhandled" : yield* dispatchException(thread, exception, frame);
  if (disposition === "continue") return yield* jump(thread);
  if ((disposition === "noncontinuable" || disposition === "invalid") && frame !== undefined) {
    readContext(thread.memory, frame.context, thread.live);
    return yield* raiseHere(thread, dispatcherException(disposition, exception, frame.record), frame.record);
  }
  if (disposition === "unhandled") endUnhandled(thread, exception, frame);
  yield { kind: "end", what: "process", exitCode: exception.code >>> 0 };
  throw new Error("a thread that has ended was resumed");
}

/** What an API implementation threw and its return type could not report. Throws errors that are Decant's own. */
export function handleApiError(thread: Thread, error: unknown): number {
  // The exception is the function's own, whose stub unwinders take for a leaf: rip is there, and its caller's __try has the call in it.
  if (error instanceof MemoryAccessError) return raiseException(thread, exceptionOfAccess(error, thread.rip, callerOf(thread)));
  if (error instanceof RaisedException) return raiseException(thread, { ...error.exception, address: thread.rip });
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

/** `frame` has the registers at the exception; without one they are live. */
function endUnhandled(thread: Thread, exception: GuestException, frame?: ExceptionFrame): number {
  const { process } = thread;
  const code = exception.code >>> 0;
  const where = process.modules.describe(exception.address);
  const name = errorName("status", code);
  const shown = name.startsWith("STATUS_") ? `${name} (0x${code.toString(16)})` : `exception 0x${code.toString(16)}`;
  const report = crashReport(thread, exception, frame);
  process.end({
    kind: "fault",
    exitCode: code,
    message: `${process.name} ended with ${shown} at ${where}: ${report.exception.what}`,
    report,
  });
  return UNWIND;
}

/** What a handler raises that goes on after an exception which does not allow it, or that answers what is no disposition (RtlDispatchException). */
function dispatcherException(kind: "noncontinuable" | "invalid", { address }: GuestException, record: number): GuestException {
  const [code, description] =
    kind === "invalid"
      ? [STATUS.INVALID_DISPOSITION, "a handler answered what is no disposition"]
      : [STATUS.NONCONTINUABLE_EXCEPTION, "a handler went on after an exception that does not allow it"];
  return { code, flags: NONCONTINUABLE, address, parameters: [], record, description };
}

/** Who called the function that is answered now, for the user. */
function callerOf({ memory, process, rsp }: Thread): string {
  return memory.accessible(rsp, 4, "read") ? process.modules.describe(memory.u32(rsp)) : "nowhere";
}
