import { STATUS } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { TEB32 } from "../blocks/teb.ts";
import { guestCall } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { CONTEXT32, writeContext32 } from "./context-record-32.ts";
import type { ExceptionFrame } from "./dispatch.ts";
import { EXCEPTION_RECORD_SIZE, NONCONTINUABLE, RaisedException, writeExceptionRecord } from "./exception.ts";
import { DISPOSITION, markNested, searchesOn } from "./frame-handlers.ts";

/** The end of a chain of registrations. */
const END = 0xffff_ffff;
const FLAG = { UNWINDING: 2, EXIT_UNWIND: 4, STACK_INVALID: 8 } as const;
/** Registers that a call of RtlUnwind gives back as they were: eax to edi, two words each. */
const GPR_WORDS = 16;

/** The innermost EXCEPTION_REGISTRATION_RECORD of an x86 thread: its next one, then its handler. */
export function firstRegistration({ memory, teb }: Thread): number {
  return memory.u32(teb + TEB32.ExceptionList);
}

/** Makes a registration the innermost. */
export function setFirstRegistration({ memory, teb }: Thread, registration: number): void {
  memory.setU32(teb + TEB32.ExceptionList, registration);
}

/** x86: asks the handlers that fs:[0] chains, the innermost first. Returns the first disposition that is not to search on. */
export function* searchRegistrations(thread: Thread, { record, context }: ExceptionFrame): GuestGenerator<number> {
  const { memory } = thread;
  for (let registration = firstRegistration(thread); registration !== END; registration = memory.u32(registration)) {
    if (!isValid(thread, registration)) {
      memory.setU32(record + 4, memory.u32(record + 4) | FLAG.STACK_INVALID);
      break;
    }
    markNested(thread, record, registration);
    thread.frames.ask(registration);
    const { disposition } = yield* callHandler(thread, registration, record, context);
    thread.frames.ask(0);
    if (!searchesOn(disposition)) return disposition;
  }
  return DISPOSITION.CONTINUE_SEARCH;
}

/**
 * RtlUnwind on x86: tells the handlers inside of a registration that they are left, and takes them off the chain; all of them for 0. `record` 0
 * makes one. The mappings that wait for guest code below the target, or below `stack`, are given up. Registers are as before, but for eax.
 * Throws RaisedException where the chain is damaged or the target is not in it.
 */
export function* unwindRegistrations(thread: Thread, target: number, record: number, value: number, stack = target): GuestGenerator<void> {
  const { memory, registers, process } = thread;
  const saved = registers.slice(0, GPR_WORDS);
  const scratch = process.heap.require(CONTEXT32.SIZE + EXCEPTION_RECORD_SIZE);
  try {
    const context = scratch + EXCEPTION_RECORD_SIZE;
    const used = record === 0 ? writeUnwindRecord(memory, scratch, thread.rip) : record;
    memory.setU32(used + 4, memory.u32(used + 4) | FLAG.UNWINDING | (target === 0 ? FLAG.EXIT_UNWIND : 0));
    writeContext32(memory, context, new DataView(thread.live.buffer, thread.live.byteOffset));
    const isLast = (registration: number): boolean => registration === target || (registration === END && target === 0);
    for (let registration = firstRegistration(thread); !isLast(registration);) {
      if (target !== 0 && registration > target)
        throw damaged(STATUS.INVALID_UNWIND_TARGET, record, "it unwinds to a registration that is not in the chain");
      if (!isValid(thread, registration))
        throw damaged(STATUS.BAD_STACK, record, "it unwinds past a registration that is not on the stack");
      registration = memory.u32(yield* tellHandler(thread, registration, used, context));
      setFirstRegistration(thread, registration);
    }
  } finally {
    if (process.heap.has(scratch)) process.heap.free(scratch);
  }
  if (target !== 0) thread.frames.abandonBelow(stack);
  registers.set(saved);
  registers[0] = value;
}

/**
 * Tells a registration's handler of an unwind. Returns the registration behind which that goes on: another one where it collides with an unwind that
 * was telling it, which is not told again.
 */
function* tellHandler(thread: Thread, registration: number, record: number, context: number): GuestGenerator<number> {
  const { frames } = thread;
  frames.passUnwind(registration);
  if (frames.isTold(registration)) return registration;
  frames.tell(registration);
  const { disposition, collided } = yield* callHandler(thread, registration, record, context);
  frames.tell(0);
  if (disposition === DISPOSITION.COLLIDED_UNWIND) return collided;
  if (disposition === DISPOSITION.CONTINUE_SEARCH) return registration;
  throw damaged(STATUS.INVALID_DISPOSITION, record, "a handler that was told of an unwind answered what is no disposition");
}

function damaged(code: number, record: number, description: string): RaisedException {
  return new RaisedException({ code, flags: NONCONTINUABLE, parameters: [], record, description });
}

/** A registration lies on the thread's stack, and its handler does not. */
function isValid({ memory, stackLow, stackHigh }: Thread, registration: number): boolean {
  if ((registration & 3) !== 0 || registration < stackLow || registration + 8 > stackHigh) return false;
  const handler = memory.u32(registration + 4);
  return handler < stackLow || handler >= stackHigh;
}

function* callHandler(
  thread: Thread,
  registration: number,
  record: number,
  context: number,
): GuestGenerator<{ disposition: number; collided: number }> {
  const { memory, process } = thread;
  const dispatcher = process.heap.require(16);
  try {
    memory.setU32(dispatcher, registration);
    const disposition = yield* guestCall(thread, memory.u32(registration + 4), record, registration, context, dispatcher);
    return { disposition, collided: memory.u32(dispatcher) };
  } finally {
    if (process.heap.has(dispatcher)) process.heap.free(dispatcher);
  }
}

function writeUnwindRecord(memory: GuestMemory, at: number, address: number): number {
  writeExceptionRecord(memory, at, { code: STATUS.UNWIND, flags: 0, address, parameters: [], description: "" });
  return at;
}
