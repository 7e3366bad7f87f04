import { newBlock, orderBlocks, retarget, type Block } from "./block.ts";
import { joinRanges } from "./changing-code.ts";
import type { Unit } from "./control-flow-graph.ts";

/** A function of up to this many instructions that calls no other is put in the place of its calls. */
export const MAX_LEAF_INSTRUCTIONS = 40;
/** What a unit may grow by. */
const MAX_GROWTH = 600;

/**
 * Puts small leaf functions in the place of their calls: their registers and flags then stay in locals. The return address still goes on the guest's
 * stack and is compared when it comes off, and every instruction keeps its address, so what a guest, a fault or an exit can see is as before.
 */
export function inlineLeaves(unit: Unit, leafAt: (address: number) => Unit | undefined): Unit {
  // Code that may change watches its own stores, not those of others inside it.
  if (unit.isChanging) return unit;
  let growth = 0;
  const ranges = [...unit.ranges];
  for (const block of unit.blocks) {
    const { ending } = block;
    if (ending.kind !== "call" || ending.via !== undefined || ending.target === undefined) continue;
    const leaf = leafAt(ending.target);
    if (leaf === undefined || growth + leaf.instructionCount > MAX_GROWTH) continue;
    growth += leaf.instructionCount;
    ranges.push(...leaf.ranges);
    block.ending = { kind: "enter", insn: ending.insn, target: ending.target, next: copyOf(leaf, ending.insn.next, ending.next) };
  }
  if (growth === 0) return unit;
  return {
    entry: unit.entry,
    blocks: orderBlocks(unit.entry),
    instructionCount: unit.instructionCount + growth,
    ranges: joinRanges(ranges),
    isChanging: unit.isChanging,
  };
}

/** True of a function that is small, and goes on nowhere but to its caller. */
export function isLeaf({ blocks, instructionCount }: Unit): boolean {
  if (instructionCount > MAX_LEAF_INSTRUCTIONS) return false;
  return blocks.every(({ ending: { kind } }) => kind === "goto" || kind === "branch" || kind === "return" || kind === "table");
}

/** Copies a leaf's blocks; where it returns, the copy goes on at `after`. */
function copyOf(leaf: Unit, returnAddress: number, after: Block): Block {
  const copies = new Map<Block, Block>();
  for (const block of leaf.blocks) {
    const { ending } = block;
    const isReturn = ending.kind === "return";
    copies.set(
      block,
      newBlock(
        block.start,
        block.end,
        block.steps,
        isReturn ? { kind: "returnTo", insn: ending.insn, returnAddress, next: after } : { ...ending },
      ),
    );
  }
  for (const { ending } of copies.values()) retarget(ending, (target) => copies.get(target) ?? target);
  return copies.get(leaf.entry) as Block;
}
