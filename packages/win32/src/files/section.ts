import { ERROR, Win32Error } from "@decant/hook";
import { PAGE } from "@decant/memory";
import { KernelObject } from "@decant/process";
import { RIGHT } from "./access.ts";
import type { DiskFile } from "./disk-file.ts";
import { FileContent, MemoryContent, type SectionContent } from "./section-content.ts";

const SEC = { RESERVE: 0x400_0000, COMMIT: 0x800_0000, NOCACHE: 0x1000_0000, IMAGE: 0x100_0000, LARGE_PAGES: 0x8000_0000 } as const;

/** Protections of a section, and what a file must have been opened for. */
const PROTECTIONS = new Map<number, number>([
  [PAGE.READONLY, RIGHT.READ_DATA],
  [PAGE.READWRITE, RIGHT.READ_DATA | RIGHT.WRITE_DATA],
  [PAGE.WRITECOPY, RIGHT.READ_DATA],
  [PAGE.EXECUTE_READ, RIGHT.READ_DATA],
  [PAGE.EXECUTE_READWRITE, RIGHT.READ_DATA | RIGHT.WRITE_DATA],
  [PAGE.EXECUTE_WRITECOPY, RIGHT.READ_DATA],
]);

/** A section: a file's bytes, or memory of its own when there is no file ("Creating a File Mapping Object"). */
export class Section extends KernelObject {
  readonly size: number;
  readonly protection: number;
  readonly file: DiskFile | undefined;
  readonly content: SectionContent;

  /**
   * `flags` are a protection and SEC_*. Size 0 is the file's own; a larger one makes the file longer. Throws ERROR_INVALID_PARAMETER,
   * ERROR_FILE_INVALID for an empty file, ERROR_ACCESS_DENIED where the file was not opened for that, ERROR_NOT_ENOUGH_MEMORY for a size
   * past the end of a file that is only to be read.
   */
  constructor(file: DiskFile | undefined, flags: number, size: number) {
    super();
    const protection = flags & 0xff;
    const needed = PROTECTIONS.get(protection);
    if (needed === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if ((flags & (SEC.IMAGE | SEC.LARGE_PAGES)) !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
    if (file === undefined && size === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (file !== undefined && (file.kind !== "file" || (file.rights & needed) !== needed)) throw new Win32Error(ERROR.ACCESS_DENIED);
    const length = size === 0 ? file!.size() : size;
    if (length === 0) throw new Win32Error(ERROR.FILE_INVALID);
    if (file !== undefined && length > file.size()) {
      if ((needed & RIGHT.WRITE_DATA) === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
      file.truncate(length);
    }
    this.file = file;
    this.size = length;
    this.protection = protection;
    this.content = file === undefined ? new MemoryContent() : new FileContent(file);
    file?.retain();
    file?.node.sections.add(this);
  }

  /** Whether views of it may be written to. */
  get isWritable(): boolean {
    return this.protection === PAGE.READWRITE || this.protection === PAGE.EXECUTE_READWRITE;
  }

  protected override close(): void {
    this.file?.node.sections.delete(this);
    this.file?.release();
  }
}
