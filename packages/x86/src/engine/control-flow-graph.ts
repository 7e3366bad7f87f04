import { GUEST_BASE, type GuestMemory } from "@decant/memory";
import type { Decoder, Instruction } from "../decode/index.ts";
import { effects } from "../lower/index.ts";
import { BLANK_ENDING, isLeafEnding, newBlock, orderBlocks, retarget, type Block, type Ending, type Step } from "./block.ts";
import { isWritable, joinRanges, storeInto, type Range } from "./changing-code.ts";
import { CDECL_INTRINSICS } from "./intrinsics.ts";
import type { JumpTable } from "./jump-table.ts";
import type { ApiTarget, Stub } from "./stub.ts";

/** The control-flow graph of one guest function, from an entry over its jumps. */
export interface Unit {
  readonly entry: Block;
  /** In reverse postorder: the entry first. */
  readonly blocks: readonly Block[];
  readonly instructionCount: number;
  /** The byte ranges [start, end) that it was made from, jump tables included. */
  readonly ranges: readonly Range[];
  /** The guest may write to some of these bytes. */
  readonly isChanging: boolean;
}

/** What finding a function's blocks needs to know of its surroundings. */
export interface Surroundings {
  readonly memory: GuestMemory;
  readonly decoder: Decoder;
  /** The API function that a call or jump to `target`, or through the memory operand, reaches. */
  apiTarget(target: number | undefined, insn: Instruction): ApiTarget | undefined;
  /** The stub that a syscall instruction calls, and the bytes besides it that say so. */
  stubOfSyscall(address: number): { stub: Stub; bytes: Range } | undefined;
  /** The table of an indirect jump that these steps lead to. */
  jumpTable(jump: Instruction, steps: readonly Step[]): JumpTable | undefined;
  /** True of an address that is known to be a function's: a jump there leaves the unit. */
  isFunction(address: number): boolean;
  /** True near code that has been seen to write to itself. */
  changesItself(address: number): boolean;
  /** True of an instruction that the lowering turned out not to know. */
  isUntranslatable(address: number): boolean;
  /** True of an address, other than the entry, that is left for though the unit could go on there. */
  endsBefore?(address: number): boolean;
}

/** A larger function is cut: its other regions are units of their own, joined by tail calls. */
export const MAX_UNIT_INSTRUCTIONS = 5_000;
const MAX_BLOCK = 1_000;

/** A run of instructions with one entry, before its targets are blocks. */
interface Run {
  readonly start: number;
  readonly steps: Step[];
  /** What was run through before it on the way that found it. */
  readonly before: Run | undefined;
  end: number;
  /** Guest addresses that it goes on at, in the order of `targetsOf`, and its ending, which is given their blocks in the end. */
  targets: readonly number[];
  ending: Ending;
  /** What it became. */
  block: Block;
}

/** Stands in endings for blocks that are not there yet. */
const LATER = newBlock(0, 0, [], { ...BLANK_ENDING, kind: "leave", target: 0, isCut: true });

/** Finds the blocks that can be reached from `entry` without leaving by a call, a return or an unknown jump; with more than `maxInstructions` it is cut. */
export function discover(entry: number, around: Surroundings, maxInstructions = MAX_UNIT_INSTRUCTIONS): Unit {
  const { memory } = around;
  const isChanging = isWritable([entry, entry + 1], memory);
  const unit = find(entry, around, { maxInstructions, isChanging, isLeaf: false }) as Unit;
  if (isChanging || !unit.ranges.some((range) => isWritable(range, memory))) return unit;
  // Some of it lies on a writable page after all: every store of the unit counts.
  return find(entry, around, { maxInstructions, isChanging: true, isLeaf: false }) as Unit;
}

/** The same where it is so small, cannot change, and ends nowhere but as a leaf does; undefined as soon as it is seen not to be, which of most functions is early. */
export function discoverLeaf(entry: number, around: Surroundings, maxInstructions: number): Unit | undefined {
  const { memory } = around;
  if (isWritable([entry, entry + 1], memory)) return undefined;
  const unit = find(entry, around, { maxInstructions, isChanging: false, isLeaf: true });
  return unit?.blocks.every(isLeafEnding) === true && !unit.ranges.some((range) => isWritable(range, memory)) ? unit : undefined;
}

