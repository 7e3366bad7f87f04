import type { Block } from "./block.ts";

/** What structuring a graph needs to know of it. */
export interface Dominance {
  /** Position in reverse postorder. */
  readonly order: ReadonlyMap<Block, number>;
  /** The blocks that each block immediately dominates, in reverse postorder. */
  readonly children: ReadonlyMap<Block, readonly Block[]>;
  readonly loopHeaders: ReadonlySet<Block>;
  /** True when every loop is entered at its header only. */
  readonly reducible: boolean;
}

/** Immediate dominators by Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm", 2001). `blocks` are in reverse postorder. */
export function dominance(blocks: readonly Block[]): Dominance {
  const order = new Map(blocks.map((block, i) => [block, i]));
  const position = (block: Block): number => order.get(block) as number;
  const idom = immediateDominators(blocks, position);
  const children = new Map<Block, Block[]>(blocks.map((block) => [block, []]));
  for (let i = 1; i < blocks.length; i++) children.get(blocks[idom[i] as number] as Block)?.push(blocks[i] as Block);

  const dominates = (a: number, b: number): boolean => {
    while (b > a) b = idom[b] as number;
    return a === b;
  };
  const loopHeaders = new Set<Block>();
  let reducible = true;
  for (const block of blocks) {
    for (const successor of block.successors) {
      if (position(successor) > position(block)) continue;
      loopHeaders.add(successor);
      if (!dominates(position(successor), position(block))) reducible = false;
    }
  }
  return { order, children, loopHeaders, reducible };
}

function immediateDominators(blocks: readonly Block[], position: (block: Block) => number): readonly number[] {
  const idom: number[] = new Array<number>(blocks.length).fill(-1);
  idom[0] = 0;
  const predecessors = blocks.map((block) => block.predecessors.map(position));
  const intersect = (a: number, b: number): number => {
    while (a !== b) {
      while (a > b) a = idom[a] as number;
      while (b > a) b = idom[b] as number;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < blocks.length; i++) {
      let dominator = -1;
      for (const p of predecessors[i] ?? []) {
        if (idom[p] !== -1) dominator = dominator === -1 ? p : intersect(p, dominator);
      }
      if (idom[i] !== dominator) {
        idom[i] = dominator;
        changed = true;
      }
    }
  }
  return idom;
}

/** The instructions in a loop's body, by its header: what one turn may cost. The graph must be reducible. */
export function loopWeights(blocks: readonly Block[], { order, loopHeaders }: Dominance): Map<Block, number> {
  const weights = new Map<Block, number>();
  for (const header of loopHeaders) {
    const at = order.get(header) as number;
    const body = new Set([header]);
    const work = header.predecessors.filter((block) => (order.get(block) as number) >= at);
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (body.has(block)) continue;
      body.add(block);
      work.push(...block.predecessors);
    }
    let weight = 1;
    for (const { steps } of body) weight += steps.length + 1;
    weights.set(header, weight);
  }
  return weights;
}
