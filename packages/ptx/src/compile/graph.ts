import { successors, type Program } from "./program.ts";

/** The part of a program that one phase runs: what is reached from `entry` without passing a barrier. */
export interface Graph {
  readonly entry: number;
  /** Reachable blocks in reverse postorder; `order[block]` is the position, -1 when unreachable. */
  readonly blocks: readonly number[];
  readonly order: Int32Array;
  readonly successors: readonly (readonly number[])[];
  readonly predecessors: readonly (readonly number[])[];
  /** The immediate dominator of each block; the entry's is itself. */
  readonly dominators: Int32Array;
  /** False when some loop has more than one entry. */
  readonly reducible: boolean;
}

/** The graph of one phase. A block that suspends ends it. */
export function phaseGraph(program: Program, entry: number): Graph {
  return graphOf(cutSuccessors(program), entry);
}

/** The successors of each block, none where threads wait. */
export function cutSuccessors(program: Program): readonly (readonly number[])[] {
  return program.blocks.map((block) => (block.terminator.kind === "suspend" ? [] : successors(block)));
}

/** What is reached from `entry`, by the successors of each node. */
export function graphOf(next: readonly (readonly number[])[], entry: number): Graph {
  const blocks = reversePostorder(next, entry);
  const order = new Int32Array(next.length).fill(-1);
  for (const [position, block] of blocks.entries()) order[block] = position;
  const predecessors: number[][] = next.map(() => []);
  for (const block of blocks) for (const target of next[block] ?? []) predecessors[target]?.push(block);
  const dominators = immediateDominators(blocks, order, predecessors);
  const reducible = blocks.every((block) =>
    (next[block] ?? []).every((target) => (order[target] ?? 0) > (order[block] ?? 0) || dominates(dominators, target, block)),
  );
  return { entry, blocks, order, successors: next, predecessors, dominators, reducible };
}

function dominates(dominators: Int32Array, above: number, below: number): boolean {
  for (let at = below; ;) {
    if (at === above) return true;
    const up = dominators[at] ?? at;
    if (up === at) return false;
    at = up;
  }
}

/** Depth-first without recursion: PTX may hold very long chains. */
function reversePostorder(next: readonly (readonly number[])[], entry: number): number[] {
  const seen = new Set([entry]);
  const out: number[] = [];
  const stack = [{ block: entry, edge: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const target = next[top.block]?.[top.edge++];
    if (target === undefined) {
      out.push(top.block);
      stack.pop();
    } else if (!seen.has(target)) {
      seen.add(target);
      stack.push({ block: target, edge: 0 });
    }
  }
  return out.reverse();
}

/** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
function immediateDominators(blocks: readonly number[], order: Int32Array, predecessors: readonly (readonly number[])[]): Int32Array {
  const dominators = new Int32Array(order.length).fill(-1);
  const entry = blocks[0] ?? 0;
  dominators[entry] = entry;
  const position = (block: number): number => order[block] ?? 0;
  const up = (block: number): number => dominators[block] ?? 0;
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks.slice(1)) {
      let meet = -1;
      for (const predecessor of predecessors[block] ?? []) {
        if (up(predecessor) < 0) continue;
        if (meet < 0) {
          meet = predecessor;
          continue;
        }
        let other = predecessor;
        while (meet !== other) {
          while (position(meet) > position(other)) meet = up(meet);
          while (position(other) > position(meet)) other = up(other);
        }
      }
      if (dominators[block] !== meet) {
        dominators[block] = meet;
        changed = true;
      }
    }
  }
  return dominators;
}
