import { FLAG, GPR } from "../cpu-block.ts";
import { effects, type Effects } from "../lower/index.ts";
import { MNEMONIC } from "../decode/index.ts";
import { insnOf, type Block, type Ending, type Step } from "./block.ts";
import type { OwnStore } from "./changing-code.ts";

/** Registers are bits as in `Effects`: 0 to 15 general, 16 to 31 xmm. */
export interface BlockFlow {
  /** Registers that may differ from the CPU block at the block's start, and where the ending begins. */
  dirtyIn: number;
  dirtyAtEnd: number;
  /** Registers whose locals are read before they are written, from the block's start on. */
  liveIn: number;
  flagsIn: number;
  /** Flags that are read after the ending, and by it or after it. */
  flagsOut: number;
  flagsAtEnd: number;
  /** The same two for the budget's local. */
  budgetDirty: boolean;
  budgetLive: boolean;
}

const RSP = 1 << GPR.rsp;
const RAX = 1 << GPR.rax;
const INTRINSIC_ARGUMENTS = (1 << GPR.rcx) | (1 << GPR.rdx) | (1 << GPR.r8);

/** Whose code is analysed. */
interface Watchers {
  /** At which instructions all that is dirty may have to be spilled. */
  readonly isExactAt?: (step: Step) => boolean;
  /** Whoever the unit is left for may look at all flags. */
  readonly keepsFlags?: boolean;
}

/**
 * Solves which registers are dirty (forwards) and which registers and flags are live (backwards). A spill reads what is dirty, so dirtiness comes
 * first. After a call every register is clean, and none of the old locals counts. `blocks` are in reverse postorder, and the answers by that order.
 * Hot: once for each unit; steps are looked at once, what they come to as often as loops need.
 */
export function analyse(blocks: readonly Block[], { isExactAt, keepsFlags = false }: Watchers = {}): BlockFlow[] {
  const flows: Analysis[] = [];
  for (const block of blocks) flows.push(beginAnalysis(block));
  solveDirty(blocks, flows);
  for (let n = 0; n < blocks.length; n++) setTransfer(blocks[n] as Block, flows[n] as Analysis, isExactAt, keepsFlags);
  solveLive(blocks, flows);
  return flows;
}

/** With what solving needs: one object for a block, as there are many. */
interface Analysis extends BlockFlow {
  /** The registers that its steps and its ending write. */
  written: number;
  /** What the ending itself reads, writes, and reads of flags. */
  endingReads: number;
  endingWrites: number;
  endingFlagsRead: number;
  /** What the block makes of what is live after it: of registers and flags it takes away `kill`, and then adds `gen`. */
  kill: number;
  gen: number;
  flagsKill: number;
  flagsGen: number;
  /** Flags that count outside where the block leaves the unit. */
  exitFlags: number;
  needsBudget: boolean;
  passesBudget: boolean;
}

function beginAnalysis({ steps, ending }: Block): Analysis {
  const touched = endingEffects(ending);
  const endingWrites = ending.kind === "guess" ? 0 : touched.writes;
  let written = ending.kind === "intrinsic" ? 0 : endingWrites;
  for (let k = 0; k < steps.length; k++) written |= (steps[k] as Step).effects.writes;
  return {
    dirtyIn: 0,
    dirtyAtEnd: 0,
    liveIn: 0,
    flagsIn: 0,
    flagsOut: 0,
    flagsAtEnd: 0,
    budgetDirty: false,
    budgetLive: false,
    written,
    endingReads: touched.reads,
    endingWrites,
    endingFlagsRead: touched.flagsRead,
    kill: 0,
    gen: 0,
    flagsKill: 0,
    flagsGen: 0,
    exitFlags: 0,
    needsBudget: false,
    passesBudget: false,
  };
}

