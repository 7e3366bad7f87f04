import type { HostStat } from "@decant/host";
import { ERROR, Win32Error, type Handle, type Out, type StructInput } from "@decant/hook";
import { KernelObject, type Thread } from "@decant/process";
import { fileAttributes, FILE_ATTRIBUTE } from "../files/attributes.ts";
import { fileTimeFromNs } from "../files/file-time.ts";
import { isValidName, withoutPrefix } from "../files/file-system.ts";
import { listFolder, type ListedName } from "../files/folder-listing.ts";
import { SYMLINK_TAG } from "../files/query-information.ts";
import { deviceName, fullPath } from "../paths/windows-path.ts";
import { hasWildcards } from "../paths/wildcard.ts";
import { stateOf } from "../process-state.ts";
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

/** The streams of a file, as they were when FindFirstStreamW was called. */
export class StreamSearch extends KernelObject {
  readonly #streams: Iterator<{ name: string; size: number }>;

  constructor(streams: Iterable<{ name: string; size: number }>) {
    super();
    this.#streams = streams[Symbol.iterator]();
  }

  /** Throws ERROR_HANDLE_EOF at the end. */
  next(): { StreamSize: bigint; cStreamName: string } {
    const step = this.#streams.next();
    if (step.done === true) throw new Win32Error(ERROR.HANDLE_EOF);
    return { StreamSize: BigInt(step.value.size), cStreamName: step.value.name };
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
      ? [{ ...findFields(thread, target.stat), cFileName: wanted }][Symbol.iterator]()
      : search(thread, listFolder(location.files, location.path, wanted, location.path === "/"));
  const first = entries.next();
  if (first.done === true) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  result.set(first.value);
  return thread.process.handles.add(new FindHandle(entries));
}

function* search(thread: Thread, names: Iterable<ListedName>): Generator<FindData> {
  for (const { name, stat, targetIsFolder } of names) {
    // A reparse point's tag is what is reserved for it.
    const tag = stat.kind === "link" ? SYMLINK_TAG : 0;
    yield { ...findFields(thread, stat, targetIsFolder), dwReserved0: tag, cFileName: name };
  }
}

/** What WIN32_FIND_DATA and WIN32_FILE_ATTRIBUTE_DATA tell of a file. */
export function findFields({ kernel }: Thread, stat: HostStat, targetIsFolder = false) {
  const size = stat.kind === "file" ? stat.size : 0;
  const table = fileAttributes(kernel);
  return {
    dwFileAttributes: table.of(stat, targetIsFolder),
    ftCreationTime: parts(table.created(stat)),
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
