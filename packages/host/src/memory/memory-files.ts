import { HostError } from "../host-error.ts";
import type { FolderEntry, HostFile, HostFiles, HostStat, OpenOptions, SpaceInfo } from "../files.ts";
import type { Clock } from "../host.ts";
import { manualClock } from "./clock.ts";

/** Files by path; folders are made as needed. A path that ends in "/" is an empty folder, `{ link }` a symbolic link. */
export type InitialFiles = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

const MAX_LINKS = 40;
const TOTAL_BYTES = 2 ** 40;

/** Two trees are two devices: an inode's number tells files of one tree apart. */
let nextDevice = 1n;

interface Node {
  kind: "file" | "folder" | "link";
  inode: bigint;
  links: number;
  modifiedNs: bigint;
  accessedNs: bigint;
  createdNs: bigint;
  writable: boolean;
  data: Uint8Array;
  size: number;
  /** What it holds, while nobody has looked. */
  later: (() => Uint8Array) | undefined;
  target: string;
  children: Map<string, Node>;
}

interface Place {
  parent: Node;
  name: string;
  node: Node | undefined;
  /** The path with links resolved. */
  path: string;
}

/** A tree of files in memory that behaves as POSIX does: case-sensitive names, open files that outlive their names, symbolic links. */
export function memoryFiles({ files = {}, clock = manualClock() }: { files?: InitialFiles; clock?: Clock } = {}): HostFiles {
  return new MemoryFiles(files, clock);
}

class MemoryFiles implements HostFiles {
  readonly #clock: Clock;
  readonly #device = nextDevice++;
  #nextInode = 1n;
  readonly #root: Node;

  constructor(files: InitialFiles, clock: Clock) {
    this.#clock = clock;
    this.#root = this.#node("folder");
    for (const [path, content] of Object.entries(files)) this.#add(path, content);
  }

  open(path: string, { write = false, create = false, truncate = false, noFollow = false }: OpenOptions = {}): HostFile {
    const place = this.#find(path, create !== "new" && !noFollow);
    if (place.node !== undefined && create === "new") throw failure("EEXIST", path);
    if (place.node?.kind === "link") throw failure("ELOOP", path);
    if (place.node === undefined && create === false) throw failure("ENOENT", path);
    const node = place.node ?? this.#attach(place, this.#node("file"));
    if (node.kind === "folder" && write) throw failure("EISDIR", path);
    if (write && !node.writable && place.node !== undefined) throw failure("EACCES", path);
    settle(node);
    if (truncate) this.#resize(node, 0);
    return this.#openNode(node, place.path, write);
  }

  addLater(path: string, content: () => Uint8Array): void {
    const place = this.#find(path, false);
    if (place.node !== undefined) throw failure("EEXIST", path);
    this.#attach(place, this.#node("file")).later = content;
  }

  stat(path: string): HostStat {
    return this.#describe(this.#existing(path, true).node);
  }

  lstat(path: string): HostStat {
    return this.#describe(this.#existing(path, false).node);
  }

  list(path: string): FolderEntry[] {
    const { node } = this.#existing(path, true);
    if (node.kind !== "folder") throw failure("ENOTDIR", path);
    return [...node.children].map(([name, { kind }]) => ({ name, kind }));
  }

  makeFolder(path: string): void {
    const place = this.#find(path, false);
    if (place.node !== undefined) throw failure("EEXIST", path);
    this.#attach(place, this.#node("folder"));
  }

