import { PeError } from "../error.ts";
import { readExports } from "../exports.ts";
import type { Image } from "../image.ts";
import { readCoffSymbols, sectionBytes } from "./coff-symbols.ts";
import type { DwarfSections } from "./dwarf-forms.ts";
import { readDwarfFunctions } from "./dwarf-functions.ts";
import { readDwarfLines, type LineRow } from "./dwarf-lines.ts";

/** What a place in an image is called. */
export interface SymbolPlace {
  readonly name: string;
  /** Bytes from the symbol on. */
  readonly offset: number;
}

/** Where a place in an image comes from. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

interface Named {
  readonly name: string;
  readonly start: number;
  /** Exclusive; Infinity where nothing says how long it is. */
  readonly end: number;
}

/** Beyond this from a symbol of unknown length a place has no name: it would only mislead. */
const MAX_DISTANCE = 0x10000;

/**
 * Names for places in an image: from its DWARF functions, its COFF symbols and its exports, in that order where several name a place. Each is read at the
 * first question, and not at all where it is missing or damaged.
 */
export class ImageSymbols {
  readonly #image: Image;
  #named: readonly Named[] | undefined;
  #lines: readonly LineRow[] | undefined;

  constructor(image: Image) {
    this.#image = image;
  }

  symbolAt(rva: number): SymbolPlace | undefined {
    const named = (this.#named ??= readNames(this.#image));
    // Symbols may lie inside others: the last that begins before the place and reaches it.
    for (let i = lastAtOrBefore(named, rva, ({ start }) => start), looked = 0; i >= 0 && looked < 64; i--, looked++) {
      const { name, start, end } = named[i] as Named;
      if (rva - start > MAX_DISTANCE && end === Infinity) return undefined;
      if (rva < end) return { name, offset: rva - start };
    }
    return undefined;
  }

  lineAt(rva: number): SourcePlace | undefined {
    const rows = (this.#lines ??= readDwarfLines(dwarfSections(this.#image)));
    const row = rows[lastAtOrBefore(rows, rva + Number(this.#image.imageBase), ({ address }) => address)];
    return row === undefined || row.line === 0 ? undefined : { file: row.file, line: row.line };
  }
}

/** Sorted by start; where several start together, the best comes last. */
function readNames(image: Image): Named[] {
  const base = Number(image.imageBase);
  const exported = exportsOf(image).map(({ name, rva }): Named => ({ name, start: rva, end: Infinity }));
  const symbols = readCoffSymbols(image);
  const functions = symbols.filter(({ isFunction }) => isFunction);
  const coff = (functions.length > 0 ? functions : symbols).map(({ name, rva }): Named => ({
    name: undecorated(name, image),
    start: rva,
    end: Infinity,
  }));
  const dwarf = readDwarfFunctions(dwarfSections(image)).map(({ name, start, end }): Named => ({
    name,
    start: start - base,
    end: end - base,
  }));
  // Sorting is stable.
  return [...exported, ...coff, ...dwarf].sort((a, b) => a.start - b.start);
}

function exportsOf(image: Image): { name: string; rva: number }[] {
  try {
    const symbols = readExports(image)?.symbols ?? [];
    return symbols.flatMap(({ name, ordinal, rva }) => (rva === undefined ? [] : [{ name: name ?? `#${ordinal}`, rva }]));
  } catch (error) {
    if (error instanceof PeError) return [];
    throw error;
  }
}

/** C names of x86-32 begin with an underscore. */
function undecorated(name: string, { is64 }: Image): string {
  return !is64 && name.startsWith("_") ? name.slice(1) : name;
}

function dwarfSections(image: Image): DwarfSections {
  const none = new Uint8Array();
  const section = (name: string): Uint8Array => sectionBytes(image, name) ?? none;
  return {
    info: section(".debug_info"),
    abbrev: section(".debug_abbrev"),
    line: section(".debug_line"),
    str: section(".debug_str"),
    lineStr: section(".debug_line_str"),
    strOffsets: section(".debug_str_offsets"),
    addr: section(".debug_addr"),
  };
}

function lastAtOrBefore<T>(items: readonly T[], wanted: number, keyOf: (item: T) => number): number {
  let low = 0;
  for (let high = items.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (keyOf(items[middle] as T) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
