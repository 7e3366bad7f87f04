import { MemoryAccessError, PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { PeError, UNW_FLAG } from "@decant/pe";
import { guestCall, jump } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { CONTEXT, readContext, writeContext } from "./context-record.ts";
import type { ExceptionFrame } from "./dispatch.ts";
import { EXCEPTION_RECORD_SIZE } from "./exception.ts";
import { lookUpFunction } from "./function-table.ts";
import type { FunctionEntry } from "./function-table.ts";
import { callerState, copyUnwindState, readUnwindState, RSP, writeUnwindState } from "./unwind-state.ts";
import type { UnwindState } from "./unwind-state.ts";
import { virtualUnwind } from "./virtual-unwind.ts";
import type { UnwoundFrame } from "./virtual-unwind.ts";

/** Flags of EXCEPTION_RECORD while handlers are called (winnt.h). */
export const EXCEPTION_FLAG = { NONCONTINUABLE: 1, UNWINDING: 2, EXIT_UNWIND: 4, TARGET_UNWIND: 0x20 } as const;
/** What language handlers return (EXCEPTION_DISPOSITION). */
export const DISPOSITION = { CONTINUE_EXECUTION: 0, CONTINUE_SEARCH: 1 } as const;
/** STATUS_UNWIND: the code of an unwind that no exception asked for. */
const STATUS_UNWIND = 0xc000_0027;
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

/** Asks the language handlers of the frames on the stack. Returns whether execution goes on from the context record. */
export function* searchFrames(thread: Thread, frame: ExceptionFrame): GuestGenerator<boolean> {
  const { memory } = thread;
  const state = readUnwindState(memory, frame.context);
  for (const step of walk(thread, state)) {
    if (step.unwound.handler === undefined || (step.unwound.handler.flags & UNW_FLAG.EHANDLER) === 0) continue;
    const disposition = yield* callHandler(thread, step, frame.record, frame.context, 0);
    if (disposition === DISPOSITION.CONTINUE_EXECUTION) return true;
  }
  return false;
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
 * goes on there. `context` is room for a CONTEXT record; its contents do not matter.
 */
export function* unwind(thread: Thread, context: number, target: UnwindTarget): GuestGenerator<never> {
  const { memory } = thread;
  const record = target.record === 0 ? writeUnwindRecord(memory, scratch(thread, EXCEPTION_RECORD_SIZE)) : target.record;
  memory.setU32(record + 4, memory.u32(record + 4) | EXCEPTION_FLAG.UNWINDING | (target.frame === 0 ? EXCEPTION_FLAG.EXIT_UNWIND : 0));
  // The record may be the very one that an outer exception was interrupted with: it is written only when frames have been passed.
  const state = callerState(memory, thread.live);
  let isFresh = false;
  for (const step of walk(thread, state)) {
    if (!isFresh) writeContext(memory, context, thread.live);
    isFresh = true;
    const isTarget = step.unwound.establisher === target.frame;
    if (isTarget) memory.setU32(record + 4, memory.u32(record + 4) | EXCEPTION_FLAG.TARGET_UNWIND);
    if (step.unwound.handler !== undefined && (step.unwound.handler.flags & UNW_FLAG.UHANDLER) !== 0) {
      writeUnwindState(memory, context, step.before);
      memory.setU64(context + CONTEXT.Rax, target.value);
      yield* callHandler(thread, step, record, context, target.rip);
    }
    if (!isTarget) continue;
    const landing = copyUnwindState(step.before);
    landing.gpr[0] = target.value;
    landing.rip = target.rip;
    writeUnwindState(memory, context, landing);
    readContext(memory, context, thread.live);
    return yield* jump(thread);
  }
  throw new MemoryAccessError(target.frame, 8, "read");
}

interface Step {
  readonly function: FunctionEntry | undefined;
  /** The registers in the frame's function, and its unwinding. */
  readonly before: UnwindState;
  readonly unwound: UnwoundFrame;
}

/** The frames from a state outwards, until the stack's end or something that makes no sense. */
function* walk(thread: Thread, start: UnwindState): Generator<Step> {
  const state = copyUnwindState(start);
  for (let count = 0; count < MAX_FRAMES && state.rip !== 0; count++) {
    // A handler's frames end at the dispatcher; the frames of the code that was interrupted come next.
    const interrupted = thread.process.callbackStubs.module.contains(state.rip)
      ? thread.frames.interruptedBy(Number(state.gpr[RSP]! & 0xffff_ffffn))
      : undefined;
    if (interrupted !== undefined) Object.assign(state, readUnwindState(thread.memory, interrupted));
    const before = copyUnwindState(state);
    const found = lookUpFunction(thread.process, state.rip);
    const unwound = tryUnwind(thread.memory, state, found);
    // Stacks grow down: an unwind that does not go up would go on for ever.
    if (unwound === undefined || state.gpr[RSP]! <= before.gpr[RSP]!) return;
    yield { function: found, before, unwound };
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
    const pointer = (offset: number, value: number): void => memory.setU64(dispatcher + offset, BigInt(value));
    pointer(DISPATCHER.ControlPc, step.before.rip);
    pointer(DISPATCHER.ImageBase, step.function!.base);
    pointer(DISPATCHER.FunctionEntry, step.function!.address);
    pointer(DISPATCHER.EstablisherFrame, step.unwound.establisher);
    pointer(DISPATCHER.TargetIp, targetIp);
    pointer(DISPATCHER.ContextRecord, context);
    pointer(DISPATCHER.LanguageHandler, address);
    pointer(DISPATCHER.HandlerData, data);
    return yield* guestCall(thread, address, record, step.unwound.establisher, context, dispatcher);
  } finally {
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
