import { ERROR, Win32Error } from "@decant/hook";
import type { GuestGenerator } from "@decant/process";
import { system } from "../../crt/system.ts";
import { hasWildcards } from "../../paths/wildcard.ts";
import { listFolder } from "./directory-listing.ts";
import { ACCESS, ATTRIBUTE, attributesOf, eachChunk, isFolder, lastName, matches, open, OPEN } from "./files.ts";
import { failureCode } from "./failure.ts";
import type { Body } from "./body.ts";
import { renamed } from "./rename-mask.ts";
import type { Shell } from "./shell.ts";
import { splitWords, unquote } from "./syntax.ts";

const ATTRIBUTE_BITS: Readonly<Record<string, number>> = { r: 1, h: 2, s: 4, a: 0x20, i: 0x2000, l: 0x400, o: 0x1000 };
const SYNTAX = "The syntax of the command is incorrect.";
const NOT_FOUND = "The system cannot find the file specified.";

/** The words of a command: paths without their quotation marks, and switches in lower case. */
function wordsOf(rest: string): { paths: string[]; switches: ReadonlySet<string> } {
  const words = splitWords(rest.replaceAll(/(?<=[^\s/])\/(?=[a-z-]+(?:[\s/]|$))/gi, " /"));
  return {
    paths: words.filter((word) => !word.startsWith("/")).map(unquote),
    switches: new Set(words.filter((word) => word.startsWith("/")).map((word) => word.slice(1).toLowerCase())),
  };
}

const makeFolder: Body = function* (shell, rest) {
  const { paths } = wordsOf(rest);
  if (paths.length === 0) return yield* fail(shell, SYNTAX);
  let result = 0;
  for (const path of paths) {
    if (attributesOf(shell, path) !== undefined) {
      result = yield* fail(shell, `A subdirectory or file ${path} already exists.`);
      continue;
    }
    try {
      makeFolders(shell, shell.fullPath(path));
    } catch (error) {
      result = yield* fail(shell, shell.message(error));
    }
  }
  return result;
};

/** Makes a folder, and those above it that are not there, as command extensions do. */
export function makeFolders(shell: Shell, full: string): void {
  const above = full.slice(0, full.lastIndexOf("\\"));
  if (above.length > 2 && attributesOf(shell, above) === undefined) makeFolders(shell, above);
  system.createFolder(shell.thread, full);
}