interface Search {
  readonly maxInstructions: number;
  readonly isChanging: boolean;
  /** Only a leaf is looked for. */
  readonly isLeaf: boolean;
}

/** Undefined where it is no leaf, and one is looked for. */
function find(entry: number, around: Surroundings, { maxInstructions, isChanging, isLeaf }: Search): Unit | undefined {
  const runs = new Map<number, Run>();
  /** What was read besides the instructions. */
  const others: Range[] = [];
  const work: { start: number; before: Run | undefined }[] = [{ start: entry, before: undefined }];
  let count = 0;
  // Near blocks first: where a unit is cut, it is far from its entry.
  for (const { start, before } of work) {
    if (runs.has(start) || count >= maxInstructions) continue;
    if (start !== entry && (!around.memory.accessible(start, 1, "execute") || around.endsBefore?.(start) === true)) continue;
    const run = newRun(start, before);
    decodeRun(run, { entry, isChanging, runs, around, others });
    runs.set(start, run);
    count += run.steps.length + 1;
    if (isLeaf && (count > maxInstructions || !isLeafEnding(run))) return undefined;
    for (const target of run.targets) if (!runs.has(target)) work.push({ start: target, before: run });
  }
  const inOrder = link(runs, around, others);
  const first = runs.get(entry)?.block;
  if (first === undefined) throw new Error("x86: a unit without its entry");
  if (isChanging && around.changesItself(entry)) cutToLoop(first);
  const ordered = orderBlocks(first);
  const ranges = reachedRanges(inOrder, first);
  return {
    entry: first,
    blocks: ordered,
    instructionCount: count,
    ranges: others.length === 0 ? ranges : joinRanges([...ranges, ...others]),
    isChanging,
  };
}

/** The bytes of the blocks that the last ordering has come to, the entry among them, joined; `runs` are by their addresses. */
function reachedRanges(runs: readonly Run[], entry: Block): Range[] {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (const { block } of runs) {
    const { start, end, visit } = block;
    if (visit !== entry.visit || end <= start) continue;
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else ranges.push((last = [start, end]));
  }
  return ranges;
}

/**
 * Leaves only what lies on a loop with the entry. What follows a loop that decrypts it, as packers write, is no code yet: as part of the unit it would make
 * each turn a change of the unit.
 */
function cutToLoop(entry: Block): void {
  orderBlocks(entry);
  const loop = new Set<Block>([entry]);
  const work = [entry];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    for (const before of block.predecessors) {
      if (loop.has(before)) continue;
      loop.add(before);
      work.push(before);
    }
  }
  const leave = ({ start }: Block): Block => newBlock(start, start, [], { ...BLANK_ENDING, kind: "leave", target: start, isCut: true });
  for (const block of loop) retarget(block.ending, (target) => (loop.has(target) ? target : leave(target)));
}

/** Bytes of zero, which would be `add [rax], al`, are no code: so many of them are left for, and looked at when they are reached. */
const ZERO_BYTES = 8;

function newRun(start: number, before: Run | undefined): Run {
  return { start, steps: [], before, end: start, targets: NO_TARGETS, ending: LATER.ending, block: LATER };
}

const NO_TARGETS: readonly number[] = [];

function endRun(run: Run, end: number, ending: Ending, targets = NO_TARGETS): void {
  run.end = end;
  run.targets = targets;
  run.ending = ending;
}

/** What a run is decoded for. */
interface Decoding {
  readonly entry: number;
  readonly isChanging: boolean;
  readonly runs: ReadonlyMap<number, Run>;
  readonly around: Surroundings;
  /** Gets what was read besides the instructions: it is a part of what the unit was made from. */
  readonly others: Range[];
}

