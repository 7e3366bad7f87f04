import { PeError, readFunctionTable, RvaView } from "@decant/pe";
import type { RuntimeFunction, RvaSource } from "@decant/pe";
import type { GuestMemory } from "@decant/memory";
import { DIRECTORY } from "@decant/pe";
import type { Module } from "../loader/module.ts";
import type { Process } from "../process.ts";

/** A function's entry in a function table, and the image that its addresses are relative to. */
export interface FunctionEntry {
  readonly base: number;
  readonly entry: RuntimeFunction;
  /** The guest address of the RUNTIME_FUNCTION; 0 when it lies in no memory of the guest. */
  readonly address: number;
}

/** A table that a program added at run time (RtlAddFunctionTable): of code that it made. */
export interface DynamicTable {
  readonly address: number;
  readonly base: number;
  readonly entries: readonly RuntimeFunction[];
}

const tables = new WeakMap<Module, readonly RuntimeFunction[]>();

/** The function that holds a code address: RtlLookupFunctionEntry. undefined for leaf functions, and for code that nobody described. */
export function lookUpFunction(process: Process, rip: number): FunctionEntry | undefined {
  const { callbackStubs, modules, handlers } = process;
  const module = callbackStubs.module.contains(rip) ? callbackStubs.module : modules.at(rip);
  if (module === undefined) return lookUpDynamic(handlers.dynamicTables, rip);
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

function lookUpDynamic(dynamic: readonly DynamicTable[], rip: number): FunctionEntry | undefined {
  for (const { base, entries, address } of dynamic) {
    const index = find(entries, rip - base);
    if (index !== undefined) return { base, entry: entries[index]!, address: address + index * 12 };
  }
  return undefined;
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
