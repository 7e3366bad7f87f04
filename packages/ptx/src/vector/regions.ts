import { graphOf, type Graph } from "../compile/graph.ts";
import { layOut, naturalLoops, regionOf, type Item } from "../compile/loops.ts";
import type { Shapes } from "./shapes.ts";

/** Code that lanes run which have parted, from where they part to `meet`. */
export interface Region {
  /** The block where the lanes meet again; the number of blocks when that is the end. */
  readonly meet: number;
  readonly blocks: ReadonlySet<number>;
  readonly items: readonly Item[];
}

const MAX_REGION_BLOCKS = 4000;

/** The regions of what runs from `entry` to the next suspensions, one for each place where lanes meet. Undefined when one of them has no order, or all are too large. */
export function findRegions(shapes: Shapes, entry: number): { graph: Graph; regions: readonly Region[] } | undefined {
  const graph = graphOf(shapes.next, entry);
  if (!graph.reducible) return undefined;
  const found = new Map<number, Set<number>>();
  for (const block of graph.blocks) {
    if (!shapes.divergent.has(block)) continue;
    const meet = meetOf(shapes, block);
    const blocks = found.get(meet) ?? new Set();
    found.set(meet, blocks);
    for (const other of regionOf(shapes.next, block, meet)) blocks.add(other);
  }
  let size = 0;
  for (const blocks of found.values()) size += blocks.size;
  if (size > MAX_REGION_BLOCKS) return undefined;
  const loops = naturalLoops(graph);
  const regions: Region[] = [];
  for (const [meet, blocks] of found) {
    const items = layOut(graph, loops, blocks);
    if (items === undefined) return undefined;
    regions.push({ meet, blocks, items });
  }
  return { graph, regions };
}

/** Where the lanes that part at a block meet again. */
export function meetOf(shapes: Shapes, block: number): number {
  return shapes.postDominators[block] ?? shapes.next.length;
}
