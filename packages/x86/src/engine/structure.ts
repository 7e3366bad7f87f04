import type { FunctionBuilder, Label } from "@decant/wasm";
import type { Block } from "./block.ts";
import { isBackEdge } from "./dominators.ts";
import type { ReducibleGraph } from "./irreducible.ts";

/** The code of blocks, for `emitStructured`, which adds the jumps between them. */
export interface BlockEmitter {
  /**
   * Emits a block's steps and its ending: of a branch only its condition, which stays on the wasm stack; of a table or dispatch only the number to
   * choose by. A block without successors ends with a return.
   */
  block(block: Block): void;
  /** Emits what is due on the way from a table to one of its targets; `refused` is where a branch goes that finds it wrong. */
  tableEdge(block: Block, target: Block, refused: Label): void;
  /** Emits what happens when a table's number is beyond its targets, or its guard (`brIf(refused)` inside `block`) refuses. Does not come back. */
  refuse(block: Block): void;
  /** Emits what is due on the way back to a loop's header. */
  backEdge(header: Block): void;
  /** Where the guard of the table being emitted branches to. */
  refused: Label | undefined;
}

/**
 * Emits a control-flow graph as structured code, from its dominator tree (Norman Ramsey, "Beyond Relooper: Recursive Translation of Unstructured
 * Control Flow to Structured Control Flow", ICFP 2022). The recursion is on a stack of its own: functions have thousands of blocks, and
 * translation runs when much of the host's stack is in use.
 */
export function emitStructured(f: FunctionBuilder, graph: ReducibleGraph, emitter: BlockEmitter): void {
  const { children, isLoopHeader, isMerge } = graph.dominance;
  /** By the blocks' order: where a merge point begins, and a loop. */
  const labels: Label[] = new Array<Label>(graph.blocks.length);
  const loops: Label[] = new Array<Label>(graph.blocks.length);
  const todo: (() => void)[] = [];
  const end = (): void => void f.end();

  /** The label that a jump goes to, or undefined where the target's code is emitted in place. */
  const labelOf = (from: Block, to: Block): Label | undefined =>
    isBackEdge(from, to) ? loops[to.order] : isMerge[to.order] ? labels[to.order] : undefined;
  const goTo = (from: Block, to: Block): void => {
    const label = labelOf(from, to);
    if (label === undefined) {
      todo.push(() => tree(to));
      return;
    }
    if (isBackEdge(from, to)) emitter.backEdge(to);
    f.br(label);
  };
  /** Goes to a label if the i32 on the wasm stack is not 0. */
  const goToIf = (from: Block, to: Block, label: Label): void => {
    if (!isBackEdge(from, to)) {
      f.brIf(label);
      return;
    }
    f.if();
    emitter.backEdge(to);
    f.br(label).end();
  };

  /** A block and all that it dominates: inside a wasm block for each merge point that follows, the last in the order outermost. */
  const tree = (block: Block): void => {
    if (isLoopHeader[block.order]) {
      loops[block.order] = f.loop();
      todo.push(end);
    }
    const dominated = children[block.order] ?? NONE;
    for (let n = dominated.length - 1; n >= 0; n--) {
      const merge = dominated[n] as Block;
      if (!isMerge[merge.order]) continue;
      labels[merge.order] = f.block();
      todo.push(() => tree(merge), end);
    }
    content(block);
  };

  const content = (block: Block): void => {
    const { ending } = block;
    switch (ending.kind) {
      case "guess":
      case "branch": {
        emitter.block(block);
        const taken = labelOf(block, ending.taken);
        const next = labelOf(block, ending.next);
        if (taken !== undefined) {
          goToIf(block, ending.taken, taken);
          goTo(block, ending.next);
        } else if (next !== undefined) {
          f.op(I32_EQZ);
          goToIf(block, ending.next, next);
          goTo(block, ending.taken);
        } else {
          f.if();
          todo.push(() => goTo(block, ending.next), end);
          goTo(block, ending.taken);
        }
        return;
      }
      case "table":
      case "dispatch":
        return choose(block, ending.targets);
      default:
        emitter.block(block);
        if (block.successors[0] !== undefined) goTo(block, block.successors[0]);
    }
  };

  const choose = (block: Block, targets: readonly Block[]): void => {
    const isTable = block.ending.kind === "table";
    const refused = isTable ? f.block() : undefined;
    const cases = block.successors.map((target) => ({ target, label: f.block() }));
    const labelFor = new Map(cases.map(({ target, label }) => [target, label]));
    emitter.refused = refused;
    emitter.block(block);
    const all = targets.map((target) => labelFor.get(target) as Label);
    f.brTable(all, refused ?? (all[0] as Label));
    if (isTable) todo.push(() => emitter.refuse(block), end);
    cases.forEach(({ target }, i) => {
      todo.push(() => {
        if (refused !== undefined) emitter.tableEdge(block, target, refused);
        goTo(block, target);
      });
      if (i < cases.length - 1) todo.push(end);
      else f.end();
    });
  };

  tree(graph.blocks[0] as Block);
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) next();
  f.unreachable();
}

const I32_EQZ = 0x45;
const NONE: readonly Block[] = [];
