import { CONTEXT_SIZE, CPU } from "@decant/x86";
import { CONTEXT32 } from "../exceptions/context-record-32.ts";
import { CONTEXT, readContext, writeContext } from "../exceptions/context-record.ts";
import type { Thread } from "./thread.ts";

/** CONTEXT_* (winnt.h) without the processor's bit: which parts of a record are meant. */
const PART = { CONTROL: 1, INTEGER: 2, SEGMENTS: 4, FLOATING_POINT: 8, DEBUG_REGISTERS: 0x10, EXTENDED_REGISTERS: 0x20 } as const;

type Range = readonly [start: number, end: number];

/** Where the parts lie in an x64 record: rsp among the general registers is control. */
const RANGES: readonly (readonly [part: number, ranges: readonly Range[]])[] = [
  [PART.CONTROL, [[0x38, 0x3a], [0x42, 0x48], [0x98, 0xa0], [0xf8, 0x100]]],
  [PART.INTEGER, [[0x78, 0x98], [0xa0, 0xf8]]],
  [PART.SEGMENTS, [[0x3a, 0x42]]],
  [PART.FLOATING_POINT, [[0x34, 0x38], [0x100, 0x300]]],
  [PART.DEBUG_REGISTERS, [[0x48, 0x78]]],
]; // prettier-ignore

const RANGES32: readonly (readonly [part: number, ranges: readonly Range[]])[] = [
  [PART.CONTROL, [[0xb4, 0xcc]]],
  [PART.INTEGER, [[0x9c, 0xb4]]],
  [PART.SEGMENTS, [[0x8c, 0x9c]]],
  [PART.FLOATING_POINT, [[0x1c, 0x8c]]],
  [PART.DEBUG_REGISTERS, [[0x04, 0x1c]]],
  [PART.EXTENDED_REGISTERS, [[0xcc, 0x2cc]]],
]; // prettier-ignore

/**
 * GetThreadContext: stores the parts of a thread's registers that the record's ContextFlags ask for, and leaves the rest of it alone. What a thread
 * that waits in an API function shows is that function's, at its call.
 */
export function getThreadContext(thread: Thread, into: Thread["memory"], at: number): void {
  const { flagsAt, size, ranges } = shapeOf(into.pointerSize);
  const flags = into.u32(at + flagsAt);
  const before = into.read(at, size);
  writeContext(into, at, thread.context);
  const after = into.read(at, size);
  for (const [, kept] of ranges.filter(([part]) => (flags & part) === 0))
    for (const [start, end] of kept) after.set(before.subarray(start, end), start);
  new DataView(after.buffer).setUint32(flagsAt, flags, true);
  into.write(at, after);
}

/** SetThreadContext: the same the other way. A thread that waits in an API function takes it when that returns. */
export function setThreadContext(thread: Thread, from: Thread["memory"], at: number): void {
  const flags = from.u32(at + shapeOf(from.pointerSize).flagsAt);
  const block = thread.context.slice(0, CONTEXT_SIZE);
  const read = block.slice();
  readContext(from, at, read);
  const take = (start: number, end: number): void => block.set(read.subarray(start, end), start);
  const rsp = CPU.gpr + 4 * 8;
  const frame = CPU.gpr + 5 * 8;
  const controlsFrame = from.pointerSize === 4;
  if ((flags & PART.CONTROL) !== 0) {
    take(rsp, rsp + 8);
    take(CPU.rip, CPU.fsBase);
    if (controlsFrame) take(frame, frame + 8);
  }
  if ((flags & PART.INTEGER) !== 0) {
    take(CPU.gpr, rsp);
    if (!controlsFrame) take(frame, frame + 8);
    take(frame + 8, CPU.gpr + 16 * 8);
  }
  if ((flags & PART.FLOATING_POINT) !== 0) {
    take(CPU.xmm, CPU.x87);
    take(CPU.mxcsr, CPU.mxcsr + 4);
  }
  thread.setContext(block);
}

function shapeOf(pointerSize: 4 | 8): { flagsAt: number; size: number; ranges: typeof RANGES } {
  return pointerSize === 8
    ? { flagsAt: CONTEXT.ContextFlags, size: CONTEXT.SIZE, ranges: RANGES }
    : { flagsAt: CONTEXT32.ContextFlags, size: CONTEXT32.SIZE, ranges: RANGES32 };
}
