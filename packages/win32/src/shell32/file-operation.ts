import { ERROR, readString, Win32Error, win32ErrorOf } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { CHANGE, folderChanges } from "../files/folder-changes.ts";
import { openFiles } from "../files/open-files.ts";
import { removeNow } from "../files/remove-name.ts";
import { copyContent } from "../kernel32/copy-content.ts";
import { existing, inFolder, located, type ExistingLocation } from "../kernel32/located.ts";
import { MOVEFILE, moveFile } from "../kernel32/move-file.ts";
import { hasWildcards, wildcard } from "../paths/wildcard.ts";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { fileOperationApi, SHFILEOPSTRUCT } from "./file-operation.api.ts";

type Form = "ansi" | "wide";

const FO = { MOVE: 1, COPY: 2, DELETE: 3, RENAME: 4 } as const;
const FOF = { MULTIDESTFILES: 1, RENAMEONCOLLISION: 8, NOCONFIRMATION: 0x10, FILESONLY: 0x80, NOCONFIRMMKDIR: 0x200, NORECURSION: 0x1000 } as const; // prettier-ignore
/** Results of SHFileOperation that are no Windows errors. */
const DE = { SAMEFILE: 0x71, MANYSRC1DEST: 0x72, DIFFDIR: 0x73, OPCANCELLED: 0x75, DESTSUBTREE: 0x76, UNKNOWN: 0x402 } as const;

/** An operation that ends with one of these results. */
class OperationError extends Error {
  readonly result: number;

  constructor(result: number) {
    super(`the operation ended with ${result.toString(16)}`);
    this.result = result;
  }
}

interface Operation {
  readonly thread: Thread;
  readonly flags: number;
}

interface Source {
  readonly path: string;
  readonly isFolder: boolean;
}

/** Nobody can be asked: what would ask, and has no FOF_NOCONFIRMATION, counts as cancelled. Nothing is kept to be undone. */
export const fileOperation = implement(fileOperationApi, {
  SHFileOperationA: (thread, lpFileOp) => run(thread, lpFileOp, "ansi"),
  SHFileOperationW: (thread, lpFileOp) => run(thread, lpFileOp, "wide"),
});

function run(thread: Thread, address: number, form: Form): number {
  if (address === 0) return ERROR.INVALID_PARAMETER;
  const type = SHFILEOPSTRUCT[thread.pointerSize];
  const { wFunc, pFrom, pTo, fFlags } = type.load(thread, address);
  const aborted = address + type.offsetOf("fAnyOperationsAborted", thread.pointerSize);
  thread.memory.setU32(aborted, 0);
  try {
    operate({ thread, flags: fFlags }, wFunc, pathList(thread, pFrom, form), pathList(thread, pTo, form));
    return ERROR.SUCCESS;
  } catch (error) {
    const result = error instanceof OperationError ? error.result : win32ErrorOf(error);
    if (result === undefined) throw error;
    if (result === DE.OPCANCELLED) thread.memory.setU32(aborted, 1);
    return result;
  }
}

/** Paths, each with its NUL, and a NUL behind the last. */
function pathList(thread: Thread, address: number, form: Form): readonly string[] {
  const { memory } = thread;
  const paths: string[] = [];
  if (address === 0) return paths;
  for (let at = address; (form === "wide" ? memory.u16(at) : memory.u8(at)) !== 0;) {
    paths.push(fullPath(readString(thread, at, form), stateOf(thread).paths));
    at += form === "wide" ? 2 * memory.wstringLength(at) + 2 : memory.cstringLength(at) + 1;
  }
  return paths;
}

