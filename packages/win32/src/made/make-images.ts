import { Registry, type ApiFunction, type ApiTable, type DllExport, type Implementation, type PointerSize } from "@decant/hook";
import { GuestMemory, PAGE } from "@decant/memory";
import { DIRECTORY, readExports, readImage } from "@decant/pe";
import { libraryImage, registryLibraries } from "@decant/process";
import { topics } from "../topics.ts";
import { encodeMadeImage, type StubRecord } from "./made-image.ts";

/** The image of a built-in DLL for a size of pointers, as decodeMadeImage reads it. Topics have their number in `topics`. */
export interface MadeFile {
  readonly dll: string;
  readonly pointerSize: PointerSize;
  readonly file: Uint8Array;
}

/** Makes the images of all built-in DLLs: what is the same in every run, and takes milliseconds of it (docs/performance.md). */
export function makeImages(): MadeFile[] {
  const registry = new Registry().add(...topics);
  return ([8, 4] as const).flatMap((pointerSize) => {
    const { find } = registryLibraries(registry, pointerSize);
    const memory = new GuestMemory({ pointerSize });
    return registry.dlls().flatMap((dll): MadeFile[] => {
      const library = find(dll);
      if (library === undefined || "bytes" in library) return [];
      const { bytes, initialise } = libraryImage(library, pointerSize);
      // Variables have their values in the file.
      const base = memory.allocate(bytes.length, PAGE.READWRITE)!;
      memory.write(base, bytes);
      initialise?.(memory, base);
      const image = memory.read(base, bytes.length);
      memory.release(base);
      const offsets = nameOffsets(image);
      const stubs = functionsOf(registry.exports(dll, pointerSize)).map(({ name }): StubRecord => ({
        name: offsets.get(name)!,
        topic: topicOf(dll, name, pointerSize),
      }));
      return [{ dll, pointerSize, file: encodeMadeImage(image, stubs) }];
    });
  });
}

/** The functions of a DLL in the order of their stubs: one for all of its names. */
function functionsOf(exports: readonly DllExport[]): ApiFunction[] {
  return [...new Set(exports.map(({ target }) => target))].flatMap((target) => (target.kind === "function" ? [target.function] : []));
}

/** Where the names of exports lie. */
function nameOffsets(bytes: Uint8Array): Map<string, number> {
  const image = readImage(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const names = view.getUint32(image.directories[DIRECTORY.EXPORT]!.rva + 32, true);
  // Symbols with names come first, in the table's order.
  const symbols = readExports(image)?.symbols ?? [];
  return new Map(symbols.flatMap(({ name }, n) => (name === undefined ? [] : [[name, view.getUint32(names + 4 * n, true)]])));
}

/** The number of the topic that implements a function, by the rules of Registry: what is for one size of pointers alone comes first. */
function topicOf(dll: string, name: string, pointerSize: PointerSize): number {
  const has = (only: PointerSize | undefined): number =>
    topics.findIndex(
      (topic: Implementation | ApiTable) => "table" in topic && topic.table.only === only && implementsFunction(topic, dll, name),
    );
  const own = has(pointerSize);
  const found = own >= 0 ? own : has(undefined);
  if (found < 0) throw new Error(`no topic has ${dll}!${name}`);
  return found;
}

function implementsFunction({ table, bodies }: Implementation, dll: string, name: string): boolean {
  const { dlls, declarations } = table as ApiTable;
  if (!dlls.includes(dll)) return false;
  return Object.entries(declarations).some(([entry, declaration]) => {
    if (!(entry in bodies)) return false;
    if (declaration.kind === "text") return (declaration.names ?? [`${entry}A`, `${entry}W`]).includes(name);
    return declaration.kind === "function" && entry === name;
  });
}
