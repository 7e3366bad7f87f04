import { BLANK_ENDING, newBlock, orderBlocks, retarget, type Block } from "./block.ts";
import { dominance, type Dominance } from "./dominators.ts";

/** A graph whose loops all have one entry, with what is known of it. */
export interface ReducibleGraph {
  readonly blocks: readonly Block[];
  readonly dominance: Dominance;
}

/**
 * Gives every loop that can be entered in several places one header: a dispatch block that all ways to the entries lead through, and that goes on
 * by a number. Only such regions pay for it. (As LLVM's WebAssemblyFixIrreducibleControlFlow describes it.) Blocks are changed in place; they come as
 * `orderBlocks` has left them.
 */
export function makeReducible(ordered: readonly Block[]): ReducibleGraph {
  const entry = ordered[0] as Block;
  for (let blocks = ordered; ; blocks = orderBlocks(entry)) {
    const facts = dominance(blocks);
    if (facts.reducible) return { blocks, dominance: facts };
    const entries = findEntries(blocks, new Set(blocks));
    if (entries === undefined) throw new Error("x86: an irreducible graph without a loop of several entries");
    addDispatch(entries, blocks);
  }
}

/** The entries of an outermost loop that has more than one, looking inside loops that have one. */
function findEntries(order: readonly Block[], region: ReadonlySet<Block>): Block[] | undefined {
  for (const loop of loopsIn(order, region)) {
    const inside = new Set(loop);
    const entries = loop.filter((block) => block === order[0] || block.predecessors.some((from) => !inside.has(from)));
    if (entries.length > 1) return entries;
    // Without its header the rest may still hold loops.
    if (entries[0] !== undefined) inside.delete(entries[0]);
    const found = findEntries(loop, inside);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The strongly connected components of the region that hold a cycle (Tarjan 1972, iterative). */
function loopsIn(order: readonly Block[], region: ReadonlySet<Block>): Block[][] {
  const index = new Map<Block, number>();
  const low = new Map<Block, number>();
  const open: Block[] = [];
  const isOpen = new Set<Block>();
  const loops: Block[][] = [];
  for (const root of order) {
    if (!region.has(root) || index.has(root)) continue;
    const stack: { block: Block; next: number }[] = [];
    const visit = (block: Block): void => {
      low.set(block, index.size);
      index.set(block, index.size);
      open.push(block);
      isOpen.add(block);
      stack.push({ block, next: 0 });
    };
    visit(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { block } = top;
      const successor = block.successors[top.next++];
      if (successor !== undefined) {
        if (!region.has(successor)) continue;
        if (!index.has(successor)) visit(successor);
        else if (isOpen.has(successor)) low.set(block, Math.min(low.get(block) as number, index.get(successor) as number));
        continue;
      }
      stack.pop();
      const parent = stack.at(-1)?.block;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) as number, low.get(block) as number));
      if (low.get(block) !== index.get(block)) continue;
      const component = open.splice(open.indexOf(block));
      for (const member of component) isOpen.delete(member);
      if (component.length > 1 || block.successors.includes(block)) loops.push(component);
    }
  }
  return loops;
}

function addDispatch(entries: readonly Block[], blocks: readonly Block[]): void {
  const dispatch = newBlock((entries[0] as Block).start, (entries[0] as Block).start, [], {
    ...BLANK_ENDING,
    kind: "dispatch",
    targets: [...entries],
  });
  const choose = (entry: Block, value: number): Block =>
    newBlock(entry.start, entry.start, [], { ...BLANK_ENDING, kind: "goto", next: dispatch }, { dispatch, value });
  for (const block of blocks) {
    // Each source has its own: one for all would itself be an entry from inside and outside the loop.
    const chosen = new Map(entries.map((entry, value) => [entry, choose(entry, value)]));
    retarget(block.ending, (target) => chosen.get(target) ?? target);
  }
}
