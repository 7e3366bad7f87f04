import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import { fileAttributes, FILE_ATTRIBUTE } from "../files/attributes.ts";
import { CHANGE, folderChanges } from "../files/folder-changes.ts";
import { leadsToFolder } from "../files/folder-listing.ts";
import { openFiles } from "../files/open-files.ts";
import { removeNow } from "../files/remove-name.ts";
import { changeAttributes } from "../files/set-information.ts";
import { deviceName, fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { directoryApi } from "./directory.api.ts";
import { FindHandle, findFields, startSearch, StreamSearch } from "./find-files.ts";
import { existing, inFolder, located, type ExistingLocation } from "./located.ts";
import { MOVEFILE, moveFile } from "./move-file.ts";
import { searchPath } from "./search-path.ts";
import { currentDirectory, setCurrentDirectory } from "./current-directory.ts";
import { diskSpace, driveType, tempPath, volumeOf } from "./volumes.ts";

const SYSTEM_DIRECTORY = "C:\\Windows\\System32";
const WINDOWS_DIRECTORY = "C:\\Windows";

/** Files and folders by name. */
export const directory = implement(directoryApi, {
  CreateDirectory: (thread, lpPathName) => makeFolder(thread, lpPathName),
  CreateDirectoryEx(thread, lpTemplateDirectory, lpNewDirectory) {
    if (existing(thread, lpTemplateDirectory).stat.kind !== "folder") throw new Win32Error(ERROR.DIRECTORY);
    return makeFolder(thread, lpNewDirectory);
  },

  RemoveDirectory(thread, lpPathName) {
    const { files, path, stat } = existing(thread, lpPathName, "link");
    if (stat.kind !== "folder" && !(stat.kind === "link" && leadsToFolder(files, path))) throw new Win32Error(ERROR.DIRECTORY);
    if (path === "/") throw new Win32Error(ERROR.ACCESS_DENIED);
    openFiles(thread.kernel).checkDelete(stat);
    removeNow(thread.kernel, files, path, stat.kind);
    return true;
  },

  /** The name goes at once, as on Windows 10 since 1809: those who have the file open, and share it for deletion, keep it. */
  DeleteFile(thread, lpFileName) {
    const { files, path, stat, wantsFolder } = existing(thread, lpFileName, "link");
    if (wantsFolder) throw new Win32Error(ERROR.INVALID_NAME);
    if (stat.kind === "folder" || (stat.kind === "file" && !stat.writable)) throw new Win32Error(ERROR.ACCESS_DENIED);
    if (stat.kind === "link" && leadsToFolder(files, path)) throw new Win32Error(ERROR.ACCESS_DENIED);
    openFiles(thread.kernel).checkDelete(stat);
    removeNow(thread.kernel, files, path, stat.kind);
    return true;
  },

  MoveFile: (thread, lpExistingFileName, lpNewFileName) => moveFile(thread, lpExistingFileName, lpNewFileName, MOVEFILE.COPY_ALLOWED),
  MoveFileEx: (thread, lpExistingFileName, lpNewFileName, dwFlags) => moveFile(thread, lpExistingFileName, lpNewFileName, dwFlags),

  GetFileAttributes(thread, lpFileName) {
    if (lpFileName !== undefined && deviceName(lpFileName) !== undefined) return FILE_ATTRIBUTE.ARCHIVE;
    return attributesOf(thread, existing(thread, lpFileName, "link"));
  },

  GetFileAttributesEx(thread, lpFileName, fInfoLevelId, lpFileInformation) {
    if (fInfoLevelId !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { files, path, stat } = existing(thread, lpFileName, "link");
    lpFileInformation.set(findFields(thread, stat, stat.kind === "link" && leadsToFolder(files, path)));
    return true;
  },

  SetFileAttributes(thread, lpFileName, dwFileAttributes) {
    const { files, path, stat } = existing(thread, lpFileName);
    changeAttributes(thread, { files, path, stat }, dwFileAttributes);
    folderChanges(thread.kernel).note(files, path, CHANGE.MODIFIED, stat.kind === "folder");
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
    if (!(thread.process.handles.find(hFindFile) instanceof StreamSearch)) thread.process.handles.get(hFindFile, FindHandle);
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
    const { path } = existing(thread, lpszShortPath);
    // The names that are there, as many of them as were asked for: a relative path stays relative, up to its last "." or "..".
    const plain = withRealNames(lpszShortPath!.replaceAll("/", "\\").split("\\"), path.split("/").slice(1));
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

  /** A name with a folder is looked for there, whatever the variable says ("NeedCurrentDirectoryForExePathW function"). */
  NeedCurrentDirectoryForExePath: (thread, ExeName) =>
    ExeName?.includes("\\") === true || stateOf(thread).environment.get("NODEFAULTCURRENTDIRECTORYINEXEPATH") === undefined,

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

function makeFolder(thread: Thread, name: string | undefined): boolean {
  const { files, path, stat } = inFolder(thread, name, "link");
  if (stat !== undefined) throw new Win32Error(ERROR.ALREADY_EXISTS);
  files.makeFolder(path);
  folderChanges(thread.kernel).note(files, path, CHANGE.ADDED, true);
  return true;
}

function attributesOf({ kernel }: Thread, { files, path, stat }: ExistingLocation): number {
  return fileAttributes(kernel).of(stat, stat.kind === "link" && leadsToFolder(files, path));
}

function withRealNames(names: readonly string[], real: readonly string[]): string {
  const result = [...names];
  for (let at = names.length - 1, from = real.length - 1; at >= 0 && from >= 0; at--) {
    const name = result[at]!;
    if (name === "" || name.endsWith(":")) continue;
    if (name === "?" || name === "." || name === "..") break;
    result[at] = real[from--]!;
  }
  return result.join("\\");
}
