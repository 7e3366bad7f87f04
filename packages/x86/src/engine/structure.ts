import { I32, type FunctionBuilder, type Label } from "@decant/wasm";
import type { Block } from "./control-flow-graph.ts";
import { dominance, type Dominance } from "./dominators.ts";

/** What a graph's blocks mean, for `emitStructured`. */
export interface BlockEmitter {
  /** Emits a block's steps, and its ending by asking `jump` for the code that goes on to a successor. */
  block(block: Block, goTo: GoTo): void;
  /** Emits what a back edge costs before it is taken. */
  backEdge(header: Block): void;
}

/** Emits code that goes on to a successor of the block, and does not come back. */
export type GoTo = (successor: Block) => void;

/**
 * Emits a control-flow graph as structured code, from its dominator tree (Norman Ramsey, "Beyond Relooper: Recursive Translation of Unstructured
 * Control Flow to Structured Control Flow", ICFP 2022). A graph with a loop that is entered in its middle gets a dispatch loop instead.
 */
export function emitStructured(f: FunctionBuilder, blocks: readonly Block[], emitter: BlockEmitter): void {
  const facts = dominance(blocks);
  if (facts.reducible) new TreeEmitter(f, facts, emitter).emit(blocks[0] as Block);
  else emitDispatchLoop(f, blocks, facts, emitter);
}

class TreeEmitter {
  readonly #f: FunctionBuilder;
  readonly #facts: Dominance;
  readonly #emitter: BlockEmitter;
  readonly #labels = new Map<Block, Label>();
  readonly #loops = new Map<Block, Label>();

  constructor(f: FunctionBuilder, facts: Dominance, emitter: BlockEmitter) {
    this.#f = f;
    this.#facts = facts;
    this.#emitter = emitter;
  }

  /** A block, and all that it dominates. */
  emit(block: Block): void {
    const isLoop = this.#facts.loopHeaders.has(block);
    if (isLoop) this.#loops.set(block, this.#f.loop());
    const merges = (this.#facts.children.get(block) ?? []).filter((child) => this.#isMerge(child));
    this.#within(block, merges.toReversed());
    if (isLoop) this.#f.end();
  }

  /** The block inside a wasm block for each merge point that follows it: the last in the order outermost. */
  #within(block: Block, merges: readonly Block[]): void {
    for (const merge of merges) this.#labels.set(merge, this.#f.block());
    this.#emitter.block(block, (successor) => this.#branch(block, successor));
    for (const merge of merges.toReversed()) {
      this.#f.end();
      this.emit(merge);
    }
  }

  #branch(from: Block, to: Block): void {
    if (this.#isBackEdge(from, to)) {
      this.#emitter.backEdge(to);
      this.#f.br(this.#loops.get(to) as Label);
    } else if (this.#isMerge(to)) this.#f.br(this.#labels.get(to) as Label);
    else this.emit(to);
  }

  #isBackEdge(from: Block, to: Block): boolean {
    const { order } = this.#facts;
    return (order.get(to) as number) <= (order.get(from) as number);
  }

  /** Reached forwards from more than one place: it needs a label. */
  #isMerge(block: Block): boolean {
    return block.predecessors.filter((predecessor) => !this.#isBackEdge(predecessor, block)).length > 1;
  }
}

/** A loop around a br_table on the number of the block that comes next. */
function emitDispatchLoop(f: FunctionBuilder, blocks: readonly Block[], { order }: Dominance, emitter: BlockEmitter): void {
  const next = f.local(I32);
  const again = f.loop();
  const labels = blocks.map(() => f.block()).toReversed();
  f.localGet(next).brTable(labels, labels[0] as Label);
  blocks.forEach((block, i) => {
    f.end();
    emitter.block(block, (successor) => {
      const to = order.get(successor) as number;
      if (to <= i) emitter.backEdge(successor);
      f.i32Const(to).localSet(next).br(again);
    });
  });
  f.end();
  f.unreachable();
}
