import { MemoryAccessError, PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { PeError, UNW_FLAG } from "@decant/pe";
import { guestCall, jump } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { CONTEXT, readContext, writeContext } from "./context-record.ts";
import type { ExceptionFrame } from "./dispatch.ts";
import { EXCEPTION_RECORD_SIZE } from "./exception.ts";
import { findFunction } from "./function-table.ts";
import type { FunctionEntry } from "./function-table.ts";
import { callerState, copyUnwindState, readUnwindState, RSP, writeUnwindState } from "./unwind-state.ts";
import type { UnwindState } from "./unwind-state.ts";
import { virtualUnwind } from "./virtual-unwind.ts";
import type { UnwoundFrame } from "./virtual-unwind.ts";

/** Flags of EXCEPTION_RECORD while handlers are called (winnt.h). */
export const EXCEPTION_FLAG = {
  NONCONTINUABLE: 1,
  UNWINDING: 2,
  EXIT_UNWIND: 4,
  NESTED_CALL: 0x10,
  TARGET_UNWIND: 0x20,
  COLLIDED_UNWIND: 0x40,
} as const;
/** What language handlers return (EXCEPTION_DISPOSITION). */
export const DISPOSITION = { CONTINUE_EXECUTION: 0, CONTINUE_SEARCH: 1, NESTED: 2, COLLIDED_UNWIND: 3 } as const;
/** STATUS_UNWIND: the code of an unwind that no exception asked for. */
const STATUS_UNWIND = 0xc000_0027;
/** STATUS_UNWIND_CONSOLIDATE: the record's first parameter is a function to call. */
export const STATUS_UNWIND_CONSOLIDATE = 0x8000_0029;
const EXCEPTION_INFORMATION = 0x20;
/** Offsets in the x64 DISPATCHER_CONTEXT. */
export const DISPATCHER = {
  ControlPc: 0x00,
  ImageBase: 0x08,
  FunctionEntry: 0x10,
  EstablisherFrame: 0x18,
  TargetIp: 0x20,
  ContextRecord: 0x28,
  LanguageHandler: 0x30,
  HandlerData: 0x38,
  HistoryTable: 0x40,
  ScopeIndex: 0x48,
  SIZE: 0x50,
} as const;
/** A stack of more frames than this is damaged. */
const MAX_FRAMES = 100_000;

/** Asks the language handlers of the frames on the stack. Returns the first disposition that is not to search on. */
export function* searchFrames(thread: Thread, frame: ExceptionFrame): GuestGenerator<number> {
  const walk = new StackWalk(thread, readUnwindState(thread.memory, frame.context));
  for (let step = yield* walk.next(); step !== undefined; step = yield* walk.next()) {
    if (step.unwound.handler === undefined || (step.unwound.handler.flags & UNW_FLAG.EHANDLER) === 0) continue;
    const { establisher } = step.unwound;
    markNested(thread, frame.record, establisher);
    thread.frames.ask(establisher);
    const disposition = yield* callHandler(thread, step, frame.record, frame.context, 0);
    thread.frames.ask(0);
    if (!searchesOn(disposition)) return disposition;
  }
  return DISPOSITION.CONTINUE_SEARCH;
}

/** NESTED is the dispatcher's own handler's answer (RtlDispatchException); of another it means no more. */
export function searchesOn(disposition: number): boolean {
  return disposition === DISPOSITION.CONTINUE_SEARCH || disposition === DISPOSITION.NESTED;
}

/** Tells a handler whether the exception came up while a handler of its frame, or of one around it, was asked about another. */
export function markNested({ memory, frames }: Thread, record: number, establisher: number): void {
  const flags = memory.u32(record + 4) & ~EXCEPTION_FLAG.NESTED_CALL;
  memory.setU32(record + 4, flags | (frames.isNested(establisher) ? EXCEPTION_FLAG.NESTED_CALL : 0));
}

/** Where an unwind goes. */
export interface UnwindTarget {
  /** The establisher frame of the function that goes on; 0 unwinds the whole stack. */
  readonly frame: number;
  readonly rip: number;
  /** RAX there. */
  readonly value: bigint;
  /** The exception's record; 0 makes one. */
  readonly record: number;
}

/**
 * RtlUnwindEx, called by the guest code that calls the mapping: runs the termination handlers of the frames from there to the target's, then
 * goes on there. `context` is room for a CONTEXT record; its contents do not matter. `land` loads other registers than the target frame's.
 */
export function* unwind(thread: Thread, context: number, target: UnwindTarget, land?: () => void): GuestGenerator<never> {
  const { memory } = thread;
  const record = target.record === 0 ? writeUnwindRecord(memory, scratch(thread, EXCEPTION_RECORD_SIZE)) : target.record;
  memory.setU32(record + 4, memory.u32(record + 4) | EXCEPTION_FLAG.UNWINDING | (target.frame === 0 ? EXCEPTION_FLAG.EXIT_UNWIND : 0));
  const walk = new StackWalk(thread, callerState(memory, thread.live));
  writeContext(memory, context, thread.live);
  for (let step = yield* walk.next(); step !== undefined; step = yield* walk.next()) {
    const isTarget = step.unwound.establisher === target.frame;
    thread.frames.passUnwind(step.unwound.establisher);
    // A jump buffer may have another idea of its frame than the unwind data: its function is the first that is not below.
    if (land !== undefined && !isTarget && step.before.gpr[RSP]! >= BigInt(target.frame)) break;
    const { TARGET_UNWIND, COLLIDED_UNWIND } = EXCEPTION_FLAG;
    const collided = step.scopeIndex === undefined ? 0 : COLLIDED_UNWIND;
    memory.setU32(record + 4, (memory.u32(record + 4) & ~COLLIDED_UNWIND) | collided | (isTarget ? TARGET_UNWIND : 0));
    writeUnwindState(memory, context, step.before);
    memory.setU64(context + CONTEXT.Rax, target.value);
    if (step.unwound.handler !== undefined && (step.unwound.handler.flags & UNW_FLAG.UHANDLER) !== 0)
      yield* callHandler(thread, step, record, context, target.rip);
    if (!isTarget) continue;
    if (land !== undefined) break;
    // The target's handler may have set registers in the record for the code that goes on: libgcc's passes the selector so.
    memory.setU64(context + CONTEXT.Rax, target.value);
    memory.setPointer(context + CONTEXT.Rip, target.rip);
    if (memory.u32(record) === STATUS_UNWIND_CONSOLIDATE) return yield* consolidate(thread, context, record);
    readContext(memory, context, thread.live);
    return yield* jump(thread);
  }
  if (land === undefined) throw new MemoryAccessError(target.frame, 8, "read");
  land();
  return yield* jump(thread);
}

/**
 * What a language handler asks for that has more to do while the dead frames still stand, as they hold the exception's object: a function is called
 * below them, and says where the target frame goes on. To an unwinder it is called by the target frame.
 */
export function* consolidate(thread: Thread, context: number, record: number): GuestGenerator<never> {
  const callback = thread.memory.u32(record + EXCEPTION_INFORMATION);
  thread.frames.enterException(thread.rsp, context);
  const rip = yield* guestCall(thread, callback, record);
  readContext(thread.memory, context, thread.live);
  thread.rip = rip;
  return yield* jump(thread);
}

interface Step {
  readonly function: FunctionEntry | undefined;
  /** The registers in the frame's function, and its unwinding. */
  readonly before: UnwindState;
  readonly unwound: UnwoundFrame;
  /** Where in its scopes the handler goes on, if an unwind of this frame was interrupted by an exception. */
  readonly scopeIndex: number | undefined;
}

/** The frames from a state outwards, until the stack's end or something that makes no sense. */
class StackWalk {
  readonly #thread: Thread;
  readonly #state: UnwindState;
  #count = 0;

  constructor(thread: Thread, start: UnwindState) {
    this.#thread = thread;
    this.#state = copyUnwindState(start);
  }

  *next(): GuestGenerator<Step | undefined> {
    const thread = this.#thread;
    const state = this.#state;
    // Code may have been interrupted where it called null; later, 0 is the stack's end.
    if (this.#count >= MAX_FRAMES || (this.#count > 0 && state.rip === 0)) return undefined;
    this.#count++;
    const scopeIndex = this.#passDispatcher();
    const before = copyUnwindState(state);
    const found = yield* findFunction(thread, state.rip);
    const unwound = tryUnwind(thread.memory, state, found);
    // Stacks grow down: an unwind that does not go up would go on for ever.
    if (unwound === undefined || state.gpr[RSP]! <= before.gpr[RSP]!) return undefined;
    return { function: found, before, unwound, scopeIndex };
  }

  /**
   * A handler's frames end at the dispatcher. Then come the frames of the code that was interrupted; or, where the handler was one that an unwind
   * runs, the unwind collides with what is going on now: that takes over the frame where it was, and what of its scopes is left.
   */
  #passDispatcher(): number | undefined {
    const { process, frames, memory } = this.#thread;
    const state = this.#state;
    if (!process.callbackStubs.module.contains(state.rip)) return undefined;
    const frame = frames.calledFrom(Number(state.gpr[RSP]! & 0xffff_ffffn));
    if (frame?.unwinding !== undefined) {
      Object.assign(state, copyUnwindState(frame.unwinding.before));
      return memory.u32(frame.unwinding.dispatcher + DISPATCHER.ScopeIndex);
    }
    if (frame?.interrupted !== undefined) Object.assign(state, copyUnwindState(frame.interrupted));
    return undefined;
  }
}

function tryUnwind(memory: GuestMemory, state: UnwindState, found: FunctionEntry | undefined): UnwoundFrame | undefined {
  try {
    return virtualUnwind(memory, state, found);
  } catch (error) {
    if (error instanceof MemoryAccessError || error instanceof PeError) return undefined;
    throw error;
  }
}

function* callHandler(thread: Thread, step: Step, record: number, context: number, targetIp: number): GuestGenerator<number> {
  const { memory } = thread;
  const { address, data } = step.unwound.handler!;
  const dispatcher = thread.process.heap.require(DISPATCHER.SIZE);
  try {
    const pointer = (offset: number, value: number): void => memory.setPointer(dispatcher + offset, value);
    pointer(DISPATCHER.ControlPc, step.before.rip);
    pointer(DISPATCHER.ImageBase, step.function!.base);
    pointer(DISPATCHER.FunctionEntry, step.function!.address);
    pointer(DISPATCHER.EstablisherFrame, step.unwound.establisher);
    pointer(DISPATCHER.TargetIp, targetIp);
    pointer(DISPATCHER.ContextRecord, context);
    pointer(DISPATCHER.LanguageHandler, address);
    pointer(DISPATCHER.HandlerData, data);
    memory.setU32(dispatcher + DISPATCHER.ScopeIndex, step.scopeIndex ?? 0);
    if (targetIp !== 0) thread.frames.enterUnwind({ before: step.before, dispatcher });
    return yield* guestCall(thread, address, record, step.unwound.establisher, context, dispatcher);
  } finally {
    thread.frames.leaveUnwind(dispatcher);
    if (thread.process.heap.has(dispatcher)) thread.process.heap.free(dispatcher);
  }
}

function writeUnwindRecord(memory: GuestMemory, record: number): number {
  memory.fill(record, 0, EXCEPTION_RECORD_SIZE);
  memory.setU32(record, STATUS_UNWIND);
  return record;
}

/** Memory of the thread's own for records that outlive the frame that they are made in. */
function scratch(thread: Thread, size: number): number {
  return thread.state(SCRATCH, () => thread.memory.allocate(Math.max(size, 0x1000), PAGE.READWRITE) ?? thread.process.heap.require(size));
}

const SCRATCH: unique symbol = Symbol("unwind record");
