import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import type { Location } from "../files/file-system.ts";
import { shareTable } from "../files/share-table.ts";
import { deviceName, fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { attributesOf, FILE_ATTRIBUTE } from "./attributes.ts";
import { directoryApi } from "./directory.api.ts";
import { FindHandle, findFields, startSearch } from "./find-files.ts";
import { searchPath } from "./search-path.ts";
import { currentDirectory, setCurrentDirectory } from "./current-directory.ts";
import { diskSpace, driveType, tempPath, volumeOf } from "./volumes.ts";

const MOVEFILE = { REPLACE_EXISTING: 1, COPY_ALLOWED: 2, DELAY_UNTIL_REBOOT: 4 } as const;
const COPY_CHUNK = 1 << 20;
const SYSTEM_DIRECTORY = "C:\\Windows\\System32";
const WINDOWS_DIRECTORY = "C:\\Windows";

/** Files and folders by name. */
export const directory = implement(directoryApi, {
  CreateDirectory(thread, lpPathName) {
    const { files, path, stat } = inFolder(thread, lpPathName);
    if (stat !== undefined) throw new Win32Error(ERROR.ALREADY_EXISTS);
    files.makeFolder(path);
    return true;
  },

  RemoveDirectory(thread, lpPathName) {
    const { files, path, stat } = existing(thread, lpPathName);
    if (stat.kind !== "folder") throw new Win32Error(ERROR.DIRECTORY);
    shareTable(thread.kernel).checkDelete(stat);
    files.removeFolder(path);
    return true;
  },

  DeleteFile(thread, lpFileName) {
    const location = existing(thread, lpFileName);
    const { files, path, stat } = location;
    if (location.wantsFolder) throw new Win32Error(ERROR.INVALID_NAME);
    if (stat.kind === "folder" || !stat.writable) throw new Win32Error(ERROR.ACCESS_DENIED);
    shareTable(thread.kernel).checkDelete(stat);
    files.remove(path);
    return true;
  },

  MoveFile: (thread, lpExistingFileName, lpNewFileName) => move(thread, lpExistingFileName, lpNewFileName, MOVEFILE.COPY_ALLOWED),
  MoveFileEx: (thread, lpExistingFileName, lpNewFileName, dwFlags) => move(thread, lpExistingFileName, lpNewFileName, dwFlags),

  CopyFile(thread, lpExistingFileName, lpNewFileName, bFailIfExists) {
    const from = existing(thread, lpExistingFileName);
    if (from.stat.kind === "folder") throw new Win32Error(ERROR.ACCESS_DENIED);
    const to = inFolder(thread, lpNewFileName);
    if (to.stat !== undefined && bFailIfExists) throw new Win32Error(ERROR.FILE_EXISTS);
    if (to.stat?.kind === "folder" || to.stat?.writable === false) throw new Win32Error(ERROR.ACCESS_DENIED);
    if (to.stat?.inode === from.stat.inode && to.stat.device === from.stat.device) throw new Win32Error(ERROR.SHARING_VIOLATION);
    copy(from, to);
    return true;
  },

  GetFileAttributes(thread, lpFileName) {
    if (lpFileName !== undefined && deviceName(lpFileName) !== undefined) return FILE_ATTRIBUTE.ARCHIVE;
    return attributesOf(existing(thread, lpFileName).stat);
  },

  GetFileAttributesEx(thread, lpFileName, fInfoLevelId, lpFileInformation) {
    if (fInfoLevelId !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const fields = findFields(existing(thread, lpFileName).stat);
    lpFileInformation.set(fields);
    return true;
  },

  SetFileAttributes(thread, lpFileName, dwFileAttributes) {
    const { files, path, stat } = existing(thread, lpFileName);
    // Of the attributes, the host keeps only whether a file may be written; folders ignore it on Windows too.
    if (stat.kind !== "folder") files.setWritable(path, (dwFileAttributes & FILE_ATTRIBUTE.READONLY) === 0);
    return true;
  },

  FindFirstFile: (thread, lpFileName, lpFindFileData) => startSearch(thread, lpFileName, lpFindFileData),
  FindFirstFileEx(thread, lpFileName, fInfoLevelId, lpFindFileData, fSearchOp, lpSearchFilter) {
    if (fInfoLevelId > 1 || fSearchOp > 2 || lpSearchFilter !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return startSearch(thread, lpFileName, lpFindFileData);
  },
  FindNextFile(thread, hFindFile, lpFindFileData) {
    lpFindFileData.set(thread.process.handles.get(hFindFile, FindHandle).next());
    return true;
  },
  FindClose(thread, hFindFile) {
    thread.process.handles.get(hFindFile, FindHandle);
    thread.process.handles.close(hFindFile);
    return true;
  },

  GetCurrentDirectory(thread, nBufferLength, lpBuffer) {
    const { written, needed } = lpBuffer.write(currentDirectory(thread), nBufferLength);
    return needed > nBufferLength ? needed : written;
  },
  SetCurrentDirectory(thread, lpPathName) {
    const location = existing(thread, lpPathName);
    if (location.stat.kind !== "folder") throw new Win32Error(ERROR.DIRECTORY);
    location.files.list(location.path); // a folder that may not be looked into cannot be the current one
    setCurrentDirectory(thread, location.full);
    return true;
  },

  GetFullPathName(thread, lpFileName, nBufferLength, lpBuffer, lpFilePart) {
    if (lpFileName === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const full = fullPath(lpFileName, stateOf(thread).paths);
    if (full === "") throw new Win32Error(ERROR.INVALID_NAME);
    const { written, needed } = lpBuffer.write(full, nBufferLength);
    if (needed > nBufferLength) return needed;
    lpFilePart.set(searchPath.filePart(lpBuffer, full));
    return written;
  },

  GetLongPathName(thread, lpszShortPath, lpszLongPath, cchBuffer) {
    const { path, full } = existing(thread, lpszShortPath);
    // The names that are there, as many of them as were asked for: a relative path stays relative.
    const asked = lpszShortPath!.replaceAll("/", "\\");
    const real = path.split("/").slice(1);
    const names = asked.split("\\");
    const isFull = asked.replace(/\\$/, "").toUpperCase() === full.replace(/\\$/, "").toUpperCase();
    const plain = !isFull && names.some((name) => name === "." || name === "..") ? asked : withRealNames(names, real);
    const { written, needed } = lpszLongPath.write(plain, cchBuffer);
    return needed > cchBuffer ? needed : written;
  },

  /** There are no short names: the path is its own. */
  GetShortPathName(thread, lpszLongPath, lpszShortPath, cchBuffer) {
    existing(thread, lpszLongPath);
    const { written, needed } = lpszShortPath.write(lpszLongPath!, cchBuffer);
    return needed > cchBuffer ? needed : written;
  },

  GetTempPath: (thread, nBufferLength, lpBuffer) => {
    const { written, needed } = lpBuffer.write(tempPath(thread), nBufferLength);
    return needed > nBufferLength ? needed : written;
  },
  GetTempPath2: (thread, nBufferLength, lpBuffer) => {
    const { written, needed } = lpBuffer.write(tempPath(thread), nBufferLength);
    return needed > nBufferLength ? needed : written;
  },

  GetTempFileName(thread, lpPathName, lpPrefixString, uUnique, lpTempFileName) {
    if (lpPathName === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (located(thread, lpPathName).stat?.kind !== "folder") throw new Win32Error(ERROR.DIRECTORY);
    const prefix = (lpPrefixString ?? "").slice(0, 3);
    const base = lpPathName.replaceAll("/", "\\").replace(/\\?$/, "\\");
    const name = (number: number): string => `${base}${prefix}${number.toString(16).toUpperCase()}.tmp`;
    if ((uUnique & 0xffff) !== 0) {
      lpTempFileName.write(name(uUnique & 0xffff), 260);
      return uUnique & 0xffff;
    }
    for (let number = thread.process.host.clock.now() & 0xffff || 1, tries = 0; tries < 0xffff; tries++, number = (number % 0xffff) + 1) {
      const { files, path, stat } = inFolder(thread, name(number));
      if (stat !== undefined) continue;
      files.open(path, { write: true, create: "new" }).close();
      lpTempFileName.write(name(number), 260);
      return number;
    }
    throw new Win32Error(ERROR.FILE_EXISTS);
  },

  GetSystemDirectory(_thread, lpBuffer, uSize) {
    const { written, needed } = lpBuffer.write(SYSTEM_DIRECTORY, uSize);
    return needed > uSize ? needed : written;
  },
  GetWindowsDirectory(_thread, lpBuffer, uSize) {
    const { written, needed } = lpBuffer.write(WINDOWS_DIRECTORY, uSize);
    return needed > uSize ? needed : written;
  },
  GetSystemWindowsDirectory(_thread, lpBuffer, uSize) {
    const { written, needed } = lpBuffer.write(WINDOWS_DIRECTORY, uSize);
    return needed > uSize ? needed : written;
  },

  SearchPath(thread, lpPath, lpFileName, lpExtension, nBufferLength, lpBuffer, lpFilePart) {
    if (lpFileName === undefined || lpFileName === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
    const found = searchPath.find(thread, lpPath, lpFileName, lpExtension);
    const { written, needed } = lpBuffer.write(found, nBufferLength);
    if (needed > nBufferLength) return needed;
    lpFilePart.set(searchPath.filePart(lpBuffer, found));
    return written;
  },

  GetDriveType: (thread, lpRootPathName) => driveType(thread, lpRootPathName),
  GetLogicalDrives: (thread) =>
    stateOf(thread).fileSystem.drives.reduce((bits, { letter }) => bits | (1 << (letter.charCodeAt(0) - 0x41)), 0),
  GetLogicalDriveStrings(thread, nBufferLength, lpBuffer) {
    const strings = stateOf(thread).fileSystem.drives.map(({ letter }) => `${letter}:\\\0`).join(""); // prettier-ignore
    const { written, needed } = lpBuffer.write(strings, nBufferLength);
    return needed > nBufferLength ? needed : written;
  },

  GetDiskFreeSpace(thread, lpRootPathName, lpSectorsPerCluster, lpBytesPerSector, lpNumberOfFreeClusters, lpTotalNumberOfClusters) {
    const { total, free } = diskSpace(thread, lpRootPathName);
    const clusterBytes = 4096;
    lpSectorsPerCluster.set(8);
    lpBytesPerSector.set(512);
    lpNumberOfFreeClusters.set(Math.min(Math.floor(free / clusterBytes), 0x7fff_ffff));
    lpTotalNumberOfClusters.set(Math.min(Math.floor(total / clusterBytes), 0x7fff_ffff));
    return true;
  },
  GetDiskFreeSpaceEx(thread, lpDirectoryName, lpFreeBytesAvailableToCaller, lpTotalNumberOfBytes, lpTotalNumberOfFreeBytes) {
    const { total, free } = diskSpace(thread, lpDirectoryName);
    lpFreeBytesAvailableToCaller.set(free);
    lpTotalNumberOfBytes.set(total);
    lpTotalNumberOfFreeBytes.set(free);
    return true;
  },
  GetVolumeInformation(
    thread,
    lpRootPathName,
    lpVolumeNameBuffer,
    nVolumeNameSize,
    lpVolumeSerialNumber,
    lpMaximumComponentLength,
    lpFileSystemFlags,
    lpFileSystemNameBuffer,
    nFileSystemNameSize,
  ) {
    const volume = volumeOf(thread, lpRootPathName);
    writeVolume(volume, [lpVolumeNameBuffer, nVolumeNameSize], [lpFileSystemNameBuffer, nFileSystemNameSize]);
    lpVolumeSerialNumber.set(volume.serial);
    lpMaximumComponentLength.set(MAX_COMPONENT);
    lpFileSystemFlags.set(volume.flags);
    return true;
  },
  GetVolumeInformationByHandleW(
    thread,
    hFile,
    lpVolumeNameBuffer,
    nVolumeNameSize,
    lpVolumeSerialNumber,
    lpMaximumComponentLength,
    lpFileSystemFlags,
    lpFileSystemNameBuffer,
    nFileSystemNameSize,
  ) {
    const volume = volumeOf(thread, `${thread.process.handles.get(hFile, DiskFile).full.slice(0, 2)}\\`);
    writeVolume(volume, [lpVolumeNameBuffer, nVolumeNameSize], [lpFileSystemNameBuffer, nFileSystemNameSize]);
    lpVolumeSerialNumber.set(volume.serial);
    lpMaximumComponentLength.set(MAX_COMPONENT);
    lpFileSystemFlags.set(volume.flags);
    return true;
  },
  GetVolumePathName(thread, lpszFileName, lpszVolumePathName, cchBufferLength) {
    if (lpszFileName === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const root = fullPath(lpszFileName, stateOf(thread).paths).slice(0, 3);
    if (lpszVolumePathName.write(root, cchBufferLength).needed > cchBufferLength) throw new Win32Error(ERROR.FILENAME_EXCED_RANGE);
    return true;
  },
});

const MAX_COMPONENT = 255;

type NamePlace = readonly [buffer: TextBuffer, size: number];

/** Names that do not fit fail with ERROR_BAD_LENGTH; a buffer that is NULL wants none. */
function writeVolume({ name }: { name: string }, volume: NamePlace, fileSystem: NamePlace): void {
  for (const [[buffer, size], text] of [
    [volume, name],
    [fileSystem, "NTFS"],
  ] as const)
    // prettier-ignore
    if (!buffer.isNull && buffer.write(text, size).needed > size) throw new Win32Error(ERROR.BAD_LENGTH);
}

/** What a name leads to; a device is no file. Throws as FileSystem.locate does. */
function located(thread: Thread, name: string | undefined): Location {
  if (name === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(name, paths);
  if (location.kind === "device") throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return location;
}

function existing(thread: Thread, name: string | undefined): Location & { stat: NonNullable<Location["stat"]> } {
  const location = located(thread, name);
  const { stat } = location;
  if (stat === undefined) throw new Win32Error(location.hasFolder ? ERROR.FILE_NOT_FOUND : ERROR.PATH_NOT_FOUND);
  if (location.wantsFolder && stat.kind !== "folder") throw new Win32Error(ERROR.INVALID_NAME);
  return { ...location, stat };
}

/** A place in a folder that exists. */
function inFolder(thread: Thread, name: string | undefined): Location {
  const location = located(thread, name);
  if (location.stat === undefined && !location.hasFolder) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  return location;
}

function move(thread: Thread, fromName: string | undefined, toName: string | undefined, flags: number): boolean {
  const from = existing(thread, fromName);
  if (toName === undefined) {
    // MOVEFILE_DELAY_UNTIL_REBOOT with no new name: there will be no reboot.
    throw new Win32Error((flags & MOVEFILE.DELAY_UNTIL_REBOOT) !== 0 ? ERROR.ACCESS_DENIED : ERROR.INVALID_PARAMETER);
  }
  const to = inFolder(thread, toName);
  const table = shareTable(thread.kernel);
  table.checkDelete(from.stat);
  const isSame = to.stat !== undefined && to.stat.inode === from.stat.inode && to.stat.device === from.stat.device;
  if (to.stat !== undefined && !isSame) {
    if ((flags & MOVEFILE.REPLACE_EXISTING) === 0) throw new Win32Error(ERROR.ALREADY_EXISTS);
    if (to.stat.kind === "folder" || from.stat.kind === "folder" || !to.stat.writable) throw new Win32Error(ERROR.ACCESS_DENIED);
    table.checkDelete(to.stat);
  }
  // The same file under another spelling is a change of case: the new name is the one asked for.
  const target = isSame
    ? { ...to, path: `${to.path.slice(0, to.path.lastIndexOf("/"))}/${to.full.replace(/\\$/, "").split("\\").at(-1)}` }
    : to;
  if (from.files === target.files) {
    try {
      from.files.rename(from.path, target.path);
      return true;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) throw error;
    }
  }
  if (from.stat.kind === "folder" || (flags & MOVEFILE.COPY_ALLOWED) === 0) throw new Win32Error(ERROR.NOT_SAME_DEVICE);
  copy(from, target);
  from.files.remove(from.path);
  return true;
}

function copy(from: Location, to: Location): void {
  const source = from.files.open(from.path);
  try {
    const target = to.files.open(to.path, { write: true, create: true, truncate: true });
    try {
      const buffer = new Uint8Array(COPY_CHUNK);
      for (let at = 0, count: number; (count = source.read(buffer, at)) > 0; at += count) target.write(buffer.subarray(0, count), at);
      const stat = source.stat();
      target.setTimes(stat.accessedNs, stat.modifiedNs);
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}

function withRealNames(names: readonly string[], real: readonly string[]): string {
  const result = [...names];
  for (let at = names.length - 1, from = real.length - 1; at >= 0 && from >= 0; at--) {
    const name = result[at]!;
    if (name === "" || name.endsWith(":")) continue;
    if (name === "?") break;
    result[at] = real[from--]!;
  }
  return result.join("\\");
}
