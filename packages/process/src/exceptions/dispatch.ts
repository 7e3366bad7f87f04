import { MemoryAccessError } from "@decant/memory";
import { guestCall } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { CONTEXT, readContext, writeContext } from "./context-record.ts";
import { EXCEPTION_RECORD_SIZE, NONCONTINUABLE, writeExceptionRecord } from "./exception.ts";
import type { GuestException } from "./exception.ts";

/** What vectored handlers and filters return (excpt.h). */
export const EXCEPTION = { EXECUTE_HANDLER: 1, CONTINUE_SEARCH: 0, CONTINUE_EXECUTION: -1 } as const;

/** The handlers that a process has set. */
export class ExceptionHandlers {
  /** AddVectoredExceptionHandler's, in the order in which they are called. */
  readonly vectored: number[] = [];
  /** AddVectoredContinueHandler's. */
  readonly continuing: number[] = [];
  /** SetUnhandledExceptionFilter's; 0 for none. */
  unhandledFilter = 0;
}

/** Addresses of what handlers are shown. */
export interface ExceptionFrame {
  readonly record: number;
  readonly context: number;
}

/** Looks for a handler in the frames of the stack. Returns whether execution goes on from the context record. */
export type FrameSearch = (thread: Thread, exception: GuestException, frame: ExceptionFrame) => GuestGenerator<boolean>;

/** Room above the interrupted code's rsp that leaf code may use, more than the ABI grants. */
const RED_ZONE = 0x80;
/** EXCEPTION_RECORD, then CONTEXT, then EXCEPTION_POINTERS. */
const RECORD_SPACE = 0xa0;
const FRAME_SIZE = RECORD_SPACE + CONTEXT.SIZE + 0x10;

/** What dispatching came to. */
export type Disposition =
  /** The registers are loaded: the guest goes on. */
  | "continue"
  /** A filter asked for the process to end quietly. */
  | "end"
  | "unhandled";

/**
 * Puts an exception's records on the guest's stack, below what the interrupted code uses, and moves rsp below them. The CPU block must hold
 * the registers at the exception. Returns undefined when the stack has no room.
 */
export function pushException(thread: Thread, exception: GuestException): ExceptionFrame | undefined {
  const bottom = (thread.rsp - RED_ZONE - FRAME_SIZE) & ~15;
  const record = bottom >>> 0;
  if (!thread.memory.accessible(record - 0x100, FRAME_SIZE + 0x100, "write")) return undefined;
  const context = record + RECORD_SPACE;
  writeExceptionRecord(thread.memory, record, exception);
  writeContext(thread.memory, context, thread.live);
  const pointers = context + CONTEXT.SIZE;
  thread.memory.setU64(pointers, BigInt(record));
  thread.memory.setU64(pointers + 8, BigInt(context));
  // As after a call: guest functions that are called from here find an aligned stack.
  thread.rsp = record - 8;
  return { record, context };
}

/** Offers an exception to vectored handlers, to the frames of the stack, then to the unhandled exception filter. */
export function* dispatchException(thread: Thread, exception: GuestException, frame: ExceptionFrame, search: FrameSearch): GuestGenerator<Disposition> {
  const { handlers } = thread.process;
  const pointers = frame.context + CONTEXT.SIZE;
  for (const handler of [...handlers.vectored]) {
    if (((yield* guestCall(thread, handler, pointers)) | 0) === EXCEPTION.CONTINUE_EXECUTION) return resume(thread, exception, frame);
  }
  if (yield* search(thread, exception, frame)) return resume(thread, exception, frame);
  if (handlers.unhandledFilter === 0) return "unhandled";
  const verdict = (yield* guestCall(thread, handlers.unhandledFilter, pointers)) | 0;
  if (verdict === EXCEPTION.CONTINUE_EXECUTION) return resume(thread, exception, frame);
  return verdict === EXCEPTION.EXECUTE_HANDLER ? "end" : "unhandled";
}

/** No frame handles anything: what there is until structured exception handling is. */
export const noFrames: FrameSearch = function* () {
  return false;
};

function resume(thread: Thread, exception: GuestException, frame: ExceptionFrame): Disposition {
  if ((exception.flags & NONCONTINUABLE) !== 0) return "unhandled";
  try {
    readContext(thread.memory, frame.context, thread.live);
    return "continue";
  } catch (error) {
    if (error instanceof MemoryAccessError) return "unhandled";
    throw error;
  }
}