function solveDirty(blocks: readonly Block[], flows: readonly Analysis[]): void {
  for (let changed = true; changed;) {
    changed = false;
    for (let n = 0; n < blocks.length; n++) {
      const { ending, charge, successors } = blocks[n] as Block;
      const flow = flows[n] as Analysis;
      flow.dirtyAtEnd = flow.dirtyIn | flow.written;
      const isCall = ending.kind === "call";
      const after = isCall ? 0 : ending.kind === "intrinsic" ? flow.dirtyAtEnd | RAX : flow.dirtyAtEnd;
      const budget = !isCall && (flow.budgetDirty || charge > 0);
      for (let k = 0; k < successors.length; k++) {
        const next = flows[(successors[k] as Block).order] as Analysis;
        const merged = next.dirtyIn | after;
        if (merged === next.dirtyIn && (!budget || next.budgetDirty)) continue;
        next.dirtyIn = merged;
        next.budgetDirty ||= budget;
        changed = true;
      }
    }
  }
}

function setTransfer(block: Block, flow: Analysis, isExactAt: Watchers["isExactAt"], keepsFlags: boolean): void {
  const { ending, steps, charge, isCompared } = block;
  const leaves = mayLeave(block);
  setEndingTransfer(ending, leaves, flow);
  let { kill, gen } = flow;
  let flagsKill = 0;
  let flagsGen = 0;
  const spills = isExactAt === undefined ? undefined : spillsBefore(steps, flow.dirtyIn, isExactAt);
  for (let k = steps.length - 1; k >= 0; k--) {
    const { effects: touched } = steps[k] as Step;
    kill |= touched.writes;
    gen = (gen & ~touched.writes) | touched.reads | (spills?.[k] ?? 0);
    flagsKill |= touched.flagsMust;
    flagsGen = (flagsGen & ~touched.flagsMust) | touched.flagsRead;
  }
  // Where the budget runs out, or the code has changed, what is dirty is spilled.
  if (charge > 0 || isCompared) gen |= flow.dirtyIn;
  flow.kill = kill;
  flow.gen = gen;
  flow.flagsKill = flagsKill;
  flow.flagsGen = flagsGen;
  flow.exitFlags = keepsFlags && ending.kind !== "goto" && leaves ? FLAG.ALL : exitFlags(block, leaves);
  flow.needsBudget = charge > 0 || ((isCallLike(ending) || leaves || isCompared) && flow.budgetDirty);
  flow.passesBudget = ending.kind !== "call";
}

/** What may be spilled before each step; undefined where nothing is. */
function spillsBefore(steps: readonly Step[], dirtyIn: number, isExactAt: (step: Step) => boolean): readonly number[] | undefined {
  let isAny = false;
  for (let k = 0; k < steps.length && !isAny; k++) isAny = isExactAt(steps[k] as Step);
  if (!isAny) return undefined;
  let dirty = dirtyIn;
  return steps.map((step) => {
    const before = dirty;
    dirty |= step.effects.writes;
    return isExactAt(step) ? before : 0;
  });
}

function solveLive(blocks: readonly Block[], flows: readonly Analysis[]): void {
  for (let changed = true; changed;) {
    changed = false;
    for (let n = blocks.length - 1; n >= 0; n--) {
      const { successors, ending } = blocks[n] as Block;
      const flow = flows[n] as Analysis;
      let after = 0;
      let budgetAfter = false;
      let flagsOut = flow.exitFlags;
      for (let k = 0; k < successors.length; k++) {
        const next = flows[(successors[k] as Block).order] as Analysis;
        after |= next.liveIn;
        budgetAfter ||= next.budgetLive;
        flagsOut |= next.flagsIn;
      }
      flow.flagsOut = flagsOut;
      // A callee leaves its own flags.
      flow.flagsAtEnd = isCallLike(ending) ? 0 : flagsOut | flow.endingFlagsRead;
      const live = (after & ~flow.kill) | flow.gen;
      const flags = (flow.flagsAtEnd & ~flow.flagsKill) | flow.flagsGen;
      const budget = flow.needsBudget || (flow.passesBudget && budgetAfter);
      if (live === flow.liveIn && flags === flow.flagsIn && budget === flow.budgetLive) continue;
      flow.liveIn = live;
      flow.flagsIn = flags;
      flow.budgetLive = budget;
      changed = true;
    }
  }
}

