import type { FolderChange, FolderEntry, HostFile, HostFiles, HostStat, OpenOptions, SpaceInfo } from "./files.ts";
import { HostError } from "./host-error.ts";
import { restrict } from "./restrict.ts";

/**
 * A folder of a tree, as a tree of its own: "/" is the folder. Nothing leads out of it, neither ".." nor a symbolic link. The folder has to be there; its own links are
 * resolved once.
 */
export function subtree(files: HostFiles, folder: string): HostFiles {
  const root = files.realPath(folder).replace(/\/$/, "");
  return new Subtree(restrict(files, [{ path: root, access: "write" }]), root);
}

/** What links with targets of the tree begin with, on the host. */
const OWN = "./";

class Subtree implements HostFiles {
  readonly #files: HostFiles;
  readonly #root: string;

  constructor(files: HostFiles, root: string) {
    this.#files = files;
    this.#root = root;
  }

  open(path: string, options?: OpenOptions): HostFile {
    const file = this.#files.open(this.#inside(path), options);
    const inner = file.path.bind(file);
    file.path = () => {
      const at = inner();
      return at === undefined ? undefined : this.#outside(at);
    };
    return file;
  }

  stat(path: string): HostStat {
    return this.#files.stat(this.#inside(path));
  }

  lstat(path: string): HostStat {
    return this.#files.lstat(this.#inside(path));
  }

  list(path: string): FolderEntry[] {
    return this.#files.list(this.#inside(path));
  }

  makeFolder(path: string): void {
    this.#files.makeFolder(this.#inside(path));
  }

  removeFolder(path: string): void {
    this.#files.removeFolder(this.#inside(path));
  }

  remove(path: string): void {
    this.#files.remove(this.#inside(path));
  }

  rename(from: string, to: string): void {
    this.#files.rename(this.#inside(from), this.#inside(to));
  }

  setTimes(path: string, accessedNs: bigint, modifiedNs: bigint): void {
    this.#files.setTimes(this.#inside(path), accessedNs, modifiedNs);
  }

  setWritable(path: string, writable: boolean): void {
    this.#files.setWritable(this.#inside(path), writable);
  }

  realPath(path: string): string {
    return this.#outside(this.#files.realPath(this.#inside(path)));
  }

  link(existing: string, path: string): void {
    this.#files.link(this.#inside(existing), this.#inside(path));
  }

  /**
   * Targets are kept as they are where they are relative. Those of this tree, which the host cannot tell, become relative ones that begin with "./": they stay right
   * where the folder is copied or moved.
   */
  makeLink(target: string, path: string): void {
    const kept = target.startsWith("/")
      ? OWN + relativePath(this.#folderOf(path), this.#inside(target))
      : target.replace(/^(\.\/+)+(?=.)/, "");
    this.#files.makeLink(kept, this.#inside(path));
  }

  readLink(path: string): string {
    const target = this.#files.readLink(this.#inside(path));
    return target.startsWith(OWN) ? this.#outside(this.#inside(`${this.#outside(this.#folderOf(path))}/${target}`)) : target;
  }

  space(path: string): SpaceInfo {
    return this.#files.space(this.#inside(path));
  }

  watch(path: string, recursive: boolean, onChange: (change: FolderChange) => void): (() => void) | undefined {
    return this.#files.watch(this.#inside(path), recursive, onChange);
  }

  /** The folder that a name is in, by the paths of the tree around. */
  #folderOf(path: string): string {
    const inside = this.#inside(path);
    return this.#files.realPath(inside.slice(0, inside.lastIndexOf("/")));
  }

  /** As text first, as Windows does: ".." cannot lead above the root. */
  #inside(path: string): string {
    if (!path.startsWith("/")) throw new HostError("EINVAL", path);
    const names: string[] = [];
    for (const name of path.split("/")) {
      if (name === "..") names.pop();
      else if (name !== "" && name !== ".") names.push(name);
    }
    return names.length === 0 ? this.#root || "/" : `${this.#root}/${names.join("/")}`;
  }

  #outside(real: string): string {
    return real === this.#root ? "/" : real.startsWith(`${this.#root}/`) ? real.slice(this.#root.length) : real;
  }
}

/** The way from a folder to a path, both absolute. */
function relativePath(folder: string, path: string): string {
  const [from, to] = [folder, path].map((text) => text.split("/").filter((name) => name !== "")) as [string[], string[]];
  const differs = from.findIndex((name, i) => name !== to[i]);
  const shared = differs < 0 ? from.length : differs;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/");
}
