import { guestCall } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { DISPATCHER, DISPOSITION, EXCEPTION_FLAG, unwind } from "./frame-handlers.ts";

/** What a language handler is called with: addresses. */
export interface HandlerArguments {
  readonly record: number;
  readonly frame: number;
  readonly context: number;
  readonly dispatcher: number;
}

/** An entry of a C scope table: a __try, relative to the image. */
interface Scope {
  readonly begin: number;
  readonly end: number;
  /** The filter, EXECUTE_HANDLER, or the __finally block. */
  readonly handler: number;
  /** The __except block; 0 for a __finally. */
  readonly target: number;
}

/** A filter that is the constant EXCEPTION_EXECUTE_HANDLER. */
const ALWAYS = 1;
/** Functions have a few scopes; what bounds a damaged table. */
const MAX_SCOPES = 4096;

/** __C_specific_handler: the language handler of C's __try blocks (x64 exception handling, "Language-specific handler"). */
export function* cSpecificHandler(thread: Thread, call: HandlerArguments): GuestGenerator<number> {
  const flags = thread.memory.u32(call.record + 4);
  if ((flags & (EXCEPTION_FLAG.UNWINDING | EXCEPTION_FLAG.EXIT_UNWIND)) === 0) return yield* search(thread, call);
  yield* terminate(thread, call, flags);
  return DISPOSITION.CONTINUE_SEARCH;
}

function* search(thread: Thread, { record, frame, context, dispatcher }: HandlerArguments): GuestGenerator<number> {
  const { base, offset, scopes } = readScopes(thread, dispatcher);
  for (const { begin, end, handler, target } of scopes.slice(thread.memory.u32(dispatcher + DISPATCHER.ScopeIndex))) {
    if (offset < begin || offset >= end || target === 0) continue;
    const verdict = handler === ALWAYS ? 1 : yield* filter(thread, base + handler, { record, frame, context });
    if (verdict < 0) return DISPOSITION.CONTINUE_EXECUTION;
    if (verdict > 0) {
      const value = BigInt(thread.memory.u32(record));
      return yield* unwind(thread, context, { frame, rip: base + target, value, record });
    }
  }
  return DISPOSITION.CONTINUE_SEARCH;
}

function* filter(
  thread: Thread,
  address: number,
  { record, frame, context }: Omit<HandlerArguments, "dispatcher">,
): GuestGenerator<number> {
  const { heap } = thread.process;
  const pointers = heap.require(16);
  try {
    thread.memory.setU64(pointers, BigInt(record));
    thread.memory.setU64(pointers + 8, BigInt(context));
    return (yield* guestCall(thread, address, pointers, frame)) | 0;
  } finally {
    if (heap.has(pointers)) heap.free(pointers);
  }
}

function* terminate(thread: Thread, { frame, dispatcher }: HandlerArguments, flags: number): GuestGenerator<void> {
  const { memory } = thread;
  const { base, offset, scopes } = readScopes(thread, dispatcher);
  const targetOffset = memory.u32(dispatcher + DISPATCHER.TargetIp) - base;
  for (let index = memory.u32(dispatcher + DISPATCHER.ScopeIndex); index < scopes.length; index++) {
    const { begin, end, handler, target } = scopes[index]!;
    if (offset < begin || offset >= end) continue;
    const isTarget = (flags & EXCEPTION_FLAG.TARGET_UNWIND) !== 0;
    // Scopes around the one that goes on are not left.
    if (isTarget && ((target !== 0 && target === targetOffset) || (targetOffset >= begin && targetOffset < end))) return;
    if (target !== 0) continue;
    memory.setU32(dispatcher + DISPATCHER.ScopeIndex, index + 1);
    yield* guestCall(thread, base + handler, 1, frame);
  }
}

function readScopes(thread: Thread, dispatcher: number): { base: number; offset: number; scopes: Scope[] } {
  const { memory } = thread;
  const base = memory.u32(dispatcher + DISPATCHER.ImageBase);
  const table = memory.u32(dispatcher + DISPATCHER.HandlerData);
  const count = Math.min(memory.u32(table), MAX_SCOPES);
  const scopes = Array.from({ length: count }, (_, index): Scope => {
    const at = table + 4 + index * 16;
    return { begin: memory.u32(at), end: memory.u32(at + 4), handler: memory.u32(at + 8), target: memory.u32(at + 12) };
  });
  return { base, offset: memory.u32(dispatcher + DISPATCHER.ControlPc) - base, scopes };
}
