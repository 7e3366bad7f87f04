import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { RIGHT } from "../files/access.ts";
import { fileAttributes, volumeSerial } from "../files/attributes.ts";
import { DiskFile } from "../files/disk-file.ts";
import { fileTimeFromNs, nsFromFileTime } from "../files/file-time.ts";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import { attributesOfFile } from "../files/query-information.ts";
import { OutputStream, InputStream } from "../files/standard-streams.ts";
import { stateOf } from "../process-state.ts";
import { createFile } from "./create-file.ts";
import { finalPath } from "./final-path.ts";
import { readFileInformation, writeFileInformation } from "./file-information.ts";
import { fileApi } from "./file.api.ts";
import { isInheritable } from "./security-attributes.ts";

const WORD = 2 ** 32;
const MOVE = { BEGIN: 0, CURRENT: 1, END: 2 } as const;
/** SetFileTime: this time is not to be changed by further access; there is nothing to set. */
const KEEP_TIME = 0xffff_ffff_ffff_ffffn;

/** Open files, but for what reads and writes them. */
export const file = implement(fileApi, {
  CreateFile(thread, lpFileName, dwDesiredAccess, dwShareMode, lpSecurityAttributes, dwCreationDisposition, dwFlagsAndAttributes) {
    if (lpFileName === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
    const inheritable = isInheritable(thread, lpSecurityAttributes);
    return createFile(thread, lpFileName, {
      access: dwDesiredAccess,
      share: dwShareMode,
      disposition: dwCreationDisposition,
      flags: dwFlagsAndAttributes,
      inheritable,
    });
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
    lpCreationTime.set(fileTimeFromNs(fileAttributes(thread.kernel).created(stat)));
    lpLastAccessTime.set(fileTimeFromNs(stat.accessedNs));
    lpLastWriteTime.set(fileTimeFromNs(stat.modifiedNs));
    return true;
  },

  SetFileTime(thread, hFile, lpCreationTime, lpLastAccessTime, lpLastWriteTime) {
    const disk = thread.process.handles.get(hFile, DiskFile);
    disk.require(RIGHT.WRITE_ATTRIBUTES);
    const stat = disk.stat();
    const isGiven = (time: bigint | undefined): time is bigint => time !== undefined && time !== 0n && time !== KEEP_TIME;
    const chosen = (time: bigint | undefined, current: bigint): bigint => (isGiven(time) ? nsFromFileTime(time) : current);
    // The host has no way to set a creation time: the kernel remembers it.
    if (isGiven(lpCreationTime)) fileAttributes(thread.kernel).setCreated(stat, nsFromFileTime(lpCreationTime));
    if (isGiven(lpLastAccessTime) || isGiven(lpLastWriteTime))
      disk.setTimes(chosen(lpLastAccessTime, stat.accessedNs), chosen(lpLastWriteTime, stat.modifiedNs));
    return true;
  },

  GetFileInformationByHandle(thread, hFile, lpFileInformation) {
    const disk = thread.process.handles.get(hFile, DiskFile);
    const stat = disk.stat();
    lpFileInformation.set({
      dwFileAttributes: attributesOfFile(thread.kernel, disk, stat),
      ftCreationTime: parts(fileAttributes(thread.kernel).created(stat)),
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

  SetFileInformationByHandle(thread, hFile, FileInformationClass, lpFileInformation, dwBufferSize) {
    readFileInformation(thread, thread.process.handles.get(hFile, IoObject), FileInformationClass, lpFileInformation, dwBufferSize);
    return true;
  },

  GetFinalPathNameByHandle(thread, hFile, lpszFilePath, cchFilePath, dwFlags) {
    const path = finalPath(thread.process.handles.get(hFile, DiskFile), dwFlags);
    const { written, needed } = lpszFilePath.write(path, cchFilePath);
    return written === 0 ? needed : written;
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
