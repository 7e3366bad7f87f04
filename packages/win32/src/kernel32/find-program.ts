import { ERROR, Win32Error } from "@decant/hook";
import { folderOf, type Thread } from "@decant/process";
import { fullPath, pathForm } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";

const SYSTEM_FOLDERS = ["C:\\Windows\\System32", "C:\\Windows"];

/**
 * The full path of the program that CreateProcess is asked for ("CreateProcessW"): lpApplicationName as it is, or else the first word of the command line, for which
 * folders are searched. Without quotation marks each space might end it. Throws ERROR_FILE_NOT_FOUND and the like.
 */
export function findProgram(thread: Thread, application: string | undefined, commandLine: string): string {
  const { paths } = stateOf(thread);
  if (application !== undefined) {
    const full = fullPath(application, paths);
    if (!isFile(thread, full)) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    return full;
  }
  const trimmed = commandLine.trimStart();
  if (trimmed === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (trimmed.startsWith('"'))
    return search(thread, trimmed.slice(1).split('"', 1)[0]!) ?? notFound(thread, trimmed.slice(1).split('"', 1)[0]!);
  const ends = [...trimmed.matchAll(/[ \t]+/g)].map(({ index }) => index);
  for (const end of [...ends, trimmed.length]) {
    const found = search(thread, trimmed.slice(0, end));
    if (found !== undefined) return found;
  }
  return notFound(thread, trimmed.slice(0, ends[0]));
}

function search(thread: Thread, name: string): string | undefined {
  if (name === "") return undefined;
  const { paths, environment } = stateOf(thread);
  const file = /\.[^\\/.]*$/.test(name) ? name : `${name}.exe`;
  if (pathForm(file) !== "relative" || /[\\/]/.test(file)) {
    const full = fullPath(file, paths);
    return isFile(thread, full) ? full : undefined;
  }
  const path = (environment.get("PATH")?.value ?? "").split(";").map((folder) => folder.replaceAll('"', ""));
  for (const folder of [folderOf(thread.process.path), thread.process.currentDirectory, ...SYSTEM_FOLDERS, ...path]) {
    if (folder === "") continue;
    const full = fullPath(`${folder.replace(/[\\/]$/, "")}\\${file}`, paths);
    if (isFile(thread, full)) return full;
  }
  return undefined;
}

function isFile(thread: Thread, full: string): boolean {
  try {
    const { fileSystem, paths } = stateOf(thread);
    const location = fileSystem.locate(full, paths);
    if (location.kind === "device" || location.stat === undefined) return false;
    return location.stat.kind !== "folder";
  } catch (error) {
    // What is not there, or not the guest's to look into, is passed over.
    if (error instanceof Win32Error || (error instanceof Error && "code" in error)) return false;
    throw error;
  }
}

function notFound(thread: Thread, name: string): never {
  const { fileSystem, paths } = stateOf(thread);
  if (/[\\/]/.test(name)) {
    const location = fileSystem.locate(name, paths);
    if (location.kind === "file" && location.stat?.kind === "folder") throw new Win32Error(ERROR.ACCESS_DENIED);
  }
  throw new Win32Error(ERROR.FILE_NOT_FOUND);
}
