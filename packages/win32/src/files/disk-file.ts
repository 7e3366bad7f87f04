import type { HostFile, HostFiles, HostStat } from "@decant/host";
import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import type { Kernel } from "@decant/process";
import { RIGHT } from "./access.ts";
import type { ChangeQueue } from "./change-queue.ts";
import { CHANGE, folderChanges } from "./folder-changes.ts";
import type { FolderListing } from "./folder-listing.ts";
import { FILE_TYPE, IoObject } from "./io-object.ts";
import { openFiles, type Opening, type OpenNode } from "./open-files.ts";
import { rangeLocks, type RangeLocks } from "./range-locks.ts";
import { removeName } from "./remove-name.ts";

/** What a file was opened with. */
export interface DiskFileFields {
  readonly kernel: Kernel;
  /** Absent where its content was not asked for, and for folders and links. */
  readonly file: HostFile | undefined;
  readonly opening: Opening;
  readonly node: OpenNode;
  /** The full Windows path, as it was asked for. */
  readonly full: string;
  readonly kind: "file" | "folder" | "link";
  /** RIGHT bits that were granted. */
  readonly rights: number;
  /** FILE_* options of NtCreateFile: what FileModeInformation tells. */
  readonly mode: number;
}

/** A file, folder or symbolic link of a drive. */
export class DiskFile extends IoObject {
  readonly fileType = FILE_TYPE.DISK;
  readonly full: string;
  readonly kind: "file" | "folder" | "link";
  readonly rights: number;
  readonly mode: number;
  readonly node: OpenNode;
  /** Where reads and writes without an offset go on. */
  position = 0;
  /** The handle's closing asks for the file's deletion; "name" takes the name at once, though others have the file open. */
  deleteOnClose: "last" | "name" | undefined;
  /** Where NtQueryDirectoryFile and its like go on. */
  listing: FolderListing | undefined;
  /** What ReadDirectoryChangesW tells of, from its first call on. */
  changes: ChangeQueue | undefined;
  readonly #file: HostFile | undefined;
  readonly #opening: Opening;
  readonly #canRead: boolean;
  readonly #canWrite: boolean;
  readonly #canAppend: boolean;
  readonly #kernel: Kernel;
  readonly #locks: RangeLocks;
  #hasWritten = false;

  override describe(): string {
    return super.describe(this.full.slice(this.full.lastIndexOf("\\") + 1) || this.full);
  }

  constructor({ kernel, file, opening, node, full, kind, rights, mode }: DiskFileFields) {
    super();
    this.#kernel = kernel;
    this.#locks = rangeLocks(kernel);
    this.#file = file;
    this.#opening = opening;
    this.node = node;
    this.full = full;
    this.kind = kind;
    this.rights = rights;
    this.mode = mode;
    this.#canRead = (rights & RIGHT.READ_DATA) !== 0;
    this.#canWrite = (rights & RIGHT.WRITE_DATA) !== 0;
    this.#canAppend = (rights & RIGHT.APPEND_DATA) !== 0;
  }

  /** The descriptor of the host's standard stream that it is; undefined for all others. */
  get descriptor(): number | undefined {
    return this.#file?.descriptor;
  }

  /** As any standard output: who has it may be about to write. */
  override get keepsRunOpen(): boolean {
    return this.descriptor !== undefined && this.#canWrite;
  }

  get files(): HostFiles {
    return this.#opening.files;
  }

  /** The path in `files`, links in it included; follows renames. */
  get path(): string {
    return this.#opening.path;
  }

  /** The full Windows path that it has now. */
  get windowsPath(): string {
    return `${this.full[0]!.toUpperCase()}:${this.path.replaceAll("/", "\\")}`;
  }

  get isFolder(): boolean {
    return this.kind === "folder";
  }

  /** Throws ERROR_ACCESS_DENIED unless the handle was opened with one of these rights. */
  require(rights: number): void {
    if ((this.rights & rights) === 0) throw new Win32Error(ERROR.ACCESS_DENIED);
  }

