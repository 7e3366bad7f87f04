import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf, RvaView } from "./rva-view.ts";

/** One imported function or variable: by name, or by ordinal. */
export interface ImportedSymbol {
  readonly name?: string;
  readonly ordinal?: number;
  /** The export name table index that the linker saw. */
  readonly hint?: number;
  /** Where its address is to be stored. */
  readonly slot: number;
}

/** What an image imports from one DLL. */
export interface ImportedDll {
  readonly dll: string;
  readonly symbols: readonly ImportedSymbol[];
}

/** A DLL that is loaded when one of its functions is first called. */
export interface DelayImportedDll extends ImportedDll {
  /** Where the helper keeps the module's handle; undefined in old images. */
  readonly moduleSlot: number | undefined;
}

/** More than any real image has; what bounds the work that a hostile one can ask for. */
const MAX_SYMBOLS = 200_000;
const MAX_DLLS = 4096;

/** The import table. Throws PeError. */
export function readImports(image: Image): ImportedDll[] {
  const directory = directoryOf(image, DIRECTORY.IMPORT);
  if (directory === undefined) return [];
  const view = new RvaView(image);
  const budget = { symbols: MAX_SYMBOLS };
  const dlls: ImportedDll[] = [];
  for (let at = directory.rva; ; at += 20) {
    const nameRva = view.u32(at + 12);
    const slots = view.u32(at + 16);
    if (nameRva === 0 || slots === 0) return dlls;
    countDll(dlls.length);
    const lookup = view.u32(at);
    dlls.push({
      dll: view.name(nameRva, "the name of an imported DLL"),
      symbols: readSymbols(view, image, lookup === 0 ? slots : lookup, slots, budget),
    });
  }
}

/** The delay-load import table. Throws PeError. */
export function readDelayImports(image: Image): DelayImportedDll[] {
  const directory = directoryOf(image, DIRECTORY.DELAY_IMPORT);
  if (directory === undefined) return [];
  const view = new RvaView(image);
  const budget = { symbols: MAX_SYMBOLS };
  const dlls: DelayImportedDll[] = [];
  for (let at = directory.rva; ; at += 32) {
    const relative = (view.u32(at) & 1) !== 0;
    // Linkers before Visual C++ 7 wrote virtual addresses here.
    const field = (offset: number, what: string): number => {
      const value = view.u32(at + offset);
      return relative ? value : (view.fromVa(BigInt(value), what) ?? 0);
    };
    const nameRva = field(4, "a delay-loaded DLL's name");
    if (nameRva === 0) return dlls;
    countDll(dlls.length);
    const slots = field(12, "a delay import address table");
    const moduleSlot = field(8, "a delay import module handle");
    dlls.push({
      dll: view.name(nameRva, "the name of a delay-loaded DLL"),
      symbols: readSymbols(view, image, field(16, "a delay import name table"), slots, budget),
      moduleSlot: moduleSlot === 0 ? undefined : moduleSlot,
    });
  }
}

function countDll(count: number): void {
  if (count >= MAX_DLLS) throw new PeError("malformed", `expected at most ${MAX_DLLS} imported DLLs, found more`);
}

function readSymbols(view: RvaView, image: Image, lookup: number, slots: number, budget: { symbols: number }): ImportedSymbol[] {
  const size = image.is64 ? 8 : 4;
  const ordinalFlag = image.is64 ? 1n << 63n : 1n << 31n;
  const symbols: ImportedSymbol[] = [];
  for (let index = 0; ; index++) {
    const entry = view.pointer(lookup + index * size);
    if (entry === 0n) return symbols;
    if (budget.symbols-- === 0) throw new PeError("malformed", `expected at most ${MAX_SYMBOLS} imported symbols, found more`);
    const slot = slots + index * size;
    if ((entry & ordinalFlag) !== 0n) {
      symbols.push({ ordinal: Number(entry & 0xffffn), slot });
      continue;
    }
    const rva = Number(entry & 0x7fff_ffffn);
    symbols.push({ name: view.name(rva + 2, "the name of an imported symbol"), hint: view.u16(rva), slot });
  }
}