/** Decodes instructions up to where control may go elsewhere, and ends the run there. Hot: once for each instruction of a unit, and of what might be put into one. */
function decodeRun(run: Run, decoding: Decoding): void {
  const { steps, start } = run;
  const { entry, isChanging, runs, around } = decoding;
  const { memory } = around;
  for (let ip = start; ;) {
    if (ip !== start && (runs.has(ip) || steps.length >= MAX_BLOCK))
      return endRun(run, ip, { ...BLANK_ENDING, kind: "goto", next: LATER }, [ip]);
    if (ip !== entry && memory.bytes[ip - GUEST_BASE] === 0 && isZero(ip, memory))
      return endRun(run, ip, { ...BLANK_ENDING, kind: "leave", target: ip, isCut: true });
    const insn = around.decoder.decode(ip, ip !== start);
    const end = insn.next >>> 0;
    // Where straight-line code comes to another page, that must be executable too; `fault` finds out which byte is not.
    const isOnNewPage = (ip & 0xfff) === 0 || (ip ^ (end - 1)) >>> 12 !== 0;
    if (isOnNewPage && !memory.accessible(ip, insn.length, "execute")) return endRun(run, end, { ...BLANK_ENDING, kind: "fault", insn });
    if (around.isUntranslatable(ip)) return endRun(run, end, { ...BLANK_ENDING, kind: "fault", insn });
    if (insn.kind !== "normal") return endAt(run, insn, end, decoding);
    const touched = effects(insn);
    if (touched.reads === -1 && touched.writes === -1 && touched.flagsMust === 0)
      return endRun(run, end, { ...BLANK_ENDING, kind: "fault", insn });
    steps.push({ insn, effects: touched });
    ip = end;
    const store = isChanging ? storeInto(insn, memory) : undefined;
    if (store !== undefined) return endRun(run, end, { ...BLANK_ENDING, kind: "goto", next: LATER, store }, [end]);
  }
}

function isZero(address: number, memory: GuestMemory): boolean {
  return memory.accessible(address, ZERO_BYTES, "read") && memory.u32(address) === 0 && memory.u32(address + 4) === 0;
}

/** Ends a run with an instruction that may go elsewhere than to the next. */
function endAt(run: Run, insn: Instruction, end: number, { entry, around, others }: Decoding): void {
  const apiTarget = (target: number | undefined): ApiTarget | undefined => {
    const via = around.apiTarget(target, insn);
    if (via?.thunk !== undefined) others.push(via.thunk);
    return via;
  };
  switch (insn.kind) {
    case "jmp": {
      const target = (insn.target ?? 0) >>> 0;
      const via = apiTarget(target);
      if (via !== undefined) return endRun(run, end, { ...BLANK_ENDING, kind: "jump", insn, via });
      if (target !== entry && around.isFunction(target)) return endRun(run, end, { ...BLANK_ENDING, kind: "leave", target, isCut: false });
      return endRun(run, end, { ...BLANK_ENDING, kind: "goto", next: LATER }, [target]);
    }
    case "jcc":
    case "loop":
    case "jcxz": {
      const taken = (insn.target ?? 0) >>> 0;
      if (taken === end && insn.kind === "jcc") return endRun(run, end, { ...BLANK_ENDING, kind: "goto", next: LATER }, [end]);
      return endRun(run, end, { ...BLANK_ENDING, kind: "branch", insn, taken: LATER, next: LATER }, [end, taken]);
    }
    case "call":
    case "call-indirect": {
      const target = insn.target === undefined ? undefined : insn.target >>> 0;
      const via = apiTarget(target);
      const isIntrinsic = via?.stub.intrinsic !== undefined && (insn.mode === 64 || CDECL_INTRINSICS.has(via.stub.intrinsic));
      return endRun(
        run,
        end,
        isIntrinsic
          ? { ...BLANK_ENDING, kind: "intrinsic", insn, target, via, next: LATER }
          : { ...BLANK_ENDING, kind: "call", insn, target, via, next: LATER },
        [end],
      );
    }
    case "ret":
      return endRun(run, end, { ...BLANK_ENDING, kind: "return", insn });
    case "jmp-indirect": {
      const table = around.jumpTable(insn, historyOf(run));
      // What loads the target must be this block's own.
      if (table === undefined || table.tailLength > run.steps.length)
        return endRun(run, end, { ...BLANK_ENDING, kind: "jump", insn, via: around.apiTarget(undefined, insn) });
      if (!table.isChanging) others.push([table.address, table.address + 4 * table.targets.length]);
      return endRun(run, end, { ...BLANK_ENDING, kind: "table", insn, table, targets: [] }, table.targets);
    }
    case "syscall": {
      const found = around.stubOfSyscall(insn.ip);
      if (found === undefined) return endRun(run, end, { ...BLANK_ENDING, kind: "fault", insn });
      if (found.bytes[1] > found.bytes[0]) others.push(found.bytes);
      return endRun(run, end, { ...BLANK_ENDING, kind: "jump", insn, via: { stub: found.stub, slot: undefined } });
    }
    default:
      return endRun(run, end, { ...BLANK_ENDING, kind: "fault", insn });
  }
}

