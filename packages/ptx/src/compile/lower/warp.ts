import { F32, I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, isSigned } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { BARRIER, LAUNCH, STATE, WARP_FRAME, WORKER } from "../layout.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { pushSmaller } from "./float-parts.ts";
import { loadMatrix, matrixProduct, storeMatrix, transposeMatrix } from "./matrix.ts";
import { storeMask, WARP_STATE, type Meeting } from "./meeting.ts";
import type { Lowering } from "./table.ts";

/** Each instruction's meeting: it is asked for many times while a kernel is compiled. */
const meetings = new WeakMap<Instruction, Meeting>();

export function meeting(i: Instruction): Meeting {
  let found = meetings.get(i);
  if (found === undefined) {
    found = meetingOf(i);
    meetings.set(i, found);
  }
  return found;
}

function meetingOf(i: Instruction): Meeting {
  switch (i.opcode) {
    case "bar":
    case "barrier":
      return barrier(i);
    case "yield":
      // No state to wait in: the thread may go on at once, after the others.
      return { warp: false, suspend: (e) => void e.f.i32Const(0), resume() {} };
    case "shfl":
      return shuffle(i);
    case "vote":
      return vote(i);
    case "match":
      return match(i);
    case "activemask":
      return activeMask(i);
    case "elect":
      return elect(i);
    case "mma":
    case "wmma":
      return matrixProduct(i);
    case "ldmatrix":
      return loadMatrix(i);
    case "stmatrix":
      return storeMatrix(i);
    case "movmatrix":
      return transposeMatrix(i);
    default:
      return reduce(i);
  }
}

function barrier(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  suffixes.take("cta");
  const warp = suffixes.take("warp");
  const reduces = suffixes.take("red");
  const operation = reduces ? suffixes.oneOf(["popc", "and", "or"]) : undefined;
  if (reduces) suffixes.type();
  else if (!suffixes.take("sync")) throw notTranslated(i);
  suffixes.take("aligned");
  suffixes.end();
  if (operation !== undefined) return reduceAtBarrier(i, operation);
  if (reduces) throw illegal(i, "a reduction needs .popc, .and or .or");
  const [first, count] = i.operands;
  if (warp) {
    return {
      warp,
      suspend(e) {
        storeMask(e, i, first);
        e.f.i32Const(WARP_STATE);
      },
      resume() {},
    };
  }
  return { warp, suspend: (e) => pushBarrierState(e, i, first, count), resume() {} };
}

/** Pushes the state of a thread that waits at a barrier. */
function pushBarrierState(e: Emitter, i: Instruction, barrierNumber: Operand | undefined, count: Operand | undefined): void {
  const { f } = e;
  f.i32Const(STATE.barrier << STATE.waitShift);
  if (barrierNumber !== undefined && e.constant(barrierNumber) !== 0n) {
    pushBarrierNumber(e, i, barrierNumber);
    f.i32Const(STATE.barrierShift).op(OP.i32_shl).op(OP.i32_or);
  }
  if (count === undefined) return;
  e.push(i, count, "u32");
  f.i32Const(31)
    .op(OP.i32_add)
    .i32Const(5)
    .op(OP.i32_shr_u)
    .i32Const(63)
    .op(OP.i32_and)
    .i32Const(STATE.countShift)
    .op(OP.i32_shl)
    .op(OP.i32_or);
}

function pushBarrierNumber(e: Emitter, i: Instruction, operand: Operand | undefined): void {
  e.push(i, operand, "u32");
  e.f.i32Const(BARRIER.count - 1).op(OP.i32_and);
}

/** Leaves where the worker keeps what it knows of the barrier whose number is on the stack; its fields lie from WORKER.barriers on. */
function setBarrierPlace(e: Emitter): number {
  const place = e.scratch(I32, "barrier place");
  e.f.i32Const(Math.log2(BARRIER.bytes)).op(OP.i32_shl).localGet(e.locals.worker).op(OP.i32_add).localSet(place);
  return place;
}

