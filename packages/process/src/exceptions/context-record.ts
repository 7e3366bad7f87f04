import type { GuestMemory } from "@decant/memory";
import { CPU } from "@decant/x86";
import { readContext32, writeContext32 } from "./context-record-32.ts";
import { readExtendedSave, writeExtendedSave } from "./x87-record.ts";
import { readFlags, writeFlags } from "./flags-word.ts";

/** Offsets in the x64 CONTEXT record (winnt.h). */
export const CONTEXT = {
  ContextFlags: 0x30,
  MxCsr: 0x34,
  SegCs: 0x38,
  SegSs: 0x42,
  EFlags: 0x44,
  Rax: 0x78,
  Rsp: 0x98,
  Rip: 0xf8,
  FltSave: 0x100,
  Xmm0: 0x1a0,
  SIZE: 0x4d0,
} as const;

/** CONTEXT_FULL | CONTEXT_SEGMENTS of x64. */
const CONTEXT_ALL = 0x0010_000f;
const CONTEXT_FLOATING_POINT = 0x0010_0008;

/** Writes a thread's registers, the first bytes of a CPU block, as the CONTEXT record of its width. */
export function writeContext(memory: GuestMemory, at: number, block: Uint8Array): void {
  const view = new DataView(block.buffer, block.byteOffset);
  if (memory.pointerSize === 4) return writeContext32(memory, at, view);
  memory.fill(at, 0, CONTEXT.SIZE);
  memory.setU32(at + CONTEXT.ContextFlags, CONTEXT_ALL);
  memory.setU32(at + CONTEXT.MxCsr, view.getUint32(CPU.mxcsr, true));
  memory.setU16(at + CONTEXT.SegCs, 0x33);
  memory.setU16(at + CONTEXT.SegSs, 0x2b);
  memory.setU32(at + CONTEXT.EFlags, readFlags(view));
  memory.write(at + CONTEXT.Rax, block.subarray(CPU.gpr, CPU.gpr + 16 * 8));
  memory.setPointer(at + CONTEXT.Rip, view.getUint32(CPU.rip, true));
  writeExtendedSave(memory, at + CONTEXT.FltSave, view);
  memory.write(at + CONTEXT.Xmm0, block.subarray(CPU.xmm, CPU.xmm + 16 * 16));
}

/** Loads general registers, rip, flags, XMM registers and, where the record says that it has them, those of the x87. Segment bases and stack limit stay. */
export function readContext(memory: GuestMemory, at: number, block: Uint8Array): void {
  const view = new DataView(block.buffer, block.byteOffset);
  if (memory.pointerSize === 4) return readContext32(memory, at, view);
  block.set(memory.read(at + CONTEXT.Rax, 16 * 8), CPU.gpr);
  view.setBigUint64(CPU.rip, BigInt(memory.u32(at + CONTEXT.Rip)), true);
  writeFlags(view, memory.u32(at + CONTEXT.EFlags));
  view.setUint32(CPU.mxcsr, memory.u32(at + CONTEXT.MxCsr), true);
  block.set(memory.read(at + CONTEXT.Xmm0, 16 * 16), CPU.xmm);
  if ((memory.u32(at + CONTEXT.ContextFlags) & CONTEXT_FLOATING_POINT) === CONTEXT_FLOATING_POINT)
    readExtendedSave(memory, at + CONTEXT.FltSave, view);
}