const MAX_HISTORY = 60;

/** The steps up to a run's end, on the way that found it: what a jump table needs to know may stand in the blocks before. */
function historyOf(last: Run): Step[] {
  let history: Step[] = [];
  for (
    let run: Run | undefined = last;
    run !== undefined && (run === last || history.length < MAX_HISTORY + last.steps.length);
    run = run.before
  )
    history = [...run.steps, ...history];
  return history;
}

/**
 * Makes blocks of the runs, each cut where another begins inside it, and returns these by address; a target without a run is left for by a tail call. `others` gets
 * the bytes of jumps that nothing is left of.
 */
function link(runs: ReadonlyMap<number, Run>, around: Surroundings, others: Range[]): readonly Run[] {
  const inOrder = [...runs.values()].sort((a, b) => a.start - b.start);
  for (let n = 0; n < inOrder.length; n++) {
    const run = inOrder[n] as Run;
    if ((inOrder[n + 1]?.start ?? Infinity) < run.end) cutRun(run, runs);
    run.block = newBlock(run.start, run.end, run.steps, run.ending);
  }
  const leaves = new Map<number, Block>();
  const blockAt = (address: number): Block => {
    const known = runs.get(address)?.block ?? leaves.get(address);
    if (known !== undefined) return known;
    const leave = newBlock(address, address, [], { ...BLANK_ENDING, kind: "leave", target: address, isCut: !around.isFunction(address) });
    leaves.set(address, leave);
    return leave;
  };
  for (const { ending, targets } of inOrder) {
    const ways = ending as { next?: Block; taken?: Block };
    if (ending.kind === "table") ending.targets = targets.map(blockAt);
    else if (ways.next !== undefined) ways.next = blockAt(targets[0] as number);
    if (ways.taken !== undefined) ways.taken = blockAt(targets[1] as number);
  }
  skipEmpty(inOrder, around.memory, others);
  return inOrder;
}

/** Ends a run where another begins, unless that is in the middle of an instruction. */
function cutRun(run: Run, runs: ReadonlyMap<number, Run>): void {
  const { steps, end } = run;
  for (let n = 0; n < steps.length; n++) {
    const next = (steps[n] as Step).insn.next >>> 0;
    if (next === end || !runs.has(next)) continue;
    steps.length = n + 1;
    return endRun(run, next, { ...BLANK_ENDING, kind: "goto", next: LATER }, [next]);
  }
}

/** Leads past blocks that hold nothing but a jump, except where the jump may change. */
function skipEmpty(runs: readonly Run[], memory: GuestMemory, others: Range[]): void {
  const isSkipped = ({ start, end, steps, ending }: Block): boolean =>
    steps.length === 0 && ending.kind === "goto" && !isWritable([start, end], memory);
  const final = (block: Block): Block => {
    for (let hops = 0; hops < 8 && isSkipped(block); hops++) {
      if (block.end > block.start) others.push([block.start, block.end]);
      block = (block.ending as Ending & { kind: "goto" }).next;
    }
    return block;
  };
  // A table's targets stay: the register that held the target's address keeps it.
  for (const { ending } of runs) if (ending.kind !== "table") retarget(ending, final);
}
