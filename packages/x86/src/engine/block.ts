import type { Instruction } from "../decode/index.ts";
import type { Effects } from "../lower/index.ts";
import type { OwnStore } from "./changing-code.ts";
import type { JumpTable } from "./jump-table.ts";
import type { ApiTarget } from "./stub.ts";

/** An instruction with what it touches. */
export interface Step {
  readonly insn: Instruction;
  readonly effects: Effects;
}

/** How a block ends, and where it may go on in its unit. */
export type Ending =
  /** With `store`, the last step may have written into the unit's own code. */
  | { readonly kind: "goto"; next: Block; readonly store?: OwnStore | undefined }
  | { readonly kind: "branch"; readonly insn: Instruction; taken: Block; next: Block }
  | {
      readonly kind: "call";
      readonly insn: Instruction;
      readonly target: number | undefined;
      readonly via: ApiTarget | undefined;
      next: Block;
    }
  /** An API call that is done in WebAssembly where it can be: registers stay in their locals. */
  | { readonly kind: "intrinsic"; readonly insn: Instruction; readonly target: number | undefined; readonly via: ApiTarget; next: Block }
  | { readonly kind: "return"; readonly insn: Instruction }
  /** The call of a function whose code follows in the same unit: only the return address is pushed; with `checksStack`, that has its limit as in a call. */
  | { readonly kind: "enter"; readonly insn: Instruction; readonly target: number; readonly checksStack: boolean; next: Block }
  /** A call through a pointer that was guessed: to `taken` if the pointer is `address`. Nothing has happened yet. */
  | { readonly kind: "guess"; readonly insn: Instruction; readonly address: number; taken: Block; next: Block }
  /** The return of such a function: to `next`, if the address that it pops is still the one that was pushed. */
  | { readonly kind: "returnTo"; readonly insn: Instruction; readonly returnAddress: number; next: Block }
  | { readonly kind: "jump"; readonly insn: Instruction; readonly via: ApiTarget | undefined }
  | { readonly kind: "table"; readonly insn: Instruction; readonly table: JumpTable; targets: Block[] }
  /** A direct jump to another function; with `isCut`, to more of this one, which was too large. */
  | { readonly kind: "leave"; readonly target: number; readonly isCut: boolean }
  /** Cannot go on: no instruction, or one with no translation. Fails when reached. */
  | { readonly kind: "fault"; readonly insn: Instruction }
  /** Goes on at the target that the number in a local says: the header of a loop that had several entries. */
  | { readonly kind: "dispatch"; targets: Block[] };

/** What every ending is made from, so that all have one shape: each is looked at many times, in places that see endings of any kind. */
export const BLANK_ENDING = {
  kind: undefined,
  insn: undefined,
  next: undefined,
  taken: undefined,
  targets: undefined,
  target: undefined,
  via: undefined,
  table: undefined,
  store: undefined,
  address: undefined,
  returnAddress: undefined,
  isCut: undefined,
  checksStack: undefined,
};

/** The instruction that a block ends with, and the API function that it reaches; undefined of endings that have none. */
export function insnOf(ending: Ending): Instruction | undefined {
  return (ending as { readonly insn?: Instruction }).insn;
}

export function viaOf(ending: Ending): ApiTarget | undefined {
  return (ending as { readonly via?: ApiTarget }).via;
}

/** Straight-line code with one entry. */
export interface Block {
  /** Guest address; of blocks that are not in the guest's code (dispatch, leave), the address that they stand for. */
  readonly start: number;
  readonly steps: readonly Step[];
  ending: Ending;
  /** Its place among the blocks of its unit, in reverse postorder (`orderBlocks`): what is found out about blocks is kept by it. */
  order: number;
  /** The last ordering that has come here. */
  visit: number;
  /** The blocks of the unit that may follow, each once, and those that it may follow. */
  successors: readonly Block[];
  predecessors: readonly Block[];
  /** The number to put into a dispatch block's local on the way to it. */
  readonly choice: { readonly dispatch: Block; readonly value: number } | undefined;
  /** What passing the block costs of the budget: set where a loop may begin. */
  charge: number;
  /** Where the guest's bytes end that it stands for; `start` where there are none. */
  readonly end: number;
  /** Others may have changed its bytes since the unit was entered: they are compared when it is reached. */
  isCompared: boolean;
}

export function newBlock(start: number, end: number, steps: readonly Step[], ending: Ending, choice?: Block["choice"]): Block {
  return {
    start,
    end,
    steps,
    ending,
    order: -1,
    visit: 0,
    successors: NOWHERE,
    predecessors: NOWHERE,
    choice,
    charge: 0,
    isCompared: false,
  };
}

/** Whether what ends so goes on nowhere but in its function and to its caller. */
export function isLeafEnding({ ending: { kind } }: { readonly ending: Ending }): boolean {
  return kind === "goto" || kind === "branch" || kind === "return" || kind === "table";
}

/** The blocks that an ending goes on to; a table's may repeat. */
export function targetsOf(ending: Ending): readonly Block[] {
  switch (ending.kind) {
    case "goto":
    case "call":
    case "intrinsic":
    case "enter":
    case "returnTo":
      return [ending.next];
    case "branch":
    case "guess":
      return [ending.next, ending.taken];
    case "table":
    case "dispatch":
      return ending.targets;
    default:
      return NOWHERE;
  }
}

const NOWHERE: readonly Block[] = [];

/** Replaces the blocks that an ending goes on to. */
export function retarget(ending: Ending, replace: (target: Block) => Block): void {
  const ways = ending as { next?: Block; taken?: Block; targets?: Block[] };
  if (ways.next !== undefined) ways.next = replace(ways.next);
  if (ways.taken !== undefined) ways.taken = replace(ways.taken);
  if (ways.targets !== undefined) ways.targets = ways.targets.map(replace);
}

let visits = 0;

/**
 * Sets order, successors and predecessors of all blocks that can be reached, and returns these in reverse postorder: the entry first.
 * Iterative: a function may have thousands.
 */
export function orderBlocks(entry: Block): Block[] {
  const visit = ++visits;
  const postorder: Block[] = [];
  /** The blocks on the way here, and how many successors of each have been looked at. */
  const path: Block[] = [];
  const looked: number[] = [];
  const enter = (block: Block): void => {
    block.visit = visit;
    block.successors = successorsOf(block.ending);
    block.predecessors = NOWHERE;
    path.push(block);
    looked.push(0);
  };
  enter(entry);
  for (let top = 0; top >= 0; top = path.length - 1) {
    const block = path[top] as Block;
    const n = looked[top] as number;
    looked[top] = n + 1;
    const successor = block.successors[n];
    if (successor === undefined) {
      postorder.push(block);
      path.pop();
      looked.pop();
    } else if (successor.visit !== visit) enter(successor);
  }
  const order = postorder.reverse();
  for (let n = 0; n < order.length; n++) {
    const block = order[n] as Block;
    block.order = n;
    // An array that grows takes room for many; most blocks have one or two.
    for (const successor of block.successors) successor.predecessors = withBlock(successor.predecessors, block);
  }
  return order;
}

function withBlock(blocks: readonly Block[], block: Block): readonly Block[] {
  if (blocks.length === 0) return [block];
  if (blocks.length === 1) return [blocks[0] as Block, block];
  // From here on it is nobody else's.
  (blocks as Block[]).push(block);
  return blocks;
}

function successorsOf(ending: Ending): readonly Block[] {
  const targets = targetsOf(ending);
  if (targets.length > 2) return [...new Set(targets)];
  return targets.length === 2 && targets[0] === targets[1] ? targets.slice(1) : targets;
}
