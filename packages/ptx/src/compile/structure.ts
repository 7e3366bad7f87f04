import type { FunctionBuilder, Label } from "@decant/wasm";
import { I32 } from "@decant/wasm";
import type { Graph } from "./graph.ts";

/** What a code shape needs to know of a block: its instructions, then its branches through `jump`. */
export interface BlockWriter {
  /** Writes a block's instructions and its terminator; `jump(target)` writes a jump, and must be called in tail position. */
  block(index: number, jump: (target: number) => void): void;
  /** Called before each jump backwards. */
  backEdge(): void;
}

/** The structured form nests, and is written by functions that call themselves. */
const MAX_STRUCTURED_BLOCKS = 2000;

/** Writes the graph's code. It never falls out of its end: every path leaves by what `block` writes. */
export function writeControlFlow(f: FunctionBuilder, graph: Graph, writer: BlockWriter, options: { dispatch?: boolean } = {}): void {
  if (options.dispatch || !graph.reducible || graph.blocks.length > MAX_STRUCTURED_BLOCKS) writeDispatchLoop(f, graph, writer);
  else new Structure(f, graph, writer).write();
}

/** Structured code from the dominator tree (Ramsey, "Beyond Relooper", ICFP 2022). Needs a reducible graph. */
class Structure {
  readonly #f: FunctionBuilder;
  readonly #graph: Graph;
  readonly #writer: BlockWriter;
  readonly #labels = new Map<number, Label>();
  readonly #children: number[][];

  constructor(f: FunctionBuilder, graph: Graph, writer: BlockWriter) {
    this.#f = f;
    this.#graph = graph;
    this.#writer = writer;
    this.#children = graph.successors.map(() => []);
    for (const block of graph.blocks) if (block !== graph.entry) this.#children[graph.dominators[block] ?? 0]?.push(block);
  }

  write(): void {
    this.#tree(this.#graph.entry);
    this.#f.unreachable();
  }

  /** A block and all that it dominates. */
  #tree(block: number): void {
    const merges = (this.#children[block] ?? [])
      .filter((child) => this.#isMerge(child))
      .toSorted((a, b) => this.#order(b) - this.#order(a));
    if (!this.#isLoopHeader(block)) {
      this.#within(block, merges);
      return;
    }
    // The label of a loop header means "again"; it is entered by falling into it.
    this.#labels.set(block, this.#f.loop());
    this.#within(block, merges);
    this.#f.end();
    this.#f.unreachable();
  }

  /** The block inside one wasm block for each merge block; after a wasm block's end comes its merge block. */
  #within(block: number, merges: readonly number[]): void {
    for (const merge of merges) this.#labels.set(merge, this.#f.block());
    this.#writer.block(block, (target) => this.#jump(block, target));
    for (const merge of merges.toReversed()) {
      this.#f.end();
      this.#tree(merge);
    }
  }

  #jump(from: number, to: number): void {
    const label = this.#labels.get(to);
    const backwards = this.#order(to) <= this.#order(from);
    if (backwards) this.#writer.backEdge();
    if ((backwards || this.#isMerge(to)) && label !== undefined) this.#f.br(label);
    else this.#tree(to);
  }

  #order(block: number): number {
    return this.#graph.order[block] ?? 0;
  }

  #isMerge(block: number): boolean {
    let forward = 0;
    for (const predecessor of this.#graph.predecessors[block] ?? []) if (this.#order(predecessor) < this.#order(block)) forward++;
    return forward > 1;
  }

  #isLoopHeader(block: number): boolean {
    return (this.#graph.predecessors[block] ?? []).some((predecessor) => this.#order(predecessor) >= this.#order(block));
  }
}

/** A loop around a br_table: for graphs that have no structure, and to check the structured shape against. */
function writeDispatchLoop(f: FunctionBuilder, graph: Graph, writer: BlockWriter): void {
  const next = f.local(I32);
  const position = (block: number): number => graph.order[block] ?? 0;
  f.i32Const(0).localSet(next);
  const again = f.loop();
  const labels = graph.blocks.map(() => f.block()).toReversed();
  const [first] = labels;
  if (first === undefined) return;
  f.localGet(next).brTable(labels, first);
  for (const block of graph.blocks) {
    f.end();
    writer.block(block, (target) => {
      if (position(target) <= position(block)) writer.backEdge();
      f.i32Const(position(target)).localSet(next).br(again);
    });
  }
  f.end();
  f.unreachable();
}