  override read(into: Uint8Array, offset?: number): number {
    if (!this.#canRead) throw new Win32Error(ERROR.ACCESS_DENIED);
    const at = offset ?? this.position;
    this.#locks.checkRead(() => this.stat(), { owner: this, start: at, end: at + into.length });
    const file = this.#data();
    for (const view of this.node.views) view.flush();
    const count = file.read(into, at);
    this.position = at + count;
    return count;
  }

  override write(bytes: Uint8Array, offset?: number): number {
    if (!this.#canWrite && !this.#canAppend) throw new Win32Error(ERROR.ACCESS_DENIED);
    const file = this.#data();
    const at = this.#canWrite && offset !== -1 ? (offset ?? this.position) : file.stat().size;
    this.#locks.checkWrite(() => this.stat(), { owner: this, start: at, end: at + bytes.length });
    for (const view of this.node.views) view.written(bytes, at);
    file.write(bytes, at);
    this.#hasWritten = true;
    this.position = at + bytes.length;
    return bytes.length;
  }

  /** The file's bytes for a view, whatever the handle's rights and locks are: they were checked when the section was made. */
  readMapped(into: Uint8Array, offset: number): number {
    return this.#data().read(into, offset);
  }

  writeMapped(bytes: Uint8Array, offset: number): void {
    this.#data().write(bytes, offset);
    this.#hasWritten = true;
  }

  override flush(): void {
    if (!this.#canWrite && !this.#canAppend) throw new Win32Error(ERROR.ACCESS_DENIED);
    for (const view of this.node.views) view.flush();
    this.#data().sync();
  }

  stat(): HostStat {
    if (this.#file !== undefined) return this.#file.stat();
    return this.kind === "link" ? this.files.lstat(this.path) : this.files.stat(this.path);
  }

  size(): number {
    return this.kind === "file" ? this.stat().size : 0;
  }

  truncate(size: number): void {
    if (!this.#canWrite) throw new Win32Error(ERROR.ACCESS_DENIED);
    const file = this.#data();
    if (size < this.node.mappedBytes()) throw new NtError(STATUS.USER_MAPPED_FILE);
    file.truncate(size);
    this.#hasWritten = true;
  }

  setTimes(accessedNs: bigint, modifiedNs: bigint): void {
    // By the open file where it can be written: it stays the file that was opened. A handle that only sets attributes has no open file.
    if (this.#file !== undefined && (this.#canWrite || this.#canAppend)) this.#file.setTimes(accessedNs, modifiedNs);
    else this.files.setTimes(this.path, accessedNs, modifiedNs);
  }

  /** Locks a range for this handle. Returns false when part of it is locked in a way that does not go with it. */
  tryLock(start: number, length: number, isShared = false): boolean {
    return this.#locks.tryLock(this.stat(), { owner: this, start, end: start + length, isShared });
  }

  /** Throws ERROR_NOT_LOCKED. */
  unlock(start: number, length: number): void {
    this.#locks.unlock(this.stat(), { owner: this, start, end: start + length });
  }

  /** Nobody can open it from now on; the name goes with the last handle, or with this one where `deleteOnClose` says so. */
  markForDeletion(): void {
    this.node.removal = () => removeName(this.#kernel, this.files, this.path, this.kind);
  }

  protected override close(): void {
    this.#file?.close();
    this.changes?.close();
    if (this.#hasWritten) folderChanges(this.#kernel).note(this.files, this.path, CHANGE.MODIFIED);
    this.#locks.release(this);
    if (this.deleteOnClose === "last" && this.node.removal === undefined) this.markForDeletion();
    if (this.deleteOnClose === "name") {
      this.node.removal?.();
      this.node.removal = () => {};
    }
    openFiles(this.#kernel).leave(this.node, this.#opening);
  }

  #data(): HostFile {
    if (this.#file === undefined) throw new NtError(this.kind === "file" ? STATUS.ACCESS_DENIED : STATUS.INVALID_DEVICE_REQUEST);
    return this.#file;
  }
}
