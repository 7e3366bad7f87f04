import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf, RvaView } from "./rva-view.ts";

/** One export: an address in the image, or a forwarder to another DLL ("NTDLL.RtlAllocateHeap", "OTHER.#12"). */
export interface ExportedSymbol {
  readonly ordinal: number;
  readonly name?: string;
  readonly rva?: number;
  readonly forwarder?: string;
}

/** An image's export table. */
export interface ExportTable {
  /** The name that the image gives itself. */
  readonly dll: string;
  readonly ordinalBase: number;
  /** A symbol for each name, and for each address that has no name. */
  readonly symbols: readonly ExportedSymbol[];
}

/** Ordinals are 16 bits wide. */
const MAX_EXPORTS = 0x10000;

/** The export table; undefined when there is none. Throws PeError. */
export function readExports(image: Image): ExportTable | undefined {
  const directory = directoryOf(image, DIRECTORY.EXPORT);
  if (directory === undefined) return undefined;
  const view = new RvaView(image);
  const at = directory.rva;
  const ordinalBase = view.u32(at + 16);
  const functionCount = limited(view.u32(at + 20), "exported addresses");
  const nameCount = limited(view.u32(at + 24), "exported names");
  const functions = view.u32(at + 28);
  const names = view.u32(at + 32);
  const ordinals = view.u32(at + 36);
  const symbols: ExportedSymbol[] = [];
  const named = new Set<number>();
  const add = (index: number, name?: string): void => {
    const rva = view.u32(functions + index * 4);
    if (rva === 0) return;
    const inside = rva >= directory.rva && rva < directory.rva + directory.size;
    symbols.push({
      ordinal: (ordinalBase + index) & 0xffff,
      ...(name === undefined ? {} : { name }),
      ...(inside ? { forwarder: view.name(rva, "a forwarder") } : { rva }),
    });
  };
  for (let i = 0; i < nameCount; i++) {
    const index = view.u16(ordinals + i * 2);
    if (index >= functionCount) {
      throw new PeError("malformed", `expected an export index below ${functionCount}, found ${index}`);
    }
    named.add(index);
    add(index, view.name(view.u32(names + i * 4), "the name of an export"));
  }
  for (let index = 0; index < functionCount; index++) if (!named.has(index)) add(index);
  const nameRva = view.u32(at + 12);
  return { dll: nameRva === 0 ? "" : view.name(nameRva, "the name of the DLL"), ordinalBase, symbols };
}

/**
 * One export of an image whose file has everything where it is in memory, as `buildDll` makes it, by name or by ordinal. Names are sorted by their bytes. A program
 * binds few of the thousands that there are: this looks at a dozen of them.
 */
export function findExport(image: Image, symbol: string | number): ExportedSymbol | undefined {
  const directory = directoryOf(image, DIRECTORY.EXPORT);
  if (directory === undefined) return undefined;
  const { bytes } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (offset: number): number => view.getUint32(directory.rva + offset, true);
  const base = field(16);
  const index =
    typeof symbol === "number"
      ? symbol - base
      : indexOfName(bytes, view, symbol, { count: field(24), names: field(32), ordinals: field(36) });
  if (index === undefined || index < 0 || index >= field(20)) return undefined;
  const rva = view.getUint32(field(28) + index * 4, true);
  if (rva === 0) return undefined;
  const isInside = rva >= directory.rva && rva < directory.rva + directory.size;
  return { ordinal: base + index, ...(isInside ? { forwarder: new RvaView(image).name(rva, "a forwarder") } : { rva }) };
}

function indexOfName(
  bytes: Uint8Array,
  view: DataView,
  name: string,
  table: { readonly count: number; readonly names: number; readonly ordinals: number },
): number | undefined {
  let low = 0;
  let high = table.count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compareName(bytes, view.getUint32(table.names + middle * 4, true), name);
    if (order === 0) return view.getUint16(table.ordinals + middle * 2, true);
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Below 0 when the NUL-terminated name at an offset comes before another. */
function compareName(bytes: Uint8Array, at: number, name: string): number {
  for (let i = 0; i < name.length; i++) {
    const difference = bytes[at + i]! - name.charCodeAt(i);
    // The NUL is below everything.
    if (difference !== 0) return difference;
  }
  return bytes[at + name.length]!;
}

function limited(count: number, what: string): number {
  if (count > MAX_EXPORTS) throw new PeError("malformed", `expected at most ${MAX_EXPORTS} ${what}, found ${count}`);
  return count;
}