/** The flags that are live after each step of a block, put into `result`. */
export function liveFlagsAfter({ steps }: Block, { flagsAtEnd }: BlockFlow, result: number[]): void {
  let flags = flagsAtEnd;
  for (let k = steps.length - 1; k >= 0; k--) {
    result[k] = flags;
    const { effects: touched } = steps[k] as Step;
    flags = (flags & ~touched.flagsMust) | touched.flagsRead;
  }
}

function isCallLike({ kind }: Ending): boolean {
  return kind === "call" || kind === "intrinsic";
}

/**
 * The way of a jump through a table that the guard refuses leaves too, and that of an inlined return to another address, and of a store that changes the
 * unit.
 */
function mayLeave({ ending, successors }: Block): boolean {
  const { kind } = ending;
  if (kind === "goto") return ending.store?.bytes !== undefined;
  return successors.length === 0 || kind === "table" || kind === "returnTo" || (kind === "enter" && ending.checksStack);
}

/** A store to a constant address nearby: code that patches what comes next, which may look at flags that the code before the patch did not. */
function isAimedHere({ insn: { ip, memory } }: OwnStore): boolean {
  return memory !== undefined && memory.base < 0 && memory.index < 0 && Math.abs(memory.displacement - ip) < 0x1000;
}

const NO_EFFECTS: Pick<Effects, "reads" | "writes" | "flagsRead"> = { reads: 0, writes: 0, flagsRead: 0 };

function endingEffects(ending: Ending): Pick<Effects, "reads" | "writes" | "flagsRead"> {
  const insn = ending.kind === "fault" ? undefined : insnOf(ending);
  return insn === undefined ? NO_EFFECTS : effects(insn);
}

/** What is live where the ending begins, of what is live in the successors. What leaves spills all that is dirty. */
function setEndingTransfer(ending: Ending, leaves: boolean, flow: Analysis): void {
  const { dirtyAtEnd, endingReads } = flow;
  if (ending.kind === "call") {
    flow.kill = -1;
    flow.gen = dirtyAtEnd | endingReads | RSP;
  } else if (ending.kind === "intrinsic") {
    // Done in place, it leaves other locals as they are; done by the call after all, everything that is live is loaded again.
    flow.kill = RAX;
    flow.gen = dirtyAtEnd | endingReads | RSP | INTRINSIC_ARGUMENTS;
  } else {
    flow.kill = flow.endingWrites;
    flow.gen = endingReads | (leaves ? dirtyAtEnd : 0);
    if (ending.kind !== "table") return;
    flow.gen |= 1 << ending.table.index.register;
    for (const [register] of ending.table.guards) flow.gen |= 1 << register;
  }
}

/** Instructions that exist for their flags alone: when one comes last before a block leaves the unit, somebody outside looks at them. */
const SETS_FLAGS_ONLY: ReadonlySet<number> = new Set([
  MNEMONIC.Cmp,
  MNEMONIC.Test,
  MNEMONIC.Stc,
  MNEMONIC.Clc,
  MNEMONIC.Cmc,
  MNEMONIC.Bt,
  MNEMONIC.Sahf,
  MNEMONIC.Popf,
  MNEMONIC.Popfq,
  MNEMONIC.Ucomisd,
  MNEMONIC.Comisd,
  MNEMONIC.Ucomiss,
  MNEMONIC.Comiss,
]);

/**
 * The flags that count where a block leaves the unit. By the calling convention none do, and computing them at every return would cost; but
 * hand-written helpers answer in flags, and their last flag instruction then is a comparison. Between the parts of a cut function all count.
 */
function exitFlags({ ending, steps }: Block, leaves: boolean): number {
  // What a handler of the exception is shown.
  if (ending.kind === "fault") return FLAG.ALL;
  if (ending.kind === "leave" && ending.isCut) return FLAG.ALL;
  if (ending.kind === "goto") return ending.store !== undefined && isAimedHere(ending.store) ? FLAG.ALL : 0;
  if (isCallLike(ending) || ending.kind === "enter" || !leaves) return 0;
  for (let k = steps.length - 1; k >= 0; k--) {
    const { insn, effects: touched } = steps[k] as Step;
    if (touched.flagsWritten !== 0) return SETS_FLAGS_ONLY.has(insn.mnemonic) ? FLAG.ALL : 0;
  }
  return 0;
}
