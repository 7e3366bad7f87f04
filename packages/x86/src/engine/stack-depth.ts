import { GPR } from "../cpu-block.ts";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import type { Block, Step } from "./block.ts";

/** What is known of rsp in a block. */
export interface StackDepth {
  /** Its difference from the rsp in the CPU block, at the block's start. */
  difference: number;
  /** The same where the ending begins. */
  atEnd: number;
  /** Ways that meet further on would disagree: rsp is stored before the ending, or after one that moves it, and the difference is 0 then. */
  isStored: boolean;
}

const RSP = 1 << GPR.rsp;

/**
 * Follows rsp through a unit, so that a fault has it exactly though it lives in a local: it is the CPU block's plus a number known for each instruction. Every
 * change is known, or followed by a store (`stackChange`). Calls leave it exact, and intrinsics store it first. `blocks` are in reverse postorder, and the
 * answers by that order.
 */
export function followStack(blocks: readonly Block[]): StackDepth[] {
  const depths: StackDepth[] = [];
  const changes: StackChange[] = [];
  for (const { steps } of blocks) {
    depths.push({ difference: 0, atEnd: 0, isStored: false });
    changes.push(changeOf(steps));
  }
  for (let isConsistent = false; !isConsistent;) {
    for (let n = 0; n < blocks.length; n++) {
      const depth = depths[n] as StackDepth;
      depth.difference = differenceBefore(blocks[n] as Block, depths);
      const { isFromStart, change } = changes[n] as StackChange;
      depth.atEnd = isFromStart ? depth.difference + change : change;
    }
    isConsistent = true;
    for (const block of blocks) if (storeWhereWaysDisagree(block, depths)) isConsistent = false;
  }
  return depths;
}

/** As the first way there has it: in this order some predecessor of every block but the entry comes before it. */
function differenceBefore({ order, predecessors }: Block, depths: readonly StackDepth[]): number {
  for (let n = 0; n < predecessors.length; n++) {
    const from = predecessors[n] as Block;
    if (from.order < order) return differenceAfter(from, depths);
  }
  return 0;
}

function differenceAfter(block: Block, depths: readonly StackDepth[]): number {
  const { atEnd, isStored } = depths[block.order] as StackDepth;
  return isStored || block.ending.kind === "call" || block.ending.kind === "intrinsic" ? 0 : atEnd + endingChange(block);
}

/** True if rsp is to be stored before some block now that leads to this one. */
function storeWhereWaysDisagree({ order, predecessors }: Block, depths: readonly StackDepth[]): boolean {
  const { difference } = depths[order] as StackDepth;
  let isSame = order > 0 || difference === 0;
  for (let n = 0; isSame && n < predecessors.length; n++) isSame = differenceAfter(predecessors[n] as Block, depths) === difference;
  if (isSame) return false;
  let isNew = false;
  for (const from of predecessors) {
    if (differenceAfter(from, depths) === 0) continue;
    (depths[from.order] as StackDepth).isStored = true;
    isNew = true;
  }
  return isNew;
}

/** What steps make of rsp's difference: they add to it, or leave another after a store. */
interface StackChange {
  readonly isFromStart: boolean;
  readonly change: number;
}

const UNCHANGED: StackChange = { isFromStart: true, change: 0 };

function changeOf(steps: readonly Step[]): StackChange {
  let isFromStart = true;
  let sum = 0;
  for (const { insn, effects } of steps) {
    if (!(effects.writes & RSP)) continue;
    const change = stackChange(insn);
    isFromStart &&= change !== undefined;
    sum = change === undefined ? 0 : sum + change;
  }
  return isFromStart && sum === 0 ? UNCHANGED : { isFromStart, change: sum };
}

/** By how much the ending moves rsp on the way to a successor. */
export function endingChange({ ending }: Block): number {
  if (ending.kind === "enter") return -ending.insn.mode / 8;
  return ending.kind === "returnTo" ? ending.insn.mode / 8 + ending.insn.immediate : 0;
}

/** By how much an instruction that writes rsp moves it; undefined when that is not known, and rsp must be stored after it. */
export function stackChange({ mnemonic, operands, immediate, memory, mode }: Instruction): number | undefined {
  const [first, second] = operands;
  const isRsp = first?.kind === "gpr" && first.register === GPR.rsp && first.bits === mode;
  switch (mnemonic) {
    case MNEMONIC.Push:
      return first?.bits === 16 ? -2 : -mode / 8;
    case MNEMONIC.Pop:
      return isRsp ? undefined : first?.bits === 16 ? 2 : mode / 8;
    case MNEMONIC.Add:
      return isRsp && second?.kind === "immediate" ? immediate : undefined;
    case MNEMONIC.Sub:
      return isRsp && second?.kind === "immediate" ? -immediate : undefined;
    case MNEMONIC.Lea:
      return isRsp && memory?.base === GPR.rsp && memory.index < 0 && memory.addressBits === mode ? memory.displacement : undefined;
    default:
      return undefined;
  }
}

/** True of `mov rbp, rsp` and `lea rbp, [rsp+n]`: unwinding starts from a frame register, so a fault must have it exactly too. */
export function setsFramePointer({ mnemonic, operands, memory }: Instruction): boolean {
  const [first, second] = operands;
  if (first?.kind !== "gpr" || first.register !== GPR.rbp || first.bits < 32) return false;
  if (mnemonic === MNEMONIC.Mov) return second?.kind === "gpr" && second.register === GPR.rsp;
  return mnemonic === MNEMONIC.Lea && memory?.base === GPR.rsp && memory.index < 0;
}
