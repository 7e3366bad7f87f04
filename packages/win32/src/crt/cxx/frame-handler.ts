import type { GuestMemory } from "@decant/memory";
import { CONTEXT, guestCall, guestCallThis, jump, unwind, writeContext, type GuestGenerator, type Thread } from "@decant/process";
import { terminate } from "../startup/startup.ts";
import { showCurrentException, whileProcessing } from "./current-exception.ts";
import { readFunctionInfo4 } from "./function-info-4.ts";
import {
  clauseOfFunclet,
  readFunctionInfo,
  stateAt,
  type CatchHandler,
  type FunctionInfo,
  type TryBlock,
  type UnwindEntry,
} from "./function-info.ts";
import { translateException } from "./translator.ts";
import { destroyObject, matchClause, provideObject, type Thrown } from "./thrown-object.ts";

/** The exception code of C++, and the first parameter that Microsoft's runtime gives it. */
export const CXX_EXCEPTION = 0xe06d_7363;
export const CXX_MAGIC = 0x1993_0520n;

/** The code of the unwinds of Microsoft's own frame handlers, which programs may bring along. */
const STATUS_UNWIND_CONSOLIDATE = 0x8000_0029;
const EXCEPTION_FLAG = { UNWINDING: 2, EXIT_UNWIND: 4, TARGET_UNWIND: 0x20 } as const;
const CONTINUE_SEARCH = 1;
/** Offsets in EXCEPTION_RECORD and DISPATCHER_CONTEXT (winnt.h). */
const RECORD = { code: 0, flags: 4, parameters: 0x20 } as const;
const DISPATCHER = { ControlPc: 0x00, ImageBase: 0x08, FunctionEntry: 0x10, HandlerData: 0x38 } as const;
/** Below the present rsp, what the handler's own frames may still use. */
const CATCH_GAP = 0x400;

/** A catch clause that was chosen, until its funclet runs. */
interface PendingCatch {
  readonly frame: number;
  readonly establisher: number;
  readonly block: TryBlock;
  readonly handler: CatchHandler;
  readonly thrown: Thrown;
  readonly controlPc: number;
  /** The state that holds for the function while the clause runs. */
  readonly outerState: number;
  /** Where guest code may run without touching what the exception left on the stack: the thrown object lies there. */
  readonly stack: number;
}

/** A clause whose funclet runs. */
interface ActiveCatch {
  readonly frame: number;
  readonly state: number;
  readonly thrown: Thrown;
}

/** The C++ exceptions of a thread. */
export class CxxExceptions {
  /** The innermost last: what an unwind runs may throw and catch exceptions of its own. */
  readonly pending: PendingCatch[] = [];
  /** The innermost last. */
  readonly active: ActiveCatch[] = [];
  /** Objects whose clauses were left by another exception. */
  readonly left: Thrown[] = [];

  static of(thread: Thread): CxxExceptions {
    return thread.state(CxxExceptions, () => new CxxExceptions());
  }
}

/** Where a language handler is called, as it sees it. */
interface Situation {
  readonly info: FunctionInfo;
  /** The frame that the handler is called for. */
  readonly frame: number;
  /** The function's own frame, also for its funclets. */
  readonly establisher: number;
  readonly state: number;
  /** For a catch funclet: the block that it belongs to. */
  readonly catchOf: TryBlock | undefined;
  readonly controlPc: number;
}

type Reader = (memory: GuestMemory, base: number, address: number, begin: number) => FunctionInfo | undefined;

