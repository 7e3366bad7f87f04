import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { ByteWriter } from "../files/byte-writer.ts";
import { queryDirectory } from "../files/directory-information.ts";
import { DiskFile } from "../files/disk-file.ts";
import type { IoObject } from "../files/io-object.ts";
import { FILE_CLASS, queryInformation } from "../files/query-information.ts";
import { setInformation } from "../files/set-information.ts";
import { stateOf } from "../process-state.ts";

/** FILE_INFO_BY_HANDLE_CLASS (minwinbase.h): what stands for each in NtQueryInformationFile and its like. */
const CLASSES = new Map<number, number>([
  [0, FILE_CLASS.BASIC],
  [1, FILE_CLASS.STANDARD],
  [2, FILE_CLASS.NAME],
  [3, FILE_CLASS.RENAME],
  [4, FILE_CLASS.DISPOSITION],
  [5, FILE_CLASS.ALLOCATION],
  [6, FILE_CLASS.END_OF_FILE],
  [7, FILE_CLASS.STREAM],
  [8, FILE_CLASS.COMPRESSION],
  [9, FILE_CLASS.ATTRIBUTE_TAG],
  [12, FILE_CLASS.IO_PRIORITY_HINT],
  [17, FILE_CLASS.ALIGNMENT],
  [18, FILE_CLASS.ID],
  [21, FILE_CLASS.DISPOSITION_EX],
  [22, FILE_CLASS.RENAME_EX],
  [23, FILE_CLASS.CASE_SENSITIVE],
  [24, FILE_CLASS.NORMALIZED_NAME],
]);
/** Those that go through a folder, and whether they start anew. */
const FOLDER_CLASSES = new Map<number, { infoClass: number; restart: boolean }>([
  [10, { infoClass: FILE_CLASS.ID_BOTH_DIRECTORY, restart: false }],
  [11, { infoClass: FILE_CLASS.ID_BOTH_DIRECTORY, restart: true }],
  [14, { infoClass: FILE_CLASS.FULL_DIRECTORY, restart: false }],
  [15, { infoClass: FILE_CLASS.FULL_DIRECTORY, restart: true }],
  [19, { infoClass: FILE_CLASS.ID_EXTD_DIRECTORY, restart: false }],
  [20, { infoClass: FILE_CLASS.ID_EXTD_DIRECTORY, restart: true }],
]);
const STORAGE = 16;
const SETTABLE = new Set<number>([0, 3, 4, 5, 6, 12, 21, 22, 23]);

/**
 * What GetFileInformationByHandleEx writes. Throws ERROR_BAD_LENGTH for a buffer that is too small, ERROR_MORE_DATA where a name does not
 * fit, ERROR_INVALID_PARAMETER for a class that does not exist or tells nothing, ERROR_NOT_SUPPORTED for streams and pipes, whose names
 * the guest does not know.
 */
export function writeFileInformation({ kernel, memory }: Thread, object: IoObject, infoClass: number, target: number, size: number): void {
  const folderClass = FOLDER_CLASSES.get(infoClass);
  const ntClass = CLASSES.get(infoClass);
  const tells = folderClass !== undefined || infoClass === STORAGE || (ntClass !== undefined && !isOnlySet(infoClass));
  if (!tells) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (!(object instanceof DiskFile)) throw new Win32Error(ERROR.NOT_SUPPORTED);
  if (folderClass !== undefined) {
    memory.write(target, queryDirectory(kernel, object, { ...folderClass, size }));
    return;
  }
  const { bytes, least } = infoClass === STORAGE ? storage() : queryInformation(kernel, object, ntClass!);
  writeInformation(memory, target, size, bytes, least);
}

/** Writes what fits of a structure. Throws STATUS_INFO_LENGTH_MISMATCH when not even its fixed part does, STATUS_BUFFER_OVERFLOW when not all does. */
export function writeInformation(memory: Thread["memory"], target: number, size: number, bytes: Uint8Array, least: number): number {
  if (size < least) throw new NtError(STATUS.INFO_LENGTH_MISMATCH);
  // Names are cut between characters.
  const fits = bytes.length <= size ? bytes : bytes.subarray(0, size & ~1);
  memory.write(target, fits);
  if (fits.length < bytes.length) throw new NtError(STATUS.BUFFER_OVERFLOW);
  return fits.length;
}

/** What SetFileInformationByHandle reads. Throws ERROR_INVALID_PARAMETER for a class that cannot be set. */
export function readFileInformation(thread: Thread, object: IoObject, infoClass: number, source: number, size: number): void {
  const ntClass = CLASSES.get(infoClass);
  if (ntClass === undefined || !SETTABLE.has(infoClass)) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (!(object instanceof DiskFile)) throw new Win32Error(ERROR.INVALID_FUNCTION);
  const { fileSystem, paths } = stateOf(thread);
  setInformation(thread, object, ntClass, thread.memory.read(source, size), (name, root) => {
    if (root === 0) return fileSystem.locate(name, paths, "link");
    return fileSystem.locateNt(name, thread.process.handles.get(root as never, DiskFile).windowsPath, "link");
  });
}

/** FILE_STORAGE_INFO: sectors of 512 bytes on a disk of 4096. */
function storage(): { bytes: Uint8Array; least: number } {
  const to = new ByteWriter();
  for (const value of [512, 4096, 4096, 4096, 3, 0, 0]) to.u32(value);
  return { bytes: to.finish(), least: to.length };
}

function isOnlySet(infoClass: number): boolean {
  return infoClass !== 0 && infoClass !== 23 && SETTABLE.has(infoClass);
}