function addToBarrier(e: Emitter, place: number, field: number, push: () => void): void {
  const { f } = e;
  f.localGet(place)
    .localGet(place)
    .load(OP.i32_load, WORKER.barriers + field, 2);
  push();
  f.op(OP.i32_add).store(OP.i32_store, WORKER.barriers + field, 2);
}

/** bar.arrive: the thread is counted, and goes on. */
export const arrive: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  suffixes.take("cta");
  suffixes.take("arrive");
  suffixes.take("aligned");
  suffixes.end();
  pushBarrierNumber(e, i, i.operands[0]);
  addToBarrier(e, setBarrierPlace(e), BARRIER.arrived, () => void e.f.i32Const(1));
};

/** bar.red: the predicates of all threads that meet are counted as they come; the counts are put aside before the first goes on. */
function reduceAtBarrier(i: Instruction, operation: "popc" | "and" | "or"): Meeting {
  const [d, first, ...rest] = i.operands;
  const [count, predicate] = rest.length === 2 ? rest : [undefined, rest[0]];
  return {
    warp: true,
    suspend(e) {
      const { f } = e;
      const at = e.pushFrame(WARP_FRAME.lane);
      pushBarrierNumber(e, i, first);
      f.store(OP.i32_store, at, 2);
      pushBarrierNumber(e, i, first);
      const place = setBarrierPlace(e);
      addToBarrier(e, place, BARRIER.threads, () => void f.i32Const(1));
      addToBarrier(e, place, BARRIER.trues, () => e.push(i, predicate, "pred"));
      pushBarrierState(e, i, first, count);
    },
    latch(e) {
      const { f } = e;
      f.load(OP.i32_load, e.pushFrame(WARP_FRAME.lane), 2);
      const place = setBarrierPlace(e);
      const field = (offset: number): number => WORKER.barriers + offset;
      f.localGet(place).load(OP.i32_load, field(BARRIER.threads), 2).if();
      for (const [from, to] of [
        [BARRIER.threads, BARRIER.lastThreads],
        [BARRIER.trues, BARRIER.lastTrues],
      ] as const) {
        f.localGet(place).localGet(place).load(OP.i32_load, field(from), 2).store(OP.i32_store, field(to), 2);
        f.localGet(place).i32Const(0).store(OP.i32_store, field(from), 2);
      }
      f.end();
    },
    resume(e) {
      const { f } = e;
      f.load(OP.i32_load, e.pushFrame(WARP_FRAME.lane), 2);
      const place = setBarrierPlace(e);
      f.localGet(place).load(OP.i32_load, WORKER.barriers + BARRIER.lastTrues, 2);
      if (operation === "or") f.i32Const(0).op(OP.i32_ne);
      else if (operation === "and")
        f.localGet(place)
          .load(OP.i32_load, WORKER.barriers + BARRIER.lastThreads, 2)
          .op(OP.i32_eq);
      e.set(i, d, operation === "popc" ? "u32" : "pred");
    },
  };
}

/** Pushes the lanes of the warp that the block has. */
function pushLanesOfWarp(e: Emitter): void {
  const { f, locals } = e;
  const left = e.scratch(I32, "lanes left");
  f.localGet(locals.launch).load(OP.i32_load, LAUNCH.threads, 2).localGet(locals.thread).i32Const(-32).op(OP.i32_and).op(OP.i32_sub);
  f.localSet(left);
  f.i32Const(-1).i32Const(1).localGet(left).op(OP.i32_shl).i32Const(1).op(OP.i32_sub).localGet(left).i32Const(31).op(OP.i32_gt_u).select();
}

/** activemask: whoever of the warp is at the same place. */
function activeMask(i: Instruction): Meeting {
  return {
    warp: true,
    suspend(e) {
      storeMask(e, i, undefined);
      e.f.i32Const(WARP_STATE);
    },
    resume(e) {
      e.f.load(OP.i32_load, e.pushFrame(WARP_FRAME.mask), 2);
      pushLanesOfWarp(e);
      e.f.op(OP.i32_and);
      e.set(i, i.operands[0], "b32");
    },
  };
}