/** The language handler of functions with try blocks or objects to destroy ("x64 exception handling"), by how their tables are written. */
const frameHandler = (read: Reader) =>
  function* (thread: Thread, record: number, frame: number, context: number, dispatcher: number): GuestGenerator<number> {
    const situation = situationOf(thread, frame, dispatcher, read);
    if (situation === undefined) return CONTINUE_SEARCH;
    const code = thread.memory.u32(record + RECORD.code);
    if (code !== CXX_EXCEPTION && code !== STATUS_UNWIND_CONSOLIDATE && situation.info.isSynchronous) return CONTINUE_SEARCH;
    const flags = thread.memory.u32(record + RECORD.flags);
    if ((flags & (EXCEPTION_FLAG.UNWINDING | EXCEPTION_FLAG.EXIT_UNWIND)) !== 0) {
      const isTarget = (flags & EXCEPTION_FLAG.TARGET_UNWIND) !== 0;
      const chosen = isTarget ? CxxExceptions.of(thread).pending.findLast((each) => each.frame === frame) : undefined;
      yield* leaveStates(thread, situation, chosen?.block.low ?? situation.catchOf?.high ?? -1);
      return CONTINUE_SEARCH;
    }
    return yield* search(thread, situation, { record, frame, context });
  };

/** __CxxFrameHandler to __CxxFrameHandler3. */
export const cxxFrameHandler = frameHandler(readFunctionInfo);
/** __CxxFrameHandler4. */
export const cxxFrameHandler4 = frameHandler(readFunctionInfo4);

function* search(
  thread: Thread,
  situation: Situation,
  { record, frame, context }: { record: number; frame: number; context: number },
): GuestGenerator<number> {
  const { info, establisher } = situation;
  if (thread.memory.u32(record + RECORD.code) !== CXX_EXCEPTION) yield* translateException(thread, record, context);
  const thrown = thrownBy(thread, record, context);
  const found = findClause(thread, situation, thrown);
  if (found === undefined) {
    if (info.isNoexcept) yield* terminate(thread);
    return CONTINUE_SEARCH;
  }
  yield* provideObject(thread, found.handler, found.match, thrown, establisher);
  CxxExceptions.of(thread).pending.push({
    frame,
    establisher,
    block: found.block,
    handler: found.handler,
    thrown,
    controlPc: situation.controlPc,
    outerState: info.unwindMap[found.block.low]?.toState ?? -1,
    stack: thread.rsp - CATCH_GAP,
  });
  return yield* unwind(thread, context, { frame, rip: catchStub(thread), value: 0n, record });
}

/** What the stack is unwound to: runs the catch funclet above the thrown object, and goes on where it says. */
export function* callCatchBlock(thread: Thread): GuestGenerator<never> {
  const exceptions = CxxExceptions.of(thread);
  const { active } = exceptions;
  const pending = exceptions.pending.pop();
  if (pending === undefined) throw new Error("a catch block was entered that nobody chose");
  const { memory, process } = thread;
  const { rsp } = thread;
  const context = process.heap.allocate(CONTEXT.SIZE);
  const entry: ActiveCatch = { frame: pending.frame, state: pending.outerState, thrown: pending.thrown };
  active.push(entry);
  showCurrentException(thread, entry.thrown);
  let isDone = false;
  try {
    for (const thrown of exceptions.left.splice(0)) if (isLast(exceptions, thrown)) yield* destroyObject(thread, thrown);
    // Exceptions that leave the clause look for their handler in the function's frame next.
    writeContext(memory, context, thread.live);
    memory.setPointer(context + CONTEXT.Rip, pending.controlPc);
    thread.frames.enterException(pending.stack, context);
    const answer = yield* guestCall(thread, pending.handler.funclet, 0, pending.establisher);
    const { continuations = [] } = pending.handler;
    const continuation = continuations.length < 2 ? (continuations[0] ?? answer) : continuations[answer === 0 ? 0 : 1]!;
    active.splice(active.indexOf(entry));
    if (isLast(exceptions, entry.thrown)) yield* destroyObject(thread, entry.thrown);
    isDone = true;
    thread.rsp = rsp;
    thread.rip = continuation;
  } finally {
    const index = active.indexOf(entry);
    if (index >= 0) active.splice(index);
    showCurrentException(thread, active.at(-1)?.thrown);
    if (!isDone) exceptions.left.push(entry.thrown);
    if (process.heap.has(context)) process.heap.free(context);
  }
  return yield* jump(thread);
}

