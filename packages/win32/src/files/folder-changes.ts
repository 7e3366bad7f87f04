import type { HostFiles } from "@decant/host";
import type { Kernel } from "@decant/process";
import { isStreamPath } from "./named-streams.ts";

/** FILE_ACTION_*. */
export const CHANGE = { ADDED: 1, REMOVED: 2, MODIFIED: 3, RENAMED_OLD_NAME: 4, RENAMED_NEW_NAME: 5 } as const;

/** A change below a watched folder; `name` has "/" between its parts. */
export interface Change {
  readonly action: number;
  readonly name: string;
  /** Whether it is a folder's; undefined where the host did not say. */
  readonly isFolder: boolean | undefined;
}

interface Watch {
  readonly files: HostFiles;
  readonly folder: string;
  readonly recursive: boolean;
  readonly onChange: (change: Change) => void;
  readonly stop: (() => void) | undefined;
}

/** How long the host's own report of a change that a guest made is waited for, and dropped. */
const ECHO_MS = 2000;

/**
 * Who watches which folder, in all processes of a kernel. Changes that guests make are told at once and exactly; those of others come from
 * the host, which does not tell an old name from a new one.
 */
export class FolderChanges {
  readonly #kernel: Kernel;
  readonly #watches = new Set<Watch>();
  /** Changes that guests made while somebody watches, by path: the host reports them again. */
  readonly #echoes = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Starts to watch; returns what ends it. */
  watch(files: HostFiles, folder: string, recursive: boolean, onChange: (change: Change) => void): () => void {
    const stop = files.watch(folder, recursive, ({ name, kind }) => {
      const path = `${folder === "/" ? "" : folder}/${name}`;
      if (this.#isEcho(path) || isStreamPath(path)) return;
      const isThere = exists(files, path);
      const action = kind === "content" ? CHANGE.MODIFIED : isThere === undefined ? CHANGE.REMOVED : CHANGE.ADDED;
      onChange({ action, name, isFolder: isThere === undefined ? undefined : isThere === "folder" });
    });
    const watch: Watch = { files, folder, recursive, onChange, stop };
    this.#watches.add(watch);
    const endHostWait = this.#kernel.beginHostWait();
    return () => {
      endHostWait();
      this.#watches.delete(watch);
      stop?.();
    };
  }

  /** A guest changed something. */
  note(files: HostFiles, path: string, action: number, isFolder = false): void {
    if (this.#watches.size === 0 || isStreamPath(path)) return;
    this.#echoes.set(path, this.#kernel.host.clock.monotonic() + ECHO_MS);
    for (const watch of this.#watches) {
      const prefix = watch.folder === "/" ? "/" : `${watch.folder}/`;
      if (watch.files !== files || !path.startsWith(prefix)) continue;
      const name = path.slice(prefix.length);
      if (watch.recursive || !name.includes("/")) watch.onChange({ action, name, isFolder });
    }
  }

  #isEcho(path: string): boolean {
    const now = this.#kernel.host.clock.monotonic();
    for (const [known, until] of this.#echoes) if (until < now) this.#echoes.delete(known);
    return this.#echoes.has(path);
  }
}

const tables = new WeakMap<Kernel, FolderChanges>();

/** The watches of a kernel. */
export function folderChanges(kernel: Kernel): FolderChanges {
  let table = tables.get(kernel);
  if (table === undefined) tables.set(kernel, (table = new FolderChanges(kernel)));
  return table;
}

function exists(files: HostFiles, path: string): string | undefined {
  try {
    return files.lstat(path).kind;
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
