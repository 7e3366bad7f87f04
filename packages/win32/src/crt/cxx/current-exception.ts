import { PAGE } from "@decant/memory";
import type { GuestGenerator, Thread } from "@decant/process";
import type { Thrown } from "./thrown-object.ts";

/** Where a thread's cells lie: the record, the context and the count that vcruntime140 gives out pointers to. */
const CELLS: unique symbol = Symbol("current exception");
const CELL = { record: 0, context: 8, processing: 16, SIZE: 24 } as const;

function cells(thread: Thread): number {
  return thread.state(CELLS, () => ({
    address: thread.process.heap.allocate(CELL.SIZE, true) || thread.memory.allocate(CELL.SIZE, PAGE.READWRITE)!,
  })).address;
}

/** __current_exception: the address of the pointer to the EXCEPTION_RECORD of what the innermost catch clause holds. */
export const currentException = (thread: Thread): number => cells(thread) + CELL.record;
/** __current_exception_context: the same for the CONTEXT. */
export const currentContext = (thread: Thread): number => cells(thread) + CELL.context;
/** __processing_throw: the address of the number of exceptions that unwind frames now. */
export const processingThrow = (thread: Thread): number => cells(thread) + CELL.processing;

/** Makes an exception the current one; none when the last clause is left. */
export function showCurrentException(thread: Thread, thrown: Thrown | undefined): void {
  thread.memory.setPointer(currentException(thread), thrown?.record ?? 0);
  thread.memory.setPointer(currentContext(thread), thrown?.context ?? 0);
}

/** How many exceptions unwind frames of a thread now. */
export function uncaughtExceptions(thread: Thread): number {
  return thread.memory.i32(processingThrow(thread));
}

/** Runs the clean-up that an exception asks for: std::uncaught_exceptions counts it meanwhile. */
export function* whileProcessing(thread: Thread, cleanUp: GuestGenerator<void>): GuestGenerator<void> {
  const count = processingThrow(thread);
  const before = thread.memory.i32(count);
  thread.memory.setI32(count, before + 1);
  try {
    yield* cleanUp;
  } finally {
    thread.memory.setI32(count, before);
  }
}
