import { ERROR } from "@decant/hook";
import { PeError, readImage } from "@decant/pe";
import type { Image, Machine } from "@decant/pe";
import type { DllDirectories } from "./dll-directories.ts";
import { isApiSet, isKnownDll, isSystemDll } from "./dll-names.ts";
import type { Library, LibraryImage, LibrarySource } from "./library.ts";
import { LoadError } from "./load-error.ts";
import { SYSTEM_FOLDER } from "./map-library.ts";

/** Which copy of a DLL to take: `--dll name=builtin|native`. */
export type DllChoice = "builtin" | "native";

/** Where DLLs are looked for. */
export interface SearchOptions {
  readonly libraries: LibrarySource;
  /** What the process runs; images for another processor are refused. */
  readonly machine: Machine;
  /** Keys in lower case: "sqlite3.dll". */
  readonly choices: ReadonlyMap<string, DllChoice>;
  /** A file's bytes by its Windows path; undefined when there is no such file. */
  readonly readFile: (path: string) => Uint8Array | undefined;
  /** Where to look. */
  readonly directories: DllDirectories;
}

/** What a search found. */
export type Found =
  | { readonly kind: "library"; readonly library: Library | LibraryImage }
  | { readonly kind: "file"; readonly path: string; readonly image: Image };

/** Looks for a DLL by its key (a file name in lower case). Throws LoadError, with the places searched, when there is none. */
export function searchDll(key: string, options: SearchOptions): Found {
  const { libraries, choices } = options;
  const choice = choices.get(key);
  const builtIn = (): Found | undefined => findBuiltIn(key, libraries) ?? (isSystemDll(key) ? emptyLibrary(key) : undefined);
  if (choice === "builtin" || (choice === undefined && (isApiSet(key) || isKnownDll(key)))) {
    const found = builtIn();
    if (found !== undefined) return found;
  }
  const folders = choice === "builtin" ? [] : options.directories.folders();
  for (const folder of folders) {
    const found = readDll(`${folder}\\${key}`, options) ?? (folder === SYSTEM_FOLDER && choice !== "native" ? builtIn() : undefined);
    if (found !== undefined) return found;
  }
  const fallback = choice === "native" ? undefined : builtIn();
  if (fallback !== undefined) return fallback;
  const places = folders.filter((folder) => folder !== SYSTEM_FOLDER);
  const searched = [...places, ...(choice === "native" ? [] : [`${SYSTEM_FOLDER} (built-in DLLs)`])];
  throw new LoadError(ERROR.MOD_NOT_FOUND, `${key} was not found; searched ${searched.join(", ")}`, searched);
}

/** A built-in DLL: one that is answered, or one that is guest code. */
export function findBuiltIn(key: string, libraries: LibrarySource): Found | undefined {
  const library = libraries.find(key);
  if (library !== undefined) return { kind: "library", library };
  const bytes = libraries.image?.(key);
  return bytes === undefined ? undefined : { kind: "file", path: `${SYSTEM_FOLDER}\\${key}`, image: readProcessImage(bytes, key) };
}

/** Reads a DLL from a file; undefined when there is no such file. Throws LoadError for a file that is no DLL for this processor, which data need not be. */
export function readDll(
  path: string,
  { readFile, machine }: Pick<SearchOptions, "readFile" | "machine">,
  isData = false,
): Found | undefined {
  const bytes = readFile(path);
  if (bytes === undefined) return undefined;
  const image = readProcessImage(bytes, path);
  if (image.machine !== machine && !isData && !hasOnlyData(image)) {
    throw new LoadError(
      ERROR.BAD_EXE_FORMAT,
      `${path}: this is ${KINDS[image.machine]} image; expected ${KINDS[machine]} one, as the program is`,
    );
  }
  return { kind: "file", path, image };
}

/** No code and nothing to bind: the data of ICU is built so for one processor, and serves all. */
function hasOnlyData({ entryPoint, directories, sections }: Image): boolean {
  const imports = directories[IMPORT_DIRECTORY]?.size ?? 0;
  return (
    entryPoint === 0 && imports === 0 && sections.every(({ characteristics }) => (characteristics & (SECTION_CODE | SECTION_EXECUTE)) === 0)
  );
}

const IMPORT_DIRECTORY = 1;
/** IMAGE_SCN_CNT_CODE and IMAGE_SCN_MEM_EXECUTE. */
const [SECTION_CODE, SECTION_EXECUTE] = [0x20, 0x2000_0000];

const KINDS = { x86: "a 32-bit (x86)", "x86-64": "a 64-bit (x86-64)" } as const;

/** Reads an image that a process can hold. Throws LoadError with a sentence that names the file. */
export function readProcessImage(bytes: Uint8Array, path: string): Image {
  const image = readNamed(bytes, path);
  if (image.isDotNet) throw new LoadError(ERROR.BAD_EXE_FORMAT, `${path}: this is a .NET assembly; expected a program in machine code`);
  return image;
}

function readNamed(bytes: Uint8Array, path: string): Image {
  try {
    return readImage(bytes);
  } catch (error) {
    if (error instanceof PeError) throw new LoadError(ERROR.BAD_EXE_FORMAT, `${path}: ${error.message}`);
    throw error;
  }
}

/** A DLL of Windows for which there is no mapping at all: it is there, and has nothing in it. */
function emptyLibrary(key: string): Found {
  return { kind: "library", library: { name: key, exports: [] } };
}
