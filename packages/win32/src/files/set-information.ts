import type { HostFiles, HostStat } from "@decant/host";
import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { RIGHT } from "./access.ts";
import { fileAttributes, FILE_ATTRIBUTE } from "./attributes.ts";
import type { DiskFile } from "./disk-file.ts";
import type { DeviceLocation, Location } from "./file-system.ts";
import { nsFromFileTime } from "./file-time.ts";
import { CHANGE, folderChanges } from "./folder-changes.ts";
import { FILE_CLASS } from "./query-information.ts";
import { RENAME, renameFile } from "./rename-file.ts";

const DISPOSITION = { DELETE: 1, POSIX_SEMANTICS: 2, ON_CLOSE: 8, IGNORE_READONLY: 0x10 } as const;
/** FILE_BASIC_INFORMATION: this time is not to be changed, now or by further access. */
const KEEP_TIMES = new Set([0n, 0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_fffen]);
/** How long each structure is at least. */
const LEAST = new Map<number, number>([
  [FILE_CLASS.BASIC, 40],
  [FILE_CLASS.DISPOSITION, 1],
  [FILE_CLASS.DISPOSITION_EX, 4],
  [FILE_CLASS.POSITION, 8],
  [FILE_CLASS.MODE, 4],
  [FILE_CLASS.ALLOCATION, 8],
  [FILE_CLASS.END_OF_FILE, 8],
  [FILE_CLASS.IO_PRIORITY_HINT, 4],
]);

/** How the caller's names are understood: an NT path, or what SetFileInformationByHandle takes. `root` is a folder's handle, or 0. */
export type NameLookup = (name: string, root: number) => Location | DeviceLocation;

