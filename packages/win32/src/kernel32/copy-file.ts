import { ERROR, Win32Error } from "@decant/hook";
import { guestCall64, implement, type GuestGenerator, type Thread } from "@decant/process";
import { CHANGE, folderChanges } from "../files/folder-changes.ts";
import { openFiles } from "../files/open-files.ts";
import { RENAME, renameFile } from "../files/rename-file.ts";
import { SHARE } from "../files/access.ts";
import { copyInSteps } from "./copy-content.ts";
import { COPYFILE2_PARAMETERS, copyFileApi } from "./copy-file.api.ts";
import { existing, inFolder, located, type ExistingLocation } from "./located.ts";
import { moveFile } from "./move-file.ts";
import type { Location } from "../files/file-system.ts";

const COPY_FILE = { FAIL_IF_EXISTS: 1, COPY_SYMLINK: 0x800 } as const;
const PROGRESS = { CONTINUE: 0, CANCEL: 1, STOP: 2, QUIET: 3 } as const;
const CALLBACK = { CHUNK_FINISHED: 0, STREAM_SWITCH: 1 } as const;
const SYMBOLIC_LINK_FLAG_DIRECTORY = 1;

/** What a copy is told to do besides copying. */
interface CopyWatch {
  /** An LPPROGRESS_ROUTINE, or 0. */
  readonly routine: number;
  readonly data: bigint;
  /** The address of a BOOL that stops the copy, or 0. */
  readonly cancel: number;
}

