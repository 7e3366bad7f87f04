import type { HostFiles, HostStat } from "@decant/host";
import { hasWildcards, wildcard } from "../paths/wildcard.ts";
import { withoutStreams } from "./named-streams.ts";
import { upcase } from "../text/upcase.ts";

/** A name in a folder, with what Windows tells of it. */
export interface ListedName {
  readonly name: string;
  /** The name's own: of a symbolic link the link's. */
  readonly stat: HostStat;
  /** Where a symbolic link leads to a folder. */
  readonly targetIsFolder: boolean;
}

/** A search in a folder that goes on from call to call. */
export class FolderListing {
  readonly pattern: string;
  readonly #names: Iterator<ListedName>;
  #next: ListedName | undefined;

  constructor(names: Iterable<ListedName>, pattern: string) {
    this.pattern = pattern;
    this.#names = names[Symbol.iterator]();
  }

  /** The next name, which stays the next one until it is taken; undefined at the end. */
  peek(): ListedName | undefined {
    if (this.#next === undefined) {
      const step = this.#names.next();
      if (step.done !== true) this.#next = step.value;
    }
    return this.#next;
  }

  take(): ListedName | undefined {
    const next = this.peek();
    this.#next = undefined;
    return next;
  }
}

/** The matching names in the order that NTFS keeps: "." and ".." first (a root has none), then by upper case. */
export function* listFolder(files: HostFiles, folder: string, pattern: string, isRoot: boolean): Generator<ListedName> {
  const matches = wildcard(pattern.replace(/[. ]+$/, (end) => (hasWildcards(pattern) ? end : "")));
  if (!isRoot && hasWildcards(pattern)) {
    for (const dots of [".", ".."])
      if (matches(dots) || pattern === "*.") yield { name: dots, stat: files.stat(folder), targetIsFolder: false };
  }
  const names = withoutStreams(files.list(folder))
    .map(({ name }) => ({ name, key: upcase(name) }))
    .filter(({ name }) => matches(name) && !name.includes("\\"))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.name < b.name ? -1 : 1));
  for (const { name } of names) {
    const path = `${folder === "/" ? "" : folder}/${name}`;
    const stat = statOf(() => files.lstat(path));
    // It went meanwhile.
    if (stat === undefined) continue;
    yield { name, stat, targetIsFolder: stat.kind === "link" && leadsToFolder(files, path) };
  }
}

/** Whether a symbolic link leads to a folder; one that leads nowhere, or out of what the guest may touch, does not. */
export function leadsToFolder(files: HostFiles, path: string): boolean {
  return statOf(() => files.stat(path))?.kind === "folder";
}

function statOf(look: () => HostStat): HostStat | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
