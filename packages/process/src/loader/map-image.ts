import { ERROR } from "@decant/hook";
import { GUEST_BASE, PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { RELOCATION, SECTION, visitRelocations } from "@decant/pe";
import type { Image, Section } from "@decant/pe";
import { SHARED_DATA } from "../blocks/shared-data.ts";
import { LoadError } from "./load-error.ts";

/** Maps an image: headers and sections at their addresses, relocated, still writable. Returns the base. Throws LoadError and PeError. */
export function mapImage(memory: GuestMemory, image: Image, name: string): number {
  const base = place(memory, image, name);
  memory.commit(base, image.sizeOfImage, PAGE.READWRITE);
  const { bytes } = memory;
  const copy = (offset: number, rva: number, size: number): void =>
    bytes.set(image.bytes.subarray(offset, offset + size), base + rva - GUEST_BASE);
  copy(0, 0, Math.min(image.sizeOfHeaders, image.bytes.length));
  for (const { rawOffset, rva, rawSize } of image.sections) copy(rawOffset, rva, Math.min(rawSize, image.sizeOfImage - rva));
  relocate(memory, image, base);
  return base;
}

/** Gives each section its protection: what the loader does once imports are bound. */
export function protectImage(memory: GuestMemory, image: Image, base: number): void {
  // Sections that share pages cannot be told apart: the page keeps every right.
  if (image.sectionAlignment < 0x1000) return void memory.protect(base, image.sizeOfImage, PAGE.EXECUTE_READWRITE);
  if (image.sizeOfHeaders > 0) memory.protect(base, image.sizeOfHeaders, PAGE.READONLY);
  for (const section of image.sections) {
    const size = Math.min(section.virtualSize, image.sizeOfImage - section.rva);
    if (size > 0) memory.protect(base + section.rva, size, sectionProtection(section));
  }
}

/** Where 32-bit programs begin, and x64 ones that are linked for an address that no guest has. */
const PROGRAM_BASE = 0x40_0000;

function place(memory: GuestMemory, image: Image, name: string): number {
  const size = image.sizeOfImage;
  const options = { kind: "image", protection: PAGE.EXECUTE_WRITECOPY } as const;
  const wanted = image.imageBase;
  const fits = wanted > 0n && wanted + BigInt(size) <= BigInt(memory.userEnd);
  if (!image.relocatable) {
    const at = `0x${wanted.toString(16)}`;
    // Above 4 GiB it lies at the low half of its addresses; one region can be so.
    const high = Number(wanted >> 32n);
    const low = Number(wanted & 0xffff_ffffn);
    if ((high > 0 && (image.isDll || memory.pointerSize === 4)) || low === 0 || low + size > memory.userEnd)
      throw new LoadError(ERROR.BAD_EXE_FORMAT, `${name} has no relocations and must lie at ${at}, where a guest has no memory`);
    const base = memory.reserve(size, { ...options, at: low });
    if (base === undefined)
      throw new LoadError(ERROR.NOT_ENOUGH_MEMORY, `${name} has no relocations and must lie at ${at}, which is taken`);
    if (high > 0) memory.setFarRegion(base, size, high);
    return base;
  }
  // A program linked for 0x140000000 goes to the beginning: what run-time systems reserve, a gigabyte at a time, has the more room behind it.
  const low = fits ? Number(wanted & 0x7fff_0000n) : PROGRAM_BASE;
  const near = image.isDll || low === 0 ? undefined : memory.reserve(size, { ...options, at: low });
  const preferred = near ?? (fits && wanted < BigInt(SHARED_DATA) ? memory.reserve(size, { ...options, at: Number(wanted) }) : undefined);
  const base = preferred ?? memory.reserve(size, { ...options, topDown: true, below: SHARED_DATA }) ?? memory.reserve(size, options);
  if (base === undefined)
    throw new LoadError(ERROR.NOT_ENOUGH_MEMORY, `${name} needs ${size} bytes of address space, and there is no such room`);
  return base;
}

function relocate(memory: GuestMemory, image: Image, base: number): void {
  const delta = BigInt(base) - image.imageBase;
  if (delta === 0n || !image.relocatable) return;
  const low = Number(BigInt.asUintN(32, delta));
  const high = Number(BigInt.asUintN(32, delta >> 32n));
  const { view } = memory;
  visitRelocations(image, (rva, type) => {
    const at = base + rva - GUEST_BASE;
    if (type === RELOCATION.DIR64 || type === RELOCATION.HIGHLOW) {
      const sum = view.getUint32(at, true) + low;
      view.setUint32(at, sum, true);
      if (type === RELOCATION.DIR64) view.setUint32(at + 4, view.getUint32(at + 4, true) + high + (sum > 0xffff_ffff ? 1 : 0), true);
    } else if (type === RELOCATION.HIGH) view.setUint16(at, view.getUint16(at, true) + (low >>> 16), true);
    else view.setUint16(at, view.getUint16(at, true) + low, true);
  });
}

/** The protection that a section asks for. */
export function sectionProtection({ characteristics }: Section): number {
  const writes = (characteristics & SECTION.WRITE) !== 0;
  if ((characteristics & SECTION.EXECUTE) !== 0) return writes ? PAGE.EXECUTE_READWRITE : PAGE.EXECUTE_READ;
  if (writes) return PAGE.READWRITE;
  return (characteristics & SECTION.READ) === 0 ? PAGE.NOACCESS : PAGE.READONLY;
}
