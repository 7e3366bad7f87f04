import { ERROR, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import type { Location } from "../files/file-system.ts";
import { openFiles } from "../files/open-files.ts";
import { stateOf } from "../process-state.ts";

/** Something that is there. */
export type ExistingLocation = Location & { readonly stat: NonNullable<Location["stat"]> };

/** What a name leads to; a device is no file. Throws as FileSystem.locate does. */
export function located(thread: Thread, name: string | undefined, link: "follow" | "link" = "follow"): Location {
  if (name === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(name, paths, link);
  if (location.kind === "device") throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return location;
}

/** What is at a name. Throws ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, STATUS_DELETE_PENDING for what goes with its last handle. */
export function existing(thread: Thread, name: string | undefined, link: "follow" | "link" = "follow"): ExistingLocation {
  const location = located(thread, name, link);
  const { stat } = location;
  if (stat === undefined) throw new Win32Error(location.hasFolder ? ERROR.FILE_NOT_FOUND : ERROR.PATH_NOT_FOUND);
  if (location.wantsFolder && stat.kind === "file") throw new Win32Error(ERROR.INVALID_NAME);
  openFiles(thread.kernel).checkPending(stat);
  return { ...location, stat };
}

/** A place in a folder that exists. */
export function inFolder(thread: Thread, name: string | undefined, link: "follow" | "link" = "follow"): Location {
  const location = located(thread, name, link);
  if (location.stat === undefined && !location.hasFolder) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  return location;
}

/** All bytes of a file. */
export function readAll({ files, path, stat }: Location): Uint8Array {
  const file = files.open(path);
  try {
    const bytes = new Uint8Array(stat!.size);
    return bytes.subarray(0, file.read(bytes, 0));
  } finally {
    file.close();
  }
}