/** Copies, moves with progress, replacements and links. */
export const copyFile = implement(copyFileApi, {
  *CopyFile(thread, lpExistingFileName, lpNewFileName, bFailIfExists) {
    yield* copy(thread, lpExistingFileName, lpNewFileName, bFailIfExists ? COPY_FILE.FAIL_IF_EXISTS : 0, QUIETLY);
    return true;
  },
  *CopyFileEx(thread, lpExistingFileName, lpNewFileName, lpProgressRoutine, lpData, pbCancel, dwCopyFlags) {
    yield* copy(thread, lpExistingFileName, lpNewFileName, dwCopyFlags, { routine: lpProgressRoutine, data: lpData, cancel: pbCancel });
    return true;
  },
  *CopyFile2(thread, pwszExistingFileName, pwszNewFileName, pExtendedParameters) {
    const given = pExtendedParameters === 0 ? undefined : COPYFILE2_PARAMETERS.load(thread, pExtendedParameters);
    if (given !== undefined && given.dwSize < COPYFILE2_PARAMETERS.size(thread.pointerSize)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    // COPYFILE2_MESSAGE is not made: a copy that should report would be silent.
    if (given !== undefined && given.pProgressRoutine !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
    yield* copy(thread, pwszExistingFileName, pwszNewFileName, given?.dwCopyFlags ?? 0, { ...QUIETLY, cancel: given?.pfCancel ?? 0 });
    return 0;
  },

  /** A rename moves nothing: the routine would be called only for a copy to another drive, which is done in one step. */
  MoveFileWithProgress: (thread, lpExistingFileName, lpNewFileName, _lpProgressRoutine, _lpData, dwFlags) =>
    moveFile(thread, lpExistingFileName, lpNewFileName, dwFlags),

  ReplaceFile(thread, lpReplacedFileName, lpReplacementFileName, lpBackupFileName) {
    const replaced = existing(thread, lpReplacedFileName);
    const replacement = existing(thread, lpReplacementFileName);
    for (const { stat } of [replaced, replacement]) {
      if (stat.kind === "folder" || !stat.writable) throw new Win32Error(ERROR.ACCESS_DENIED);
      openFiles(thread.kernel).checkDelete(stat);
    }
    if (lpBackupFileName === undefined) return replaceWith(thread, replacement, replaced);
    const backup = inFolder(thread, lpBackupFileName);
    if (backup.files !== replaced.files || replacement.files !== replaced.files) throw new Win32Error(ERROR.UNABLE_TO_MOVE_REPLACEMENT);
    renameFile(thread.kernel, replaced, backup, RENAME.REPLACE_IF_EXISTS);
    return replaceWith(thread, replacement, { ...replaced, stat: undefined });
  },

  CreateHardLink(thread, lpFileName, lpExistingFileName) {
    const from = existing(thread, lpExistingFileName);
    const to = inFolder(thread, lpFileName, "link");
    if (to.stat !== undefined) throw new Win32Error(ERROR.ALREADY_EXISTS);
    if (from.stat.kind === "folder") throw new Win32Error(ERROR.ACCESS_DENIED);
    if (from.files !== to.files) throw new Win32Error(ERROR.NOT_SAME_DEVICE);
    from.files.link(from.path, to.path);
    folderChanges(thread.kernel).note(to.files, to.path, CHANGE.ADDED);
    return true;
  },

  CreateSymbolicLink(thread, lpSymlinkFileName, lpTargetFileName, dwFlags) {
    const { files, path, full, stat } = inFolder(thread, lpSymlinkFileName, "link");
    if (stat !== undefined) throw new Win32Error(ERROR.ALREADY_EXISTS);
    if (lpTargetFileName === undefined || lpTargetFileName === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
    files.makeLink(linkTarget(thread, lpTargetFileName, full), path);
    folderChanges(thread.kernel).note(files, path, CHANGE.ADDED, (dwFlags & SYMBOLIC_LINK_FLAG_DIRECTORY) !== 0);
    return true;
  },
});

const QUIETLY: CopyWatch = { routine: 0, data: 0n, cancel: 0 };

/** A relative target stays relative to the link's folder; others lead to the same drive, as the host has no other. */
function linkTarget(thread: Thread, target: string, linkPath: string): string {
  const plain = target.replaceAll("/", "\\");
  if (!/^(?:\\|[a-z]:)/i.test(plain)) return plain.replaceAll("\\", "/");
  const { path, full } = located(thread, target);
  if (full[0]?.toUpperCase() !== linkPath[0]?.toUpperCase()) throw new Win32Error(ERROR.NOT_SAME_DEVICE);
  return path;
}

function replaceWith({ kernel }: Thread, replacement: ExistingLocation, replaced: Location): boolean {
  renameFile(kernel, replacement, replaced, RENAME.REPLACE_IF_EXISTS | RENAME.POSIX_SEMANTICS);
  return true;
}

/** CopyFileEx. Throws ERROR_REQUEST_ABORTED when it was told to stop; the copy goes unless PROGRESS_STOP said to keep it. */
function* copy(
  thread: Thread,
  fromName: string | undefined,
  toName: string | undefined,
  flags: number,
  watch: CopyWatch,
): GuestGenerator<void> {
  const from = existing(thread, fromName, (flags & COPY_FILE.COPY_SYMLINK) === 0 ? "follow" : "link");
  if (from.stat.kind === "folder") throw new Win32Error(ERROR.ACCESS_DENIED);
  const to = inFolder(thread, toName);
  if (to.stat !== undefined && (flags & COPY_FILE.FAIL_IF_EXISTS) !== 0) throw new Win32Error(ERROR.FILE_EXISTS);
  if (to.stat?.kind === "folder" || to.stat?.writable === false) throw new Win32Error(ERROR.ACCESS_DENIED);
  if (to.stat?.inode === from.stat.inode && to.stat.device === from.stat.device) throw new Win32Error(ERROR.SHARING_VIOLATION);
  if (from.stat.kind === "link") {
    if (to.stat !== undefined) to.files.remove(to.path);
    to.files.makeLink(from.files.readLink(from.path), to.path);
    return;
  }
  const leave = enterCopy(thread, from, to);
  try {
    yield* copyWatched(thread, from, to, watch);
  } finally {
    leave();
  }
  if (!from.stat.writable) to.files.setWritable(to.path, false);
}

/** Others may have both files open, as far as they share them: the source to be read, the target not at all. */
function enterCopy({ kernel }: Thread, from: ExistingLocation, to: Location): () => void {
  const open = openFiles(kernel);
  const reading = { files: from.files, path: from.path, access: SHARE.READ, share: SHARE.READ | SHARE.WRITE | SHARE.DELETE };
  const source = open.enter(from.stat, reading);
  if (to.stat === undefined) return () => open.leave(source, reading);
  const writing = { files: to.files, path: to.path, access: SHARE.WRITE, share: SHARE.READ };
  try {
    const target = open.enter(to.stat, writing);
    return () => {
      open.leave(source, reading);
      open.leave(target, writing);
    };
  } catch (error) {
    open.leave(source, reading);
    throw error;
  }
}

function* copyWatched(thread: Thread, from: ExistingLocation, to: Location, { routine, data, cancel }: CopyWatch): GuestGenerator<void> {
  const { size } = from.stat;
  let reports = routine !== 0;
  const told = function* (done: number, reason: number): GuestGenerator<void> {
    if (!reports) return;
    // LPPROGRESS_ROUTINE: four sizes by value, stream number, reason, two file handles (none are open here), data.
    const answer = yield* guestCall64(thread, routine, ...sizes(thread, [size, done, size, done]), 1, reason, -1, -1, data);
    const verdict = Number(answer & 0xffff_ffffn);
    if (verdict === PROGRESS.QUIET) reports = false;
    if (verdict === PROGRESS.CANCEL || verdict === PROGRESS.STOP) throw new CopyStopped(verdict === PROGRESS.STOP);
  };
  try {
    yield* told(0, CALLBACK.STREAM_SWITCH);
    for (const done of copyInSteps(thread.kernel, from, to)) {
      yield* told(done, CALLBACK.CHUNK_FINISHED);
      if (cancel !== 0 && thread.memory.u32(cancel) !== 0) throw new CopyStopped(false);
    }
  } catch (error) {
    if (!(error instanceof CopyStopped)) throw error;
    if (!error.keeps) removeQuietly(to);
    throw new Win32Error(ERROR.REQUEST_ABORTED);
  }
}

/** The program stopped a copy. */
class CopyStopped extends Error {
  readonly keeps: boolean;

  constructor(keeps: boolean) {
    super("the copy was stopped");
    this.keeps = keeps;
  }
}

/** 64-bit integers by value: a word each on x64, two on x86. */
function sizes({ pointerSize }: Thread, values: readonly number[]): (number | bigint)[] {
  if (pointerSize === 8) return values.map(BigInt);
  return values.flatMap((value) => [value % 2 ** 32, Math.floor(value / 2 ** 32)]);
}

function removeQuietly({ files, path }: Location): void {
  try {
    files.remove(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
