import { CPU_BLOCK, GUEST_BASE, PAGE_SIZE, type GuestMemory } from "@decant/memory";
import { OP, type FunctionBuilder } from "@decant/wasm";
import { CPU, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/index.ts";
import { storeOf } from "../lower/index.ts";
import type { Block } from "./block.ts";

/**
 * Code on pages that are writable and executable may change at any store, with no call that tells. A unit made from such bytes compares them with what it
 * was made from wherever control reaches them after somebody may have written: all at its entry; after a call, each block when it is reached; and after a
 * store of its own into the bytes it spans, at the next instruction. That is what an x86 processor keeps (Intel SDM 3A, 9.1.3 and 12.6), without a jump.
 */

/** Guest addresses [start, end). */
export type Range = readonly [start: number, end: number];

/** A store of the unit's own: bytes from its memory operand on, or undefined where only running it tells. */
export interface OwnStore {
  readonly insn: Instruction;
  readonly bytes: number | undefined;
}

/** True when the guest may write to some page of the range. */
export function isWritable(range: Range, memory: GuestMemory): boolean {
  const [start, end] = range;
  for (let at = start; at < end; at = (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE) if (memory.accessible(at, 1, "write")) return true;
  return false;
}

/** Whether a range may be used so, and written to by nobody. */
export function isFixed([start, end]: Range, kind: "execute" | "read", memory: GuestMemory): boolean {
  return end > start && memory.accessible(start, end - start, kind) && !isWritable([start, end], memory);
}

/** The store that an instruction makes, unless it is one to the stack and the code lies elsewhere. */
export function storeInto(insn: Instruction, memory: GuestMemory): OwnStore | undefined {
  const store = storeOf(insn);
  if (store.kind === "none") return undefined;
  const usesStack = store.kind === "push" || (store.kind === "operand" && insn.memory?.base === GPR.rsp && insn.memory.index < 0);
  if (usesStack && !isOnStack(insn.ip, memory)) return undefined;
  return { insn, bytes: store.kind === "operand" ? store.bytes : undefined };
}

/** Finds the blocks that control may reach after somebody else's code, or a store to anywhere, ran. They have their successors set. */
export function markCompared(blocks: readonly Block[]): void {
  const work = blocks.filter(letsOthersWrite).flatMap(({ successors }) => successors);
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (block.isCompared) continue;
    block.isCompared = true;
    work.push(...block.successors);
  }
}

function letsOthersWrite({ ending }: Block): boolean {
  if (ending.kind === "goto") return ending.store !== undefined && ending.store.bytes === undefined;
  return ending.kind === "call" || ending.kind === "intrinsic";
}

/** What is compared at the unit's entry: the bytes of all blocks that are not compared one by one. */
export function entryRanges(blocks: readonly Block[], memory: GuestMemory): Range[] {
  const ranges = blocks.filter(({ isCompared, start, end }) => !isCompared && end > start).map(({ start, end }): Range => [start, end]);
  return joinRanges(ranges).flatMap((range) => writableParts(range, memory));
}

/** The part of a range that lies on writable pages, a range for each run of them. */
export function writableParts([start, end]: Range, memory: GuestMemory): Range[] {
  const parts: Range[] = [];
  for (let at = start; at < end;) {
    const pageEnd = Math.min(end, (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE);
    if (memory.accessible(at, 1, "write")) parts.push([at, pageEnd]);
    at = pageEnd;
  }
  return joinRanges(parts);
}

/** Pushes an i32 that is not 0 when bytes of the ranges are not what they are now. Hot: a load and a comparison for each eight bytes. */
export function emitComparison(f: FunctionBuilder, ranges: readonly Range[], { view }: GuestMemory): void {
  let terms = 0;
  const compare = (at: number, bytes: 8 | 4 | 1): void => {
    const where = at - GUEST_BASE;
    f.i32Const(where | 0);
    if (bytes === 8) f.load(OP.i64_load).i64Const(view.getBigInt64(where, true)).op(OP.i64_ne);
    else if (bytes === 4) f.load(OP.i32_load).i32Const(view.getInt32(where, true)).op(OP.i32_ne);
    else f.load(OP.i32_load8_u).i32Const(view.getUint8(where)).op(OP.i32_ne);
    if (terms++ > 0) f.op(OP.i32_or);
  };
  for (const [start, end] of ranges) {
    const width = end - start >= 8 ? 8 : end - start >= 4 ? 4 : 1;
    let at = start;
    for (; at + width <= end; at += width) compare(at, width);
    // The rest once more with some of the bytes before it.
    if (at < end) compare(end - width, width);
  }
  if (terms === 0) f.i32Const(0);
}

export function joinRanges(ranges: readonly Range[]): Range[] {
  if (ranges.length < 2) return [...ranges];
  const joined: [number, number][] = [];
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** Code on the stack that runs now: what is pushed may be part of it. */
function isOnStack(address: number, memory: GuestMemory): boolean {
  const rsp = memory.view.getUint32(CPU_BLOCK - GUEST_BASE + CPU.gpr + 8 * GPR.rsp, true);
  const stack = memory.allocationAt(rsp);
  return stack !== undefined && address >= stack.base && address < stack.base + stack.size;
}