/** elect.sync: the first lane of the mask leads. */
function elect(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  suffixes.take("sync");
  suffixes.end();
  const [d, mask] = i.operands;
  return {
    warp: true,
    suspend(e) {
      storeMask(e, i, mask);
      e.f.i32Const(WARP_STATE);
    },
    resume(e) {
      const { f, locals } = e;
      const leader = e.scratch(I32, "leader");
      f.load(OP.i32_load, e.pushFrame(WARP_FRAME.mask), 2).op(OP.i32_ctz).localSet(leader);
      f.localGet(leader);
      e.set(i, d?.kind === "pair" ? d.first : d, "b32");
      if (d?.kind !== "pair") return;
      f.localGet(locals.thread).i32Const(31).op(OP.i32_and).localGet(leader).op(OP.i32_eq);
      e.set(i, d.second, "pred");
    },
  };
}

function shuffle(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  const sync = suffixes.take("sync");
  const mode = suffixes.oneOf(["up", "down", "bfly", "idx"]);
  const type = suffixes.type();
  suffixes.end();
  if (mode === undefined || type !== "b32") throw illegal(i, "shfl needs a mode and .b32");
  const [d, a, b, c, mask] = i.operands;
  return {
    warp: true,
    suspend(e) {
      const { f, locals } = e;
      storeMask(e, i, sync ? mask : undefined);
      const lane = e.scratch(I32, "lane");
      const segment = e.scratch(I32, "segment");
      const last = e.scratch(I32, "last");
      const source = e.scratch(I32, "source");
      f.localGet(locals.thread).i32Const(31).op(OP.i32_and).localSet(lane);
      e.push(i, c, "b32");
      f.localTee(last).i32Const(8).op(OP.i32_shr_u).i32Const(31).op(OP.i32_and).localSet(segment);
      // The last lane of the segment that may be read; the first one for .up.
      f.localGet(last).i32Const(31).op(OP.i32_and).localGet(segment).i32Const(-1).op(OP.i32_xor).op(OP.i32_and);
      f.localGet(lane).localGet(segment).op(OP.i32_and).op(OP.i32_or).localSet(last);
      e.push(i, b, "b32");
      f.i32Const(31).op(OP.i32_and).localSet(source);
      if (mode === "up") f.localGet(lane).localGet(source).op(OP.i32_sub);
      else if (mode === "down") f.localGet(lane).localGet(source).op(OP.i32_add);
      else if (mode === "bfly") f.localGet(lane).localGet(source).op(OP.i32_xor);
      else {
        f.localGet(source).localGet(segment).i32Const(-1).op(OP.i32_xor).op(OP.i32_and);
        f.localGet(lane).localGet(segment).op(OP.i32_and).op(OP.i32_or);
      }
      f.localTee(source)
        .localGet(last)
        .op(mode === "up" ? OP.i32_ge_s : OP.i32_le_s)
        .localSet(segment);
      const asked = e.pushFrame(WARP_FRAME.lane);
      f.localGet(source).localGet(lane).localGet(segment).select();
      f.localGet(segment).i32Const(8).op(OP.i32_shl).op(OP.i32_or).store(OP.i32_store, asked, 2);
      const value = e.pushFrame(WARP_FRAME.value, true);
      e.push(i, a, "b32");
      f.store(OP.i32_store, value, 2);
      f.i32Const(WARP_STATE);
    },
    resume(e) {
      const { f, locals } = e;
      const asked = e.scratch(I32, "asked");
      const source = e.scratch(I32, "source");
      f.load(OP.i32_load, e.pushFrame(WARP_FRAME.lane), 2).localSet(asked);
      f.localGet(locals.thread).i32Const(-32).op(OP.i32_and).localGet(asked).i32Const(31).op(OP.i32_and).op(OP.i32_or).localSet(source);
      // A lane beyond the block's end holds nothing: the thread's own value stands.
      f.localGet(source)
        .localGet(locals.thread)
        .localGet(source)
        .localGet(locals.launch)
        .load(OP.i32_load, LAUNCH.threads, 2)
        .op(OP.i32_lt_u)
        .select()
        .localSet(source);
      f.load(OP.i32_load, e.pushPeerLatch(source), 2);
      const value = d?.kind === "pair" ? d.first : d;
      e.set(i, value, "b32");
      if (d?.kind !== "pair") return;
      f.localGet(asked).i32Const(8).op(OP.i32_shr_u);
      e.set(i, d.second, "pred");
    },
  };
}

