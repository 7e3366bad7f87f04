/** What lies at a path. */
export type FileKind = "file" | "folder" | "link" | "other";

/** What is known of a file. Times are nanoseconds since 1970. */
export interface HostStat {
  readonly kind: FileKind;
  readonly size: number;
  readonly modifiedNs: bigint;
  readonly accessedNs: bigint;
  readonly createdNs: bigint;
  /** With `device`, what tells two files apart. */
  readonly inode: bigint;
  readonly device: bigint;
  readonly links: number;
  /** Whether the owner may write to it. */
  readonly writable: boolean;
}

/** A name in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: FileKind;
}

/** How to open a file. */
export interface OpenOptions {
  readonly write?: boolean;
  /** Makes the file when it is not there; "new" fails with EEXIST when it is. */
  readonly create?: boolean | "new";
  readonly truncate?: boolean;
  /** Fails with ELOOP when the last name is a symbolic link. */
  readonly noFollow?: boolean;
}

/** An open file. It has no position: each access says where. */
export interface HostFile {
  /** Fills `into` from `position`; returns how many bytes there were, 0 at the end. */
  read(into: Uint8Array, position: number): number;
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): void;
  stat(): HostStat;
  truncate(size: number): void;
  sync(): void;
  setTimes(accessedNs: bigint, modifiedNs: bigint): void;
  /** The path that it has now, links resolved; undefined where the host cannot tell. */
  path(): string | undefined;
  close(): void;
  /** Its descriptor, where it is a standard stream that a program of the host's can be given. */
  readonly descriptor?: number | undefined;
}

/** A change in a watched folder. */
export interface FolderChange {
  /** The name below the folder. */
  readonly name: string;
  /** A name came or went, or a file's content or times changed. */
  readonly kind: "name" | "content";
}

/** A volume's room in bytes. */
export interface SpaceInfo {
  readonly total: number;
  readonly free: number;
}

/**
 * A tree of files. Paths are absolute, with "/" between names. Calls are synchronous: nothing else runs between a check and a use.
 * Failures are errors with a POSIX `code`.
 */
export interface HostFiles {
  open(path: string, options?: OpenOptions): HostFile;
  /** Makes a file whose content is asked for when somebody first looks at it; fails with EEXIST when it is there. Absent where files are kept. */
  addLater?(path: string, content: () => Uint8Array): void;
  /** Follows symbolic links. */
  stat(path: string): HostStat;
  /** Does not follow a link at the end. */
  lstat(path: string): HostStat;
  /** The names in a folder, without "." and "..", in the host's order. */
  list(path: string): FolderEntry[];
  makeFolder(path: string): void;
  removeFolder(path: string): void;
  remove(path: string): void;
  /** Replaces what is at `to`. */
  rename(from: string, to: string): void;
  setTimes(path: string, accessedNs: bigint, modifiedNs: bigint): void;
  setWritable(path: string, writable: boolean): void;
  /** The path with all links resolved. Fails with ENOENT when nothing is there. */
  realPath(path: string): string;
  /** Gives a file a second name. */
  link(existing: string, path: string): void;
  /** Makes a symbolic link; a relative target starts at the link's folder. */
  makeLink(target: string, path: string): void;
  /** A symbolic link's target as it was written. Fails with EINVAL for what is no link. */
  readLink(path: string): string;
  space(path: string): SpaceInfo;
  /** Tells of changes below a folder that others make; undefined where the host cannot. Returns what ends it. */
  watch(path: string, recursive: boolean, onChange: (change: FolderChange) => void): (() => void) | undefined;
}
