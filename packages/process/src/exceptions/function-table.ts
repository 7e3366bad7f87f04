import { PeError, readFunctionTable, RvaView } from "@decant/pe";
import type { RuntimeFunction, RvaSource } from "@decant/pe";
import type { GuestMemory } from "@decant/memory";
import { DIRECTORY } from "@decant/pe";
import type { Module } from "../loader/module.ts";
import type { Process } from "../process.ts";
import { guestCall } from "../threads/guest-call.ts";
import type { Thread } from "../threads/thread.ts";
import type { GuestGenerator } from "../waits/suspension.ts";

/** A function's entry in a function table, and the image that its addresses are relative to. */
export interface FunctionEntry {
  readonly base: number;
  readonly entry: RuntimeFunction;
  /** The guest address of the RUNTIME_FUNCTION; 0 when it lies in no memory of the guest. */
  readonly address: number;
}

/** A table that a program added at run time, of code that it made (RtlAddFunctionTable). */
export interface DynamicTable {
  readonly address: number;
  readonly base: number;
  readonly count: number;
}

/** A function of the guest's that finds the entries of code in a range (RtlInstallFunctionTableCallback). */
export interface TableCallback {
  readonly identifier: number;
  readonly base: number;
  readonly length: number;
  readonly callback: number;
  readonly context: number;
}

/** Bytes of a RUNTIME_FUNCTION. */
const ENTRY_SIZE = 12;

const tables = new WeakMap<Module, readonly RuntimeFunction[]>();

/** The function that holds a code address: RtlLookupFunctionEntry. undefined for leaf functions, and for code that nobody described. */
export function lookUpFunction(process: Process, rip: number): FunctionEntry | undefined {
  const { callbackStubs, modules, handlers } = process;
  const module = callbackStubs.module.contains(rip) ? callbackStubs.module : modules.at(rip);
  if (module === undefined) return lookUpDynamic(process.memory, handlers.dynamicTables, rip);
  const entries = tableOf(module);
  const index = find(entries, rip - module.base);
  if (index === undefined) return undefined;
  return {
    base: module.base,
    entry: entries[index]!,
    address: module.base + module.image.directories[DIRECTORY.EXCEPTION]!.rva + index * 12,
  };
}

/** Reads unwind data by addresses relative to an image that is mapped at `base`. */
export function mappedSource(memory: GuestMemory, base: number): RvaSource {
  return { u8: (rva) => memory.u8(base + rva), u16: (rva) => memory.u16(base + rva), u32: (rva) => memory.u32(base + rva) };
}

function tableOf(module: Module): readonly RuntimeFunction[] {
  let entries = tables.get(module);
  if (entries === undefined) {
    entries = readTable(module);
    tables.set(module, entries);
  }
  return entries;
}

function readTable(module: Module): readonly RuntimeFunction[] {
  try {
    return readFunctionTable(module.image, new RvaView(module.image));
  } catch (error) {
    if (error instanceof PeError) return [];
    throw error;
  }
}

/** `lookUpFunction`, which asks the guest's callbacks too. */
export function* findFunction(thread: Thread, rip: number): GuestGenerator<FunctionEntry | undefined> {
  const { process, memory } = thread;
  const found = lookUpFunction(process, rip);
  if (found !== undefined) return found;
  const range = process.handlers.tableCallbacks.find(({ base, length }) => rip >= base && rip < base + length);
  if (range === undefined) return undefined;
  const address = yield* guestCall(thread, range.callback, rip, range.context);
  if (address === 0) return undefined;
  return { base: range.base, entry: readEntry(memory, address), address };
}

/** Programs fill tables in while code is made: they are read when they are needed. */
function lookUpDynamic(memory: GuestMemory, dynamic: readonly DynamicTable[], rip: number): FunctionEntry | undefined {
  for (const { base, count, address } of dynamic) {
    if (rip < base || !memory.accessible(address, count * ENTRY_SIZE, "read")) continue;
    const entries = Array.from({ length: count }, (_, index) => readEntry(memory, address + index * ENTRY_SIZE));
    const index = entries.findIndex(({ begin, end }) => rip - base >= begin && rip - base < end);
    if (index >= 0) return { base, entry: entries[index]!, address: address + index * ENTRY_SIZE };
  }
  return undefined;
}

/** The entry at an address, of code relative to `base`. Throws MemoryAccessError. */
export function functionEntryAt(memory: GuestMemory, base: number, address: number): FunctionEntry {
  return { base, entry: readEntry(memory, address), address };
}

function readEntry(memory: GuestMemory, at: number): RuntimeFunction {
  return { begin: memory.u32(at), end: memory.u32(at + 4), unwindInfo: memory.u32(at + 8) };
}

/** Binary search: tables are sorted by their functions' begin. */
function find(entries: readonly RuntimeFunction[], rva: number): number | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.begin <= rva) low = middle + 1;
    else high = middle;
  }
  const entry = entries[low - 1];
  return entry !== undefined && rva < entry.end ? low - 1 : undefined;
}
