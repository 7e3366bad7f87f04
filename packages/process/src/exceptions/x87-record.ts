import type { GuestMemory } from "@decant/memory";
import { CPU, putX87, X87_FORM, x87Image } from "@decant/x86";

/** The x87's part of a CPU block to and from the images that FXSAVE and FNSAVE make (Intel SDM), which CONTEXT records hold. */

const slot = (view: DataView, n: number): number => CPU.x87 + 16 * ((view.getUint32(CPU.fpTop, true) + n) & 7);
const isFree = (view: DataView, at: number): boolean => (view.getUint32(at + 8, true) & X87_FORM.empty) !== 0;

const statusWord = (view: DataView): number => (view.getUint16(CPU.fpStatus, true) & ~0x3800) | (view.getUint32(CPU.fpTop, true) << 11);

function setStatusWord(view: DataView, status: number): void {
  view.setUint32(CPU.fpStatus, status & ~0x3800, true);
  view.setUint32(CPU.fpTop, (status >> 11) & 7, true);
}

/** st(0) to st(7), `stride` bytes apart. */
function writeRegisters(memory: GuestMemory, at: number, view: DataView, stride: 10 | 16): void {
  for (let n = 0; n < 8; n++) {
    const { significand, exponent } = x87Image(view, slot(view, n));
    memory.setU64(at + stride * n, significand);
    memory.setU16(at + stride * n + 8, exponent);
  }
}

/** All are in use afterwards but for those of `free`, a bit a physical register. */
function readRegisters(memory: GuestMemory, at: number, view: DataView, stride: 10 | 16, free: number): void {
  for (let n = 0; n < 8; n++) putX87(view, slot(view, n), memory.u64(at + stride * n), memory.u16(at + stride * n + 8));
  for (let n = 0; n < 8; n++) {
    const word = CPU.x87 + 16 * n + 8;
    if ((free >> n) & 1) view.setUint32(word, view.getUint32(word, true) | X87_FORM.empty, true);
  }
}

/** A bit a physical register that is free. */
function freeRegisters(view: DataView): number {
  let free = 0;
  for (let n = 0; n < 8; n++) if (isFree(view, CPU.x87 + 16 * n)) free |= 1 << n;
  return free;
}

/** The first 160 bytes of FXSAVE's image. */
export function writeExtendedSave(memory: GuestMemory, at: number, view: DataView): void {
  memory.setU16(at, view.getUint16(CPU.fpControl, true));
  memory.setU16(at + 2, statusWord(view));
  memory.setU16(at + 4, ~freeRegisters(view) & 0xff);
  memory.setU32(at + 0x18, view.getUint32(CPU.mxcsr, true));
  memory.setU32(at + 0x1c, 0xffff);
  writeRegisters(memory, at + 0x20, view, 16);
}

export function readExtendedSave(memory: GuestMemory, at: number, view: DataView): void {
  view.setUint32(CPU.fpControl, memory.u16(at), true);
  setStatusWord(view, memory.u16(at + 2));
  readRegisters(memory, at + 0x20, view, 16, ~memory.u16(at + 4) & 0xff);
}

/** FNSAVE's image, 108 bytes. */
export function writeFloatSave(memory: GuestMemory, at: number, view: DataView): void {
  const words = [view.getUint16(CPU.fpControl, true), statusWord(view), tagWord(view)];
  words.forEach((word, n) => memory.setU32(at + 4 * n, word | 0xffff_0000));
  writeRegisters(memory, at + 28, view, 10);
}

export function readFloatSave(memory: GuestMemory, at: number, view: DataView): void {
  view.setUint32(CPU.fpControl, memory.u16(at), true);
  setStatusWord(view, memory.u16(at + 4));
  const tags = memory.u16(at + 8);
  let free = 0;
  for (let n = 0; n < 8; n++) if (((tags >> (2 * n)) & 3) === 3) free |= 1 << n;
  readRegisters(memory, at + 28, view, 10, free);
}

/** Two bits a physical register: valid, zero, special, free. */
function tagWord(view: DataView): number {
  let tags = 0;
  for (let n = 0; n < 8; n++) {
    const at = CPU.x87 + 16 * n;
    const { significand, exponent } = x87Image(view, at);
    const biased = exponent & 0x7fff;
    const isOrdinary = biased !== 0 && biased !== 0x7fff && significand >> 63n === 1n;
    tags |= (isFree(view, at) ? 3 : isOrdinary ? 0 : biased === 0 && significand === 0n ? 1 : 2) << (2 * n);
  }
  return tags;
}
