import { GUEST_BASE, MemoryAccessError, PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { DIRECTORY, PeError, readUnwindInfo, UNW_FLAG } from "@decant/pe";
import { sectionProtection } from "../loader/map-image.ts";
import type { Process } from "../process.ts";
import { lookUpFunction, mappedSource, type FunctionEntry } from "./function-table.ts";

/** Chains of unwind data are a few entries long. */
const MAX_CHAIN = 32;
/** Bytes of an entry of a C scope table. */
const SCOPE_SIZE = 16;
/** FuncInfo of C++'s frame handler 3: its magic numbers, and where it says that only thrown objects are caught (/EHs). */
const CXX_MAGIC = 0x1993_0520;
const CXX_MAGIC_LAST = 0x1993_0522;
const CXX_FLAGS = 36;
/** The same bit of frame handler 4's header. */
const CXX4_SYNCHRONOUS = 0x20;
/** A language-specific data area of the Itanium C++ ABI starts so: its landing pads are relative to the function. */
const LSDA_START = 0xff;

/**
 * Whether the function at an address owns a handler that may look at a fault's registers in it: a __try, or a handler that is not known. Not
 * one that is a C++ compiler's and catches thrown objects only, as its data say.
 */
export function ownsFaultHandler(process: Process, address: number): boolean {
  const { memory } = process;
  try {
    if (memory.pointerSize === 4) return registersHandler(memory, address);
    const found = lookUpFunction(process, address);
    if (found === undefined) return false;
    // Most have none: their flags say so, and nothing else need be read.
    if ((memory.u8(found.base + found.entry.unwindInfo) >> 3) & (UNW_FLAG.EHANDLER | UNW_FLAG.CHAININFO))
      return ownsByTable(process, found);
    return false;
  } catch (error) {
    if (error instanceof MemoryAccessError || error instanceof PeError) return false;
    throw error;
  }
}

/**
 * The bytes that decide what `ownsFaultHandler` says of a module's functions: the sections that its linker made read-only. Undefined where more than that decides: in
 * x86 code each function's own bytes do, and code of no module has tables that come and go.
 */
export function handlerData({ memory, modules }: Process, address: number): Range[] | undefined {
  const module = memory.pointerSize === 8 ? modules.at(address) : undefined;
  const table = module?.image.directories[DIRECTORY.EXCEPTION];
  if (module === undefined || table === undefined) return undefined;
  const ranges = module.image.sections
    .filter((section) => section.virtualSize > 0 && sectionProtection(section) === PAGE.READONLY)
    .map(({ rva, virtualSize }): Range => [module.base + rva, module.base + rva + virtualSize]);
  const start = module.base + table.rva;
  return ranges.some(([from, to]) => from <= start && start + table.size <= to) ? ranges : undefined;
}

/** Guest addresses [start, end). */
type Range = readonly [start: number, end: number];

function ownsByTable({ memory }: Process, { base, entry }: FunctionEntry): boolean {
  const source = mappedSource(memory, base);
  let info = readUnwindInfo(source, entry.unwindInfo);
  for (let depth = 0; info.chained !== undefined && depth < MAX_CHAIN; depth++) info = readUnwindInfo(source, info.chained.unwindInfo);
  if (info.handler === undefined || (info.flags & UNW_FLAG.EHANDLER) === 0) return false;
  return seesFaults(memory, base, base + info.handler.data);
}

function seesFaults(memory: GuestMemory, base: number, data: number): boolean {
  if (isScopeTable(memory, base, data)) return true;
  if (memory.u8(data) === LSDA_START) return false;
  const info = base + memory.u32(data);
  if (!memory.accessible(info, CXX_FLAGS + 4, "read")) return true;
  const magic = memory.u32(info) & 0x1fff_ffff;
  if (magic >= CXX_MAGIC && magic <= CXX_MAGIC_LAST) return (memory.u32(info + CXX_FLAGS) & 1) === 0;
  return (memory.u8(info) & CXX4_SYNCHRONOUS) === 0;
}

/** A count, and as many ranges of the image, each with a handler in it or EXCEPTION_EXECUTE_HANDLER. */
function isScopeTable(memory: GuestMemory, base: number, data: number): boolean {
  const count = memory.u32(data);
  if (count === 0 || count > 0xfff || !memory.accessible(data + 4, count * SCOPE_SIZE, "read")) return false;
  for (let at = data + 4; at < data + 4 + count * SCOPE_SIZE; at += SCOPE_SIZE) {
    const [begin, end] = [memory.u32(at), memory.u32(at + 4)];
    if (begin === 0 || begin >= end || !memory.accessible(base + begin, end - begin, "execute")) return false;
  }
  return true;
}

/** Bytes in which a function of x86 has registered its handler, if it does. */
const PROLOGUE_BYTES = 64;
const NULL_ADDRESS = [0, 0, 0, 0];

/**
 * Whether the function of x86 at an address puts a handler into fs:[0] where it begins: itself, or by the helper that Microsoft's compiler calls first
 * (`push size; push table; call __SEH_prolog4`).
 */
export function registersHandler(memory: GuestMemory, address: number): boolean {
  if (writesChain(memory, address)) return true;
  if (!memory.accessible(address, 15, "execute")) return false;
  const bytes = memory.bytes.subarray(address - GUEST_BASE, address - GUEST_BASE + 15);
  const second = bytes[0] === 0x6a ? 2 : bytes[0] === 0x68 ? 5 : undefined;
  if (second === undefined || bytes[second] !== 0x68 || bytes[second + 5] !== 0xe8) return false;
  return writesChain(memory, (address + second + 10 + memory.u32(address + second + 6)) >>> 0);
}

/** Whether `mov fs:[0], register` is in the first bytes, before anything returns. */
function writesChain(memory: GuestMemory, address: number): boolean {
  if (!memory.accessible(address, 7, "execute")) return false;
  const start = address - GUEST_BASE;
  const code = memory.bytes.subarray(start, start + PROLOGUE_BYTES);
  const isNull = (at: number): boolean => NULL_ADDRESS.every((byte, n) => code[at + n] === byte);
  for (let at = code.indexOf(0x64); at >= 0; at = code.indexOf(0x64, at + 1)) {
    if (code[at + 1] === 0xa3 && isNull(at + 2)) return true;
    if (code[at + 1] === 0x89 && ((code[at + 2] ?? 0) & 0xc7) === 0x05 && isNull(at + 3)) return true;
  }
  return false;
}
