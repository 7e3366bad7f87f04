import { calls, ERROR, win32ErrorOf, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { FILE_ATTRIBUTE } from "../files/attributes.ts";
import { directory } from "../kernel32/directory.ts";
import { canonicalPath, combinePaths, extensionOffset, fileNameOffset, folderLength, isRelativePath } from "../paths/shell-path.ts";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { upcase } from "../text/upcase.ts";
import { shellPathsApi } from "./paths.api.ts";

const MAX_PATH = 260;

const files = calls(directory);

export const shellPaths = implement(shellPathsApi, {
  PathCanonicalize: (_thread, target, path) => give(target, path === undefined ? undefined : canonicalPath(path)),
  PathCombine(_thread, target, folder, file) {
    give(target, combinePaths(folder, file));
    return target.address;
  },
  // Unlike with PathCombine, a separator in front of what is added is not a root.
  PathAppend: (_thread, path, more) => !path.isNull && give(path, combinePaths(path.read(MAX_PATH), more?.replace(/^\\(?!\\)/, ""))),
  PathRemoveFileSpec(_thread, buffer) {
    if (buffer.isNull) return false;
    const path = buffer.read(MAX_PATH);
    const length = folderLength(path);
    return length < path.length && buffer.write(path.slice(0, length), MAX_PATH).needed > 0;
  },
  PathStripPath(_thread, buffer) {
    if (buffer.isNull) return;
    const path = buffer.read(MAX_PATH);
    buffer.write(path.slice(fileNameOffset(path)), MAX_PATH);
  },
  PathIsRelative: (_thread, path) => path === undefined || isRelativePath(path),
  PathFindFileName: (_thread, path) => path.address + (path.isNull ? 0 : path.charSize * fileNameOffset(path.read())),
  PathFindExtension: (_thread, path) => path.address + (path.isNull ? 0 : path.charSize * extensionOffset(path.read())),
  PathFileExists: (thread, path) => attributesOf(thread, path) !== undefined,
  // What it returns is FILE_ATTRIBUTE_DIRECTORY itself.
  PathIsDirectory(thread, path) {
    const attributes = attributesOf(thread, path);
    if (attributes === undefined) return false;
    return (attributes & FILE_ATTRIBUTE.DIRECTORY) === 0 ? false : FILE_ATTRIBUTE.DIRECTORY;
  },
  PathIsDirectoryEmpty(thread, path) {
    if (path === undefined || ((attributesOf(thread, path) ?? 0) & FILE_ATTRIBUTE.DIRECTORY) === 0) return false;
    const { fileSystem, paths } = stateOf(thread);
    const folder = fileSystem.locate(path, paths);
    return folder.kind === "file" && folder.files.list(folder.path).length === 0;
  },
  PathAddBackslash(_thread, buffer) {
    if (buffer.isNull) return 0;
    const path = buffer.read(MAX_PATH);
    const whole = path === "" || path.endsWith("\\") ? path : `${path}\\`;
    if (buffer.write(whole, MAX_PATH).needed > MAX_PATH) return 0;
    return buffer.address + whole.length * buffer.charSize;
  },
  PathRemoveBackslash(_thread, buffer) {
    if (buffer.isNull) return 0;
    const path = buffer.read(MAX_PATH);
    const shorter = path.endsWith("\\") && rootLength(path) < path.length ? path.slice(0, -1) : path;
    buffer.write(shorter, MAX_PATH);
    return buffer.address + Math.max(0, shorter === path ? path.length - 1 : shorter.length) * buffer.charSize;
  },
  PathAddExtension(_thread, buffer, extension) {
    const path = buffer.read(MAX_PATH);
    if (extensionOffset(path) < path.length) return false;
    return buffer.write(path + (extension ?? ".exe"), MAX_PATH).written > 0;
  },
  PathRemoveExtension(_thread, buffer) {
    const path = buffer.isNull ? "" : buffer.read(MAX_PATH);
    if (!buffer.isNull) buffer.write(path.slice(0, extensionOffset(path)), MAX_PATH);
  },
  PathRenameExtension(_thread, buffer, extension) {
    const path = buffer.read(MAX_PATH);
    return buffer.write(path.slice(0, extensionOffset(path)) + (extension ?? ""), MAX_PATH).written > 0;
  },
  PathQuoteSpaces(_thread, buffer) {
    const path = buffer.read(MAX_PATH);
    return path.includes(" ") && buffer.write(`"${path}"`, MAX_PATH).written > 0;
  },
  PathUnquoteSpaces(_thread, buffer) {
    const path = buffer.read(MAX_PATH);
    const isQuoted = path.length > 1 && path.startsWith('"') && path.endsWith('"');
    return isQuoted && buffer.write(path.slice(1, -1), MAX_PATH).needed > 0;
  },
  PathRemoveBlanks(_thread, buffer) {
    if (!buffer.isNull) buffer.write(buffer.read(MAX_PATH).replace(/^ +| +$/g, ""), MAX_PATH);
  },
  PathGetArgs: (_thread, path) => (path.isNull ? 0 : path.address + argumentsOffset(path.read()) * path.charSize),
  PathRemoveArgs(_thread, buffer) {
    if (buffer.isNull) return;
    const path = buffer.read(MAX_PATH);
    const offset = argumentsOffset(path);
    buffer.write(path.slice(0, offset).replace(/ $/, ""), MAX_PATH);
  },
  PathGetDriveNumber: (_thread, path) => (/^[a-z]:/i.test(path ?? "") ? path!.toUpperCase().charCodeAt(0) - 0x41 : -1),
  PathIsRoot: (_thread, path) =>
    path !== undefined && path !== "" && (path === "\\" || /^[a-z]:\\$/i.test(path) || /^\\\\[^\\]*(\\[^\\]*)?$/.test(path)),
  PathIsUNC: (_thread, path) => path?.startsWith("\\\\") === true,
  PathIsFileSpec: (_thread, path) => path !== undefined && !/[\\:]/.test(path),
  PathIsPrefix: (_thread, prefix, path) =>
    prefix !== undefined && path !== undefined && commonLength(prefix, path) >= prefix.replace(/\\$/, "").length,
  PathIsSameRoot(_thread, a, b) {
    if (a === undefined || b === undefined || rootLength(a) === 0) return false;
    return upcase(a.slice(0, rootLength(a))) === upcase(b.slice(0, rootLength(b)));
  },
  PathMatchSpec: (_thread, name, specifications) =>
    name !== undefined && (specifications ?? "").split(";").some((each) => specificationOf(each.replace(/^ +/, "")).test(name)),
  PathSkipRoot(_thread, path) {
    const length = path.isNull ? 0 : rootLength(path.read());
    return length === 0 ? 0 : path.address + length * path.charSize;
  },
  PathStripToRoot(_thread, buffer) {
    const path = buffer.isNull ? "" : buffer.read(MAX_PATH);
    const length = rootLength(path);
    if (!buffer.isNull) buffer.write(path.slice(0, length), MAX_PATH);
    return length > 0;
  },
  PathFindNextComponent(_thread, path) {
    const content = path.isNull ? "" : path.read();
    if (content === "") return 0;
    const separator = content.indexOf("\\");
    const next = separator < 0 ? content.length : content[separator + 1] === "\\" ? separator + 2 : separator + 1;
    return path.address + next * path.charSize;
  },
  PathCommonPrefix(_thread, a, b, target) {
    const length = commonLength(a ?? "", b ?? "");
    if (!target.isNull) target.write((a ?? "").slice(0, length), MAX_PATH);
    return length;
  },
  PathRelativePathTo(_thread, target, from, attributesFrom, to, attributesTo) {
    const folder = (path: string, attributes: number): string =>
      (attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0 ? path : path.slice(0, folderLength(path));
    const source = folder(from ?? "", attributesFrom);
    const common = commonLength(source, folder(to ?? "", attributesTo));
    if (common === 0) {
      target.write("", MAX_PATH);
      return false;
    }
    const up = source
      .slice(common)
      .split("\\")
      .filter((part) => part !== "").length;
    const rest = (to ?? "").slice(common).replace(/^\\/, "");
    const path = up === 0 ? `.\\${rest}` : "..\\".repeat(up) + rest;
    return target.write(rest === "" && up > 0 ? path.slice(0, -1) : path, MAX_PATH).written > 0;
  },
  PathSearchAndQualify(thread, path, target, size) {
    if (path === undefined || target.isNull) return false;
    return target.write(fullPath(path, stateOf(thread).paths), size).written > 0;
  },
  PathCompactPathEx(_thread, target, source, most) {
    if (source === undefined || target.isNull || most === 0) return false;
    return target.write(compacted(source, most), most).needed <= most;
  },
});

/** A file's attributes; undefined with the last error where it is not there, or not to be seen. */
function attributesOf(thread: Thread, path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  try {
    return files.GetFileAttributes(thread, path);
  } catch (error) {
    const code = win32ErrorOf(error);
    if (code === undefined) throw error;
    thread.lastError = code;
    return undefined;
  }
}

/** The length of "C:\\", "\\\\server\\share\\" or "\\" at a path's start. */
function rootLength(path: string): number {
  return (/^[a-z]:\\?/i.exec(path) ?? /^\\\\[^\\]*(?:\\[^\\]*\\?)?/.exec(path) ?? /^\\/.exec(path))?.[0].length ?? 0;
}

/** How long the whole parts are that two paths begin with, without regard to case; a drive's root keeps its separator. */
function commonLength(a: string, b: string): number {
  const [x, y] = [upcase(a), upcase(b)];
  let length = 0;
  for (let i = 0; i <= Math.min(x.length, y.length); i++) {
    const ends = (text: string): boolean => i === text.length || text[i] === "\\";
    if (ends(x) && ends(y)) length = i;
    if (x[i] !== y[i]) break;
  }
  return length === 2 && a[1] === ":" ? Math.min(3, a.length) : length;
}

/** Where the arguments behind a program's name begin: behind the first blank outside of quotes; the end when there are none. */
function argumentsOffset(path: string): number {
  let isQuoted = false;
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '"') isQuoted = !isQuoted;
    else if (path[i] === " " && !isQuoted) return i + 1;
  }
  return path.length;
}

/** One of PathMatchSpec's patterns: "*" and "?" for whole names, "*.*" for all. */
function specificationOf(pattern: string): RegExp {
  if (pattern === "*.*") return /^/;
  const source = Array.from(pattern, (each) => (each === "*" ? ".*" : each === "?" ? "." : each.replace(/[\\^$.|+()[\]{}]/, "\\$&"))).join(
    "",
  );
  return new RegExp(`^${source}$`, "is");
}

/** A path of at most so many characters with the NUL: its middle becomes "...". */
function compacted(path: string, most: number): string {
  if (path.length < most) return path;
  const name = path.slice(fileNameOffset(path));
  const room = most - 1 - name.length - 1;
  if (room >= 3) return `${path.slice(0, room - 3)}...\\${name}`;
  return most > 7 ? `...\\${name.slice(0, most - 8)}...` : "...".slice(0, most - 1);
}

/** Writes a path to a buffer of MAX_PATH characters. */
function give(target: TextBuffer, path: string | undefined): boolean {
  if (target.isNull || path === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (target.write(path, MAX_PATH).needed > MAX_PATH) throw new Win32Error(ERROR.FILENAME_EXCED_RANGE);
  return true;
}
