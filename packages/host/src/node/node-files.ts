import * as fs from "node:fs";
import type { FileKind, FolderChange, FolderEntry, HostFile, HostFiles, HostStat, OpenOptions, SpaceInfo } from "../files.ts";

const OWNER_WRITE = 0o200n;

/** All files of this machine. */
export function nodeFiles(): HostFiles {
  return nodeTree;
}

const nodeTree: HostFiles = {
  open: (path, options = {}) => new NodeFile(fs.openSync(path, openFlags(options), 0o666)),
  stat: (path) => convertStat(fs.statSync(path, { bigint: true })),
  lstat: (path) => convertStat(fs.lstatSync(path, { bigint: true })),
  list: (path) => fs.readdirSync(path, { withFileTypes: true }).map((entry): FolderEntry => ({ name: entry.name, kind: kindOf(entry) })),
  makeFolder: (path) => void fs.mkdirSync(path),
  removeFolder: (path) => fs.rmdirSync(path),
  remove: (path) => fs.unlinkSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  setTimes: (path, accessedNs, modifiedNs) => fs.utimesSync(path, seconds(accessedNs), seconds(modifiedNs)),
  setWritable(path, writable) {
    const { mode } = fs.statSync(path);
    fs.chmodSync(path, writable ? mode | 0o200 : mode & ~0o222);
  },
  realPath: (path) => fs.realpathSync.native(path),
  link: (existing, path) => fs.linkSync(existing, path),
  makeLink: (target, path) => fs.symlinkSync(target, path),
  readLink: (path) => fs.readlinkSync(path),
  watch,
  space(path): SpaceInfo {
    const { bsize, blocks, bavail } = fs.statfsSync(path);
    return { total: bsize * blocks, free: bsize * bavail };
  },
};

function watch(path: string, recursive: boolean, onChange: (change: FolderChange) => void): () => void {
  // Not persistent: a guest that waits for changes keeps the process alive by waiting, not by watching.
  const watcher = fs.watch(path, { recursive, persistent: false }, (event, name) => {
    if (name !== null) onChange({ name, kind: event === "rename" ? "name" : "content" });
  });
  watcher.on("error", () => watcher.close()); // the folder is gone: there is nothing more to tell
  return () => watcher.close();
}

/** A file by its descriptor. */
export class NodeFile implements HostFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** At the descriptor's own place, which moves with it, where there is no position. */
  read(into: Uint8Array, position: number | null): number {
    let done = 0;
    while (done < into.length) {
      const count = fs.readSync(this.#fd, into, done, into.length - done, position === null ? null : position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  write(bytes: Uint8Array, position: number | null): void {
    let done = 0;
    while (done < bytes.length)
      done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, position === null ? null : position + done);
  }

  stat(): HostStat {
    return convertStat(fs.fstatSync(this.#fd, { bigint: true }));
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#fd, size);
  }

  sync(): void {
    fs.fsyncSync(this.#fd);
  }

  setTimes(accessedNs: bigint, modifiedNs: bigint): void {
    fs.futimesSync(this.#fd, seconds(accessedNs), seconds(modifiedNs));
  }

  path(): string | undefined {
    if (process.platform !== "linux") return undefined;
    try {
      return fs.readlinkSync(`/proc/self/fd/${this.#fd}`);
    } catch {
      return undefined; // no /proc
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

function openFlags({ write, create, truncate, noFollow }: OpenOptions): number {
  const { O_RDWR, O_RDONLY, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  // A FIFO at whose other end nobody is would hold everything up; files do not care.
  let flags = (write === true ? O_RDWR : O_RDONLY) | (O_NONBLOCK ?? 0);
  if (create !== undefined && create !== false) flags |= O_CREAT;
  if (create === "new") flags |= O_EXCL;
  if (truncate === true) flags |= O_TRUNC;
  if (noFollow === true) flags |= O_NOFOLLOW ?? 0;
  return flags;
}

function convertStat(stat: fs.BigIntStats): HostStat {
  return {
    kind: kindOf(stat),
    size: Number(stat.size),
    modifiedNs: stat.mtimeNs,
    accessedNs: stat.atimeNs,
    createdNs: stat.birthtimeNs === 0n ? stat.mtimeNs : stat.birthtimeNs,
    inode: stat.ino,
    device: stat.dev,
    links: Number(stat.nlink),
    writable: (stat.mode & OWNER_WRITE) !== 0n,
  };
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}

/** Node takes times as seconds in a double, and cuts them to microseconds: the half keeps a rounding error from losing one. */
function seconds(ns: bigint): number {
  return (Number(ns / 1000n) + 0.5) / 1e6;
}
