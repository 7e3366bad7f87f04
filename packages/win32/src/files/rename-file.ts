import type { HostFiles, HostStat } from "@decant/host";
import { NtError, STATUS } from "@decant/hook";
import type { Kernel } from "@decant/process";
import type { Location } from "./file-system.ts";
import { CHANGE, folderChanges } from "./folder-changes.ts";
import { forgetFolders, isStreamPath, moveStreams } from "./named-streams.ts";
import { openFiles } from "./open-files.ts";
import { removeNow } from "./remove-name.ts";

/** What is renamed: the name itself, of a link the link. */
export interface RenameSource {
  readonly files: HostFiles;
  readonly path: string;
  readonly stat: HostStat;
}

/** FILE_RENAME_*. */
export const RENAME = { REPLACE_IF_EXISTS: 1, POSIX_SEMANTICS: 2, IGNORE_READONLY: 0x40 } as const;

/**
 * Gives a file or folder another name on its volume ("FILE_RENAME_INFORMATION"). Throws STATUS_NOT_SAME_DEVICE for another drive,
 * STATUS_OBJECT_NAME_COLLISION for a name that is taken, STATUS_ACCESS_DENIED where that cannot be replaced.
 */
export function renameFile(kernel: Kernel, from: RenameSource, to: Location, flags: number): void {
  const open = openFiles(kernel);
  if (isStreamPath(from.path)) throw new NtError(STATUS.INVALID_PARAMETER);
  if (to.streamOf !== undefined) throw new NtError(STATUS.OBJECT_NAME_INVALID);
  if (to.stat === undefined && !to.hasFolder) throw new NtError(STATUS.OBJECT_PATH_NOT_FOUND);
  if (from.files !== to.files) throw new NtError(STATUS.NOT_SAME_DEVICE);
  if (from.stat.kind === "folder" && open.hasOpenBelow(from.files, from.path)) throw new NtError(STATUS.ACCESS_DENIED);
  let target = to.path;
  if (to.stat !== undefined && to.path !== from.path) {
    checkReplacing(kernel, from, to.stat, flags);
    // Two names of one file: POSIX would keep both.
    if (isSame(to.stat, from.stat)) removeNow(kernel, to.files, to.path, "file");
    else if (to.stat.kind === "folder") to.files.removeFolder(to.path);
  } else if (to.stat !== undefined) {
    // The same name in another case: it becomes what was asked for.
    target = `${to.path.slice(0, to.path.lastIndexOf("/"))}/${to.full.replace(/\\$/, "").split("\\").at(-1)}`;
  }
  if (to.stat !== undefined && to.path !== from.path) moveStreams(to.files, to.path);
  from.files.rename(from.path, target);
  if (from.stat.kind === "folder") forgetFolders(from.files);
  moveStreams(from.files, from.path, target);
  open.renamed(from.files, from.path, target);
  noteRename(kernel, from, target, to.stat !== undefined && to.path !== from.path);
}

function checkReplacing(kernel: Kernel, from: RenameSource, existing: HostStat, flags: number): void {
  if ((flags & RENAME.REPLACE_IF_EXISTS) === 0) throw new NtError(STATUS.OBJECT_NAME_COLLISION);
  const open = openFiles(kernel);
  const posix = (flags & RENAME.POSIX_SEMANTICS) !== 0;
  open.checkPending(existing);
  const isReadOnly = existing.kind === "file" && !existing.writable && (flags & RENAME.IGNORE_READONLY) === 0;
  const mixesKinds = (existing.kind === "folder") !== (from.stat.kind === "folder");
  if (isReadOnly || mixesKinds || (existing.kind === "folder" && !posix)) throw new NtError(STATUS.ACCESS_DENIED);
  if (open.isOpen(existing) && !isSame(existing, from.stat)) {
    if (!posix) throw new NtError(STATUS.ACCESS_DENIED);
    open.checkDelete(existing);
  }
}

function noteRename(kernel: Kernel, from: RenameSource, target: string, replaced: boolean): void {
  const changes = folderChanges(kernel);
  const isFolder = from.stat.kind === "folder";
  if (replaced) changes.note(from.files, target, CHANGE.REMOVED, isFolder);
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
  const stays = folderOf(from.path) === folderOf(target);
  changes.note(from.files, from.path, stays ? CHANGE.RENAMED_OLD_NAME : CHANGE.REMOVED, isFolder);
  changes.note(from.files, target, stays ? CHANGE.RENAMED_NEW_NAME : CHANGE.ADDED, isFolder);
}

function isSame(a: HostStat, b: HostStat): boolean {
  return a.inode === b.inode && a.device === b.device;
}
