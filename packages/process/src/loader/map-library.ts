import type { BoundFunction } from "@decant/hook";
import { buildDll, readImage } from "@decant/pe";
import type { DllSymbol } from "@decant/pe";
import type { GuestMemory } from "@decant/memory";
import type { StubDetails } from "@decant/x86";
import type { ApiEntry, Library } from "./library.ts";
import { mapImage, protectImage } from "./map-image.ts";
import { Module } from "./module.ts";
import type { ExportTarget, ModuleExports } from "./module.ts";
import { systemVersionResource } from "./system-version.ts";

/** Where functions of the host's are registered. */
export interface StubTable {
  /** Gives a function its index. */
  reserve(entry: ApiEntry): number;
  /** Tells the processor where the function's stub lies. */
  place(address: number, index: number, details: StubDetails, bound?: BoundFunction): void;
}

/** Where built-in DLLs would like to lie: high, as those of Windows do. */
const PREFERRED_BASE = 0x7000_0000n;
/** The folder in which programs are told that built-in DLLs lie. */
export const SYSTEM_FOLDER = "C:\\Windows\\System32";

/** Maps a built-in DLL as an image of its own, with a stub for each function. */
export function mapLibrary(memory: GuestMemory, library: Library, stubs: StubTable): Module {
  const indices: (number | undefined)[] = [];
  const symbols = library.exports.map((symbol): DllSymbol => {
    const id = {
      ...(symbol.name === undefined ? {} : { name: symbol.name }),
      ...(symbol.ordinal === undefined ? {} : { ordinal: symbol.ordinal }),
    };
    const index = symbol.kind === "function" ? stubs.reserve(symbol.entry) : undefined;
    indices.push(index);
    if (symbol.kind === "function") return { ...id, kind: "stub" };
    if (symbol.kind === "data") return { ...id, kind: "data", size: symbol.size };
    return symbol.kind === "alias" ? { ...id, kind: "alias", of: symbol.of } : { ...id, kind: "forward", to: symbol.to };
  });
  const { bytes, addresses } = buildDll({
    name: library.name,
    base: PREFERRED_BASE,
    machine: memory.pointerSize === 8 ? "x86-64" : "x86",
    symbols,
    resources: [systemVersionResource(library.name)],
  });
  const image = readImage(bytes);
  const base = mapImage(memory, image, library.name);
  library.exports.forEach((symbol, i) => {
    const address = base + (addresses[i] ?? 0);
    if (symbol.kind === "function") {
      const name = `${library.name}!${symbol.name ?? symbol.ordinal}`;
      stubs.place(address, indices[i]!, { intrinsic: symbol.intrinsic, name }, symbol.bound);
    }
    if (symbol.kind === "data") symbol.initialise?.(memory, address);
  });
  protectImage(memory, image, base);
  const module = { name: library.name, path: `${SYSTEM_FOLDER}\\${library.name}`, base, image, isBuiltIn: true };
  // Reading the table that was just written would take longer than all the rest.
  const known = library.exports.every(({ ordinal }) => ordinal !== undefined);
  return new Module(known ? { ...module, exports: () => indexLibrary(library, addresses, base) } : module);
}

function indexLibrary(library: Library, addresses: readonly (number | undefined)[], base: number): ModuleExports {
  const byName = new Map<string, ExportTarget>();
  const byOrdinal = new Map<number, ExportTarget>();
  library.exports.forEach((symbol, index) => {
    const origin = symbol.kind === "alias" ? library.exports[symbol.of]! : symbol;
    const target = origin.kind === "forward" ? { forwarder: origin.to } : { address: base + addresses[index]! };
    if (symbol.name !== undefined) byName.set(symbol.name, target);
    byOrdinal.set(symbol.ordinal!, target);
  });
  return { byName, byOrdinal };
}
