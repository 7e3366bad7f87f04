import type { HostFile, HostFiles, HostStat } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import { FILE_TYPE, IoObject } from "./io-object.ts";
import type { RangeLocks } from "./range-locks.ts";

/** What a file was opened with. */
export interface DiskFileFields {
  /** Absent where only attributes were asked for, and for folders. */
  readonly file: HostFile | undefined;
  readonly files: HostFiles;
  /** The path in `files`. */
  readonly path: string;
  /** The full Windows path. */
  readonly full: string;
  readonly isFolder: boolean;
  readonly canRead: boolean;
  readonly canWrite: boolean;
  readonly canAppend: boolean;
  /** Leaves the share table. */
  readonly leave: () => void;
  readonly locks: RangeLocks;
}

/** A file or folder of a drive. */
export class DiskFile extends IoObject {
  readonly fileType = FILE_TYPE.DISK;
  readonly files: HostFiles;
  readonly full: string;
  readonly isFolder: boolean;
  /** Where reads and writes without an offset go on. */
  position = 0;
  deleteOnClose = false;
  path: string;
  readonly #file: HostFile | undefined;
  readonly #canRead: boolean;
  readonly #canWrite: boolean;
  readonly #canAppend: boolean;
  readonly #leave: () => void;
  readonly #locks: RangeLocks;

  constructor({ file, files, path, full, isFolder, canRead, canWrite, canAppend, leave, locks }: DiskFileFields) {
    super();
    this.#file = file;
    this.files = files;
    this.path = path;
    this.full = full;
    this.isFolder = isFolder;
    this.#canRead = canRead;
    this.#canWrite = canWrite;
    this.#canAppend = canAppend;
    this.#leave = leave;
    this.#locks = locks;
  }

  override read(into: Uint8Array, offset?: number): number {
    if (!this.#canRead) throw new Win32Error(ERROR.ACCESS_DENIED);
    const at = offset ?? this.position;
    this.#locks.check(() => this.stat(), { owner: this, start: at, end: at + into.length });
    const count = this.#data().read(into, at);
    this.position = at + count;
    return count;
  }

  override write(bytes: Uint8Array, offset?: number): number {
    if (!this.#canWrite && !this.#canAppend) throw new Win32Error(ERROR.ACCESS_DENIED);
    const file = this.#data();
    const at = this.#canWrite && offset !== -1 ? (offset ?? this.position) : file.stat().size;
    this.#locks.check(() => this.stat(), { owner: this, start: at, end: at + bytes.length });
    file.write(bytes, at);
    this.position = at + bytes.length;
    return bytes.length;
  }

  /** Locks a range for this handle alone. Throws ERROR_LOCK_VIOLATION. */
  lock(start: number, length: number): void {
    this.#locks.lock(this.stat(), { owner: this, start, end: start + length });
  }

  /** Throws ERROR_NOT_LOCKED. */
  unlock(start: number, length: number): void {
    this.#locks.unlock(this.stat(), { owner: this, start, end: start + length });
  }

  override flush(): void {
    if (!this.#canWrite && !this.#canAppend) throw new Win32Error(ERROR.ACCESS_DENIED);
    this.#data().sync();
  }

  stat(): HostStat {
    return this.#file?.stat() ?? this.files.stat(this.path);
  }

  size(): number {
    return this.isFolder ? 0 : this.stat().size;
  }

  truncate(size: number): void {
    if (!this.#canWrite) throw new Win32Error(ERROR.ACCESS_DENIED);
    this.#data().truncate(size);
  }

  setTimes(accessedNs: bigint, modifiedNs: bigint): void {
    if (this.#file === undefined) this.files.setTimes(this.path, accessedNs, modifiedNs);
    else this.#file.setTimes(accessedNs, modifiedNs);
  }

  protected override close(): void {
    this.#file?.close();
    this.#leave();
    this.#locks.release(this);
    if (!this.deleteOnClose) return;
    try {
      if (this.isFolder) this.files.removeFolder(this.path);
      else this.files.remove(this.path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error; // as on Windows: nobody hears of it
    }
  }

  #data(): HostFile {
    if (this.#file === undefined) throw new Win32Error(this.isFolder ? ERROR.INVALID_FUNCTION : ERROR.ACCESS_DENIED);
    return this.#file;
  }
}
