import { DIRECTORY, readImage } from "@decant/pe";
import type { Process } from "../process.ts";
import { mapImage, protectImage } from "./map-image.ts";
import { indexExports } from "./module.ts";

/** Bytes of a RUNTIME_FUNCTION. */
const ENTRY_SIZE = 12;

/**
 * Maps guest code that a mapping brings along: an image that imports nothing and is in no list of modules, as the program must not find it. Unwinders do. Returns the
 * addresses of what it exports.
 */
export function mapGuestCode(process: Process, bytes: Uint8Array, name: string): ReadonlyMap<string, number> {
  const { memory, handlers } = process;
  const image = readImage(bytes);
  const base = mapImage(memory, image, name);
  protectImage(memory, image, base);
  const table = image.directories[DIRECTORY.EXCEPTION];
  if (memory.pointerSize === 8 && table !== undefined && table.size > 0)
    handlers.dynamicTables.push({ address: base + table.rva, base, count: Math.floor(table.size / ENTRY_SIZE) });
  const { byName } = indexExports(image, base);
  return new Map([...byName].flatMap(([symbol, target]) => ("address" in target ? [[symbol, target.address]] : [])));
}
