import {
  calls,
  cell,
  CrtError,
  ERRNO,
  hostPointer,
  waitingCalls,
  Win32Error,
  type AcceptedOf,
  type AnyType,
  type Handle,
  type Out,
  type ValueOf,
} from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { directory } from "../kernel32/directory.ts";
import { file } from "../kernel32/file.ts";
import { fileIo } from "../kernel32/file-io.ts";
import type { BY_HANDLE_FILE_INFORMATION } from "../kernel32/file.api.ts";
import type { FILE_ATTRIBUTE_DATA, FIND_DATA } from "../kernel32/directory.api.ts";
import { FILE_ATTRIBUTE } from "../files/attributes.ts";
import { TEMP_FOLDER } from "../files/file-system.ts";
import { fileTimeFromMs, msFromFileTime } from "../files/file-time.ts";
import { fullPath } from "../paths/windows-path.ts";
import { upcase } from "../text/upcase.ts";
import { ProcessState } from "../process-state.ts";

const files = calls(file);
const io = calls(fileIo);
const waitingFiles = waitingCalls(fileIo);

const folders = calls(directory);

const NO_HANDLE = 0 as Handle;

/**
 * What the C runtime asks of Windows, all of it: calls of kernel32's mappings, which cross the hooks that are set on them. Failures are
 * thrown as kernel32 throws them.
 */
