import { ERROR, INVALID_HANDLE_VALUE, Win32Error, type Handle } from "@decant/hook";
import { PAGE } from "@decant/memory";
import { KernelObject, type Process, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";

const GRANULARITY = 0x1_0000;
const FILE_MAP = { COPY: 1, WRITE: 2, READ: 4 } as const;
const WORD = 2 ** 32;

/** A size or offset from its halves. */
export function mappingSize(high: number, low: number): number {
  return high * WORD + low;
}

/** A section: a file's bytes, or memory of its own when there is no file ("Creating a File Mapping Object"). */
export class FileMapping extends KernelObject {
  readonly size: number;
  readonly protection: number;
  readonly file: DiskFile | undefined;
  /** The bytes of a section without a file, while no view is open. */
  readonly bytes: Uint8Array;

  constructor(file: DiskFile | undefined, size: number, protection: number) {
    super();
    this.file = file;
    this.size = size;
    this.protection = protection;
    this.bytes = new Uint8Array(file === undefined ? size : 0);
    file?.retain();
  }

  /** Size 0 is the file's own; a larger one makes the file longer. Last error is ERROR_ALREADY_EXISTS when the name was taken. */
  static create(thread: Thread, hFile: Handle, flags: number, size: number, name: string | undefined): FileMapping {
    const protection = flags & 0xff;
    if (![PAGE.READONLY, PAGE.READWRITE, PAGE.WRITECOPY, PAGE.EXECUTE_READ, PAGE.EXECUTE_READWRITE].includes(protection as 2))
      throw new Win32Error(ERROR.INVALID_PARAMETER);
    const existing = name === undefined ? undefined : thread.kernel.named.get(name);
    if (existing !== undefined) {
      if (!(existing instanceof FileMapping)) throw new Win32Error(ERROR.INVALID_HANDLE);
      thread.lastError = ERROR.ALREADY_EXISTS;
      return existing;
    }
    const file = hFile === INVALID_HANDLE_VALUE ? undefined : thread.process.handles.get(hFile, DiskFile);
    if (file === undefined && size === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const length = size === 0 ? file!.size() : size;
    if (length === 0) throw new Win32Error(ERROR.FILE_INVALID);
    if (file !== undefined && length > file.size()) {
      if (protection !== PAGE.READWRITE && protection !== PAGE.EXECUTE_READWRITE) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
      file.truncate(length);
    }
    const mapping = new FileMapping(file, length, protection);
    if (name !== undefined) {
      mapping.name = name;
      thread.kernel.named.set(name, mapping);
    }
    thread.lastError = ERROR.SUCCESS;
    return mapping;
  }

  protected override close(): void {
    this.file?.release();
  }
}

interface View {
  readonly mapping: FileMapping;
  readonly address: number;
  readonly offset: number;
  readonly length: number;
  readonly writes: boolean;
  count: number;
}

/**
 * The views of a process. A second view of the same range is the same address, counted. A file's bytes are read when it is mapped, and
 * written back at a flush, at the unmapping, and at the end of the process.
 */
export class MappedViews {
  readonly #views = new Map<number, View>();
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
    process.onEnd(() => {
      for (const view of this.#views.values()) this.#writeBack(view);
    });
  }

  static of({ process }: Thread): MappedViews {
    return process.state(MappedViews, () => new MappedViews(process));
  }

  /** Maps a range; 0 bytes is all to the end. */
  map(mapping: FileMapping, access: number, offset: number, bytes: number): number {
    const length = bytes === 0 ? mapping.size - offset : bytes;
    if (offset % GRANULARITY !== 0) throw new Win32Error(ERROR.MAPPED_ALIGNMENT);
    if (offset + length > mapping.size || length <= 0) throw new Win32Error(ERROR.ACCESS_DENIED);
    const writes = (access & FILE_MAP.WRITE) !== 0 && (access & FILE_MAP.COPY) === 0;
    if (writes && mapping.protection !== PAGE.READWRITE && mapping.protection !== PAGE.EXECUTE_READWRITE)
      throw new Win32Error(ERROR.ACCESS_DENIED);
    const same = [...this.#views.values()].find(
      (view) => view.mapping === mapping && view.offset === offset && view.length >= length && (view.writes || !writes),
    );
    if (same !== undefined && (access & FILE_MAP.COPY) === 0) {
      same.count++;
      return same.address;
    }
    const { memory } = this.#process;
    const protection = (access & (FILE_MAP.WRITE | FILE_MAP.COPY)) === 0 ? PAGE.READONLY : PAGE.READWRITE;
    const address = memory.allocate(length, PAGE.READWRITE, { kind: "mapped", protection });
    if (address === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    const target = memory.writableSlice(address, length);
    if (mapping.file === undefined) target.set(mapping.bytes.subarray(offset, offset + length));
    else {
      const { position } = mapping.file;
      mapping.file.read(target, offset);
      mapping.file.position = position;
    }
    memory.protect(address, length, protection);
    mapping.retain();
    this.#views.set(address, { mapping, address, offset, length, writes, count: 1 });
    return address;
  }

  flush(address: number): void {
    const view = [...this.#views.values()].find(
      (candidate) => address >= candidate.address && address < candidate.address + candidate.length,
    );
    if (view === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
    this.#writeBack(view);
  }

  unmap(address: number): void {
    const view = this.#views.get(address);
    if (view === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
    if (--view.count > 0) return;
    this.#writeBack(view);
    this.#views.delete(address);
    this.#process.memory.release(address);
    view.mapping.release();
  }

  #writeBack({ mapping, address, offset, length, writes }: View): void {
    if (!writes) return;
    const bytes = this.#process.memory.slice(address, length);
    if (mapping.file === undefined) mapping.bytes.set(bytes, offset);
    else {
      const { position } = mapping.file;
      mapping.file.write(bytes, offset);
      mapping.file.position = position;
    }
  }
}
