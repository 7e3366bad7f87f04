import { api, convention, fn, INT, PVOID, VOID } from "@decant/hook";
import { guestCallInFrame, implement, jump, recordLayout, unwindRegistrations } from "@decant/process";
import type { GuestGenerator, Thread } from "@decant/process";
import { showCurrentException, whileProcessing } from "../cxx/current-exception.ts";
import { CXX_EXCEPTION, CxxExceptions } from "../cxx/frame-handler.ts";
import { readFunctionInfo32 } from "../cxx/function-info.ts";
import type { CatchHandler, FunctionInfo, TryBlock } from "../cxx/function-info.ts";
import { cxxThrow } from "../cxx/throw.ts";
import { destroyObject, matchClause, provideObject } from "../cxx/thrown-object.ts";
import type { Thrown } from "../cxx/thrown-object.ts";
import { translateException } from "../cxx/translator.ts";
import { CDECL, WITH_VCRUNTIME } from "../dlls.ts";
import { terminate } from "../startup/startup.ts";

/** What x86 C++ compilers put into functions with try blocks or objects to destroy. The handler finds its function's tables by eax. */
export const cxxApi32 = api(
  WITH_VCRUNTIME,
  {
    __CxxFrameHandler: fn(INT, ["record", PVOID], ["registration", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    __CxxFrameHandler2: fn(INT, ["record", PVOID], ["registration", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    __CxxFrameHandler3: fn(INT, ["record", PVOID], ["registration", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    _CxxThrowException: convention("stdcall", fn(VOID, ["object", PVOID], ["throwInfo", PVOID])),
  },
  { ...CDECL, only: 4 },
);

/** Around the registration's two words: the esp of the function's body, the state it is in, and its ebp. */
const NODE = { esp: -4, state: 8, ebp: 12 } as const;
const UNWINDING = 6;
const CONTINUE_SEARCH = 1;
const EBP = 5;
const ESP = 4;

export const cxx32 = implement(cxxApi32, {
  __CxxFrameHandler: handle,
  __CxxFrameHandler2: handle,
  __CxxFrameHandler3: handle,
  _CxxThrowException: cxxThrow,
});

function* handle(thread: Thread, record: number, node: number, context: number): GuestGenerator<number> {
  const { memory, registers } = thread;
  const info = readFunctionInfo32(memory, registers[0]!);
  const isForeign = memory.u32(record) !== CXX_EXCEPTION;
  if (info === undefined || (isForeign && info.isSynchronous)) return CONTINUE_SEARCH;
  if ((memory.u32(record + 4) & UNWINDING) !== 0) {
    yield* leaveStates(thread, info, node, -1);
    return CONTINUE_SEARCH;
  }
  if (isForeign) yield* translateException(thread, record, context);
  const thrown = thrownBy(thread, record, context);
  const found = findClause(thread, info, memory.i32(node + NODE.state), thrown);
  if (found === undefined) {
    if (info.isNoexcept) yield* terminate(thread);
    return CONTINUE_SEARCH;
  }
  const { handler, block, match } = found;
  yield* provideObject(thread, handler, match, thrown, node + NODE.ebp);
  const esp = stackOf(thread, node, block);
  yield* unwindRegistrations(thread, node, record, 0, esp);
  yield* leaveStates(thread, info, node, block.low);
  memory.setI32(node + NODE.state, block.high + 1);
  const continuation = yield* runClause(thread, handler.funclet, { node, block, esp }, thrown);
  registers[2 * EBP] = node + NODE.ebp;
  memory.setU32(node + NODE.esp, esp);
  registers[2 * ESP] = esp;
  thread.rip = continuation;
  return yield* jump(thread);
}

/** A clause that runs: its try block, and the esp of what is around it in the function. */
interface Clause {
  readonly node: number;
  readonly block: TryBlock;
  readonly esp: number;
}

const CLAUSES: unique symbol = Symbol("clauses that run");

/** The clauses of a thread that run, the innermost last. */
function clausesOf(thread: Thread): Clause[] {
  return thread.state(CLAUSES, () => []);
}

/**
 * The esp with which a function goes on that catches by a try block. The body and each clause put their own into the node; an exception that leaves
 * clauses goes back to what was there before them.
 */
function stackOf(thread: Thread, node: number, { low, high }: TryBlock): number {
  let esp = thread.memory.u32(node + NODE.esp);
  for (const clause of clausesOf(thread).toReversed()) {
    if (clause.node !== node || (low > clause.block.high && high <= clause.block.catchHigh)) break;
    ({ esp } = clause);
  }
  return esp;
}

/** Runs a catch clause, and destroys its object when it ends; one that was thrown again is still needed. */
function* runClause(thread: Thread, funclet: number, clause: Clause, thrown: Thrown): GuestGenerator<number> {
  const exceptions = CxxExceptions.of(thread);
  const { active } = exceptions;
  const { node } = clause;
  const clauses = clausesOf(thread);
  const entry = { frame: node, state: -1, thrown };
  const isHeld = (object: number): boolean => active.some((each) => each.thrown.object === object);
  for (const left of exceptions.left.splice(0))
    if (!isHeld(left.object) && left.object !== thrown.object) yield* destroyObject(thread, left);
  active.push(entry);
  showCurrentException(thread, thrown);
  clauses.push(clause);
  let isDone = false;
  try {
    const continuation = yield* guestCallInFrame(thread, funclet, node + NODE.ebp);
    active.splice(active.indexOf(entry));
    if (!isHeld(thrown.object)) yield* destroyObject(thread, thrown);
    isDone = true;
    return continuation;
  } finally {
    const index = active.indexOf(entry);
    if (index >= 0) active.splice(index);
    clauses.splice(clauses.indexOf(clause));
    showCurrentException(thread, active.at(-1)?.thrown);
    if (!isDone) exceptions.left.push(thrown);
  }
}

function findClause(
  thread: Thread,
  { tryBlocks }: FunctionInfo,
  state: number,
  thrown: Thrown,
): { block: TryBlock; handler: CatchHandler; match: NonNullable<ReturnType<typeof matchClause>> } | undefined {
  for (const block of tryBlocks) {
    if (state < block.low || state > block.high) continue;
    for (const handler of block.handlers) {
      const match = matchClause(thread.memory, handler, thrown);
      if (match !== undefined) return { block, handler, match };
    }
  }
  return undefined;
}

/** Runs the clean-up of states, from the present one out to `target`. */
function* leaveStates(thread: Thread, { unwindMap }: FunctionInfo, node: number, target: number): GuestGenerator<void> {
  const { memory } = thread;
  thread.frames.tellAgain(node);
  for (let steps = 0; steps <= unwindMap.length; steps++) {
    const state = memory.i32(node + NODE.state);
    const entry = unwindMap[state];
    if (state <= target || entry === undefined) return;
    memory.setI32(node + NODE.state, entry.toState);
    if (entry.action !== 0) yield* whileProcessing(thread, cleanUp(thread, entry.action, node + NODE.ebp));
  }
}

function* cleanUp(thread: Thread, funclet: number, ebp: number): GuestGenerator<void> {
  yield* guestCallInFrame(thread, funclet, ebp);
}

/** What was thrown; thrown again by a runtime of the program's own, it is what the innermost clause holds. */
function thrownBy(thread: Thread, record: number, context: number): Thrown {
  const { memory } = thread;
  if (memory.u32(record) !== CXX_EXCEPTION) return { object: 0, info: 0, base: 0, record, context };
  const parameters = record + recordLayout(memory).ExceptionInformation;
  const info = memory.u32(parameters + 8);
  const again = info === 0 ? CxxExceptions.of(thread).active.at(-1)?.thrown : undefined;
  return again ?? { object: memory.u32(parameters + 4), info, base: 0, record, context };
}