/** Runs `body` for each lane of the warp that takes part, with a local that leads to what it brought, at an offset. */
function eachLane(e: Emitter, body: (latch: number, lane: number, at: number) => void): void {
  const { f, locals } = e;
  const lane = e.scratch(I32, "lane");
  const thread = e.scratch(I32, "peer");
  const latch = e.scratch(I32, "peer latch");
  f.i32Const(0).localSet(lane);
  f.localGet(locals.thread).i32Const(-32).op(OP.i32_and).localSet(thread);
  const again = f.loop();
  f.load(OP.i32_load, e.pushFrame(WARP_FRAME.mask), 2).localGet(lane).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and);
  f.localGet(thread).localGet(locals.launch).load(OP.i32_load, LAUNCH.threads, 2).op(OP.i32_lt_u).op(OP.i32_and).if();
  const at = e.pushPeerLatch(thread);
  f.localSet(latch);
  body(latch, lane, at);
  f.end();
  f.localGet(thread).i32Const(1).op(OP.i32_add).localSet(thread);
  f.localGet(lane).i32Const(1).op(OP.i32_add).localTee(lane).i32Const(32).op(OP.i32_lt_u).brIf(again);
  f.end();
}

function vote(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  const sync = suffixes.take("sync");
  const mode = suffixes.oneOf(["all", "any", "uni", "ballot"]);
  suffixes.type();
  suffixes.end();
  if (mode === undefined) throw illegal(i, "vote needs a mode");
  const [d, a, mask] = i.operands;
  return {
    warp: true,
    suspend: (e) => meetWithValue(e, i, sync ? mask : undefined, OP.i32_store, 2, () => e.push(i, a, "pred")),
    resume(e) {
      const { f } = e;
      const ballot = e.scratch(I32, "ballot");
      const present = e.scratch(I32, "present");
      f.i32Const(0).localSet(ballot).i32Const(0).localSet(present);
      eachLane(e, (latch, lane, at) => {
        f.localGet(latch).load(OP.i32_load, at, 2).localGet(lane).op(OP.i32_shl).localGet(ballot).op(OP.i32_or).localSet(ballot);
        f.i32Const(1).localGet(lane).op(OP.i32_shl).localGet(present).op(OP.i32_or).localSet(present);
      });
      f.localGet(ballot);
      if (mode === "all") f.localGet(present).op(OP.i32_eq);
      else if (mode === "any") f.i32Const(0).op(OP.i32_ne);
      else if (mode === "uni") f.localGet(present).op(OP.i32_eq).localGet(ballot).op(OP.i32_eqz).op(OP.i32_or);
      e.set(i, d, mode === "ballot" ? "b32" : "pred");
    },
  };
}

/** Leaves the mask of who takes part and a value of this thread's for the lanes of its warp, and waits for theirs. */
function meetWithValue(
  e: Emitter,
  i: Instruction,
  mask: Operand | undefined,
  store: number,
  alignmentLog2: number,
  pushValue: () => void,
): void {
  storeMask(e, i, mask);
  const value = e.pushFrame(WARP_FRAME.value, true);
  pushValue();
  e.f.store(store, value, alignmentLog2).i32Const(WARP_STATE);
}

