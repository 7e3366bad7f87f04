import { MemoryAccessError } from "@decant/memory";
import type { Fault } from "@decant/x86";
import { EXIT_STATUS } from "../ending.ts";
import { HeapError } from "../heap/heap.ts";
import { UNWIND } from "../threads/thread.ts";
import type { Thread } from "../threads/thread.ts";
import { dispatchException, noFrames, pushException } from "./dispatch.ts";
import { exceptionOfAccess, exceptionOfFault } from "./exception.ts";
import type { GuestException } from "./exception.ts";

/** Raises what the processor reports. Returns where the guest goes on, or UNWIND. */
export function raiseFault(thread: Thread, fault: Fault): number {
  thread.rip = fault.rip;
  return raiseException(thread, exceptionOfFault(fault));
}

/** Raises an exception where the guest is now, by the registers in the CPU block. Returns where the guest goes on, or UNWIND. */
export function raiseException(thread: Thread, exception: GuestException): number {
  const { handlers } = thread.process;
  const anyHandler = handlers.vectored.length > 0 || handlers.unhandledFilter !== 0;
  const frame = anyHandler ? pushException(thread, exception) : undefined;
  if (frame === undefined) return endUnhandled(thread, exception);
  return thread.run(dispatchException(thread, exception, frame, noFrames), (disposition) => {
    if (disposition === "continue") return thread.rip;
    if (disposition === "unhandled") return endUnhandled(thread, exception);
    thread.process.end({ kind: "fault", exitCode: exception.code >>> 0 });
    return UNWIND;
  });
}

/** What an API implementation threw and its return type could not report. Throws errors that are Decant's own. */
export function handleApiError(thread: Thread, error: unknown): number {
  if (error instanceof MemoryAccessError) return raiseException(thread, exceptionOfAccess(error, thread.memory.u32(thread.rsp)));
  if (error instanceof HeapError) {
    const { process } = thread;
    const caller = process.modules.describe(thread.memory.u32(thread.rsp));
    process.end({ kind: "fault", exitCode: EXIT_STATUS.HEAP_CORRUPTION, message: `${process.name} corrupted its heap: ${error.message} (called from ${caller})` });
    return UNWIND;
  }
  throw error;
}

function endUnhandled(thread: Thread, exception: GuestException): number {
  const { process } = thread;
  const code = exception.code >>> 0;
  const where = process.modules.describe(exception.address);
  process.end({ kind: "fault", exitCode: code, message: `${process.name} ended with exception 0x${code.toString(16)} at ${where}: ${exception.description}` });
  return UNWIND;
}