const removeFolder: Body = function* (shell, rest) {
  const { paths, switches } = wordsOf(rest);
  if (paths.length === 0) return yield* fail(shell, SYNTAX);
  let result = 0;
  for (const path of paths) {
    const attributes = attributesOf(shell, path);
    try {
      if (attributes === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
      if ((attributes & ATTRIBUTE.DIRECTORY) === 0) throw new Win32Error(ERROR.DIRECTORY);
      if (switches.has("s") && !switches.has("q") && !(yield* isSure(shell, path))) continue;
      if (switches.has("s")) removeTree(shell, shell.fullPath(path));
      else system.removeFolder(shell.thread, shell.fullPath(path));
    } catch (error) {
      yield* shell.complain(shell.message(error));
      result = failureCode(error);
    }
  }
  return result;
};

/** Asks on standard output, and reads a line for the answer; without one it is no. */
function* isSure(shell: Shell, what: string): GuestGenerator<boolean> {
  yield* shell.print(`${what}, Are you sure (Y/N)? `);
  return /^\s*y/i.test((yield* shell.readLine(shell.streams[0])) ?? "");
}

function removeTree(shell: Shell, folder: string): void {
  for (const path of matches(shell, `${folder}\\*`)) {
    if (isFolder(shell, path)) removeTree(shell, path);
    else removeFile(shell, path);
  }
  system.removeFolder(shell.thread, folder);
}

/** Also a file that is read-only. */
function removeFile(shell: Shell, path: string): void {
  if (((attributesOf(shell, path) ?? 0) & ATTRIBUTE.READONLY) !== 0) system.setAttributes(shell.thread, path, ATTRIBUTE.NORMAL);
  system.deleteFile(shell.thread, path);
}

const removeFiles: Body = function* (shell, rest) {
  const { paths, switches } = wordsOf(rest);
  if (paths.length === 0) return yield* fail(shell, SYNTAX);
  const asked = [...switches].find((each) => each.startsWith("a"))?.replace(/^a:?/, "");
  const unknown = [...switches].find((each) => !/^(?:[pfsq]|a:?[-rhsailo]*)$/.test(each));
  if (unknown !== undefined) return yield* fail(shell, `Invalid switch - "${unknown}".`);
  if (switches.has("p")) return yield* fail(shell, "del /p, which asks for each file, is not there.");
  const wanted = [...(asked ?? "-h-s").matchAll(/(-?)([a-z])/g)];
  const isMeant = (file: string): boolean =>
    wanted.every(([, minus, letter]) => (((attributesOf(shell, file) ?? 0) & ATTRIBUTE_BITS[letter!]!) !== 0) === (minus === ""));
  for (const path of paths) {
    const pattern = isFolder(shell, path) ? `${path}\\*` : path;
    if (/(?:^|\\)\*(?:\.\*)?$/.test(pattern) && !switches.has("q") && !(yield* isSure(shell, shell.fullPath(pattern)))) continue;
    const files = filesOf(shell, pattern, switches.has("s")).filter(isMeant);
    // Nobody hears of it in ERRORLEVEL.
    if (files.length === 0) yield* shell.complain(`Could Not Find ${shell.fullPath(pattern)}`);
    for (const file of files) {
      try {
        if (switches.has("f")) removeFile(shell, file);
        else system.deleteFile(shell.thread, file);
        if (switches.has("s")) yield* shell.print(`Deleted file - ${file}\r\n`);
      } catch (error) {
        yield* shell.complain(`${file}\r\n${shell.message(error)}`);
      }
    }
  }
  return 0;
};

/** The files that a pattern matches, in the folders below too. */
function filesOf(shell: Shell, pattern: string, isDeep: boolean): string[] {
  const files = matches(shell, pattern).filter((path) => !isFolder(shell, path));
  if (!isDeep) return files;
  const full = shell.fullPath(pattern);
  const folder = full.slice(0, full.lastIndexOf("\\"));
  for (const path of matches(shell, `${folder}\\*`))
    if (isFolder(shell, path)) files.push(...filesOf(shell, `${path}\\${lastName(full)}`, true));
  return files;
}

const type: Body = function* (shell, rest) {
  const { paths } = wordsOf(rest);
  if (paths.length === 0) return yield* fail(shell, SYNTAX);
  let result = 0;
  const isMany = paths.length > 1 || paths.some(hasWildcards);
  for (const path of paths) {
    const files = hasWildcards(path) ? matches(shell, path).filter((each) => !isFolder(shell, each)) : [path];
    if (files.length === 0) result = yield* fail(shell, NOT_FOUND);
    for (const file of files) {
      try {
        if (isFolder(shell, file)) throw new Win32Error(ERROR.ACCESS_DENIED);
        if (attributesOf(shell, file) === undefined) system.attributes(shell.thread, shell.fullPath(file));
        if (isMany) yield* shell.print(`\r\n${hasWildcards(path) ? lastName(file) : file}\r\n\r\n\r\n`, 2);
        yield* eachChunk(shell, file, (chunk) => shell.write(shell.streams[1], chunk));
      } catch (error) {
        result = yield* fail(shell, shell.message(error));
        if (isMany) yield* shell.complain(`Error occurred while processing: ${file}.`);
      }
    }
  }
  return result;
};

/** Copies, and says nothing when it worked: so did every recording that was made. */
const copy: Body = function* (shell, rest) {
  const all = splitWords(rest.replaceAll(/\s*\+\s*/g, "+"));
  const words = all.filter((word) => !word.startsWith("/"));
  const [source, target = "."] = words.map(unquote);
  if (source === undefined || words.length > 2) return yield* fail(shell, SYNTAX);
  const parts = source.split("+").filter((part) => part !== "");
  let copied = 0;
  try {
    const sources = parts.flatMap((part) => {
      const found = matches(shell, isFolder(shell, part) ? `${part}\\*` : part).filter((path) => !isFolder(shell, path));
      if (found.length === 0 && !/^(?:nul|con)$/i.test(part)) throw new Win32Error(ERROR.FILE_NOT_FOUND);
      return found.length === 0 ? [part] : found;
    });
    const isOne = parts.length > 1;
    for (const [index, path] of sources.entries()) {
      const to = isFolder(shell, target) ? `${target.replace(/\\$/, "")}\\${lastName(isOne ? sources[0]! : path)}` : target;
      if (!isOne && shell.fullPath(to).toLowerCase() === shell.fullPath(path).toLowerCase()) {
        yield* shell.complain("The file cannot be copied onto itself.");
        continue;
      }
      yield* copyFile(shell, path, to, isOne && index > 0);
      copied = isOne ? 1 : copied + 1;
    }
    // Text that is put together ends with Ctrl-Z, unless /b says that it is none.
    if (isOne && !all.some((word) => word.toLowerCase() === "/b"))
      yield* endText(shell, isFolder(shell, target) ? `${target}\\${lastName(sources[0]!)}` : target);
  } catch (error) {
    yield* shell.complain(shell.message(error));
  }
  return copied > 0 ? 0 : 1;
};

/** Copies a file with its times, or puts it behind what the target has. Throws Win32Error. */
export function* copyFile(shell: Shell, from: string, to: string, appends: boolean): GuestGenerator<void> {
  const target = open(shell, to, ACCESS.WRITE, appends ? OPEN.ALWAYS : OPEN.CREATE_ALWAYS);
  try {
    if (appends) system.seek(shell.thread, target, 0, 2);
    yield* eachChunk(shell, from, (chunk) => shell.write(target, chunk));
    if (!appends && system.fileType(shell.thread, target) === 1 && !/^(?:nul|con)$/i.test(from)) {
      const { accessed, written } = system.attributes(shell.thread, shell.fullPath(from));
      system.setHandleTimes(shell.thread, target, accessed, written);
    }
  } finally {
    system.closeHandle(shell.thread, target);
  }
}

function* endText(shell: Shell, path: string): GuestGenerator<void> {
  const target = open(shell, path, ACCESS.WRITE, OPEN.ALWAYS);
  try {
    system.seek(shell.thread, target, 0, 2);
    yield* shell.write(target, Uint8Array.of(0x1a));
  } finally {
    system.closeHandle(shell.thread, target);
  }
}

const move: Body = function* (shell, rest) {
  const { paths } = wordsOf(rest);
  const [source, target] = paths;
  if (source === undefined || target === undefined || paths.length > 2) return yield* fail(shell, SYNTAX);
  try {
    const found = matches(shell, source);
    if (found.length === 0) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    for (const path of found) {
      const to = shell.fullPath(isFolder(shell, target) ? `${target.replace(/\\$/, "")}\\${lastName(path)}` : target);
      if (attributesOf(shell, to) !== undefined && !isFolder(shell, to) && to.toLowerCase() !== path.toLowerCase())
        system.deleteFile(shell.thread, to);
      system.moveFile(shell.thread, path, to);
    }
  } catch (error) {
    return yield* fail(shell, shell.message(error));
  }
  return 0;
};

const rename: Body = function* (shell, rest) {
  const { paths } = wordsOf(rest);
  const [source, target] = paths;
  if (source === undefined || target === undefined || paths.length > 2 || /[\\/:]/.test(target)) return yield* fail(shell, SYNTAX);
  try {
    const found = matches(shell, source);
    if (found.length === 0) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    for (const path of found) {
      const to = path.slice(0, path.lastIndexOf("\\") + 1) + renamed(lastName(path), target);
      if (attributesOf(shell, to) !== undefined && to.toLowerCase() !== path.toLowerCase())
        return yield* fail(shell, "A duplicate file name exists, or the file\r\ncannot be found.");
      system.moveFile(shell.thread, path, to);
    }
    return 0;
  } catch (error) {
    return yield* fail(shell, shell.message(error));
  }
};

function* fail(shell: Shell, text: string): GuestGenerator<number> {
  yield* shell.complain(text);
  return 1;
}

/** Internal commands about files and folders. */
export const fileCommands: Readonly<Record<string, Body>> = {
  md: makeFolder,
  mkdir: makeFolder,
  rd: removeFolder,
  rmdir: removeFolder,
  del: removeFiles,
  erase: removeFiles,
  copy,
  move,
  ren: rename,
  rename,
  type,
  *dir(shell, rest) {
    const { paths, switches } = wordsOf(rest);
    return yield* listFolder(shell, paths, switches);
  },
};