/** Whether no clause runs, or is about to, for the same object: one that was thrown again is still the outer one's. */
function isLast({ active, pending }: CxxExceptions, { object }: Thrown): boolean {
  return ![...active, ...pending].some(({ thrown }) => thrown.object === object);
}

function situationOf(thread: Thread, frame: number, dispatcher: number, read: Reader): Situation | undefined {
  const { memory } = thread;
  const base = memory.u32(dispatcher + DISPATCHER.ImageBase);
  const begin = base + memory.u32(memory.u32(dispatcher + DISPATCHER.FunctionEntry));
  const info = read(memory, base, base + memory.u32(memory.u32(dispatcher + DISPATCHER.HandlerData)), begin);
  if (info === undefined) return undefined;
  const controlPc = memory.u32(dispatcher + DISPATCHER.ControlPc);
  const clause = clauseOfFunclet(info, begin);
  const frameOffset = info.functionFrameOffset ?? clause?.handler.frameOffset;
  const establisher = frameOffset === undefined ? frame : memory.u32(frame + frameOffset);
  const running = CxxExceptions.of(thread).active.findLast((each) => each.frame === frame);
  return { info, frame, establisher, controlPc, catchOf: clause?.block, state: running?.state ?? stateAt(info, controlPc) };
}

function findClause(thread: Thread, { info, state, catchOf }: Situation, thrown: Thrown) {
  for (const block of info.tryBlocks) {
    if (state < block.low || state > block.high) continue;
    // A funclet looks at the blocks inside its clause; those around it are its function's.
    if (catchOf !== undefined && (block.low <= catchOf.high || block.high > catchOf.catchHigh)) continue;
    for (const handler of block.handlers) {
      const match = matchClause(thread.memory, handler, thrown);
      if (match !== undefined) return { block, handler, match };
    }
  }
  return undefined;
}

/** Runs the clean-up of states, from the present one out to `target`. */
function* leaveStates(thread: Thread, { info, state, establisher }: Situation, target: number): GuestGenerator<void> {
  let current = state;
  for (let steps = 0; current > target && steps <= info.unwindMap.length; steps++) {
    const entry = info.unwindMap[current];
    if (entry === undefined) return;
    current = entry.toState;
    if (entry.action !== 0) yield* whileProcessing(thread, cleanUp(thread, entry, establisher));
  }
}

function* cleanUp(thread: Thread, { action, object }: UnwindEntry, establisher: number): GuestGenerator<void> {
  if (object === undefined) yield* guestCall(thread, action, 0, establisher);
  else {
    const place = establisher + object.offset;
    yield* guestCallThis(thread, action, object.isPointer ? thread.memory.u32(place) : place);
  }
}

/** What was thrown, as a clause sees it: thrown again by a runtime of the program's own, it is what the innermost clause holds; not C++'s, it has no type. */
function thrownBy(thread: Thread, record: number, context: number): Thrown {
  const { memory } = thread;
  if (memory.u32(record + RECORD.code) !== CXX_EXCEPTION) return { object: 0, info: 0, base: 0, record, context };
  const parameter = (index: number): number => memory.u32(record + RECORD.parameters + 8 * index);
  const again = parameter(2) === 0 ? CxxExceptions.of(thread).active.at(-1)?.thrown : undefined;
  return again ?? { object: parameter(1), info: parameter(2), base: parameter(3), record, context };
}

/** The stub of callCatchBlock in whichever runtime is loaded. */
function catchStub(thread: Thread): number {
  const { modules, loader } = thread.process;
  for (const name of ["msvcrt.dll", "vcruntime140.dll", "ucrtbase.dll"]) {
    const module = modules.find(name);
    const address = module === undefined ? undefined : loader.getProcAddress(module, CATCH_STUB);
    if (address !== undefined) return address;
  }
  throw new Error("no C runtime is loaded, and a C++ handler runs");
}

/** The export whose address the stack is unwound to; programs do not call it. */
export const CATCH_STUB = "__CxxCallCatchBlock";
