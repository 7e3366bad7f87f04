import { ERROR, Win32Error } from "@decant/hook";
import { folderOf, type Thread } from "@decant/process";
import { fullPath, pathForm } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { findHostProgram } from "../programs/host/host-program.ts";

const SYSTEM_FOLDERS = ["C:\\Windows\\System32", "C:\\Windows"];

/** A program of the host's, by its path there. */
export interface OnHost {
  readonly onHost: string;
}

interface Wanted {
  readonly application: string | undefined;
  readonly hostProgram?: string | undefined;
  readonly commandLine: string;
}

/**
 * The full path of the program that CreateProcess is asked for ("CreateProcessW"): lpApplicationName as it is, or else the first word of the command line, for which
 * folders are searched, the host's after all others. Without quotation marks each space might end it. Throws ERROR_FILE_NOT_FOUND and the like.
 */
export function findProgram(thread: Thread, { application, hostProgram, commandLine }: Wanted): string | OnHost {
  if (hostProgram !== undefined) return { onHost: hostProgram };
  const { paths } = stateOf(thread);
  if (application !== undefined) {
    const full = fullPath(application, paths);
    if (!isFile(thread, full)) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    return full;
  }
  const trimmed = commandLine.trimStart();
  if (trimmed === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (trimmed.startsWith('"')) {
    const name = trimmed.slice(1).split('"', 1)[0]!;
    return search(thread, name) ?? searchHost(thread, name);
  }
  const ends = [...trimmed.matchAll(/[ \t]+/g)].map(({ index }) => index);
  for (const end of [...ends, trimmed.length]) {
    const found = search(thread, trimmed.slice(0, end));
    if (found !== undefined) return found;
  }
  return searchHost(thread, trimmed.slice(0, ends[0]));
}

function searchHost(thread: Thread, name: string): OnHost {
  const onHost = findHostProgram(thread, name);
  return onHost === undefined ? notFound(thread, name) : { onHost };
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