/** Changes an open file by one information class ("NtSetInformationFile"). Throws NtError and Win32Error. */
export function setInformation(thread: Thread, file: DiskFile, infoClass: number, bytes: Uint8Array, lookUp: NameLookup): void {
  if (bytes.length < (LEAST.get(infoClass) ?? 0)) throw new NtError(STATUS.INFO_LENGTH_MISMATCH);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = (): number => {
    const value = view.getBigInt64(0, true);
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new NtError(STATUS.INVALID_PARAMETER);
    return Number(value);
  };
  switch (infoClass) {
    case FILE_CLASS.BASIC:
      return setBasic(thread, file, view);
    case FILE_CLASS.DISPOSITION:
      return setDisposition(file, view.getUint8(0) === 0 ? 0 : DISPOSITION.DELETE);
    case FILE_CLASS.DISPOSITION_EX:
      return setDisposition(file, view.getUint32(0, true));
    case FILE_CLASS.RENAME:
    case FILE_CLASS.RENAME_EX:
      return rename(thread, file, infoClass, named(thread, view, bytes), lookUp);
    case FILE_CLASS.LINK:
    case FILE_CLASS.LINK_EX:
      return link(thread, file, infoClass, named(thread, view, bytes), lookUp);
    case FILE_CLASS.POSITION:
      file.position = size();
      return undefined;
    case FILE_CLASS.ALLOCATION:
      // Less than there is cuts the file; more is a promise of room that is not kept here.
      if (size() < file.size()) file.truncate(size());
      else file.require(RIGHT.WRITE_DATA);
      return undefined;
    case FILE_CLASS.END_OF_FILE:
      return file.truncate(size());
    case FILE_CLASS.MODE:
    case FILE_CLASS.IO_PRIORITY_HINT:
      return undefined; // hints for a cache and a scheduler that are the host's
    case FILE_CLASS.CASE_SENSITIVE:
      throw new NtError(STATUS.ACCESS_DENIED);
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

/** Sets times, as FILETIMEs, and attributes; 0 leaves one as it is. */
function setBasic(thread: Thread, file: DiskFile, view: DataView): void {
  file.require(RIGHT.WRITE_ATTRIBUTES);
  const attributes = view.getUint32(32, true);
  const stat = file.stat();
  const [created, accessed, modified] = [0, 8, 16].map((at) => view.getBigUint64(at, true)) as [bigint, bigint, bigint];
  for (const time of [created, accessed, modified])
    if (!KEEP_TIMES.has(time) && time >> 63n === 1n) throw new NtError(STATUS.INVALID_PARAMETER);
  if ((attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0 && !file.isFolder) throw new NtError(STATUS.INVALID_PARAMETER);
  if ((attributes & FILE_ATTRIBUTE.TEMPORARY) !== 0 && file.isFolder) throw new NtError(STATUS.INVALID_PARAMETER);
  if (!KEEP_TIMES.has(created)) fileAttributes(thread.kernel).setCreated(stat, nsFromFileTime(created));
  if (!KEEP_TIMES.has(accessed) || !KEEP_TIMES.has(modified)) {
    const chosen = (time: bigint, current: bigint): bigint => (KEEP_TIMES.has(time) ? current : nsFromFileTime(time));
    file.setTimes(chosen(accessed, stat.accessedNs), chosen(modified, stat.modifiedNs));
  }
  if (attributes !== 0) changeAttributes(thread, { files: file.files, path: file.path, stat }, attributes);
  folderChanges(thread.kernel).note(file.files, file.path, CHANGE.MODIFIED, file.isFolder);
}

/** Sets a file's attributes: the host keeps "read-only", the kernel remembers the others. */
export function changeAttributes(
  { kernel }: Thread,
  { files, path, stat }: { files: HostFiles; path: string; stat: HostStat },
  attributes: number,
): void {
  if (stat.kind === "file") {
    const writable = (attributes & FILE_ATTRIBUTE.READONLY) === 0;
    if (writable !== stat.writable) files.setWritable(path, writable);
  }
  fileAttributes(kernel).setAttributes(stat, attributes);
}

function setDisposition(file: DiskFile, flags: number): void {
  file.require(RIGHT.DELETE);
  if ((flags & DISPOSITION.DELETE) === 0) {
    file.deleteOnClose = undefined;
    file.node.removal = undefined;
    return;
  }
  const stat = file.stat();
  if (file.kind === "file" && !stat.writable && (flags & DISPOSITION.IGNORE_READONLY) === 0) throw new NtError(STATUS.CANNOT_DELETE);
  if (file.node.sections.size > 0) throw new NtError(STATUS.CANNOT_DELETE);
  if (file.isFolder && file.files.list(file.path).length > 0) throw new NtError(STATUS.DIRECTORY_NOT_EMPTY);
  file.deleteOnClose = (flags & DISPOSITION.POSIX_SEMANTICS) !== 0 ? "name" : "last";
  // From now on nobody can open it.
  file.markForDeletion();
}

interface Named {
  readonly flags: number;
  readonly root: number;
  readonly name: string;
}

/** FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION: flags, a folder's handle, a length in bytes, a name. */
function named({ pointerSize }: Thread, view: DataView, bytes: Uint8Array): Named {
  const lengthAt = 2 * pointerSize;
  const nameAt = lengthAt + 4;
  if (bytes.length < nameAt) throw new NtError(STATUS.INFO_LENGTH_MISMATCH);
  const length = view.getUint32(lengthAt, true);
  if (length % 2 !== 0 || length === 0 || nameAt + length > bytes.length) throw new NtError(STATUS.INVALID_PARAMETER);
  const name = new TextDecoder("utf-16le").decode(bytes.slice(nameAt, nameAt + length)).replace(/\0.*$/s, "");
  return { flags: view.getUint32(0, true), root: view.getUint32(pointerSize, true), name };
}

function rename(thread: Thread, file: DiskFile, infoClass: number, { flags, root, name }: Named, lookUp: NameLookup): void {
  file.require(RIGHT.DELETE);
  const location = target(lookUp, name, root);
  const { files, path } = file;
  // BOOLEAN ReplaceIfExists, in the older class.
  const how = infoClass === FILE_CLASS.RENAME ? ((flags & 0xff) === 0 ? 0 : RENAME.REPLACE_IF_EXISTS) : flags;
  renameFile(thread.kernel, { files, path, stat: files.lstat(path) }, location, how);
}

function link(thread: Thread, file: DiskFile, infoClass: number, { flags, root, name }: Named, lookUp: NameLookup): void {
  const location = target(lookUp, name, root);
  if (file.isFolder) throw new NtError(STATUS.FILE_IS_A_DIRECTORY);
  if (location.files !== file.files) throw new NtError(STATUS.NOT_SAME_DEVICE);
  if (location.stat === undefined && !location.hasFolder) throw new NtError(STATUS.OBJECT_PATH_NOT_FOUND);
  if (location.stat !== undefined) {
    const replaces = infoClass === FILE_CLASS.LINK ? (flags & 0xff) !== 0 : (flags & 1) !== 0;
    if (!replaces) throw new NtError(STATUS.OBJECT_NAME_COLLISION);
    if (location.stat.kind === "folder") throw new NtError(STATUS.ACCESS_DENIED);
    location.files.remove(location.path);
  }
  file.files.link(file.path, location.path);
  folderChanges(thread.kernel).note(location.files, location.path, CHANGE.ADDED);
}

function target(lookUp: NameLookup, name: string, root: number): Location {
  const location = lookUp(name, root);
  if (location.kind === "device") throw new Win32Error(ERROR.ACCESS_DENIED);
  return location;
}