  removeFolder(path: string): void {
    const { node, parent, name } = this.#existing(path, false);
    if (node.kind !== "folder") throw failure("ENOTDIR", path);
    if (node.children.size > 0) throw failure("ENOTEMPTY", path);
    if (node === this.#root) throw failure("EBUSY", path);
    parent.children.delete(name);
    this.#touch(parent);
  }

  remove(path: string): void {
    const { node, parent, name } = this.#existing(path, false);
    if (node.kind === "folder") throw failure("EISDIR", path);
    node.links--;
    parent.children.delete(name);
    this.#touch(parent);
  }

  rename(from: string, to: string): void {
    const source = this.#existing(from, false);
    const target = this.#find(to, false);
    if (target.node === source.node) return;
    if (source.node.kind === "folder" && `${target.path}/`.startsWith(`${source.path}/`)) throw failure("EINVAL", to);
    if (target.node?.kind === "folder") {
      if (source.node.kind !== "folder") throw failure("EISDIR", to);
      if (target.node.children.size > 0) throw failure("ENOTEMPTY", to);
    } else if (target.node !== undefined && source.node.kind === "folder") throw failure("ENOTDIR", to);
    if (target.node?.kind === "file") target.node.links--;
    source.parent.children.delete(source.name);
    target.parent.children.set(target.name, source.node);
    this.#touch(source.parent);
    this.#touch(target.parent);
  }

  setTimes(path: string, accessedNs: bigint, modifiedNs: bigint): void {
    Object.assign(this.#existing(path, true).node, { accessedNs, modifiedNs });
  }

  setWritable(path: string, writable: boolean): void {
    this.#existing(path, true).node.writable = writable;
  }

  realPath(path: string): string {
    return this.#existing(path, true).path;
  }

  link(existing: string, path: string): void {
    const { node } = this.#existing(existing, false);
    if (node.kind === "folder") throw failure("EPERM", existing);
    const place = this.#find(path, false);
    if (place.node !== undefined) throw failure("EEXIST", path);
    node.links++;
    this.#attach(place, node);
  }

  makeLink(target: string, path: string): void {
    const place = this.#find(path, false);
    if (place.node !== undefined) throw failure("EEXIST", path);
    const node = this.#attach(place, this.#node("link"));
    node.target = target;
  }

  readLink(path: string): string {
    const { node } = this.#existing(path, false);
    if (node.kind !== "link") throw failure("EINVAL", path);
    return node.target;
  }

  /** Nobody else can change it. */
  watch(): undefined {}

  space(): SpaceInfo {
    return { total: TOTAL_BYTES, free: TOTAL_BYTES / 2 };
  }

  #describe(node: Node): HostStat {
    settle(node);
    const { kind, modifiedNs, accessedNs, createdNs, inode, writable, links } = node;
    return { kind, size: node.size, modifiedNs, accessedNs, createdNs, inode, device: this.#device, links, writable };
  }

  #openNode(node: Node, path: string, write: boolean): HostFile {
    const change = (): void => {
      if (!write) throw failure("EBADF", path);
    };
    return {
      read(into, position) {
        if (node.kind === "folder") throw failure("EISDIR", path);
        const part = node.data.subarray(Math.min(position, node.size), Math.min(position + into.length, node.size));
        into.set(part);
        return part.length;
      },
      write: (bytes, position) => {
        change();
        if (position + bytes.length > node.size) this.#resize(node, position + bytes.length);
        node.data.set(bytes, position);
        this.#touch(node);
      },
      stat: () => this.#describe(node),
      truncate: (size) => {
        change();
        this.#resize(node, size);
      },
      sync() {},
      setTimes: (accessedNs, modifiedNs) => void Object.assign(node, { accessedNs, modifiedNs }),
      path: () => path,
      close() {},
    };
  }

  #resize(node: Node, size: number): void {
    if (size > node.data.length) {
      const data = new Uint8Array(Math.max(size, 2 * node.data.length));
      data.set(node.data.subarray(0, node.size));
      node.data = data;
    } else if (size < node.size) node.data.fill(0, size, node.size);
    node.size = size;
    this.#touch(node);
  }

  #existing(path: string, follow: boolean): Place & { node: Node } {
    const place = this.#find(path, follow);
    if (place.node === undefined) throw failure("ENOENT", path);
    return { ...place, node: place.node };
  }

  /** The last name need not exist; all before it must be folders. */
  #find(path: string, follow: boolean, depth = 0): Place {
    if (!path.startsWith("/")) throw failure("EINVAL", path);
    if (depth > MAX_LINKS) throw failure("ELOOP", path);
    const trail: { node: Node; name: string }[] = [{ node: this.#root, name: "" }];
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (const [index, name] of names.entries()) {
      const parent = trail.at(-1)!.node;
      const isLast = index === names.length - 1;
      if (parent.kind !== "folder") throw failure("ENOTDIR", path);
      if (name === "..") {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const node = parent.children.get(name);
      const base = trail.slice(1).map((step) => step.name);
      if (node?.kind === "link" && (!isLast || follow)) {
        const target = node.target.startsWith("/") ? node.target : `/${[...base, node.target].join("/")}`;
        return this.#find([target, ...names.slice(index + 1)].join("/"), follow, depth + 1);
      }
      if (node === undefined && !isLast) throw failure("ENOENT", path);
      if (isLast) return { parent, name, node, path: `/${[...base, name].join("/")}` };
      trail.push({ node: node!, name });
    }
    const { node, name } = trail.at(-1)!;
    const resolved = `/${trail.slice(1).map((step) => step.name).join("/")}`; // prettier-ignore
    return { parent: trail.at(-2)?.node ?? this.#root, name, node, path: resolved };
  }

  #attach({ parent, name }: Place, node: Node): Node {
    parent.children.set(name, node);
    this.#touch(parent);
    return node;
  }

  #touch(node: Node): void {
    node.modifiedNs = this.#nowNs();
  }

  #nowNs(): bigint {
    return BigInt(Math.round(this.#clock.now() * 1e4)) * 100n;
  }

  #node(kind: Node["kind"]): Node {
    const now = this.#nowNs();
    const times = { modifiedNs: now, accessedNs: now, createdNs: now };
    return {
      kind,
      inode: this.#nextInode++,
      links: 1,
      ...times,
      writable: true,
      data: new Uint8Array(0),
      size: 0,
      later: undefined,
      target: "",
      children: new Map(),
    };
  }

  #add(path: string, content: string | Uint8Array | { readonly link: string }): void {
    let folder = this.#root;
    const names = path.split("/").filter((name) => name !== "");
    const last = path.endsWith("/") ? undefined : names.pop();
    for (const name of names) {
      const next = folder.children.get(name) ?? this.#node("folder");
      folder.children.set(name, next);
      folder = next;
    }
    if (last === undefined) return;
    const node = this.#node(typeof content === "object" && "link" in content ? "link" : "file");
    if (typeof content === "object" && "link" in content) node.target = content.link;
    else node.data = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
    node.size = node.data.length;
    folder.children.set(last, node);
  }
}

/** Makes what a file was said to hold later. */
function settle(node: Node): void {
  if (node.later === undefined) return;
  node.data = node.later();
  node.size = node.data.length;
  node.later = undefined;
}

function failure(code: string, path: string): HostError {
  return new HostError(code, path);
}
