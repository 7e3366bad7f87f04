import type { GuestMemory } from "@decant/memory";
import type { Decoder, Instruction } from "../decode/index.ts";
import { effects, type Effects } from "../lower/index.ts";
import type { Stub } from "./stub.ts";
import { findJumpTable, type JumpTable } from "./jump-table.ts";

/** An instruction with what it touches. */
export interface Step {
  readonly insn: Instruction;
  readonly effects: Effects;
}

/** An API function that a call or jump was seen to reach. `slot` is the import table's slot that must still hold the stub's address. */
export interface ApiTarget {
  readonly stub: Stub;
  readonly slot: number | undefined;
}

/** How a block ends. Addresses are guest addresses; those that are blocks of the unit are in `successors`. */
export type Ending =
  /** Goes on at `next`, by falling through or by a direct jump. */
  | { readonly kind: "goto"; readonly next: number }
  | { readonly kind: "branch"; readonly insn: Instruction; readonly taken: number; readonly next: number }
  | { readonly kind: "call"; readonly insn: Instruction; readonly target: number | undefined; readonly next: number; via?: ApiTarget }
  | { readonly kind: "return"; readonly insn: Instruction }
  | { readonly kind: "jump"; readonly insn: Instruction; via?: ApiTarget }
  | { readonly kind: "table"; readonly insn: Instruction; readonly table: JumpTable }
  /** Cannot go on: no instruction, or one with no translation. Fails when reached. */
  | { readonly kind: "fault"; readonly insn: Instruction };

/** Straight-line code with one entry. */
export interface Block {
  readonly start: number;
  readonly steps: Step[];
  ending: Ending;
  /** The blocks of the unit that may follow, each once. */
  successors: Block[];
  predecessors: Block[];
}

/** The control-flow graph of one guest function, from an entry over its jumps. */
export interface Unit {
  readonly entry: Block;
  /** In reverse postorder: the entry first. */
  readonly blocks: readonly Block[];
  readonly instructionCount: number;
  /** The byte ranges [start, end) that it was made from. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
}

/** A larger function is cut: what lies beyond is entered through the dispatcher. */
const MAX_INSTRUCTIONS = 5_000;

/** Where a path of decoding stops. */
interface Raw {
  steps: Step[];
  ending: Ending;
  end: number;
}

/** Finds the blocks that can be reached from `entry` without leaving by a call, a return or an unknown jump. */
export function discover(entry: number, decoder: Decoder, memory: GuestMemory): Unit {
  const raw = new Map<number, Raw>();
  const work = [entry];
  let count = 0;
  for (let start = work.pop(); start !== undefined; start = work.pop()) {
    if (raw.has(start) || count >= MAX_INSTRUCTIONS) continue;
    const block = decodeBlock(start, decoder, memory);
    raw.set(start, block);
    count += block.steps.length + 1;
    work.push(...targetsOf(block.ending));
  }
  const blocks = new Map<number, Block>();
  for (const [start, found] of raw) splitAtLeaders(start, found, raw, blocks);
  link(blocks);
  const first = blocks.get(entry);
  if (first === undefined) throw new Error("x86: a unit without its entry");
  const ordered = reversePostorder(first);
  return { entry: first, blocks: ordered, instructionCount: ordered.reduce((sum, { steps }) => sum + steps.length + 1, 0), ranges: rangesOf(ordered) };
}

/** The block addresses that an ending may go to. */
export function targetsOf(ending: Ending): number[] {
  switch (ending.kind) {
    case "goto":
    case "call":
      return [ending.next];
    case "branch":
      return [ending.next, ending.taken];
    case "table":
      return [...new Set(ending.table.targets)];
    default:
      return [];
  }
}

function decodeBlock(start: number, decoder: Decoder, memory: GuestMemory): Raw {
  const steps: Step[] = [];
  for (let ip = start; ; ) {
    const insn = decoder.decode(ip);
    const end = insn.next;
    const low = (address: number): number => address >>> 0;
    switch (insn.kind) {
      case "normal": {
        const touched = effects(insn);
        if (touched.reads === -1) return { steps, ending: { kind: "fault", insn }, end };
        steps.push({ insn, effects: touched });
        if (steps.length > 2_000) return { steps, ending: { kind: "goto", next: low(end) }, end };
        ip = end;
        continue;
      }
      case "jmp":
        return { steps, ending: { kind: "goto", next: low(insn.target ?? 0) }, end };
      case "jcc":
      case "loop":
      case "jcxz":
        return { steps, ending: { kind: "branch", insn, taken: low(insn.target ?? 0), next: low(end) }, end };
      case "call":
        return { steps, ending: { kind: "call", insn, target: low(insn.target ?? 0), next: low(end) }, end };
      case "call-indirect":
        return { steps, ending: { kind: "call", insn, target: undefined, next: low(end) }, end };
      case "ret":
        return { steps, ending: { kind: "return", insn }, end };
      case "jmp-indirect": {
        const table = findJumpTable(steps, insn, memory);
        return { steps, ending: table === undefined ? { kind: "jump", insn } : { kind: "table", insn, table }, end };
      }
      default:
        return { steps, ending: { kind: "fault", insn }, end };
    }
  }
}

/** Cuts a decoded run where another block begins inside it: what follows has been decoded from its own leader too, with the same result. */
function splitAtLeaders(start: number, { steps, ending }: Raw, raw: ReadonlyMap<number, Raw>, blocks: Map<number, Block>): void {
  for (let i = 1; i <= steps.length; i++) {
    const address = (steps[i - 1] as Step).insn.next >>> 0;
    if (!raw.has(address)) continue;
    blocks.set(start, newBlock(start, steps.slice(0, i), { kind: "goto", next: address }));
    return;
  }
  blocks.set(start, newBlock(start, steps, ending));
}

function newBlock(start: number, steps: Step[], ending: Ending): Block {
  return { start, steps, ending, successors: [], predecessors: [] };
}

function link(blocks: ReadonlyMap<number, Block>): void {
  for (const block of blocks.values()) {
    const seen = new Set<Block>();
    for (const target of targetsOf(block.ending)) {
      const next = blocks.get(target);
      if (next === undefined || seen.has(next)) continue;
      seen.add(next);
      block.successors.push(next);
    }
  }
}

/** Orders the reachable blocks, and fills in their predecessors. Iterative: a function may have thousands. */
function reversePostorder(entry: Block): Block[] {
  const order: Block[] = [];
  const visited = new Set<Block>([entry]);
  const stack: { block: Block; next: number }[] = [{ block: entry, next: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { block: Block; next: number };
    const successor = top.block.successors[top.next++];
    if (successor === undefined) {
      order.push(top.block);
      stack.pop();
    } else if (!visited.has(successor)) {
      visited.add(successor);
      stack.push({ block: successor, next: 0 });
    }
  }
  order.reverse();
  for (const block of order) for (const successor of block.successors) successor.predecessors.push(block);
  return order;
}

function rangesOf(blocks: readonly Block[]): [number, number][] {
  const sorted = blocks.map((block): [number, number] => [block.start, endOf(block)]).toSorted((a, b) => a[0] - b[0]);
  const ranges: [number, number][] = [];
  for (const [start, end] of sorted) {
    const last = ranges[ranges.length - 1];
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else ranges.push([start, end]);
  }
  return ranges;
}

function endOf({ start, steps, ending }: Block): number {
  if ("insn" in ending) return ending.insn.next >>> 0;
  const last = steps[steps.length - 1];
  // A direct jump has no step: five bytes cover its longest form.
  return last === undefined ? start + 5 : (last.insn.next >>> 0) + 5;
}