function operate(operation: Operation, kind: number, from: readonly string[], to: readonly string[]): void {
  if (kind < FO.MOVE || kind > FO.RENAME || from.length === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if ((operation.flags & FOF.RENAMEONCOLLISION) !== 0 && kind !== FO.DELETE) throw new Win32Error(ERROR.NOT_SUPPORTED);
  if (kind === FO.DELETE) return deleteAll(operation, from);
  if (to.length === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (kind === FO.RENAME) return rename(operation, from, to[0]!);
  const isOneToOne = (operation.flags & FOF.MULTIDESTFILES) !== 0 && to.length === from.length;
  from.forEach((path, index) => {
    const target = isOneToOne ? to[index]! : to[0]!;
    const found = sources(operation, path);
    const isInto = !isOneToOne && (from.length > 1 || hasWildcards(path) || target.endsWith("\\") || isFolder(operation, target));
    for (const source of found) transfer(operation, kind, source, isInto ? join(target, nameOf(source.path)) : target);
  });
}

/** What a path stands for, wildcards resolved. Throws DE_UNKNOWN for a file that is not there. */
function sources({ thread, flags }: Operation, path: string): readonly Source[] {
  const name = nameOf(path);
  if (!hasWildcards(name)) {
    const { stat } = located(thread, path, "link");
    if (stat === undefined) throw new OperationError(DE.UNKNOWN);
    return [{ path, isFolder: stat.kind === "folder" }];
  }
  const folder = folderOf(path);
  const matches = wildcard(name);
  return children(thread, folder).filter((child) => matches(nameOf(child.path)) && !(child.isFolder && (flags & FOF.FILESONLY) !== 0));
}

function children(thread: Thread, folder: string): readonly Source[] {
  const { files, path } = existing(thread, folder);
  return files.list(path).map(({ name, kind }) => ({ path: join(folder, name), isFolder: kind === "folder" }));
}

function transfer(operation: Operation, kind: number, source: Source, target: string): void {
  const same = source.path.toLowerCase() === target.toLowerCase();
  if (same) throw new OperationError(DE.SAMEFILE);
  if (source.isFolder && target.toLowerCase().startsWith(`${source.path.toLowerCase()}\\`)) throw new OperationError(DE.DESTSUBTREE);
  makeFolders(operation, folderOf(target));
  const { thread } = operation;
  const there = located(thread, target, "link").stat;
  if (kind === FO.MOVE && there === undefined && source.path[0]!.toLowerCase() === target[0]!.toLowerCase()) {
    moveFile(thread, source.path, target, 0);
    return;
  }
  if (source.isFolder) {
    if (there === undefined) makeFolder(thread, target);
    for (const child of children(thread, source.path))
      if (!child.isFolder || (operation.flags & FOF.NORECURSION) === 0) transfer(operation, kind, child, join(target, nameOf(child.path)));
    if (kind === FO.MOVE) remove(thread, existing(thread, source.path, "link"));
    return;
  }
  if (there !== undefined) confirm(operation, FOF.NOCONFIRMATION);
  if (kind === FO.MOVE) moveFile(thread, source.path, target, MOVEFILE.REPLACE_EXISTING | MOVEFILE.COPY_ALLOWED);
  else copy(thread, existing(thread, source.path), target);
}

function copy(thread: Thread, from: ExistingLocation, target: string): void {
  const to = inFolder(thread, target);
  // A link to a folder: what is behind it stays there.
  if (from.stat.kind === "folder") throw new Win32Error(ERROR.ACCESS_DENIED);
  if (to.stat?.kind === "folder" || to.stat?.writable === false) throw new Win32Error(ERROR.ACCESS_DENIED);
  copyContent(thread.kernel, from, to);
  if (!from.stat.writable) to.files.setWritable(to.path, false);
}

function rename(operation: Operation, from: readonly string[], to: string): void {
  if (from.length > 1) throw new OperationError(DE.MANYSRC1DEST);
  const [source] = sources(operation, from[0]!);
  if (source === undefined || hasWildcards(nameOf(from[0]!))) throw new OperationError(DE.UNKNOWN);
  if (folderOf(source.path).toLowerCase() !== folderOf(to).toLowerCase()) throw new OperationError(DE.DIFFDIR);
  moveFile(operation.thread, source.path, to, 0);
}

function deleteAll(operation: Operation, from: readonly string[]): void {
  const found = from.flatMap((path) => {
    if (!hasWildcards(nameOf(path))) existing(operation.thread, path, "link");
    return sources(operation, path);
  });
  if (found.length > 0) confirm(operation, FOF.NOCONFIRMATION);
  for (const source of found) deleteTree(operation, source);
}

function deleteTree(operation: Operation, { path, isFolder: hasChildren }: Source): void {
  if (hasChildren) for (const child of children(operation.thread, path)) deleteTree(operation, child);
  remove(operation.thread, existing(operation.thread, path, "link"));
}

/** Takes a name away, read-only files too: who was asked has agreed. */
function remove({ kernel }: Thread, { files, path, stat }: ExistingLocation): void {
  openFiles(kernel).checkDelete(stat);
  if (stat.kind === "file" && !stat.writable) files.setWritable(path, true);
  removeNow(kernel, files, path, stat.kind);
}

/** Makes the folders that a target is to be in; a question for each operation that must. */
function makeFolders(operation: Operation, folder: string): void {
  const { stat } = located(operation.thread, folder);
  if (stat?.kind === "folder") return;
  if (stat !== undefined) throw new Win32Error(ERROR.DIRECTORY);
  confirm(operation, FOF.NOCONFIRMATION | FOF.NOCONFIRMMKDIR);
  const above = folderOf(folder);
  if (above === folder) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  makeFolders(operation, above);
  makeFolder(operation.thread, folder);
}

function makeFolder(thread: Thread, name: string): void {
  const { files, path } = inFolder(thread, name);
  files.makeFolder(path);
  folderChanges(thread.kernel).note(files, path, CHANGE.ADDED, true);
}

function confirm({ flags }: Operation, answers: number): void {
  if ((flags & answers) === 0) throw new OperationError(DE.OPCANCELLED);
}

function isFolder({ thread }: Operation, path: string): boolean {
  return located(thread, path).stat?.kind === "folder";
}

function nameOf(path: string): string {
  return path.replace(/\\$/, "").split("\\").at(-1)!;
}

/** The folder that a full path is in; a root's is itself. */
function folderOf(path: string): string {
  const folder = path.replace(/\\$/, "").split("\\").slice(0, -1).join("\\");
  return folder === "" ? path : folder.endsWith(":") ? `${folder}\\` : folder;
}

function join(folder: string, name: string): string {
  return folder.endsWith("\\") ? folder + name : `${folder}\\${name}`;
}
