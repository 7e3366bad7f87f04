import type { HostFiles, HostStat } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import { upcase } from "../text/upcase.ts";

/** A stream of a file beside its content. */
export interface NamedStream {
  readonly name: string;
  /** Where its bytes are. */
  readonly path: string;
  readonly size: number;
}

/** What a name has after its first colon ("Naming Files, Paths, and Namespaces", "File Streams"). */
export interface StreamName {
  readonly base: string;
  /** Empty: the file's content. */
  readonly stream: string;
}

/**
 * Parts `file:stream:$DATA` and `file::$DATA`; undefined where no stream is named. Throws ERROR_INVALID_NAME for an attribute that is no stream of data, and for
 * an empty name without one.
 */
export function partStreamName(name: string): StreamName | undefined {
  const colon = name.indexOf(":");
  if (colon < 0) return undefined;
  const parts = /^([^:/\\\0]{0,255})(:\$DATA)?$/i.exec(name.slice(colon + 1));
  if (colon === 0 || parts === null || (parts[1] === "" && parts[2] === undefined)) throw new Win32Error(ERROR.INVALID_NAME);
  return { base: name.slice(0, colon), stream: parts[1]! };
}

/** Where a stream is kept: in a file of its own beside its file, as Wine does and as archives of Windows' files show it. */
export function streamPath(path: string, stream: string): string {
  return `${path}:${stream}`;
}

/** Whether a path is a stream's. */
export function isStreamPath(path: string): boolean {
  return path.indexOf(":", path.lastIndexOf("/")) >= 0;
}

/** The file that a stream's path belongs to; any other path is its own. */
export function basePath(path: string): string {
  const colon = path.indexOf(":", path.lastIndexOf("/"));
  return colon < 0 ? path : path.slice(0, colon);
}

/** A folder's names without those of streams. A name with a colon whose file is not there stays: nobody would see it otherwise. */
export function withoutStreams<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  if (!entries.some(({ name }) => name.includes(":"))) return entries;
  const names = new Set(entries.map(({ name }) => name));
  return entries.filter(({ name }) => !name.includes(":") || !names.has(basePath(name)));
}

/** The streams of a file or folder, in the order of their names. What is not to be looked into has none. */
export function namedStreams(files: HostFiles, path: string): NamedStream[] {
  const prefix = `${path.slice(path.lastIndexOf("/") + 1)}:`;
  if (prefix === ":") return [];
  return namesIn(files, folderOf(path))
    .filter((name) => name.startsWith(prefix))
    .sort()
    .flatMap((name) => {
      const at = `${path}:${name.slice(prefix.length)}`;
      const size = sizeOf(files, at);
      return size === undefined ? [] : [{ name: name.slice(prefix.length), path: at, size }];
    });
}

/** All streams of a file or folder, by the names that Windows lists them by: a file's content first. */
export function streamsOf(files: HostFiles, path: string): { name: string; size: number }[] {
  const stat = files.stat(path);
  const content = stat.kind === "file" ? [{ name: "::$DATA", size: stat.size }] : [];
  return [...content, ...namedStreams(files, path).map(({ name, size }) => ({ name: `:${name}:$DATA`, size }))];
}

/** A stream by its name, without regard to case. */
export function findStream(files: HostFiles, path: string, name: string): { path: string; stat: HostStat | undefined } {
  const exact = streamPath(path, name);
  const stat = statOf(files, exact);
  if (stat !== undefined) return { path: exact, stat };
  const wanted = upcase(name);
  const found = namedStreams(files, path).find((stream) => upcase(stream.name) === wanted)?.path ?? exact;
  return { path: found, stat: statOf(files, found) };
}

/** A file has another name, or, with none, is gone: its streams go with it. Fails as the host does. */
export function moveStreams(files: HostFiles, from: string, to?: string): void {
  if (isStreamPath(from) || hasNoStreams(files, folderOf(from))) return;
  for (const { name, path } of namedStreams(files, from)) {
    if (to === undefined) files.remove(path);
    else {
      noteStream(files, to);
      files.rename(path, streamPath(to, name));
    }
  }
}

/** Folders that were looked through, and have no streams: a thousand deletions list their folder once. Streams that others add meanwhile are not seen. */
const foldersWithout = new WeakMap<HostFiles, Set<string>>();

/** A file is given a stream. */
export function noteStream(files: HostFiles, path: string): void {
  foldersWithout.get(files)?.delete(folderOf(path));
}

/** A folder has another name: what is known by names is no longer. */
export function forgetFolders(files: HostFiles): void {
  foldersWithout.delete(files);
}

function hasNoStreams(files: HostFiles, folder: string): boolean {
  let known = foldersWithout.get(files);
  if (known === undefined) foldersWithout.set(files, (known = new Set()));
  if (known.has(folder)) return true;
  if (namesIn(files, folder).some((name) => name.includes(":"))) return false;
  known.add(folder);
  return true;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function namesIn(files: HostFiles, folder: string): string[] {
  try {
    return files.list(folder).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Error && "code" in error) return [];
    throw error;
  }
}

function sizeOf(files: HostFiles, path: string): number | undefined {
  return statOf(files, path)?.size;
}

function statOf(files: HostFiles, path: string): HostStat | undefined {
  try {
    return files.stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
