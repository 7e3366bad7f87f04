import { FLAG, GPR } from "../cpu-block.ts";
import { effects } from "../lower/index.ts";
import { MNEMONIC } from "../decode/index.ts";
import type { Block, Ending, Step } from "./block.ts";
import type { OwnStore } from "./changing-code.ts";

/** Registers are bits as in `Effects`: 0 to 15 general, 16 to 31 xmm. */
export interface BlockFlow {
  /** Registers that may differ from the CPU block at the block's start, and where the ending begins. */
  dirtyIn: number;
  dirtyAtEnd: number;
  /** Registers whose locals are read before they are written, from the block's start on. */
  liveIn: number;
  flagsIn: number;
  /** Flags that are read after the ending. */
  flagsOut: number;
  /** The same two for the budget's local. */
  budgetDirty: boolean;
  budgetLive: boolean;
}

const RSP = 1 << GPR.rsp;
const RAX = 1 << GPR.rax;
const INTRINSIC_ARGUMENTS = (1 << GPR.rcx) | (1 << GPR.rdx) | (1 << GPR.r8);

/**
 * Solves which registers are dirty (forwards) and which registers and flags are live (backwards). A spill reads what is dirty, so dirtiness comes
 * first. After a call every register is clean, and none of the old locals counts. `blocks` are in reverse postorder. `isExactAt` says at which
 * instructions all that is dirty may have to be spilled; with `keepsFlags` whoever the unit is left for may look at all flags.
 */
export function analyse(
  blocks: readonly Block[],
  isExactAt: (step: Step) => boolean = () => false,
  keepsFlags = false,
): Map<Block, BlockFlow> {
  const flows = new Map<Block, BlockFlow>();
  for (const block of blocks) {
    flows.set(block, { dirtyIn: 0, dirtyAtEnd: 0, liveIn: 0, flagsIn: 0, flagsOut: 0, budgetDirty: false, budgetLive: false });
  }
  solveDirty(blocks, flows);
  solveLive(blocks, flows, spillsOf(blocks, flows, isExactAt), keepsFlags);
  return flows;
}

function solveDirty(blocks: readonly Block[], flows: ReadonlyMap<Block, BlockFlow>): void {
  const written = new Map(
    blocks.map((block) => [block, block.steps.reduce((mask, { effects: touched }) => mask | touched.writes, endingWrites(block.ending))]),
  );
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks) {
      const flow = flows.get(block) as BlockFlow;
      flow.dirtyAtEnd = flow.dirtyIn | (written.get(block) as number);
      const isCall = block.ending.kind === "call";
      const after = isCall ? 0 : block.ending.kind === "intrinsic" ? flow.dirtyAtEnd | RAX : flow.dirtyAtEnd;
      const budget = !isCall && (flow.budgetDirty || block.charge > 0);
      for (const successor of block.successors) {
        const next = flows.get(successor) as BlockFlow;
        const merged = next.dirtyIn | after;
        if (merged === next.dirtyIn && (!budget || next.budgetDirty)) continue;
        next.dirtyIn = merged;
        next.budgetDirty ||= budget;
        changed = true;
      }
    }
  }
}

/** What may be spilled before each step, of blocks with such steps. */
function spillsOf(
  blocks: readonly Block[],
  flows: ReadonlyMap<Block, BlockFlow>,
  isExactAt: (step: Step) => boolean,
): Map<Block, readonly number[]> {
  const spills = new Map<Block, readonly number[]>();
  for (const block of blocks) {
    if (!block.steps.some(isExactAt)) continue;
    let dirty = (flows.get(block) as BlockFlow).dirtyIn;
    const before: number[] = [];
    for (const step of block.steps) {
      before.push(isExactAt(step) ? dirty : 0);
      dirty |= step.effects.writes;
    }
    spills.set(block, before);
  }
  return spills;
}

