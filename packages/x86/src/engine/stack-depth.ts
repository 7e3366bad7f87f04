import { GPR } from "../cpu-block.ts";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import type { Block } from "./block.ts";

/** What is known of rsp where a block starts: its difference from the rsp in the CPU block. */
export interface StackDepth {
  difference: number;
  /** The ways here disagree: rsp is stored at the block's start, and the difference is 0. */
  isMixed: boolean;
}

const RSP = 1 << GPR.rsp;

/**
 * Follows rsp through a unit, so that a fault has it exactly though it lives in a local: it is the CPU block's plus a number known for each instruction. Every
 * change is known, or followed by a store (`stackChange`). Calls leave it exact, and intrinsics store it first.
 */
export function followStack(blocks: readonly Block[]): Map<Block, StackDepth> {
  const depths = new Map<Block, StackDepth>();
  const entry = blocks[0];
  if (entry === undefined) return depths;
  depths.set(entry, { difference: 0, isMixed: false });
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks) {
      const depth = depths.get(block);
      if (depth === undefined) continue;
      const difference = differenceAfter(block, depth.difference);
      for (const successor of block.successors) {
        const next = depths.get(successor);
        if (next === undefined) depths.set(successor, { difference, isMixed: false });
        else if (next.isMixed || next.difference === difference) continue;
        else {
          next.isMixed = true;
          next.difference = 0;
        }
        changed = true;
      }
    }
  }
  return depths;
}

/** The difference where the ending begins, or for a call after it. */
export function differenceAfter({ steps, ending }: Block, difference: number): number {
  if (ending.kind === "call" || ending.kind === "intrinsic") return 0;
  for (const { insn, effects } of steps) {
    if (!(effects.writes & RSP)) continue;
    const change = stackChange(insn);
    difference = change === undefined ? 0 : difference + change;
  }
  return difference;
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
