import { calls, cell, ERROR, waitingCalls, Win32Error, type Handle, type Pointer } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { directory } from "./directory.ts";
import { file } from "./file.ts";
import { fileIo } from "./file-io.ts";
import { olderFilesApi } from "./older-files.api.ts";
import { searchPath } from "./search-path.ts";

const files = calls(file);
const folders = calls(directory);
const io = waitingCalls(fileIo);

/** OF_*: how a file is to be opened; the sharing modes lie in bits 4 to 6. */
const OF = { WRITE: 1, READWRITE: 2, PARSE: 0x100, DELETE: 0x200, CREATE: 0x1000, EXIST: 0x4000 } as const;
const GENERIC = { READ: 0x8000_0000, WRITE: 0x4000_0000 } as const;
/** FILE_SHARE_* by the mode: compatible, exclusive, deny writing, deny reading, deny nothing. */
const SHARES = [3, 0, 1, 2, 3] as const;
const OPEN = { CREATE_ALWAYS: 2, OPEN_EXISTING: 3 } as const;
const FILE_ATTRIBUTE_NORMAL = 0x80;
const ATTRIBUTES = 7;
/** OFSTRUCT: cBytes, fFixedDisk, nErrCode at 2, two reserved words, and the path in 128 bytes at 8. */
const OFSTRUCT = { nErrCode: 2, szPathName: 8, SIZE: 136, PATH_SIZE: 128 } as const;
const NO_HANDLE = 0 as Handle;
/** Pointers that are NULL, for calls from here. */
const noPlace = { ...cell(0), isNull: true };
const noOverlapped = { ...cell({ Internal: 0n, InternalHigh: 0n, Offset: 0, OffsetHigh: 0, hEvent: NO_HANDLE }), isNull: true };

/** Files as 16-bit Windows had them. */
export const olderFiles = implement(olderFilesApi, {
  OpenFile(thread, lpFileName, lpReOpenBuff, uStyle) {
    if (lpFileName === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    try {
      return openOlder(thread, lpFileName, lpReOpenBuff, uStyle);
    } catch (error) {
      if (error instanceof Win32Error && lpReOpenBuff !== 0) thread.memory.setU16(lpReOpenBuff + OFSTRUCT.nErrCode, error.code);
      throw error;
    }
  },
  _lopen: (thread, lpPathName, iReadWrite) => open(thread, lpPathName ?? "", iReadWrite, OPEN.OPEN_EXISTING),
  _lcreat: (thread, lpPathName, iAttribute) =>
    files.CreateFile(thread, lpPathName, (GENERIC.READ | GENERIC.WRITE) >>> 0, 3, 0, OPEN.CREATE_ALWAYS, iAttribute & ATTRIBUTES, NO_HANDLE), // prettier-ignore
  _lclose(thread, hFile) {
    thread.process.handles.close(hFile);
    return 0;
  },
  _lread: (thread, hFile, lpBuffer, uBytes) => transfer(thread, "ReadFile", hFile, lpBuffer, uBytes),
  _lwrite: (thread, hFile, lpBuffer, uBytes) => write(thread, hFile, lpBuffer, uBytes),
  _hread: (thread, hFile, lpBuffer, lBytes) => transfer(thread, "ReadFile", hFile, lpBuffer, lBytes),
  _hwrite: (thread, hFile, lpBuffer, lBytes) => write(thread, hFile, lpBuffer, lBytes),
  _llseek: (thread, hFile, lOffset, iOrigin) => files.SetFilePointer(thread, hFile, lOffset, noPlace, iOrigin),
  CreateFile2(thread, lpFileName, dwDesiredAccess, dwShareMode, dwCreationDisposition, pCreateExParams) {
    const { dwFileAttributes = 0, dwFileFlags = 0, lpSecurityAttributes = 0 } = pCreateExParams ?? {};
    return files.CreateFile(
      thread,
      lpFileName,
      dwDesiredAccess,
      dwShareMode,
      lpSecurityAttributes,
      dwCreationDisposition,
      (dwFileAttributes | dwFileFlags) >>> 0,
      NO_HANDLE,
    );
  },
});

function openOlder(thread: Thread, name: string, info: number, style: number): number {
  const path = (style & OF.CREATE) !== 0 ? fullPath(name, stateOf(thread).paths) : searchPath.find(thread, undefined, name, undefined);
  if (info !== 0) {
    const bytes = new Uint8Array(OFSTRUCT.SIZE);
    bytes[0] = OFSTRUCT.SIZE;
    bytes[1] = 1;
    bytes.set(thread.ansi.encode(path).subarray(0, OFSTRUCT.PATH_SIZE - 1), OFSTRUCT.szPathName);
    thread.memory.write(info, bytes);
  }
  if ((style & OF.PARSE) !== 0) return 0;
  if ((style & OF.DELETE) !== 0) {
    folders.DeleteFile(thread, path);
    return 1;
  }
  const handle = open(thread, path, style, (style & OF.CREATE) !== 0 ? OPEN.CREATE_ALWAYS : OPEN.OPEN_EXISTING);
  if ((style & OF.EXIST) === 0) return handle;
  thread.process.handles.close(handle as Handle);
  return 1;
}

function open(thread: Thread, path: string, style: number, disposition: number): number {
  const access = (style & 3) === OF.WRITE ? GENERIC.WRITE : (style & 3) === OF.READWRITE ? GENERIC.READ | GENERIC.WRITE : GENERIC.READ;
  const share = SHARES[(style >>> 4) & 7];
  if (share === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return files.CreateFile(thread, path, access >>> 0, share, 0, disposition, FILE_ATTRIBUTE_NORMAL, NO_HANDLE);
}

function* transfer(
  thread: Thread,
  which: "ReadFile" | "WriteFile",
  handle: Handle,
  buffer: Pointer,
  length: number,
): GuestGenerator<number> {
  const count = cell(0);
  yield* io[which](thread, handle, buffer, length, count, noOverlapped);
  return count.get();
}

/** "A call with no bytes makes the file end where its position is." */
function* write(thread: Thread, handle: Handle, buffer: Pointer, length: number): GuestGenerator<number> {
  if (length > 0) return yield* transfer(thread, "WriteFile", handle, buffer, length);
  files.SetEndOfFile(thread, handle);
  return 0;
}
