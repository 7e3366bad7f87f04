import { ERROR, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { HOST_DRIVE, TEMP_FOLDER } from "../files/file-system.ts";
import { FILE_SYSTEM_FLAGS } from "../files/volume-information.ts";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { volumeSerial } from "../files/attributes.ts";

const DRIVE = { UNKNOWN: 0, NO_ROOT_DIR: 1, FIXED: 3, REMOTE: 4 } as const;

/** GetDriveType: both drives are fixed disks; only a root has a type. */
export function driveType(thread: Thread, root: string | undefined): number {
  const { fileSystem, paths } = stateOf(thread);
  if (root === undefined) return fileSystem.drive(paths.current[0] ?? "") === undefined ? DRIVE.NO_ROOT_DIR : DRIVE.FIXED;
  const full = /^[a-z]:$/i.test(root) ? `${root}\\` : fullPath(root, paths);
  if (!/^(?:\\\\\?\\)?[a-z]:\\$/i.test(full)) return DRIVE.NO_ROOT_DIR;
  return fileSystem.drive(full.at(-3)!) === undefined ? DRIVE.NO_ROOT_DIR : DRIVE.FIXED;
}

/** The room on the volume that holds a folder. Throws ERROR_PATH_NOT_FOUND. */
export function diskSpace(thread: Thread, folder: string | undefined): { total: number; free: number } {
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(folder ?? `${paths.current.slice(0, 2)}\\`, paths);
  if (location.kind === "device" || location.stat === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  return location.files.space(location.path);
}

/** GetVolumeInformation: only roots are volumes; the name must end in a separator. */
export function volumeOf(thread: Thread, root: string | undefined): { name: string; serial: number; flags: number } {
  const { fileSystem, paths } = stateOf(thread);
  const full = root === undefined ? `${paths.current.slice(0, 2)}\\` : fullPath(root, paths);
  if (!/^[a-z]:\\$/i.test(full)) throw new Win32Error(/^[a-z]:\\/i.test(full) ? ERROR.DIR_NOT_ROOT : ERROR.INVALID_NAME);
  const drive = fileSystem.drive(full[0]!);
  if (drive === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  return { name: drive.letter === HOST_DRIVE ? "host" : "decant", serial: volumeSerial(full), flags: FILE_SYSTEM_FLAGS };
}

/** GetTempPath: TMP, TEMP or USERPROFILE, whichever is set first; with a separator at the end. */
export function tempPath(thread: Thread): string {
  const { environment, paths } = stateOf(thread);
  const folder = environment.get("TMP")?.value || environment.get("TEMP")?.value || environment.get("USERPROFILE")?.value || TEMP_FOLDER;
  return fullPath(folder, paths).replace(/\\?$/, "\\");
}
