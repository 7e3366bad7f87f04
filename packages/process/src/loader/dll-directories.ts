import { folderOf } from "./dll-names.ts";
import { SYSTEM_FOLDER } from "./map-library.ts";

/** LoadLibraryEx's flags about where to look ("LoadLibraryExW function"). */
export const LOAD_LIBRARY = {
  WITH_ALTERED_SEARCH_PATH: 0x8,
  SEARCH_DLL_LOAD_DIR: 0x100,
  SEARCH_APPLICATION_DIR: 0x200,
  SEARCH_USER_DIRS: 0x400,
  SEARCH_SYSTEM32: 0x800,
  SEARCH_DEFAULT_DIRS: 0x1000,
} as const;

const SEARCH_FLAGS = 0x1f00;
const WINDOWS_FOLDER = folderOf(SYSTEM_FOLDER);

/** What the search for DLLs depends on besides the program. */
export interface DllSearchBase {
  readonly programPath: string;
  readonly currentDirectory: () => string;
  /** The value of PATH. */
  readonly path: () => string;
}

/** The folders in which a process looks for DLLs, in order ("Dynamic-link library search order"). */
export class DllDirectories {
  /** SetDllDirectory's folder: "" takes the current folder out of the search, undefined restores it. */
  directory: string | undefined;
  /** SetDefaultDllDirectories' flags; 0 for the old order. */
  defaults = 0;
  /** The value of PATH as it is now. */
  path: () => string;
  readonly #added = new Map<number, string>();
  readonly #base: DllSearchBase;
  #nextCookie = 1;
  /** The DLL that is being loaded, and the flags it is loaded with. */
  #loading: { readonly flags: number; readonly folder: string } | undefined;

  constructor(base: DllSearchBase) {
    this.#base = base;
    this.path = base.path;
  }

  /** AddDllDirectory: returns what removes the folder again. */
  add(folder: string): number {
    this.#added.set(this.#nextCookie, folder);
    return this.#nextCookie++;
  }

  /** RemoveDllDirectory: whether there was such a folder. */
  remove(cookie: number): boolean {
    return this.#added.delete(cookie);
  }

  /** Looks for DLLs as LoadLibraryEx does for one module, while `find` runs. */
  during<T>(name: string, flags: number, find: () => T): T {
    const before = this.#loading;
    this.#loading = { flags, folder: folderOf(name) };
    try {
      return find();
    } finally {
      this.#loading = before;
    }
  }

  folders(): string[] {
    const { flags = 0, folder = "" } = this.#loading ?? {};
    const chosen = (flags & SEARCH_FLAGS) === 0 ? this.defaults : flags & SEARCH_FLAGS;
    const folders = chosen === 0 ? this.#oldOrder(flags, folder) : this.#chosenOrder(chosen, folder);
    return [...new Set(folders.map((path) => path.replace(/[\\/]+$/, "")))].filter((path) => path !== "");
  }

  #oldOrder(flags: number, folder: string): string[] {
    const altered = (flags & LOAD_LIBRARY.WITH_ALTERED_SEARCH_PATH) !== 0 && folder !== "";
    const own = altered ? folder : folderOf(this.#base.programPath);
    const current = this.directory === undefined ? [this.#base.currentDirectory()] : [];
    const set = this.directory === undefined ? [] : [this.directory];
    return [own, ...set, SYSTEM_FOLDER, WINDOWS_FOLDER, ...current, ...this.path().split(";")];
  }

  #chosenOrder(flags: number, folder: string): string[] {
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const { SEARCH_DLL_LOAD_DIR, SEARCH_APPLICATION_DIR, SEARCH_USER_DIRS, SEARCH_SYSTEM32, SEARCH_DEFAULT_DIRS } = LOAD_LIBRARY;
    const user = this.directory === undefined ? [...this.#added.values()] : [...this.#added.values(), this.directory];
    return [
      ...(has(SEARCH_DLL_LOAD_DIR) ? [folder] : []),
      ...(has(SEARCH_APPLICATION_DIR | SEARCH_DEFAULT_DIRS) ? [folderOf(this.#base.programPath)] : []),
      ...(has(SEARCH_USER_DIRS | SEARCH_DEFAULT_DIRS) ? user : []),
      ...(has(SEARCH_SYSTEM32 | SEARCH_DEFAULT_DIRS) ? [SYSTEM_FOLDER] : []),
    ];
  }
}
