import { graphOf, type Graph } from "./graph.ts";

export interface Loop {
  readonly header: number;
  readonly blocks: ReadonlySet<number>;
  /** Where jumps out of the loop lead. */
  readonly exits: ReadonlySet<number>;
}

/** The natural loops of a reducible graph, one for each header, larger ones first. */
export function naturalLoops(graph: Graph): readonly Loop[] {
  const bodies = new Map<number, Set<number>>();
  for (const block of graph.blocks) {
    for (const target of graph.successors[block] ?? []) {
      if ((graph.order[target] ?? 0) > (graph.order[block] ?? 0)) continue;
      const body = bodies.get(target) ?? new Set([target]);
      bodies.set(target, body);
      const work = [block];
      for (let at = work.pop(); at !== undefined; at = work.pop()) {
        if (body.has(at)) continue;
        body.add(at);
        work.push(...(graph.predecessors[at] ?? []));
      }
    }
  }
  const loops = [...bodies].map(([header, blocks]) => {
    const exits = new Set<number>();
    for (const block of blocks) for (const target of graph.successors[block] ?? []) if (!blocks.has(target)) exits.add(target);
    return { header, blocks, exits };
  });
  return loops.toSorted((a, b) => b.blocks.size - a.blocks.size);
}

/** The immediate postdominator of each block; the number of blocks stands for the end. */
export function postDominators(next: readonly (readonly number[])[]): Int32Array {
  const end = next.length;
  const reversed: number[][] = Array.from({ length: end + 1 }, () => []);
  for (const [block, targets] of next.entries()) {
    for (const target of targets.length === 0 ? [end] : targets) reversed[target]?.push(block);
  }
  const { dominators } = graphOf(reversed, end);
  // What never ends is as good as what ends at once.
  return dominators.map((block) => (block < 0 ? end : block));
}

/** What can run between a block's branch and the place where its ways have met again. */
export function regionOf(next: readonly (readonly number[])[], block: number, meet: number): Set<number> {
  const region = new Set<number>();
  const work = [...(next[block] ?? [])];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    if (at === meet || region.has(at)) continue;
    region.add(at);
    work.push(...(next[at] ?? []));
  }
  return region;
}

export type Item = number | { readonly header: number; readonly items: readonly Item[] };

/**
 * A region's blocks in an order in which each comes after its predecessors, and every loop is in one piece. Undefined when
 * there is no such order: a way back that leads to no loop's header.
 */
export function layOut(graph: Graph, loops: readonly Loop[], region: ReadonlySet<number>): readonly Item[] | undefined {
  const inside = loops.filter(({ header }) => region.has(header));
  const lay = (blocks: readonly number[], within: Loop | undefined): Item[] | undefined => {
    // The largest loop that holds a block and is smaller than the one we are in.
    const outermost = (block: number): Loop | undefined =>
      inside.find(
        (loop) =>
          loop !== within &&
          loop.blocks.has(block) &&
          (within === undefined || (loop.blocks.size < within.blocks.size && within.blocks.has(loop.header))),
      );
    const items: Item[] = [];
    const done = new Set<Loop>();
    for (const block of blocks) {
      const loop = outermost(block);
      if (loop === undefined) {
        items.push(block);
        continue;
      }
      if (done.has(loop)) continue;
      done.add(loop);
      const body = lay(
        blocks.filter((other) => loop.blocks.has(other)),
        loop,
      );
      if (body === undefined) return undefined;
      items.push({ header: loop.header, items: body });
    }
    return sortItems(graph, items, within?.header);
  };
  return lay(
    graph.blocks.filter((block) => region.has(block)),
    undefined,
  );
}

function sortItems(graph: Graph, items: readonly Item[], header: number | undefined): Item[] | undefined {
  const itemOf = new Map<number, Item>();
  const collect = (item: Item, top: Item): void => {
    if (typeof item === "number") itemOf.set(item, top);
    else for (const inner of item.items) collect(inner, top);
  };
  for (const item of items) collect(item, item);
  const missing = new Map<Item, Set<Item>>(items.map((item) => [item, new Set()]));
  for (const [block, item] of itemOf) {
    for (const target of graph.successors[block] ?? []) {
      const other = itemOf.get(target);
      if (other !== undefined && other !== item && target !== header) missing.get(other)?.add(item);
    }
  }
  const sorted: Item[] = [];
  const left = new Set(items);
  while (left.size > 0) {
    const next = [...left].find((item) => [...(missing.get(item) ?? [])].every((before) => !left.has(before)));
    if (next === undefined) return undefined;
    left.delete(next);
    sorted.push(next);
  }
  return sorted;
}
