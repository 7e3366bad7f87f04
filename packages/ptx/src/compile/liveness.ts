import type { Register } from "../parse/ast.ts";
import { effects } from "./operands.ts";
import { successors, type Program } from "./program.ts";

/** For each block, the registers whose values at its start may still be read. */
export function liveAtStart(program: Program): readonly ReadonlySet<Register>[] {
  const blocks = program.blocks.map((block) => {
    const used = new Set<Register>();
    const defined = new Set<Register>();
    const see = (reads: readonly Register[], writes: readonly Register[]): void => {
      for (const register of reads) if (!defined.has(register)) used.add(register);
      for (const register of writes) defined.add(register);
    };
    for (const instruction of block.instructions) {
      const { reads, writes } = effects(instruction);
      see(reads, writes);
    }
    if (block.terminator.kind === "branch") see([block.terminator.condition], []);
    if (block.terminator.kind === "switch") see([block.terminator.index], []);
    // The results of a warp operation are written when the thread goes on, but that is this block's business.
    if (block.terminator.kind === "suspend") {
      const { reads, writes } = effects(block.terminator.instruction);
      see(reads, writes);
    }
    return { used, defined, next: successors(block) };
  });
  const live = blocks.map(({ used }) => new Set(used));
  for (let changed = true; changed;) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index];
      const set = live[index];
      if (block === undefined || set === undefined) continue;
      const before = set.size;
      for (const successor of block.next) for (const register of live[successor] ?? []) if (!block.defined.has(register)) set.add(register);
      if (set.size !== before) changed = true;
    }
  }
  return live;
}