function solveLive(
  blocks: readonly Block[],
  flows: ReadonlyMap<Block, BlockFlow>,
  spills: ReadonlyMap<Block, readonly number[]>,
  keepsFlags: boolean,
): void {
  for (let changed = true; changed;) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i] as Block;
      const flow = flows.get(block) as BlockFlow;
      let after = 0;
      let budgetAfter = false;
      flow.flagsOut = keepsFlags && block.ending.kind !== "goto" && mayLeave(block) ? FLAG.ALL : exitFlags(block);
      for (const successor of block.successors) {
        const next = flows.get(successor) as BlockFlow;
        after |= next.liveIn;
        budgetAfter ||= next.budgetLive;
        flow.flagsOut |= next.flagsIn;
      }
      let live = liveBeforeEnding(block, flow, after);
      let flags = flagsBeforeEnding(block, flow);
      const spilled = spills.get(block);
      for (let k = block.steps.length - 1; k >= 0; k--) {
        const { effects: touched } = block.steps[k] as Step;
        live = (live & ~touched.writes) | touched.reads | (spilled?.[k] ?? 0);
        flags = (flags & ~touched.flagsMust) | touched.flagsRead;
      }
      // Where the budget runs out, or the code has changed, what is dirty is spilled.
      if (block.charge > 0 || block.isCompared) live |= flow.dirtyIn;
      const leaves = isCallLike(block.ending) || mayLeave(block) || block.isCompared;
      const budget = block.charge > 0 || (leaves && flow.budgetDirty) || (block.ending.kind !== "call" && budgetAfter);
      if (live === flow.liveIn && flags === flow.flagsIn && budget === flow.budgetLive) continue;
      flow.liveIn = live;
      flow.flagsIn = flags;
      flow.budgetLive = budget;
      changed = true;
    }
  }
}

/** The flags that are live after each step of a block. */
export function liveFlagsAfter(block: Block, flow: BlockFlow): number[] {
  const result: number[] = new Array<number>(block.steps.length);
  let flags = flagsBeforeEnding(block, flow);
  for (let k = block.steps.length - 1; k >= 0; k--) {
    result[k] = flags;
    const { effects: touched } = block.steps[k] as Step;
    flags = (flags & ~touched.flagsMust) | touched.flagsRead;
  }
  return result;
}

function isCallLike({ kind }: Ending): boolean {
  return kind === "call" || kind === "intrinsic";
}

/**
 * The way of a jump through a table that the guard refuses leaves too, and that of an inlined return to another address, and of a store that changes the
 * unit.
 */
function mayLeave({ ending, successors }: Pick<Block, "ending" | "successors">): boolean {
  const { kind } = ending;
  if (kind === "goto") return ending.store?.bytes !== undefined;
  return successors.length === 0 || kind === "table" || kind === "returnTo" || (kind === "enter" && ending.checksStack);
}

/** A store to a constant address nearby: code that patches what comes next, which may look at flags that the code before the patch did not. */
function isAimedHere({ insn: { ip, memory } }: OwnStore): boolean {
  return memory !== undefined && memory.base < 0 && memory.index < 0 && Math.abs(memory.displacement - ip) < 0x1000;
}

function endingEffects(ending: Ending): { reads: number; writes: number; flagsRead: number } {
  if (!("insn" in ending) || ending.kind === "fault") return { reads: 0, writes: 0, flagsRead: 0 };
  if (ending.kind === "guess") return { ...effects(ending.insn), writes: 0 };
  return effects(ending.insn);
}

function endingWrites(ending: Ending): number {
  if (ending.kind === "intrinsic") return 0;
  return endingEffects(ending).writes;
}

/** `after` is live in the successors. What leaves spills all that is dirty. */
function liveBeforeEnding({ ending, successors }: Block, flow: BlockFlow, after: number): number {
  const { reads, writes } = endingEffects(ending);
  if (ending.kind === "call") return flow.dirtyAtEnd | reads | RSP;
  // Done in place, it leaves other locals as they are; done by the call after all, everything that is live is loaded again.
  if (ending.kind === "intrinsic") return flow.dirtyAtEnd | reads | RSP | INTRINSIC_ARGUMENTS | (after & ~RAX);
  const leaves = mayLeave({ ending, successors });
  const known =
    ending.kind === "table"
      ? ending.table.guards.reduce((mask, [register]) => mask | (1 << register), 1 << ending.table.index.register)
      : 0;
  return (after & ~writes) | (leaves ? flow.dirtyAtEnd : 0) | reads | known;
}

/** Flags that a block's ending, or what comes after it, may read. */
export function flagsBeforeEnding({ ending }: Block, flow: BlockFlow): number {
  // A callee leaves its own flags.
  if (isCallLike(ending)) return 0;
  return flow.flagsOut | endingEffects(ending).flagsRead;
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
function exitFlags({ ending, steps, successors }: Block): number {
  // What a handler of the exception is shown.
  if (ending.kind === "fault") return FLAG.ALL;
  if (ending.kind === "leave" && ending.isCut) return FLAG.ALL;
  if (ending.kind === "goto") return ending.store !== undefined && isAimedHere(ending.store) ? FLAG.ALL : 0;
  if (isCallLike(ending) || ending.kind === "enter" || !mayLeave({ ending, successors })) return 0;
  for (let k = steps.length - 1; k >= 0; k--) {
    const { insn, effects: touched } = steps[k] as Step;
    if (touched.flagsWritten !== 0) return SETS_FLAGS_ONLY.has(insn.mnemonic) ? FLAG.ALL : 0;
  }
  return 0;
}