function match(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  const mode = suffixes.oneOf(["any", "all"]);
  suffixes.take("sync");
  const type = suffixes.type();
  suffixes.end();
  if (mode === undefined || (type !== "b32" && type !== "b64")) throw illegal(i, "match needs .any or .all, and .b32 or .b64");
  const [d, a, mask] = i.operands;
  return {
    warp: true,
    suspend(e) {
      meetWithValue(e, i, mask, OP.i64_store, 3, () => {
        e.push(i, a, type);
        if (type === "b32") e.f.op(OP.i64_extend_i32_u);
      });
    },
    resume(e) {
      const { f } = e;
      const equal = e.scratch(I32, "ballot");
      const present = e.scratch(I32, "present");
      const own = e.scratch(I64, "own");
      f.i32Const(0).localSet(equal).i32Const(0).localSet(present);
      f.load(OP.i64_load, e.pushFrame(WARP_FRAME.latch, true), 3).localSet(own);
      eachLane(e, (latch, lane, at) => {
        f.localGet(latch)
          .load(OP.i64_load, at, 3)
          .localGet(own)
          .op(OP.i64_eq)
          .localGet(lane)
          .op(OP.i32_shl)
          .localGet(equal)
          .op(OP.i32_or)
          .localSet(equal);
        f.i32Const(1).localGet(lane).op(OP.i32_shl).localGet(present).op(OP.i32_or).localSet(present);
      });
      const value = d?.kind === "pair" ? d.first : d;
      if (mode === "any") f.localGet(equal);
      else f.localGet(present).i32Const(0).localGet(equal).localGet(present).op(OP.i32_eq).select();
      e.set(i, value, "b32");
      if (d?.kind !== "pair") return;
      f.localGet(equal).localGet(present).op(OP.i32_eq);
      e.set(i, d.second, "pred");
    },
  };
}

/** redux.sync. */
function reduce(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  suffixes.take("sync");
  const operation = suffixes.oneOf(["add", "min", "max", "and", "or", "xor"]);
  const absolute = suffixes.take("abs");
  const propagate = suffixes.take("NaN");
  const type = suffixes.type();
  suffixes.end();
  if (operation === undefined || bitsOf(type) !== 32) throw notTranslated(i);
  if (type === "f32") {
    if (operation !== "min" && operation !== "max") throw illegal(i, "redux.sync of .f32 is .min or .max");
    return reduceFloats(i, operation === "min", absolute, propagate);
  }
  if (absolute || propagate) throw illegal(i, "'.abs' and '.NaN' need .f32");
  const [d, a, mask] = i.operands;
  return {
    warp: true,
    suspend: (e) => meetWithValue(e, i, mask, OP.i32_store, 2, () => e.push(i, a, type)),
    resume(e) {
      const { f } = e;
      const sum = e.scratch(I32, "ballot");
      const value = e.scratch(I32, "present");
      // Every operation but add and xor may count the thread's own value twice.
      if (operation === "add" || operation === "xor") f.i32Const(0);
      else f.load(OP.i32_load, e.pushFrame(WARP_FRAME.latch, true), 2);
      f.localSet(sum);
      eachLane(e, (latch, _lane, at) => {
        f.localGet(latch).load(OP.i32_load, at, 2).localSet(value);
        f.localGet(sum).localGet(value);
        if (operation === "min" || operation === "max") {
          f.localGet(sum)
            .localGet(value)
            .op(isSigned(type) ? OP.i32_lt_s : OP.i32_lt_u);
          if (operation === "max") f.op(OP.i32_eqz);
          f.select();
        } else f.op({ add: OP.i32_add, and: OP.i32_and, or: OP.i32_or, xor: OP.i32_xor }[operation]);
        f.localSet(sum);
      });
      f.localGet(sum);
      e.set(i, d, type);
    },
  };
}

/** redux.sync of floats: as by min or max one after the other. */
function reduceFloats(i: Instruction, min: boolean, absolute: boolean, propagate: boolean): Meeting {
  const [d, a, mask] = i.operands;
  return {
    warp: true,
    suspend(e) {
      meetWithValue(e, i, mask, OP.f32_store, 2, () => {
        e.push(i, a, "f32");
        if (absolute) e.f.op(OP.f32_abs);
      });
    },
    resume(e) {
      const { f } = e;
      const [result, value] = [e.scratch(F32, "a"), e.scratch(F32, "b")];
      // The thread's own value may count twice.
      f.load(OP.f32_load, e.pushFrame(WARP_FRAME.latch, true), 2).localSet(result);
      eachLane(e, (latch, _lane, at) => {
        f.localGet(latch).load(OP.f32_load, at, 2).localSet(value);
        pushSmaller(e, min, result, value, propagate);
        f.localSet(result);
      });
      f.localGet(result);
      e.set(i, d, "f32");
    },
  };
}
