import type { Block } from "./block.ts";

/** What structuring a graph needs to know of it. Lists are by the blocks' order. */
export interface Dominance {
  /** The blocks that each block immediately dominates, in reverse postorder; undefined where there are none. */
  readonly children: readonly (readonly Block[] | undefined)[];
  readonly isLoopHeader: readonly boolean[];
  /** Whether several ways lead to a block that are no ways back. */
  readonly isMerge: readonly boolean[];
  /** True when every loop is entered at its header only. */
  readonly reducible: boolean;
}

/** True of a jump to a block that is no further on. */
export function isBackEdge(from: Block, to: Block): boolean {
  return to.order <= from.order;
}

/** Immediate dominators by Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm", 2001). `blocks` are in reverse postorder. */
export function dominance(blocks: readonly Block[]): Dominance {
  const idom = immediateDominators(blocks);
  const children: Block[][] = new Array<Block[]>(blocks.length);
  for (let i = 1; i < blocks.length; i++) (children[idom[i] as number] ??= []).push(blocks[i] as Block);

  const dominates = (a: number, b: number): boolean => {
    while (b > a) b = idom[b] as number;
    return a === b;
  };
  const isLoopHeader = new Array<boolean>(blocks.length).fill(false);
  const isMerge = new Array<boolean>(blocks.length).fill(false);
  let reducible = true;
  for (const block of blocks) {
    let forwards = 0;
    for (const predecessor of block.predecessors) {
      if (!isBackEdge(predecessor, block)) forwards++;
      else {
        isLoopHeader[block.order] = true;
        if (!dominates(block.order, predecessor.order)) reducible = false;
      }
    }
    isMerge[block.order] = forwards > 1;
  }
  return { children, isLoopHeader, isMerge, reducible };
}

function immediateDominators(blocks: readonly Block[]): readonly number[] {
  const idom: number[] = new Array<number>(blocks.length).fill(-1);
  idom[0] = 0;
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
      for (const { order } of (blocks[i] as Block).predecessors) {
        if (idom[order] !== -1) dominator = dominator === -1 ? order : intersect(order, dominator);
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
export function loopWeights(blocks: readonly Block[], { isLoopHeader }: Dominance): Map<Block, number> {
  const weights = new Map<Block, number>();
  for (const header of blocks) {
    if (!isLoopHeader[header.order]) continue;
    const body = new Set([header]);
    const work = header.predecessors.filter((block) => isBackEdge(block, header));
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
