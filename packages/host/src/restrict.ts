import type { FileKind, FolderChange, FolderEntry, HostFile, HostFiles, HostStat, OpenOptions } from "./files.ts";
import { HostError } from "./host-error.ts";

/** What a guest may touch: a folder with all below it, or one file, which need not exist yet. */
export interface Grant {
  /** An absolute path. */
  readonly path: string;
  readonly access: "read" | "write";
}

/** An access that was refused. */
export interface Denial {
  readonly path: string;
  readonly access: "read" | "write";
}

/**
 * Files of which only those granted can be touched; everything else looks as if it were not there (ENOENT), and may not be changed (EACCES). What is there, and
 * all that would be changed, is told to `onDenied`. Grants hold for real paths: a symbolic link inside a grant that leads out of it does not work, and neither does "..". The folders above a grant can be seen,
 * with nothing in them but the way to it.
 */
export function restrict(files: HostFiles, grants: readonly Grant[], onDenied: (denial: Denial) => void = () => {}): HostFiles {
  return new RestrictedFiles(files, grants, onDenied);
}

const MAX_FOLDERS = 100;

type Access = "see" | "read" | "write";

class RestrictedFiles implements HostFiles {
  readonly #files: HostFiles;
  readonly #grants: readonly Grant[];
  readonly #onDenied: (denial: Denial) => void;
  /** Folders outside of grants that were looked into for a warning. */
  readonly #names = new Map<string, ReadonlyMap<string, string>>();

  constructor(files: HostFiles, grants: readonly Grant[], onDenied: (denial: Denial) => void) {
    this.#files = files;
    this.#onDenied = onDenied;
    this.#grants = grants.map(({ path, access }) => ({ path: this.#resolve(path, true), access }));
  }

  open(path: string, options: OpenOptions = {}): HostFile {
    const { write = false, create = false, truncate = false } = options;
    const access = write || create !== false || truncate ? "write" : "read";
    const real = this.#check(path, access, true);
    // The last name is resolved already: a link there was put in place since. The file is emptied only when it is the one that was checked.
    const file = this.#files.open(real, { ...options, truncate: false, noFollow: true });
    const opened = file.path();
    if (opened !== undefined && opened !== real && !this.#allows(opened, access)) {
      file.close();
      throw this.#denied(path, access);
    }
    if (truncate) file.truncate(0);
    return this.#allows(opened ?? real, "write") ? file : readOnly(file, () => this.#denied(path, "write"));
  }

  stat(path: string): HostStat {
    return this.#files.stat(this.#check(path, "see", true));
  }

  lstat(path: string): HostStat {
    return this.#files.lstat(this.#check(path, "see", false));
  }

