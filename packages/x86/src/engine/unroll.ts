import { newBlock, retarget, type Block } from "./block.ts";

/** Loops of one block up to this many instructions are repeated until the copies together have about so many. */
const UNROLLED_INSTRUCTIONS = 32;
const MAX_COPIES = 4;

/**
 * Repeats the bodies of tiny loops: a turn of several costs one charge of the budget and one of V8's own checks. Every copy keeps its condition, so nothing
 * is known or assumed about the number of turns. `blocks` have their successors set; the copies are reached from them. True if there are some.
 */
export function unrollLoops(blocks: readonly Block[]): boolean {
  let isUnrolled = false;
  for (const block of blocks) {
    const { ending, steps } = block;
    if (ending.kind !== "branch" || (ending.taken !== block && ending.next !== block)) continue;
    const copies = Math.min(MAX_COPIES, Math.floor(UNROLLED_INSTRUCTIONS / (steps.length + 1)));
    const original = { ...ending };
    let last = block;
    for (let i = 1; i < copies; i++) {
      const copy = newBlock(block.start, block.end, steps, { ...original });
      // The copy goes round to the first, and the one before it goes on to the copy.
      retarget(last.ending, (target) => (target === block ? copy : target));
      last = copy;
      isUnrolled = true;
    }
  }
  return isUnrolled;
}
