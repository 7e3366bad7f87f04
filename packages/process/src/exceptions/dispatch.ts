import { MemoryAccessError } from "@decant/memory";
import { CPU } from "@decant/x86";
import { guestCall } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { CONTEXT, readContext, writeContext } from "./context-record.ts";
import { NONCONTINUABLE, writeExceptionRecord } from "./exception.ts";
import type { GuestException } from "./exception.ts";
import { DISPOSITION, searchFrames } from "./frame-handlers.ts";
import { searchRegistrations } from "./registrations.ts";
import { HandlerList } from "./handler-list.ts";
import type { DynamicTable, TableCallback } from "./function-table.ts";

/** What vectored handlers and filters return (excpt.h). */
export const EXCEPTION = { EXECUTE_HANDLER: 1, CONTINUE_SEARCH: 0, CONTINUE_EXECUTION: -1 } as const;

/** The handlers that a process has set. */
export class ExceptionHandlers {
  /** AddVectoredExceptionHandler's, in the order in which they are called. */
  readonly vectored = new HandlerList();
  /** AddVectoredContinueHandler's. */
  readonly continuing = new HandlerList();
  /** RtlAddFunctionTable's. */
  readonly dynamicTables: DynamicTable[] = [];
  /** RtlInstallFunctionTableCallback's. */
  readonly tableCallbacks: TableCallback[] = [];
  /** SetUnhandledExceptionFilter's; 0 for none. */
  unhandledFilter = 0;
}

/** Addresses of what handlers are shown. */
export interface ExceptionFrame {
  readonly record: number;
  readonly context: number;
}

/** Room above the interrupted code's rsp that leaf code may use, more than the ABI grants. */
const RED_ZONE = 0x80;
/** TF in EFLAGS. */
const TRAP_FLAG = 0x100;
/** EXCEPTION_RECORD, then CONTEXT, then EXCEPTION_POINTERS. */
const RECORD_SPACE = 0xa0;
const FRAME_SIZE = RECORD_SPACE + CONTEXT.SIZE + 0x10;

/** What dispatching came to. */
export type Disposition =
  /** The registers are loaded: the guest goes on. */
  | "continue"
  /** A filter asked for the process to end quietly. */
  | "end"
  /** A handler asked to go on after an exception that does not allow it: another exception. */
  | "noncontinuable"
  /** A handler answered what is no disposition: another exception too. */
  | "invalid"
  | "unhandled";

/**
 * Puts an exception's records on the guest's stack, below what the interrupted code uses. The CPU block must hold the registers at the
 * exception; `below` is the address of other records that must stay. Returns undefined when the stack has no room.
 */
export function pushException(thread: Thread, exception: GuestException, below = thread.rsp): ExceptionFrame | undefined {
  const bottom = (Math.min(thread.rsp, below) - RED_ZONE - FRAME_SIZE) & ~15;
  const record = bottom >>> 0;
  if (!thread.memory.accessible(record - 0x100, FRAME_SIZE + 0x100, "write")) return undefined;
  const context = record + RECORD_SPACE;
  writeExceptionRecord(thread.memory, record, exception);
  writeContext(thread.memory, context, thread.live);
  // Handlers do not run in single steps.
  thread.registers[CPU.eflags / 4]! &= ~TRAP_FLAG;
  const pointers = context + CONTEXT.SIZE;
  thread.memory.setPointer(pointers, record);
  thread.memory.setPointer(pointers + thread.pointerSize, context);
  // Where handlers' calls are made from: aligned as after a call, and the end of the stack for who cannot tell.
  thread.memory.setU64(record - 8, 0n);
  return { record, context };
}

/** Offers an exception to vectored handlers, to the frames of the stack, then to the unhandled exception filter. */
export function* dispatchException(thread: Thread, exception: GuestException, frame: ExceptionFrame): GuestGenerator<Disposition> {
  const { handlers } = thread.process;
  const pointers = frame.context + CONTEXT.SIZE;
  thread.frames.enterException(frame.record - 8, frame.context);
  for (const handler of handlers.vectored) {
    if (((yield* guestCall(thread, handler, pointers)) | 0) === EXCEPTION.CONTINUE_EXECUTION)
      return yield* resume(thread, exception, frame);
  }
  const found = yield* (thread.pointerSize === 8 ? searchFrames : searchRegistrations)(thread, frame);
  if (found === DISPOSITION.CONTINUE_EXECUTION) return yield* resume(thread, exception, frame);
  if (found !== DISPOSITION.CONTINUE_SEARCH) return "invalid";
  if (handlers.unhandledFilter === 0) return "unhandled";
  const verdict = (yield* guestCall(thread, handlers.unhandledFilter, pointers)) | 0;
  if (verdict === EXCEPTION.CONTINUE_EXECUTION) return yield* resume(thread, exception, frame);
  return verdict === EXCEPTION.EXECUTE_HANDLER ? "end" : "unhandled";
}

/** Goes on by the context record, as a handler asked. Continue handlers are told of it, until one says that it is enough. */
function* resume(thread: Thread, exception: GuestException, frame: ExceptionFrame): GuestGenerator<Disposition> {
  if ((exception.flags & NONCONTINUABLE) !== 0) return "noncontinuable";
  const pointers = frame.context + CONTEXT.SIZE;
  for (const handler of thread.process.handlers.continuing) {
    if (((yield* guestCall(thread, handler, pointers)) | 0) === EXCEPTION.CONTINUE_EXECUTION) break;
  }
  try {
    readContext(thread.memory, frame.context, thread.live);
    return "continue";
  } catch (error) {
    if (error instanceof MemoryAccessError) return "unhandled";
    throw error;
  }
}
