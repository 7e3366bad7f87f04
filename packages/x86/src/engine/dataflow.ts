import { FLAG } from "../cpu-block.ts";
import { effects } from "../lower/index.ts";
import { MNEMONIC } from "../decode/index.ts";
import type { Block, Ending, Step } from "./control-flow-graph.ts";

/** Registers are bits as in `Effects`: 0 to 15 general, 16 to 31 xmm. */
export interface BlockFlow {
  /** Registers that may differ from the CPU block at the block's start. */
  dirtyIn: number;
  /** The same where the ending begins. */
  dirtyAtEnd: number;
  /** Registers whose locals are read before they are written, from the block's start on. */
  liveIn: number;
  /** The same after the ending: what a call must reload. */
  liveOut: number;
  flagsIn: number;
  /** Flags that are read after the ending. */
  flagsOut: number;
}

const RSP = 1 << 4;
/** rcx, rdx and r8. */
const INTRINSIC_ARGUMENTS = (1 << 1) | (1 << 2) | (1 << 8);

/**
 * Solves which registers are dirty (forwards) and which registers and flags are live (backwards). A spill reads what is dirty, so dirtiness comes
 * first. After a call every register is clean, and none of the old locals counts.
 */
export function analyse(blocks: readonly Block[]): Map<Block, BlockFlow> {
  const flows = new Map<Block, BlockFlow>();
  for (const block of blocks) flows.set(block, { dirtyIn: 0, dirtyAtEnd: 0, liveIn: 0, liveOut: 0, flagsIn: 0, flagsOut: 0 });
  const flowOf = (block: Block): BlockFlow => flows.get(block) as BlockFlow;

  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      const flow = flowOf(block);
      let dirty = flow.dirtyIn;
      for (const { effects: touched } of block.steps) dirty |= touched.writes;
      dirty |= endingWrites(block.ending);
      flow.dirtyAtEnd = dirty;
      const after = block.ending.kind === "call" ? 0 : dirty;
      for (const successor of block.successors) {
        const next = flowOf(successor);
        const merged = next.dirtyIn | after;
        if (merged !== next.dirtyIn) {
          next.dirtyIn = merged;
          changed = true;
        }
      }
    }
  }

  for (let changed = true; changed; ) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i] as Block;
      const flow = flowOf(block);
      flow.liveOut = 0;
      flow.flagsOut = exitFlags(block);
      for (const successor of block.successors) {
        const next = flowOf(successor);
        flow.liveOut |= next.liveIn;
        flow.flagsOut |= next.flagsIn;
      }
      let [live, flags] = beforeEnding(block, flow);
      for (let k = block.steps.length - 1; k >= 0; k--) {
        const { effects: touched } = block.steps[k] as Step;
        live = (live & ~touched.writes) | touched.reads;
        flags = (flags & ~touched.flagsMust) | touched.flagsRead;
      }
      // A loop may be left at its header when the budget runs out: what is dirty there is spilled from locals.
      live |= flow.dirtyIn;
      if (live !== flow.liveIn || flags !== flow.flagsIn) {
        flow.liveIn = live;
        flow.flagsIn = flags;
        changed = true;
      }
    }
  }
  return flows;
}

/** The flags that are live after each step of a block. */
export function liveFlagsAfter(block: Block, flow: BlockFlow): number[] {
  const result: number[] = new Array<number>(block.steps.length);
  let [, flags] = beforeEnding(block, flow);
  for (let k = block.steps.length - 1; k >= 0; k--) {
    result[k] = flags;
    const { effects: touched } = block.steps[k] as Step;
    flags = (flags & ~touched.flagsMust) | touched.flagsRead;
  }
  return result;
}

function beforeEnding(block: Block, flow: BlockFlow): [registers: number, flags: number] {
  const { ending } = block;
  const leaves = leavesUnit(block);
  const touched = "insn" in ending && ending.kind !== "fault" ? effects(ending.insn) : undefined;
  const reads = touched?.reads ?? 0;
  if (ending.kind === "call") {
    // An intrinsic's fast way makes no call: what is read afterwards must be in its local before.
    const intrinsic = ending.via?.stub.intrinsic === undefined ? 0 : INTRINSIC_ARGUMENTS | flow.liveOut;
    return [flow.dirtyAtEnd | reads | RSP | intrinsic, 0];
  }
  const spilled = leaves ? flow.dirtyAtEnd : 0;
  const flags = flow.flagsOut | (touched?.flagsRead ?? 0);
  return [(flow.liveOut & ~(touched?.writes ?? 0)) | spilled | reads, flags];
}

/** True when some way on from the block leaves the unit, so that everything dirty is spilled there. */
export function leavesUnit({ ending, successors }: Block): boolean {
  if (ending.kind === "goto") return successors.length === 0;
  if (ending.kind === "branch") return successors.length < (ending.taken === ending.next ? 1 : 2);
  return true;
}

function endingWrites(ending: Ending): number {
  if (ending.kind === "call" || ending.kind === "return") return RSP;
  if (ending.kind === "branch") return effects(ending.insn).writes;
  return 0;
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
 * hand-written helpers answer in flags, and their last flag instruction then is a comparison.
 */
function exitFlags(block: Block): number {
  if (!leavesUnit(block) || block.ending.kind === "call") return 0;
  for (let k = block.steps.length - 1; k >= 0; k--) {
    const { insn, effects: touched } = block.steps[k] as Step;
    if (touched.flagsWritten !== 0) return SETS_FLAGS_ONLY.has(insn.mnemonic) ? FLAG.ALL : 0;
  }
  return 0;
}
