import { ByteView } from "./byte-view.ts";
import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Directory, Image, Machine, Section } from "./image.ts";
import { findNtHeaders, unknownMachine } from "./recognise.ts";

const FILE_DLL = 0x2000;
const FILE_RELOCS_STRIPPED = 0x0001;
const FILE_EXECUTABLE_IMAGE = 0x0002;
const MAGIC_PE32 = 0x10b;
const MAGIC_PE32_PLUS = 0x20b;
/** More than Windows loads, and enough for everything that it does. */
const MAX_SECTIONS = 96;
/** Larger images cannot lie in the guest's user space. */
const MAX_IMAGE = 0xefff_0000;

/** Reads the headers of a PE32 or PE32+ image. Throws PeError (PE Format, Microsoft Learn). */
export function readImage(bytes: Uint8Array): Image {
  const view = new ByteView(bytes);
  const nt = findNtHeaders(view);
  const machine = machineOf(view.u16(nt + 4, "the machine type"));
  const sectionCount = view.u16(nt + 6, "the number of sections");
  const optionalSize = view.u16(nt + 20, "the size of the optional header");
  const characteristics = view.u16(nt + 22, "the characteristics");
  const optional = nt + 24;
  view.need(optional, optionalSize, "the optional header");
  if ((characteristics & FILE_EXECUTABLE_IMAGE) === 0) {
    throw new PeError("malformed", "this is a PE file that its linker did not finish (it is not marked as an executable image)");
  }
  const is64 = isPlus(view.u16(optional, "the optional header"), machine);
  if (optionalSize < (is64 ? 112 : 96)) {
    throw new PeError("malformed", `expected an optional header of at least ${is64 ? 112 : 96} bytes, found ${optionalSize}`);
  }
  const directories = readDirectories(view, optional, optionalSize, is64);
  const layout = readLayout(view, optional, is64);
  const sections = readSections(view, optional + optionalSize, sectionCount, layout.sizeOfImage);
  return {
    bytes,
    machine,
    is64,
    isDll: (characteristics & FILE_DLL) !== 0,
    characteristics,
    timestamp: view.u32(nt + 8, "the time stamp"),
    ...layout,
    directories,
    sections,
    relocatable: (characteristics & FILE_RELOCS_STRIPPED) === 0,
    isDotNet: directories[DIRECTORY.CLR]!.rva !== 0,
  };
}

function machineOf(value: number): Machine {
  if (value === 0x8664) return "x86-64";
  if (value === 0x14c) return "x86";
  throw unknownMachine(value);
}

function isPlus(magic: number, machine: Machine): boolean {
  const expected = machine === "x86-64" ? MAGIC_PE32_PLUS : MAGIC_PE32;
  if (magic !== expected) {
    throw new PeError(
      "malformed",
      `expected optional header magic 0x${expected.toString(16)} in an ${machine} image, found 0x${magic.toString(16)}`,
    );
  }
  return magic === MAGIC_PE32_PLUS;
}

function readLayout(view: ByteView, optional: number, is64: boolean) {
  const u16 = (offset: number, what: string): number => view.u16(optional + offset, what);
  const u32 = (offset: number, what: string): number => view.u32(optional + offset, what);
  /** SIZE_T fields; what does not fit in the address space is as good as its size. */
  const size = (index: number, what: string): number =>
    is64 ? Number(BigInt.asUintN(40, view.u64(optional + 72 + index * 8, what))) : u32(72 + index * 4, what);
  const sectionAlignment = u32(32, "the section alignment");
  const sizeOfImage = u32(56, "the size of the image");
  const sizeOfHeaders = u32(60, "the size of the headers");
  if (sectionAlignment === 0 || (sectionAlignment & (sectionAlignment - 1)) !== 0) {
    throw new PeError("malformed", `expected a section alignment that is a power of two, found ${sectionAlignment}`);
  }
  if (sizeOfImage === 0 || sizeOfImage > MAX_IMAGE) {
    throw new PeError("malformed", `expected a size of image from 1 to ${MAX_IMAGE} bytes, found ${sizeOfImage}`);
  }
  if (sizeOfHeaders > sizeOfImage) {
    throw new PeError("malformed", `expected headers no larger than the image (${sizeOfImage} bytes), found ${sizeOfHeaders}`);
  }
  const entryPoint = u32(16, "the entry point");
  if (entryPoint >= sizeOfImage) {
    throw new PeError("malformed", `expected the entry point inside the image (${sizeOfImage} bytes), found 0x${entryPoint.toString(16)}`);
  }
  return {
    entryPoint,
    imageBase: is64 ? view.u64(optional + 24, "the image base") : BigInt(u32(28, "the image base")),
    sectionAlignment,
    sizeOfImage,
    sizeOfHeaders,
    checksum: u32(64, "the checksum"),
    subsystem: u16(68, "the subsystem"),
    subsystemVersion: [u16(48, "the subsystem version"), u16(50, "the subsystem version")] as const,
    dllCharacteristics: u16(70, "the DLL characteristics"),
    stackReserve: size(0, "the stack size"),
    stackCommit: size(1, "the stack size"),
    heapReserve: size(2, "the heap size"),
    heapCommit: size(3, "the heap size"),
  };
}

function readDirectories(view: ByteView, optional: number, optionalSize: number, is64: boolean): Directory[] {
  const start = is64 ? 112 : 96;
  const count = Math.min(view.u32(optional + start - 4, "the number of data directories"), Math.floor((optionalSize - start) / 8), 16);
  return Array.from({ length: 16 }, (_, index) => {
    if (index >= count) return { rva: 0, size: 0 };
    const at = optional + start + index * 8;
    return { rva: view.u32(at, "a data directory"), size: view.u32(at + 4, "a data directory") };
  });
}

function readSections(view: ByteView, start: number, count: number, sizeOfImage: number): Section[] {
  if (count > MAX_SECTIONS) throw new PeError("malformed", `expected at most ${MAX_SECTIONS} sections, found ${count}`);
  view.need(start, count * 40, "the section table");
  return Array.from({ length: count }, (_, index) => readSection(view, start + index * 40, sizeOfImage));
}

function readSection(view: ByteView, at: number, sizeOfImage: number): Section {
  const name = String.fromCharCode(...view.bytes.subarray(at, at + 8)).replace(/\0.*$/s, "");
  const what = `the header of section ${JSON.stringify(name)}`;
  const virtualSize = view.u32(at + 8, what);
  const rva = view.u32(at + 12, what);
  const declaredRaw = view.u32(at + 16, what);
  const rawOffset = declaredRaw === 0 ? 0 : view.u32(at + 20, what);
  const inMemory = virtualSize === 0 ? declaredRaw : virtualSize;
  if (rva + inMemory > roundUp(sizeOfImage, 0x1000)) {
    throw new PeError(
      "malformed",
      `expected section ${JSON.stringify(name)} inside the image (${sizeOfImage} bytes), found it at 0x${rva.toString(16)} with ${inMemory} bytes`,
    );
  }
  // The file may hold padding up to the file alignment beyond what is mapped; only what is mapped must be there.
  const rawSize = Math.min(declaredRaw, roundUp(inMemory, 0x1000));
  if (rawSize > 0) view.need(rawOffset, Math.min(rawSize, inMemory), `section ${JSON.stringify(name)}`);
  return {
    name,
    rva,
    virtualSize: inMemory,
    rawOffset,
    rawSize: Math.min(rawSize, view.length - rawOffset),
    characteristics: view.u32(at + 36, what),
  };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
