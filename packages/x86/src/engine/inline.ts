import type { Instruction } from "../decode/index.ts";
import { BLANK_ENDING, newBlock, orderBlocks, retarget, type Block, type Ending } from "./block.ts";
import { joinRanges } from "./changing-code.ts";
import type { Unit } from "./control-flow-graph.ts";

/** A function of up to this many instructions that calls no other is put in the place of its calls. */
export const MAX_LEAF_INSTRUCTIONS = 40;
/** A function of up to this many instructions that calls itself is put in the place of its own calls, so many levels deep. */
const MAX_RECURSIVE_INSTRUCTIONS = 150;
const MAX_LEVELS = 2;
/** What a unit may grow by. */
const MAX_GROWTH = 800;

/** What is known of the functions that calls reach. */
export interface Callees {
  /** The function at an address, if it is one to put in the place of its calls. */
  leafAt(address: number): Unit | undefined;
  /** Where a call through a pointer may lead. */
  guessesFor(insn: Instruction): readonly number[];
}

/**
 * Puts small leaf functions in the place of their calls: their registers and flags then stay in locals. The return address still goes on the guest's
 * stack and is compared when it comes off, and every instruction keeps its address, so what a guest, a fault or an exit can see is as before.
 * Of a call through a pointer the guesses are compared first. A function that calls itself gets some levels of itself: only the calls of the last are calls.
 */
export function inlineCalls(unit: Unit, { leafAt, guessesFor }: Callees): Unit {
  // Code that may change watches its own stores, not those of others inside it.
  if (unit.isChanging) return unit;
  let growth = 0;
  const ranges = [...unit.ranges];
  const own = isRecursive(unit) ? originals(unit.blocks) : undefined;
  const work = unit.blocks.map((block) => ({ block, level: 0 }));
  for (const { block, level } of work) {
    const { ending } = block;
    if (ending.kind !== "call" || ending.via !== undefined) continue;
    if (ending.target === undefined) {
      const { insn, next } = ending;
      // The last of the chain is the call as it was.
      let first = newBlock(insn.ip, insn.ip, [], { ...ending });
      for (const address of guessesFor(insn).toReversed()) {
        const leaf = leafAt(address);
        if (leaf === undefined || growth + leaf.instructionCount > MAX_GROWTH) continue;
        growth += leaf.instructionCount;
        ranges.push(...leaf.ranges);
        const [entry] = copyOf(originals(leaf.blocks), insn.next, next) as [Block];
        const taken = newBlock(insn.ip, insn.ip, [], {
          ...BLANK_ENDING,
          kind: "enter",
          insn,
          target: address,
          checksStack: false,
          next: entry,
        });
        first = newBlock(insn.ip, insn.ip, [], { ...BLANK_ENDING, kind: "guess", insn, address, taken, next: first });
      }
      block.ending = first.ending;
      continue;
    }
    const isOwn = own !== undefined && ending.target === unit.entry.start && level < MAX_LEVELS;
    const callee = isOwn ? unit : leafAt(ending.target);
    if (callee === undefined || growth + callee.instructionCount > MAX_GROWTH) continue;
    growth += callee.instructionCount;
    ranges.push(...callee.ranges);
    const copies = copyOf(isOwn ? own : originals(callee.blocks), ending.insn.next, ending.next);
    block.ending = {
      ...BLANK_ENDING,
      kind: "enter",
      insn: ending.insn,
      target: ending.target,
      checksStack: isOwn,
      next: copies[0] as Block,
    };
    if (isOwn) for (const copy of copies) work.push({ block: copy, level: level + 1 });
  }
  if (growth === 0) return unit;
  return {
    entry: unit.entry,
    blocks: orderBlocks(unit.entry),
    instructionCount: unit.instructionCount + growth,
    ranges: joinRanges(ranges),
    isChanging: unit.isChanging,
  };
}

/** True of a function that is small, calls itself, and goes on nowhere but to its callees and its caller. */
function isRecursive({ entry, blocks, instructionCount }: Unit): boolean {
  if (instructionCount > MAX_RECURSIVE_INSTRUCTIONS) return false;
  if (!blocks.some(({ ending }) => ending.kind === "call" && ending.target === entry.start)) return false;
  return blocks.every(({ ending: { kind } }) => kind !== "jump" && kind !== "leave" && kind !== "fault");
}

/** Blocks with their endings as they are now: those of a function that gets copies of itself change. */
function originals(blocks: readonly Block[]): ReadonlyMap<Block, Ending> {
  return new Map(blocks.map((block) => [block, block.ending]));
}

/** Copies a function's blocks, the entry first; where it returns, the copy goes on at `after`. */
function copyOf(blocks: ReadonlyMap<Block, Ending>, returnAddress: number, after: Block): Block[] {
  const copies = new Map<Block, Block>();
  for (const [block, ending] of blocks) {
    const isReturn = ending.kind === "return";
    const copied: Ending = isReturn ? { ...BLANK_ENDING, kind: "returnTo", insn: ending.insn, returnAddress, next: after } : { ...ending };
    copies.set(block, newBlock(block.start, block.end, block.steps, copied));
  }
  for (const { ending } of copies.values()) if (ending.kind !== "returnTo") retarget(ending, (target) => copies.get(target) ?? target);
  return [...copies.values()];
}
