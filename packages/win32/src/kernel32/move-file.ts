import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { openFiles } from "../files/open-files.ts";
import { removeNow } from "../files/remove-name.ts";
import { RENAME, renameFile } from "../files/rename-file.ts";
import { copyContent } from "./copy-content.ts";
import { existing, inFolder } from "./located.ts";

/** MOVEFILE_* of MoveFileEx. */
export const MOVEFILE = { REPLACE_EXISTING: 1, COPY_ALLOWED: 2, DELAY_UNTIL_REBOOT: 4 } as const;

/** MoveFileEx: a rename, or a copy to another drive. */
export function moveFile(thread: Thread, fromName: string | undefined, toName: string | undefined, flags: number): boolean {
  const from = existing(thread, fromName, "link");
  if (toName === undefined) {
    // MOVEFILE_DELAY_UNTIL_REBOOT with no new name: there will be no reboot.
    throw new Win32Error((flags & MOVEFILE.DELAY_UNTIL_REBOOT) !== 0 ? ERROR.ACCESS_DENIED : ERROR.INVALID_PARAMETER);
  }
  const to = inFolder(thread, toName, "link");
  openFiles(thread.kernel).checkDelete(from.stat);
  const replaces = (flags & MOVEFILE.REPLACE_EXISTING) !== 0;
  try {
    renameFile(thread.kernel, from, to, replaces ? RENAME.REPLACE_IF_EXISTS : 0);
    return true;
  } catch (error) {
    if (!isOtherDevice(error)) throw error;
  }
  if (from.stat.kind === "folder" || (flags & MOVEFILE.COPY_ALLOWED) === 0) throw new Win32Error(ERROR.NOT_SAME_DEVICE);
  if (to.stat !== undefined && !replaces) throw new Win32Error(ERROR.ALREADY_EXISTS);
  copyContent(thread.kernel, from, to);
  removeNow(thread.kernel, from.files, from.path, from.stat.kind);
  return true;
}

function isOtherDevice(error: unknown): boolean {
  if (error instanceof NtError) return error.status === STATUS.NOT_SAME_DEVICE;
  return error instanceof Error && "code" in error && error.code === "EXDEV";
}