export const system = {
  createFile: (thread: Thread, path: string, access: number, share: number, disposition: number, attributes: number): Handle =>
    files.CreateFile(thread, path, access, share, 0, disposition, attributes, NO_HANDLE),

  /** Reads at most `length` bytes; none at the end. */
  *read(thread: Thread, handle: Handle, length: number): GuestGenerator<Uint8Array> {
    const bytes = new Uint8Array(length);
    const count = cell(0);
    succeeded(yield* waitingFiles.ReadFile(thread, handle, hostPointer(bytes), length, count, noOverlapped));
    return bytes.subarray(0, count.get());
  },

  /** Writes bytes, and returns how many were taken. */
  *write(thread: Thread, handle: Handle, bytes: Uint8Array): GuestGenerator<number> {
    const count = cell(0);
    succeeded(yield* waitingFiles.WriteFile(thread, handle, hostPointer(bytes), bytes.length, count, noOverlapped));
    return count.get();
  },

  /** The same for files of a disk, which never wait. */
  readNow(thread: Thread, handle: Handle, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const count = cell(0);
    succeeded(io.ReadFile(thread, handle, hostPointer(bytes), length, count, noOverlapped));
    return bytes.subarray(0, count.get());
  },

  writeNow(thread: Thread, handle: Handle, bytes: Uint8Array): void {
    succeeded(io.WriteFile(thread, handle, hostPointer(bytes), bytes.length, cell(0), noOverlapped));
  },

  /** Moves a file's position and returns it. */
  seek(thread: Thread, handle: Handle, distance: number, method: number): number {
    const position = cell(0);
    succeeded(files.SetFilePointerEx(thread, handle, distance, position, method));
    return position.get();
  },

  setEndOfFile: (thread: Thread, handle: Handle): void => succeeded(files.SetEndOfFile(thread, handle)),
  flush: (thread: Thread, handle: Handle): void => succeeded(files.FlushFileBuffers(thread, handle)),
  fileType: (thread: Thread, handle: Handle): number => files.GetFileType(thread, handle),
  closeHandle: (thread: Thread, handle: Handle): void => thread.process.handles.close(handle),

  /** STD_INPUT_HANDLE -10, STD_OUTPUT_HANDLE -11, STD_ERROR_HANDLE -12. */
  standardHandle: (thread: Thread, which: number): Handle => ProcessState.of(thread).standardHandle(which) ?? NO_HANDLE,

  /** Sets the times of last access and last write, in seconds since 1970. */
  setHandleTimes(thread: Thread, handle: Handle, accessed: number, written: number): void {
    succeeded(files.SetFileTime(thread, handle, undefined, fileTime(accessed), fileTime(written)));
  },

  setPathTimes(thread: Thread, path: string, accessed: number, written: number): void {
    const handle = system.createFile(thread, path, FILE_WRITE_ATTRIBUTES, SHARE_ALL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    try {
      system.setHandleTimes(thread, handle, accessed, written);
    } finally {
      system.closeHandle(thread, handle);
    }
  },

  deleteFile: (thread: Thread, path: string): void => succeeded(folders.DeleteFile(thread, path)),
  moveFile: (thread: Thread, from: string, to: string): void => succeeded(folders.MoveFileEx(thread, from, to, MOVEFILE_COPY_ALLOWED)),
  createFolder: (thread: Thread, path: string): void => succeeded(folders.CreateDirectory(thread, path, 0)),
  removeFolder: (thread: Thread, path: string): void => succeeded(folders.RemoveDirectory(thread, path)),
  setAttributes: (thread: Thread, path: string, attributes: number): void => succeeded(folders.SetFileAttributes(thread, path, attributes)),
  currentFolder: (thread: Thread): string => thread.process.currentDirectory,
  setCurrentFolder: (thread: Thread, path: string): void => succeeded(folders.SetCurrentDirectory(thread, path)),
  drives: (thread: Thread): number => folders.GetLogicalDrives(thread),

  /** A path from its drive on, without "." and "..". */
  fullPath: (thread: Thread, path: string): string => fullPath(path, ProcessState.of(thread).paths),

  attributes(thread: Thread, path: string): FileFacts {
    const data = structCell<typeof FILE_ATTRIBUTE_DATA>(NO_FACTS);
    succeeded(folders.GetFileAttributesEx(thread, path, 0, data));
    return factsOf(data.get());
  },

  /** The same of what a symbolic link leads to. */
  targetFacts(thread: Thread, path: string): FileFacts {
    const facts = system.attributes(thread, path);
    if ((facts.attributes & FILE_ATTRIBUTE.REPARSE_POINT) === 0) return facts;
    const handle = system.createFile(thread, path, 0, SHARE_ALL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    try {
      return system.handleFacts(thread, handle);
    } finally {
      system.closeHandle(thread, handle);
    }
  },

  handleFacts(thread: Thread, handle: Handle): FileFacts {
    const data = structCell<typeof BY_HANDLE_FILE_INFORMATION>({
      ...NO_FACTS,
      dwVolumeSerialNumber: 0,
      nNumberOfLinks: 1,
      nFileIndexHigh: 0,
      nFileIndexLow: 0,
    });
    succeeded(files.GetFileInformationByHandle(thread, handle, data));
    return factsOf(data.get());
  },

  /** Begins a search by a path with wildcards in its last part. Throws when nothing matches. */
  findFirst(thread: Thread, pattern: string): { search: Handle; found: FoundFile } {
    const data = structCell<typeof FIND_DATA>({ ...NO_FACTS, dwReserved0: 0, dwReserved1: 0, cFileName: "", cAlternateFileName: "" });
    const search = folders.FindFirstFile(thread, pattern, data);
    return { search, found: { ...factsOf(data.get()), name: data.get().cFileName } };
  },

  /** Throws ERROR_NO_MORE_FILES at the end. */
  findNext(thread: Thread, search: Handle): FoundFile {
    const data = structCell<typeof FIND_DATA>({ ...NO_FACTS, dwReserved0: 0, dwReserved1: 0, cFileName: "", cAlternateFileName: "" });
    succeeded(folders.FindNextFile(thread, search, data));
    return { ...factsOf(data.get()), name: data.get().cFileName };
  },

  findClose: (thread: Thread, search: Handle): void => succeeded(folders.FindClose(thread, search)),

  /** The names that match a path with wildcards in its last part; none when nothing does. */
  listFiles(thread: Thread, pattern: string): string[] {
    const names: string[] = [];
    try {
      const { search, found } = system.findFirst(thread, pattern);
      names.push(found.name);
      try {
        for (;;) names.push(system.findNext(thread, search).name);
      } finally {
        system.findClose(thread, search);
      }
    } catch (error) {
      if (!(error instanceof Win32Error)) throw error;
      return names;
    }
  },

  temporaryFolder: (): string => `${TEMP_FOLDER}\\`,

  setEnvironmentVariable(thread: Thread, name: string, value: string | undefined): void {
    const { environment } = ProcessState.of(thread);
    if (value === undefined) environment.delete(upcase(name));
    else environment.set(upcase(name), { name, value });
  },
};

/** What the runtime wants to know of a file. Times are seconds since 1970. */
export interface FileFacts {
  readonly attributes: number;
  readonly size: number;
  readonly created: number;
  readonly accessed: number;
  readonly written: number;
  readonly links: number;
}

/** A file that a search found. */
export interface FoundFile extends FileFacts {
  readonly name: string;
}

interface FileTimeParts {
  readonly dwLowDateTime: number;
  readonly dwHighDateTime: number;
}

interface RawFacts {
  readonly dwFileAttributes: number;
  readonly ftCreationTime: FileTimeParts;
  readonly ftLastAccessTime: FileTimeParts;
  readonly ftLastWriteTime: FileTimeParts;
  readonly nFileSizeHigh: number;
  readonly nFileSizeLow: number;
  readonly nNumberOfLinks?: number;
}

const NEVER = { dwLowDateTime: 0, dwHighDateTime: 0 };
const NO_FACTS = {
  dwFileAttributes: 0,
  ftCreationTime: NEVER,
  ftLastAccessTime: NEVER,
  ftLastWriteTime: NEVER,
  nFileSizeHigh: 0,
  nFileSizeLow: 0,
};

/** A place outside the guest for a struct: fields that are left out are as in `zeros`. */
function structCell<T extends AnyType>(zeros: ValueOf<T>): Out<ValueOf<T>, AcceptedOf<T>> {
  let current = zeros;
  const set = (value: AcceptedOf<T>) => {
    current = { ...zeros, ...value };
  };
  return { address: 0, isNull: false, get: () => current, set, update: set };
}

function factsOf(raw: RawFacts): FileFacts {
  return {
    attributes: raw.dwFileAttributes,
    size: raw.nFileSizeHigh * 2 ** 32 + raw.nFileSizeLow,
    created: secondsOf(raw.ftCreationTime),
    accessed: secondsOf(raw.ftLastAccessTime),
    written: secondsOf(raw.ftLastWriteTime),
    links: raw.nNumberOfLinks ?? 1,
  };
}

function secondsOf({ dwLowDateTime, dwHighDateTime }: FileTimeParts): number {
  return Math.floor(msFromFileTime((BigInt(dwHighDateTime) << 32n) | BigInt(dwLowDateTime)) / 1000);
}

const MOVEFILE_COPY_ALLOWED = 2;
const FILE_WRITE_ATTRIBUTES = 0x100;
const SHARE_ALL = 7;
const OPEN_EXISTING = 3;
const FILE_FLAG_BACKUP_SEMANTICS = 0x0200_0000;

function fileTime(seconds: number): bigint {
  return fileTimeFromMs(seconds * 1000);
}

/** No OVERLAPPED. */
const noOverlapped = { ...cell({ Internal: 0n, InternalHigh: 0n, Offset: 0, OffsetHigh: 0, hEvent: NO_HANDLE }), isNull: true };

/** Implementations that fail by their result, not by throwing. */
function succeeded(result: boolean | number): void {
  if (result === false || result === 0) throw new CrtError(ERRNO.EINVAL);
}
