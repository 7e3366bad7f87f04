import { buildDll, findExport, readImage } from "@decant/pe";
import type { DllSymbol } from "@decant/pe";
import type { PointerSize } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import type { StubDetails } from "@decant/x86";
import type { ApiEntry, Library, LibraryExport, LibraryFunction, LibraryImage } from "./library.ts";
import { mapImage, protectImage } from "./map-image.ts";
import { Module } from "./module.ts";
import type { ExportTarget } from "./module.ts";
import { systemVersionResource } from "./system-version.ts";

/** Where functions of the host's are registered. */
export interface StubTable {
  /** Gives a function its index. */
  reserve(entry: ApiEntry): number;
  /** Tells the processor where the function's stub lies. */
  place(address: number, index: number, details: StubDetails): void;
  /** Registers functions whose stubs lie one after another, each of which is asked for when it is needed. */
  placeRow(address: number, count: number, describe: (n: number) => { readonly name: string; readonly function: LibraryFunction }): void;
}

/** Where built-in DLLs would like to lie: high, as those of Windows do. */
const PREFERRED_BASE = 0x7000_0000n;
/** The folder in which programs are told that built-in DLLs lie. */
export const SYSTEM_FOLDER = "C:\\Windows\\System32";

/** Maps a built-in DLL as an image of its own, with a stub for each function. */
export function mapLibrary(memory: GuestMemory, library: Library | LibraryImage, stubs: StubTable): Module {
  const made = "bytes" in library ? library : libraryImage(library, memory.pointerSize);
  const { name } = made;
  const image = readImage(made.bytes);
  const base = mapImage(memory, image, name);
  made.initialise?.(memory, base);
  protectImage(memory, image, base);
  const describe = (n: number) => ({ name: `${name}!${made.nameAt(n)}`, function: made.functionAt(n) });
  stubs.placeRow(base + image.sections[0]!.rva, made.count, describe);
  // Reading all of the table would take longer than all the rest.
  const find = (symbol: string | number): ExportTarget | undefined => {
    const found = findExport(image, symbol);
    if (found === undefined) return undefined;
    return found.forwarder === undefined ? { address: base + found.rva! } : { forwarder: found.forwarder };
  };
  const exports = () => ({ byName: { get: find }, byOrdinal: { get: find } });
  return new Module({ name, path: `${SYSTEM_FOLDER}\\${name}`, base, image, isBuiltIn: true, exports });
}

/** Makes the image of a built-in DLL. */
export function libraryImage({ name, exports }: Library, pointerSize: PointerSize): LibraryImage {
  const { bytes, addresses } = buildDll({
    name,
    base: PREFERRED_BASE,
    machine: pointerSize === 8 ? "x86-64" : "x86",
    symbols: exports.map(symbolOf),
    resources: [systemVersionResource(name)],
  });
  const functions = exports.filter((symbol) => symbol.kind === "function");
  return {
    name,
    bytes,
    count: functions.length,
    nameAt: (stub) => functions[stub]!.name ?? `${functions[stub]!.ordinal}`,
    functionAt: (stub) => functions[stub]!.function,
    initialise: (memory, base) =>
      exports.forEach((symbol, index) => symbol.kind === "data" && symbol.initialise?.(memory, base + addresses[index]!)),
  };
}

function symbolOf(symbol: LibraryExport): DllSymbol {
  const id = {
    ...(symbol.name === undefined ? {} : { name: symbol.name }),
    ...(symbol.ordinal === undefined ? {} : { ordinal: symbol.ordinal }),
  };
  if (symbol.kind === "function") return { ...id, kind: "stub" };
  if (symbol.kind === "data") return { ...id, kind: "data", size: symbol.size };
  return symbol.kind === "alias" ? { ...id, kind: "alias", of: symbol.of } : { ...id, kind: "forward", to: symbol.to };
}
