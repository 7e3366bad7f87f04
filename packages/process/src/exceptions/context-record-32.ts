import type { GuestMemory } from "@decant/memory";
import { CPU } from "@decant/x86";
import { readFloatSave, writeExtendedSave, writeFloatSave } from "./x87-record.ts";
import { readFlags, writeFlags } from "./flags-word.ts";

/** Offsets in the x86 CONTEXT record (winnt.h). */
export const CONTEXT32 = {
  ContextFlags: 0x00,
  FloatSave: 0x1c,
  SegGs: 0x8c,
  SegFs: 0x90,
  SegEs: 0x94,
  SegDs: 0x98,
  Ebp: 0xb4,
  Eip: 0xb8,
  SegCs: 0xbc,
  EFlags: 0xc0,
  Esp: 0xc4,
  SegSs: 0xc8,
  ExtendedRegisters: 0xcc,
  SIZE: 0x2cc,
} as const;

/** CONTEXT_FULL | CONTEXT_FLOATING_POINT | CONTEXT_EXTENDED_REGISTERS of x86. */
const CONTEXT_ALL = 0x0001_002f;
const CONTEXT_FLOATING_POINT = 0x0001_0008;
const CONTEXT_EXTENDED_REGISTERS = 0x0001_0020;
/** Where FXSAVE's image has the eight XMM registers of 32-bit mode. */
const XMM_IN_IMAGE = 160;
/** General registers by their number in the encoding (eax ecx edx ebx esp ebp esi edi), and where they lie. */
const REGISTERS = [0xb0, 0xac, 0xa8, 0xa4, 0xc4, 0xb4, 0xa0, 0x9c] as const;

/** Writes a thread's registers as an x86 CONTEXT record. */
export function writeContext32(memory: GuestMemory, at: number, view: DataView): void {
  memory.fill(at, 0, CONTEXT32.SIZE);
  memory.setU32(at + CONTEXT32.ContextFlags, CONTEXT_ALL);
  writeFloatSave(memory, at + CONTEXT32.FloatSave, view);
  writeExtendedSave(memory, at + CONTEXT32.ExtendedRegisters, view);
  memory.write(at + CONTEXT32.ExtendedRegisters + XMM_IN_IMAGE, new Uint8Array(view.buffer, view.byteOffset + CPU.xmm, 8 * 16));
  memory.setU32(at + CONTEXT32.SegFs, 0x53);
  for (const segment of [CONTEXT32.SegGs, CONTEXT32.SegEs, CONTEXT32.SegDs, CONTEXT32.SegSs]) memory.setU32(at + segment, 0x2b);
  memory.setU32(at + CONTEXT32.SegCs, 0x23);
  memory.setU32(at + CONTEXT32.EFlags, readFlags(view));
  memory.setU32(at + CONTEXT32.Eip, view.getUint32(CPU.rip, true));
  REGISTERS.forEach((offset, register) => memory.setU32(at + offset, view.getUint32(CPU.gpr + 8 * register, true)));
}

/** Loads general registers, eip, flags and, where the record says that it has them, x87 and XMM registers; segments stay as they are. */
export function readContext32(memory: GuestMemory, at: number, view: DataView): void {
  REGISTERS.forEach((offset, register) => {
    view.setUint32(CPU.gpr + 8 * register, memory.u32(at + offset), true);
    view.setUint32(CPU.gpr + 8 * register + 4, 0, true);
  });
  view.setBigUint64(CPU.rip, BigInt(memory.u32(at + CONTEXT32.Eip)), true);
  writeFlags(view, memory.u32(at + CONTEXT32.EFlags));
  const has = (flags: number): boolean => (memory.u32(at + CONTEXT32.ContextFlags) & flags) === flags;
  if (has(CONTEXT_FLOATING_POINT)) readFloatSave(memory, at + CONTEXT32.FloatSave, view);
  if (!has(CONTEXT_EXTENDED_REGISTERS)) return;
  const image = at + CONTEXT32.ExtendedRegisters;
  view.setUint32(CPU.mxcsr, memory.u32(image + 0x18), true);
  const xmm = memory.read(image + XMM_IN_IMAGE, 8 * 16);
  new Uint8Array(view.buffer, view.byteOffset + CPU.xmm, xmm.length).set(xmm);
}
