import { ERROR, Win32Error, type Handle, type Out, type Pointer } from "@decant/hook";
import { Event, implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import { fileTimeFromNs, nsFromFileTime } from "../files/file-time.ts";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import { OutputStream, InputStream } from "../files/standard-streams.ts";
import { stateOf } from "../process-state.ts";
import { attributesOf, volumeSerial } from "./attributes.ts";
import { createFile } from "./create-file.ts";
import { writeFileInformation } from "./file-information.ts";
import { fileApi } from "./file.api.ts";

const WORD = 2 ** 32;
const MOVE = { BEGIN: 0, CURRENT: 1, END: 2 } as const;
const FSCTL_GET_REPARSE_POINT = 0x900a8;
const STATUS_PENDING = 0x103n;
const STATUS_END_OF_FILE = 0xc000_0011n;
/** SetFileTime: this time is not to be changed by further access; there is nothing to set. */
const KEEP_TIME = 0xffff_ffff_ffff_ffffn;

type OverlappedPlace = Out<
  { Offset: number; OffsetHigh: number; hEvent: Handle; Internal: bigint; InternalHigh: bigint },
  { Internal?: bigint; InternalHigh?: bigint }
>;

/** ReadFile, WriteFile and SetFilePointer are called 10^6 times a run: a disk file is read straight into the guest's memory. */
export const file = implement(fileApi, {
  CreateFile(thread, lpFileName, dwDesiredAccess, dwShareMode, lpSecurityAttributes, dwCreationDisposition, dwFlagsAndAttributes) {
    if (lpFileName === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
    const inheritable = lpSecurityAttributes !== 0 && thread.memory.u32(lpSecurityAttributes + 2 * thread.pointerSize) !== 0;
    return createFile(thread, lpFileName, {
      access: dwDesiredAccess,
      share: dwShareMode,
      disposition: dwCreationDisposition,
      flags: dwFlagsAndAttributes,
      inheritable,
    });
  },

  ReadFile(thread, hFile, lpBuffer, nNumberOfBytesToRead, lpNumberOfBytesRead, lpOverlapped) {
    lpNumberOfBytesRead.set(0);
    const object = thread.process.handles.get(hFile, IoObject);
    const offset = lpOverlapped.isNull ? undefined : startOverlapped(lpOverlapped);
    const into = lpBuffer.isNull && nNumberOfBytesToRead === 0 ? new Uint8Array(0) : lpBuffer.writable(nNumberOfBytesToRead);
    const count = object.read(into, offset);
    if (typeof count !== "number") return finishRead(thread, count, lpBuffer, lpNumberOfBytesRead, lpOverlapped);
    lpNumberOfBytesRead.set(count);
    if (!lpOverlapped.isNull) endOverlapped(thread, lpOverlapped, count, count === 0 && nNumberOfBytesToRead > 0);
    return true;
  },

  WriteFile(thread, hFile, lpBuffer, nNumberOfBytesToWrite, lpNumberOfBytesWritten, lpOverlapped) {
    lpNumberOfBytesWritten.set(0);
    const object = thread.process.handles.get(hFile, IoObject);
    const offset = lpOverlapped.isNull ? undefined : startOverlapped(lpOverlapped);
    const bytes = nNumberOfBytesToWrite === 0 ? new Uint8Array(0) : lpBuffer.view(nNumberOfBytesToWrite);
    const count = object.write(bytes, offset);
    if (typeof count !== "number") return finishWrite(thread, count, lpNumberOfBytesWritten, lpOverlapped);
    lpNumberOfBytesWritten.set(count);
    if (!lpOverlapped.isNull) endOverlapped(thread, lpOverlapped, count, false);
    return true;
  },

  FlushFileBuffers(thread, hFile) {
    thread.process.handles.get(hFile, IoObject).flush();
    return true;
  },

  SetFilePointer(thread, hFile, lDistanceToMove, lpDistanceToMoveHigh, dwMoveMethod) {
    const distance = lpDistanceToMoveHigh.isNull ? lDistanceToMove : lpDistanceToMoveHigh.get() * WORD + (lDistanceToMove >>> 0);
    const position = seek(thread, hFile, distance, dwMoveMethod, lpDistanceToMoveHigh.isNull ? WORD : Number.MAX_SAFE_INTEGER);
    const low = position % WORD;
    lpDistanceToMoveHigh.set(Math.floor(position / WORD));
    // 0xFFFFFFFF is also a position: then, as documented, last error says that nothing went wrong.
    if (low === 0xffff_ffff) thread.lastError = ERROR.SUCCESS;
    return low;
  },

  SetFilePointerEx(thread, hFile, liDistanceToMove, lpNewFilePointer, dwMoveMethod) {
    lpNewFilePointer.set(seek(thread, hFile, liDistanceToMove, dwMoveMethod, Number.MAX_SAFE_INTEGER));
    return true;
  },

  SetEndOfFile(thread, hFile) {
    const disk = thread.process.handles.get(hFile, DiskFile);
    disk.truncate(disk.position);
    return true;
  },

  GetFileSize(thread, hFile, lpFileSizeHigh) {
    const size = thread.process.handles.get(hFile, DiskFile).size();
    lpFileSizeHigh.set(Math.floor(size / WORD));
    if (size % WORD === 0xffff_ffff) thread.lastError = ERROR.SUCCESS;
    return size % WORD;
  },

  GetFileSizeEx(thread, hFile, lpFileSize) {
    lpFileSize.set(thread.process.handles.get(hFile, DiskFile).size());
    return true;
  },

  GetFileType(thread, hFile) {
    const object = thread.process.handles.find(hFile);
    if (object instanceof IoObject) {
      // FILE_TYPE_UNKNOWN would be no error: say that this is none.
      return object.fileType;
    }
    thread.lastError = ERROR.INVALID_HANDLE;
    return FILE_TYPE.UNKNOWN;
  },

  GetFileTime(thread, hFile, lpCreationTime, lpLastAccessTime, lpLastWriteTime) {
    const stat = thread.process.handles.get(hFile, DiskFile).stat();
    lpCreationTime.set(fileTimeFromNs(stat.createdNs));
    lpLastAccessTime.set(fileTimeFromNs(stat.accessedNs));
    lpLastWriteTime.set(fileTimeFromNs(stat.modifiedNs));
    return true;
  },

  /** The host has no way to set a creation time: it is left as it is. */
  SetFileTime(thread, hFile, _lpCreationTime, lpLastAccessTime, lpLastWriteTime) {
    const disk = thread.process.handles.get(hFile, DiskFile);
    const stat = disk.stat();
    const chosen = (time: bigint | undefined, current: bigint): bigint =>
      time === undefined || time === 0n || time === KEEP_TIME ? current : nsFromFileTime(time);
    disk.setTimes(chosen(lpLastAccessTime, stat.accessedNs), chosen(lpLastWriteTime, stat.modifiedNs));
    return true;
  },

  GetFileInformationByHandle(thread, hFile, lpFileInformation) {
    const disk = thread.process.handles.get(hFile, DiskFile);
    const stat = disk.stat();
    lpFileInformation.set({
      dwFileAttributes: attributesOf(stat),
      ftCreationTime: parts(stat.createdNs),
      ftLastAccessTime: parts(stat.accessedNs),
      ftLastWriteTime: parts(stat.modifiedNs),
      dwVolumeSerialNumber: volumeSerial(disk.full),
      nFileSizeHigh: Math.floor(disk.size() / WORD),
      nFileSizeLow: disk.size() % WORD,
      nNumberOfLinks: stat.links,
      nFileIndexHigh: Number((stat.inode >> 32n) & 0xffff_ffffn),
      nFileIndexLow: Number(stat.inode & 0xffff_ffffn),
    });
    return true;
  },

  GetFileInformationByHandleEx(thread, hFile, FileInformationClass, lpFileInformation, dwBufferSize) {
    writeFileInformation(thread, thread.process.handles.get(hFile, IoObject), FileInformationClass, lpFileInformation, dwBufferSize);
    return true;
  },

  GetFinalPathNameByHandle(thread, hFile, lpszFilePath, cchFilePath) {
    const disk = thread.process.handles.get(hFile, DiskFile);
    const path = `\\\\?\\${disk.full[0]!.toUpperCase()}:${disk.path.replaceAll("/", "\\")}`;
    const { written, needed } = lpszFilePath.write(path, cchFilePath);
    return written === 0 ? needed : written;
  },

  LockFile(thread, hFile, dwFileOffsetLow, dwFileOffsetHigh, nNumberOfBytesToLockLow, nNumberOfBytesToLockHigh) {
    thread.process.handles
      .get(hFile, DiskFile)
      .lock(dwFileOffsetHigh * WORD + dwFileOffsetLow, nNumberOfBytesToLockHigh * WORD + nNumberOfBytesToLockLow);
    return true;
  },
  UnlockFile(thread, hFile, dwFileOffsetLow, dwFileOffsetHigh, nNumberOfBytesToUnlockLow, nNumberOfBytesToUnlockHigh) {
    thread.process.handles
      .get(hFile, DiskFile)
      .unlock(dwFileOffsetHigh * WORD + dwFileOffsetLow, nNumberOfBytesToUnlockHigh * WORD + nNumberOfBytesToUnlockLow);
    return true;
  },

  /** Files have no reparse points; other codes no device answers yet, as a driver that does not know one. */
  DeviceIoControl(thread, hDevice, dwIoControlCode) {
    const object = thread.process.handles.get(hDevice, IoObject);
    if (object instanceof DiskFile && dwIoControlCode === FSCTL_GET_REPARSE_POINT) throw new Win32Error(ERROR.NOT_A_REPARSE_POINT);
    throw new Win32Error(ERROR.INVALID_FUNCTION);
  },

  *GetOverlappedResult(thread, _hFile, lpOverlapped, lpNumberOfBytesTransferred) {
    // Accesses end before they return: only a structure that was never used can be pending.
    if (lpOverlapped.Internal === STATUS_PENDING) throw new Win32Error(ERROR.IO_INCOMPLETE);
    lpNumberOfBytesTransferred.set(Number(lpOverlapped.InternalHigh & 0xffff_ffffn));
    if (lpOverlapped.Internal === STATUS_END_OF_FILE) throw new Win32Error(ERROR.HANDLE_EOF);
    void thread;
    return true;
  },

  SetFileApisToOEM(thread) {
    stateOf(thread).fileApisAreOem = true;
  },
  SetFileApisToANSI(thread) {
    stateOf(thread).fileApisAreOem = false;
  },
  AreFileApisANSI: (thread) => !stateOf(thread).fileApisAreOem,
  SetHandleCount: (_thread, uNumber) => uNumber,
});

function* finishRead(
  thread: Thread,
  promise: Promise<Uint8Array>,
  buffer: Pointer,
  count: Out<number>,
  overlapped: OverlappedPlace,
): GuestGenerator<boolean> {
  const bytes = yield* waitFor(promise);
  buffer.write(bytes);
  count.set(bytes.length);
  if (!overlapped.isNull) endOverlapped(thread, overlapped, bytes.length, false);
  return true;
}

function* finishWrite(thread: Thread, promise: Promise<number>, count: Out<number>, overlapped: OverlappedPlace): GuestGenerator<boolean> {
  const written = yield* waitFor(promise);
  count.set(written);
  if (!overlapped.isNull) endOverlapped(thread, overlapped, written, false);
  return true;
}

function startOverlapped(place: OverlappedPlace): number {
  const { Offset, OffsetHigh } = place.get();
  return Offset === 0xffff_ffff && OffsetHigh === 0xffff_ffff ? -1 : OffsetHigh * WORD + Offset;
}

/** Fills in the result, signals the event. Reading at the end is an error of overlapped reads alone. */
function endOverlapped(thread: Thread, place: OverlappedPlace, count: number, isEnd: boolean): void {
  const { hEvent } = place.get();
  place.update({ Internal: isEnd ? STATUS_END_OF_FILE : 0n, InternalHigh: BigInt(count) });
  if (hEvent !== 0) thread.process.handles.get(hEvent, Event).set();
  if (isEnd) throw new Win32Error(ERROR.HANDLE_EOF);
}

/** Moves a file's position. Positions before the start fail with ERROR_NEGATIVE_SEEK and change nothing. */
function seek(thread: Thread, hFile: Handle, distance: number, method: number, limit: number): number {
  const object = thread.process.handles.get(hFile, IoObject);
  if (!(object instanceof DiskFile))
    throw new Win32Error(object instanceof InputStream || object instanceof OutputStream ? ERROR.SEEK_ON_DEVICE : ERROR.INVALID_FUNCTION);
  if (method > MOVE.END) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const base = method === MOVE.BEGIN ? 0 : method === MOVE.CURRENT ? object.position : object.size();
  const position = base + distance;
  if (position < 0) throw new Win32Error(ERROR.NEGATIVE_SEEK);
  if (position >= limit) throw new Win32Error(ERROR.INVALID_PARAMETER);
  object.position = position;
  return position;
}

function parts(ns: bigint): { dwLowDateTime: number; dwHighDateTime: number } {
  const time = fileTimeFromNs(ns);
  return { dwLowDateTime: Number(time & 0xffff_ffffn), dwHighDateTime: Number(time >> 32n) };
}