  list(path: string): FolderEntry[] {
    const real = this.#check(path, "see", true);
    if (this.#allows(real, "read")) return this.#files.list(real);
    return this.#waysFrom(real);
  }

  makeFolder(path: string): void {
    this.#files.makeFolder(this.#check(path, "write", false));
  }

  removeFolder(path: string): void {
    this.#files.removeFolder(this.#check(path, "write", false));
  }

  remove(path: string): void {
    this.#files.remove(this.#check(path, "write", false));
  }

  rename(from: string, to: string): void {
    this.#files.rename(this.#check(from, "write", false), this.#check(to, "write", false));
  }

  setTimes(path: string, accessedNs: bigint, modifiedNs: bigint): void {
    this.#files.setTimes(this.#check(path, "write", true), accessedNs, modifiedNs);
  }

  setWritable(path: string, writable: boolean): void {
    this.#files.setWritable(this.#check(path, "write", true), writable);
  }

  realPath(path: string): string {
    return this.#files.realPath(this.#check(path, "see", true));
  }

  /** Both names have to be the guest's to write: a link to what it may only read would let it write there. */
  link(existing: string, path: string): void {
    this.#files.link(this.#check(existing, "write", false), this.#check(path, "write", false));
  }

  /** A link may lead only to what the guest may touch: others that come along would follow it, with rights of their own. */
  makeLink(target: string, path: string): void {
    const link = this.#check(path, "write", false);
    const folder = link.slice(0, link.lastIndexOf("/"));
    const leadsTo = this.#resolve(target.startsWith("/") ? target : `${folder}/${target}`, true);
    if (!this.#allows(leadsTo, "read")) throw this.#denied(leadsTo, "write");
    this.#files.makeLink(target, link);
  }

  readLink(path: string): string {
    return this.#files.readLink(this.#check(path, "see", false));
  }

  watch(path: string, recursive: boolean, onChange: (change: FolderChange) => void): (() => void) | undefined {
    return this.#files.watch(this.#check(path, "read", true), recursive, onChange);
  }

  space(path: string): { total: number; free: number } {
    return this.#files.space(this.#check(path, "see", true));
  }

  /** The real path, when the access is allowed. Operations on names (`follow` false) resolve the folder only. */
  #check(path: string, access: Access, follow: boolean): string {
    const real = this.#resolve(path, follow);
    if (this.#allows(real, access)) return real;
    throw this.#denied(path, access);
  }

  #allows(real: string, access: Access): boolean {
    return this.#grants.some((grant) => {
      if (isWithin(real, grant.path)) return access !== "write" || grant.access === "write";
      return access === "see" && isWithin(grant.path, real);
    });
  }

  #denied(path: string, access: Access): HostError {
    const there = access === "write" ? path : this.#there(path, access);
    if (there !== undefined) this.#onDenied({ path: there, access: access === "write" ? "write" : "read" });
    // Folders show nothing but the way to grants, so what they do not show cannot be found: programs look in many places, and go on.
    if (access !== "write") return new HostError("ENOENT", `no such file or directory, ${path}`);
    return new HostError("EACCES", `permission denied, ${path}`);
  }

  /**
   * The path with the case that its names have. Undefined where nothing is there that a grant would show: a file that a program looks for on its way up.
   */
  #there(path: string, access: Access): string | undefined {
    const plain = removeDots(path);
    if (ifThere(() => this.#files.lstat(plain)) !== undefined) return path;
    let there = "";
    for (const name of plain.split("/").slice(1)) {
      const names = this.#namesIn(there === "" ? "/" : there);
      const found = names.get(name) ?? names.get(name.toLowerCase());
      if (found === undefined) return undefined;
      there += `/${found}`;
    }
    // A guest that is granted this looks in vain for the name as it wrote it, and then finds it.
    return this.#allows(this.#resolve(there, true), access) ? undefined : there;
  }

  /** A folder's names, by themselves and in lower case, as they were when it was first asked for. */
  #namesIn(folder: string): ReadonlyMap<string, string> {
    let names = this.#names.get(folder);
    if (names !== undefined) return names;
    const entries = ifThere(() => this.#files.list(folder)) ?? [];
    names = new Map([
      ...entries.map(({ name }) => [name.toLowerCase(), name] as const),
      ...entries.map(({ name }) => [name, name] as const),
    ]);
    if (this.#names.size >= MAX_FOLDERS) this.#names.clear();
    this.#names.set(folder, names);
    return names;
  }

  /** Resolves links and ".."; where nothing exists, as far as something does. */
  #resolve(path: string, follow: boolean): string {
    if (!path.startsWith("/")) throw new HostError("EINVAL", path);
    if (path.includes("\0")) throw new HostError("ENOENT", path);
    const plain = removeDots(path);
    if (plain === "/") return plain;
    const slash = plain.lastIndexOf("/");
    if (follow) {
      try {
        return this.#files.realPath(plain);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    const parent = this.#resolve(plain.slice(0, slash) || "/", true);
    return `${parent === "/" ? "" : parent}${plain.slice(slash)}`;
  }

  #waysFrom(real: string): FolderEntry[] {
    const prefix = real === "/" ? "/" : `${real}/`;
    const names = new Map<string, FileKind>();
    for (const { path } of this.#grants) {
      if (!path.startsWith(prefix)) continue;
      const [name = "", ...rest] = path.slice(prefix.length).split("/");
      const kind = rest.length > 0 ? "folder" : this.#kindOf(path);
      if (kind !== undefined) names.set(name, kind);
    }
    return [...names].map(([name, kind]) => ({ name, kind }));
  }

  #kindOf(path: string): FileKind | undefined {
    try {
      return this.#files.stat(path).kind;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

/** An open file of a grant that is only to be read: times can be set through a descriptor that cannot write. */
function readOnly(file: HostFile, denied: () => HostError): HostFile {
  const refuse = (): never => {
    throw denied();
  };
  return {
    read: (into, position) => file.read(into, position),
    write: refuse,
    stat: () => file.stat(),
    truncate: refuse,
    sync: () => file.sync(),
    setTimes: refuse,
    path: () => file.path(),
    close: () => file.close(),
  };
}

/**
 * Removes "." and "..", as text. Windows resolves ".." before it looks at any file, so that "link\.." is the link's own folder: doing it
 * here too keeps what was checked and what is used the same.
 */
function removeDots(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** Whether a path is a folder, or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`);
}

/** What only a warning needs: any failure of the host's is that nothing is there. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
