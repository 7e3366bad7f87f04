import type { HostFiles, HostStat } from "@decant/host";
import { ERROR, Win32Error, type Handle, type Out, type StructInput } from "@decant/hook";
import { KernelObject, type Thread } from "@decant/process";
import { fileTimeFromNs } from "../files/file-time.ts";
import { isValidName, withoutPrefix } from "../files/file-system.ts";
import { deviceName, fullPath } from "../paths/windows-path.ts";
import { hasWildcards, wildcard } from "../paths/wildcard.ts";
import { stateOf } from "../process-state.ts";
import { upcase } from "../text/upcase.ts";
import { attributesOf, FILE_ATTRIBUTE } from "./attributes.ts";
import type { FIND_DATA } from "./directory.api.ts";

const WORD = 2 ** 32;

type FindData = StructInput<(typeof FIND_DATA)["fields"]>;

/** A search that FindFirstFile has begun. */
export class FindHandle extends KernelObject {
  readonly #entries: Iterator<FindData>;

  constructor(entries: Iterator<FindData>) {
    super();
    this.#entries = entries;
  }

  /** Throws ERROR_NO_MORE_FILES at the end. */
  next(): FindData {
    const step = this.#entries.next();
    if (step.done === true) throw new Win32Error(ERROR.NO_MORE_FILES);
    return step.value;
  }
}

/** FindFirstFile: ERROR_FILE_NOT_FOUND when nothing matches, ERROR_PATH_NOT_FOUND when there is no such folder. */
export function startSearch(thread: Thread, name: string | undefined, result: Out<unknown, FindData>): Handle {
  if (name === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  if (/[\\/]$/.test(name) || name === "") throw new Win32Error(name === "" ? ERROR.PATH_NOT_FOUND : ERROR.FILE_NOT_FOUND);
  if (deviceName(name) !== undefined) {
    result.set({ dwFileAttributes: FILE_ATTRIBUTE.ARCHIVE, cFileName: deviceName(name)! });
    return thread.process.handles.add(new FindHandle([][Symbol.iterator]()));
  }
  const { folder, pattern } = splitPattern(name);
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(folder === "" ? "." : folder, paths);
  if (location.kind === "device" || location.stat === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  if (location.stat.kind !== "folder") throw new Win32Error(ERROR.DIRECTORY);
  const last = pattern === "." || pattern === ".." ? fullPath(name, paths) : undefined;
  const wanted = last === undefined ? pattern : (withoutPrefix(last).split("\\").at(-1) ?? "");
  if (last !== undefined && wanted === "") throw new Win32Error(ERROR.FILE_NOT_FOUND);
  if (!hasWildcards(wanted) && !isValidName(wanted)) throw new Win32Error(ERROR.INVALID_NAME);
  const target = last === undefined ? location : fileSystem.locate(last, paths);
  const entries =
    last !== undefined && target.kind === "file" && target.stat !== undefined
      ? [{ ...findFields(target.stat), cFileName: wanted }][Symbol.iterator]()
      : search(location.files, location.path, wanted, location.full);
  const first = entries.next();
  if (first.done === true) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  result.set(first.value);
  return thread.process.handles.add(new FindHandle(entries));
}

/** The matching names in the order that NTFS keeps: "." and ".." first, then by upper case. */
function* search(files: HostFiles, folder: string, pattern: string, full: string): Generator<FindData> {
  const matches = wildcard(pattern.replace(/[. ]+$/, (end) => (pattern.includes("*") || pattern.includes("?") ? end : "")));
  const isRoot = /^[a-z]:\\?$/i.test(full);
  if (!isRoot && hasWildcards(pattern)) {
    for (const dots of [".", ".."]) if (matches(dots) || pattern === "*.") yield { ...findFields(files.stat(folder)), cFileName: dots };
  }
  const names = files
    .list(folder)
    .map(({ name }) => ({ name, key: upcase(name) }))
    .filter(({ name }) => matches(name) && !name.includes("\\"))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.name < b.name ? -1 : 1));
  for (const { name } of names) {
    const stat = statOf(files, `${folder === "/" ? "" : folder}/${name}`);
    if (stat !== undefined) yield { ...findFields(stat), cFileName: name };
  }
}

/** A link that leads nowhere, or out of what the guest may touch, is shown as what it is itself. */
function statOf(files: HostFiles, path: string): HostStat | undefined {
  for (const look of [() => files.stat(path), () => files.lstat(path)]) {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }
  return undefined;
}

/** What WIN32_FIND_DATA and WIN32_FILE_ATTRIBUTE_DATA tell of a file. */
export function findFields(stat: HostStat) {
  const size = stat.kind === "folder" ? 0 : stat.size;
  return {
    dwFileAttributes: attributesOf(stat),
    ftCreationTime: parts(stat.createdNs),
    ftLastAccessTime: parts(stat.accessedNs),
    ftLastWriteTime: parts(stat.modifiedNs),
    nFileSizeHigh: Math.floor(size / WORD),
    nFileSizeLow: size % WORD,
  };
}

function splitPattern(name: string): { folder: string; pattern: string } {
  const end = Math.max(name.lastIndexOf("\\"), name.lastIndexOf("/"), /^[a-z]:/i.test(name) ? 1 : -1);
  return { folder: name.slice(0, end + 1), pattern: name.slice(end + 1) };
}

function parts(ns: bigint): { dwLowDateTime: number; dwHighDateTime: number } {
  const time = fileTimeFromNs(ns);
  return { dwLowDateTime: Number(time & 0xffff_ffffn), dwHighDateTime: Number(time >> 32n) };
}
