import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, KernelObject, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import { basePath, streamsOf } from "../files/named-streams.ts";
import { devicePath, letterOfVolume, volumeName } from "../files/volume-names.ts";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { createFile } from "./create-file.ts";
import { StreamSearch } from "./find-files.ts";
import { existing } from "./located.ts";
import { volumeApi } from "./volume.api.ts";

const WORD = 2 ** 32;
const OPEN_EXISTING = 3;
/** Devices that have a name besides the drives. */
const DEVICES = ["CON", "CONIN$", "CONOUT$", "NUL"];

/** FindFirstVolume's object. */
class NameSearch extends KernelObject {
  readonly #names: string[];

  constructor(names: readonly string[]) {
    super();
    this.#names = [...names];
  }

  /** Throws ERROR_NO_MORE_FILES at the end. */
  next(): string {
    const name = this.#names.shift();
    if (name === undefined) throw new Win32Error(ERROR.NO_MORE_FILES);
    return name;
  }
}

/** Volumes, and files by other ways than their names. */
export const volume = implement(volumeApi, {
  FindFirstVolume(thread, lpszVolumeName, cchBufferLength) {
    const search = new NameSearch(stateOf(thread).fileSystem.drives.map(({ letter }) => volumeName(letter)));
    writeWhole(lpszVolumeName, search.next(), cchBufferLength);
    return thread.process.handles.add(search);
  },
  FindNextVolume({ process }, hFindVolume, lpszVolumeName, cchBufferLength) {
    writeWhole(lpszVolumeName, process.handles.get(hFindVolume, NameSearch).next(), cchBufferLength);
    return true;
  },
  FindVolumeClose({ process }, hFindVolume) {
    process.handles.get(hFindVolume, NameSearch);
    process.handles.close(hFindVolume);
    return true;
  },
  GetVolumeNameForVolumeMountPoint(thread, lpszVolumeMountPoint, lpszVolumeName, cchBufferLength) {
    if (lpszVolumeMountPoint === undefined || !lpszVolumeMountPoint.endsWith("\\")) throw new Win32Error(ERROR.INVALID_NAME);
    const letter = letterOfVolume(lpszVolumeMountPoint) ?? driveOfRoot(thread, lpszVolumeMountPoint);
    writeWhole(lpszVolumeName, volumeName(letter), cchBufferLength);
    return true;
  },
  GetVolumePathNamesForVolumeName(thread, lpszVolumeName, lpszVolumePathNames, cchBufferLength, lpcchReturnLength) {
    const letter = lpszVolumeName === undefined ? undefined : letterOfVolume(lpszVolumeName);
    if (letter === undefined || stateOf(thread).fileSystem.drive(letter) === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const { needed } = lpszVolumePathNames.write(`${letter}:\\\0`, cchBufferLength);
    lpcchReturnLength.set(needed);
    if (needed > cchBufferLength) throw new Win32Error(ERROR.MORE_DATA);
    return true;
  },
  SetVolumeLabel: refuse,
  SetVolumeMountPoint: refuse,
  DeleteVolumeMountPoint: refuse,

  QueryDosDevice(thread, lpDeviceName, lpTargetPath, ucchMax) {
    const { fileSystem } = stateOf(thread);
    const targets = lpDeviceName === undefined ? allDevices(thread) : [deviceOf(lpDeviceName)];
    function deviceOf(name: string): string {
      const letter = /^([a-z]):$/i.exec(name)?.[1]?.toUpperCase();
      if (letter !== undefined && fileSystem.drive(letter) !== undefined) return devicePath(letter);
      if (!DEVICES.includes(name.toUpperCase())) throw new Win32Error(ERROR.FILE_NOT_FOUND);
      return name.toUpperCase() === "NUL" ? "\\Device\\Null" : "\\Device\\ConDrv\\Console";
    }
    // A list: each text with its NUL, and one more at the end.
    const { needed } = lpTargetPath.write(targets.map((target) => `${target}\0`).join(""), ucchMax); // prettier-ignore
    if (needed > ucchMax) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return needed;
  },
  DefineDosDevice: refuse,

  GetCompressedFileSize(thread, lpFileName, lpFileSizeHigh) {
    const { stat } = existing(thread, lpFileName);
    // How much of a sparse file takes no room the host does not tell.
    const room = stat.kind === "file" ? stat.size : 0;
    lpFileSizeHigh.set(Math.floor(room / WORD));
    if (room % WORD === 0xffff_ffff) thread.lastError = ERROR.SUCCESS;
    return room % WORD;
  },

  FindFirstStreamW(thread, lpFileName, InfoLevel, lpFindStreamData) {
    if (InfoLevel !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { files, path, streamOf } = existing(thread, lpFileName);
    const search = new StreamSearch(streamsOf(files, streamOf === undefined ? files.realPath(path) : basePath(path)));
    lpFindStreamData.set(search.next());
    return thread.process.handles.add(search);
  },
  FindNextStreamW({ process }, hFindStream, lpFindStreamData) {
    lpFindStreamData.set(process.handles.get(hFindStream, StreamSearch).next());
    return true;
  },

  ReOpenFile(thread, hOriginalFile, dwDesiredAccess, dwShareMode, dwFlagsAndAttributes) {
    const { windowsPath } = thread.process.handles.get(hOriginalFile, DiskFile);
    return createFile(thread, `\\\\?\\${windowsPath}`, {
      access: dwDesiredAccess,
      share: dwShareMode,
      disposition: OPEN_EXISTING,
      flags: dwFlagsAndAttributes,
      inheritable: false,
    });
  },

  SetFileValidData() {
    throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
  },
  SetFileShortName() {
    throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
  },
  AreShortNamesEnabled({ process }, hVolume, Enabled) {
    process.handles.get(hVolume, DiskFile);
    Enabled.set(false);
    return true;
  },
});

/** What only an administrator may do. */
function refuse(): never {
  throw new Win32Error(ERROR.ACCESS_DENIED);
}

function driveOfRoot(thread: Thread, path: string): string {
  const { fileSystem, paths } = stateOf(thread);
  const letter = /^(?:\\\\[?.]\\)?([a-z]):\\$/i.exec(fullPath(path, paths))?.[1]?.toUpperCase();
  if (letter === undefined || fileSystem.drive(letter) === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return letter;
}

function allDevices(thread: Thread): string[] {
  return [...stateOf(thread).fileSystem.drives.map(({ letter }) => `${letter}:`), ...DEVICES];
}

function writeWhole(buffer: TextBuffer, text: string, size: number): void {
  if (buffer.write(text, size).needed > size) throw new Win32Error(ERROR.FILENAME_EXCED_RANGE);
}
