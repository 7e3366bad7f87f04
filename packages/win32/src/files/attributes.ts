import type { HostStat } from "@decant/host";
import type { Kernel } from "@decant/process";
import type { FileIdentity } from "./open-files.ts";

/** FILE_ATTRIBUTE_*. */
export const FILE_ATTRIBUTE = {
  READONLY: 1,
  HIDDEN: 2,
  SYSTEM: 4,
  DIRECTORY: 0x10,
  ARCHIVE: 0x20,
  NORMAL: 0x80,
  TEMPORARY: 0x100,
  SPARSE_FILE: 0x200,
  REPARSE_POINT: 0x400,
  COMPRESSED: 0x800,
  OFFLINE: 0x1000,
  NOT_CONTENT_INDEXED: 0x2000,
} as const;

/** Those that SetFileAttributes changes and a host does not keep. */
const KEPT =
  FILE_ATTRIBUTE.HIDDEN |
  FILE_ATTRIBUTE.SYSTEM |
  FILE_ATTRIBUTE.ARCHIVE |
  FILE_ATTRIBUTE.TEMPORARY |
  FILE_ATTRIBUTE.OFFLINE |
  FILE_ATTRIBUTE.NOT_CONTENT_INDEXED;

interface Remembered {
  attributes?: number;
  createdNs?: bigint;
  isSparse?: boolean;
}

/**
 * What Windows keeps of a file and a host does not: attributes but "read-only", a creation time that was set. Remembered until the kernel
 * ends, by the file's identity.
 */
export class FileAttributes {
  readonly #known = new Map<string, Remembered>();

  /** A file's attributes. Folders are never read-only, as Windows ignores that there; a file with no attribute at all is "normal". */
  of(stat: HostStat, targetIsFolder = false): number {
    const remembered = this.#known.size === 0 ? undefined : this.#known.get(keyOf(stat));
    const isFolder = stat.kind === "folder" || targetIsFolder;
    const kept = remembered?.attributes ?? (isFolder ? 0 : FILE_ATTRIBUTE.ARCHIVE);
    const bits =
      kept |
      (isFolder ? FILE_ATTRIBUTE.DIRECTORY : 0) |
      (stat.kind === "link" ? FILE_ATTRIBUTE.REPARSE_POINT : 0) |
      (remembered?.isSparse === true ? FILE_ATTRIBUTE.SPARSE_FILE : 0) |
      (stat.kind === "file" && !stat.writable ? FILE_ATTRIBUTE.READONLY : 0);
    return bits === 0 ? FILE_ATTRIBUTE.NORMAL : bits;
  }

  created(stat: HostStat): bigint {
    return (this.#known.size === 0 ? undefined : this.#known.get(keyOf(stat))?.createdNs) ?? stat.createdNs;
  }

  setAttributes(identity: FileIdentity, attributes: number): void {
    this.#entry(identity).attributes = attributes & KEPT;
  }

  setCreated(identity: FileIdentity, createdNs: bigint): void {
    this.#entry(identity).createdNs = createdNs;
  }

  isSparse(identity: FileIdentity): boolean {
    return this.#known.get(keyOf(identity))?.isSparse === true;
  }

  setSparse(identity: FileIdentity, isSparse: boolean): void {
    this.#entry(identity).isSparse = isSparse;
  }

  /** The file is gone: its number may come again. */
  forget(identity: FileIdentity): void {
    this.#known.delete(keyOf(identity));
  }

  #entry(identity: FileIdentity): Remembered {
    const key = keyOf(identity);
    let entry = this.#known.get(key);
    if (entry === undefined) this.#known.set(key, (entry = {}));
    return entry;
  }
}

const tables = new WeakMap<Kernel, FileAttributes>();

/** What a kernel remembers of its files. */
export function fileAttributes(kernel: Kernel): FileAttributes {
  let table = tables.get(kernel);
  if (table === undefined) tables.set(kernel, (table = new FileAttributes()));
  return table;
}

function keyOf({ device, inode }: FileIdentity): string {
  return `${device}:${inode}`;
}

/** A volume's serial number, by the letter of a path on it. */
export function volumeSerial(path: string): number {
  return 0xdeca_0000 + (path.toUpperCase().charCodeAt(0) || 0);
}
