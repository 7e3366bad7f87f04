import {
  alias,
  api,
  CrtError,
  InvalidParameterError,
  ERRNO,
  errno,
  errnoOf,
  ERRNO_T,
  fn,
  INT,
  PVOID,
  SIZE_T,
  TBUF,
  textAs,
  TSTR,
  UINT,
  VOID,
  type TextBuffer,
} from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT } from "../dlls.ts";
import { Runtime } from "../runtime.ts";
import { system } from "../system.ts";
import { joinPath, splitPath } from "./path-parts.ts";

const RESULT = errno(INT, -1);
const PATH = ["path", TSTR] as const;

/** Files and folders by name, and their paths. */
export const fileCallsApi = api(
  BOTH,
  {
    _unlink: textAs("_unlink", "_wunlink", RESULT, PATH),
    remove: textAs("remove", "_wremove", RESULT, PATH),
    rename: textAs("rename", "_wrename", RESULT, ["oldname", TSTR], ["newname", TSTR]),
    _mkdir: textAs("_mkdir", "_wmkdir", RESULT, PATH),
    _rmdir: textAs("_rmdir", "_wrmdir", RESULT, PATH),
    _chdir: textAs("_chdir", "_wchdir", RESULT, PATH),
    _getcwd: textAs("_getcwd", "_wgetcwd", errno(PVOID, 0), ["buffer", TBUF], ["maxlen", INT]),
    _getdcwd: textAs("_getdcwd", "_wgetdcwd", errno(PVOID, 0), ["drive", INT], ["buffer", TBUF], ["maxlen", INT]),
    _getdrive: fn(INT),
    _getdrives: fn(UINT),
    _chdrive: fn(RESULT, ["drive", INT]),
    _access: textAs("_access", "_waccess", RESULT, PATH, ["mode", INT]),
    _access_s: textAs("_access_s", "_waccess_s", ERRNO_T, PATH, ["mode", INT]),
    _chmod: textAs("_chmod", "_wchmod", RESULT, PATH, ["pmode", INT]),
    _fullpath: textAs("_fullpath", "_wfullpath", errno(PVOID, 0), ["absPath", TBUF], ["relPath", TSTR], ["maxLength", SIZE_T]),
    _splitpath: textAs("_splitpath", "_wsplitpath", VOID, PATH, ["drive", TBUF], ["dir", TBUF], ["fname", TBUF], ["ext", TBUF]),
    _splitpath_s: textAs(
      "_splitpath_s",
      "_wsplitpath_s",
      ERRNO_T,
      PATH,
      ["drive", TBUF],
      ["driveSize", SIZE_T],
      ["dir", TBUF],
      ["dirSize", SIZE_T],
      ["fname", TBUF],
      ["nameSize", SIZE_T],
      ["ext", TBUF],
      ["extSize", SIZE_T],
    ),
    _makepath: textAs("_makepath", "_wmakepath", VOID, ["path", TBUF], ["drive", TSTR], ["dir", TSTR], ["fname", TSTR], ["ext", TSTR]),
    _makepath_s: textAs(
      "_makepath_s",
      "_wmakepath_s",
      ERRNO_T,
      ["path", TBUF],
      ["size", SIZE_T],
      ["drive", TSTR],
      ["dir", TSTR],
      ["fname", TSTR],
      ["ext", TSTR],
    ),
    _searchenv: textAs("_searchenv", "_wsearchenv", VOID, ["filename", TSTR], ["varname", TSTR], ["pathname", TBUF]),
    _searchenv_s: textAs(
      "_searchenv_s",
      "_wsearchenv_s",
      ERRNO_T,
      ["filename", TSTR],
      ["varname", TSTR],
      ["pathname", TBUF],
      ["numberOfElements", SIZE_T],
    ),
  },
  CDECL,
);

/** Names that msvcrt has without an underscore, and others. */
export const msvcrtFileCallsApi = api(MSVCRT, { unlink: alias("_unlink") }, CDECL);

const ATTRIBUTE = { READONLY: 1, DIRECTORY: 0x10 } as const;
const ACCESS = { WRITE: 2, READ: 4 } as const;
const S_IWRITE = 0x80;
const MAX_PATH = 260;

export const fileCalls = implement(fileCallsApi, {
  _unlink: remove,
  remove,
  rename(thread, oldname, newname) {
    if (oldname === undefined || newname === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
    system.moveFile(thread, oldname, newname);
    return 0;
  },
  _mkdir(thread, path) {
    system.createFolder(thread, given(path));
    return 0;
  },
  _rmdir(thread, path) {
    system.removeFolder(thread, given(path));
    return 0;
  },
  _chdir(thread, path) {
    system.setCurrentFolder(thread, given(path));
    return 0;
  },
  _getcwd: (thread, buffer, maxlen) => storePath(thread, buffer, system.currentFolder(thread), maxlen),
  _getdcwd: (thread, _drive, buffer, maxlen) => storePath(thread, buffer, system.currentFolder(thread), maxlen),
  _getdrive: (thread) => system.currentFolder(thread).toUpperCase().charCodeAt(0) - 0x40,
  _getdrives: (thread) => system.drives(thread),
  _chdrive(thread, drive) {
    if (drive < 1 || drive > 26) throw new CrtError(ERRNO.EACCES);
    system.setCurrentFolder(thread, `${String.fromCharCode(0x40 + drive)}:`);
    return 0;
  },
  _access: checkAccess,
  _access_s: checkAccess,
  _chmod(thread, path, pmode) {
    const { attributes } = system.attributes(thread, given(path));
    system.setAttributes(
      thread,
      given(path),
      (pmode & S_IWRITE) !== 0 ? attributes & ~ATTRIBUTE.READONLY : attributes | ATTRIBUTE.READONLY,
    );
    return 0;
  },
  _fullpath(thread, absPath, relPath, maxLength) {
    const full = relPath === undefined || relPath === "" ? system.currentFolder(thread) : system.fullPath(thread, relPath);
    return storePath(thread, absPath, full, absPath.isNull ? 0 : maxLength);
  },
  _splitpath(_thread, path, drive, dir, fname, ext) {
    const parts = splitPath(path ?? "");
    if (!drive.isNull) drive.write(parts.drive, MAX_PATH);
    if (!dir.isNull) dir.write(parts.folder, MAX_PATH);
    if (!fname.isNull) fname.write(parts.name, MAX_PATH);
    if (!ext.isNull) ext.write(parts.extension, MAX_PATH);
  },
  _splitpath_s(_thread, path, drive, driveSize, dir, dirSize, fname, nameSize, ext, extSize) {
    const parts = splitPath(given(path));
    const places = [[drive, driveSize, parts.drive], [dir, dirSize, parts.folder], [fname, nameSize, parts.name], [ext, extSize, parts.extension]] as const; // prettier-ignore
    try {
      for (const [buffer, size, text] of places) put(buffer, size, text);
    } catch (error) {
      for (const [buffer, size] of places) if (!buffer.isNull) buffer.write("", size);
      throw error;
    }
    return 0;
  },
  _makepath(_thread, path, drive, dir, fname, ext) {
    path.write(joinPath(drive, dir, fname, ext), MAX_PATH);
  },
  _makepath_s(_thread, path, size, drive, dir, fname, ext) {
    put(path, size, joinPath(drive, dir, fname, ext));
    return 0;
  },
  _searchenv(thread, filename, varname, pathname) {
    pathname.write(searchFor(thread, given(filename), given(varname)), MAX_PATH);
  },
  _searchenv_s(thread, filename, varname, pathname, size) {
    if (pathname.isNull || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    const found = searchFor(thread, given(filename), given(varname));
    put(pathname, size, found);
    if (found === "") throw new CrtError(ERRNO.ENOENT);
    return 0;
  },
});

/** The full path of a file in the current folder, or its path in one of the folders that a variable lists; "" when it is in none. */
function searchFor(thread: Thread, name: string, variable: string): string {
  const listed = (Runtime.of(thread).environment.get(variable) ?? "").split(";").filter((folder) => folder !== "");
  if (name === "") return "";
  for (const candidate of [system.fullPath(thread, name), ...listed.map((folder) => `${folder.replace(/[\\/]$/, "")}\\${name}`)]) {
    try {
      system.attributes(thread, candidate);
      return candidate;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return "";
}

function given(path: string | undefined): string {
  if (path === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  return path;
}

function remove(thread: Thread, path: string | undefined): number {
  system.deleteFile(thread, given(path));
  return 0;
}

function checkAccess(thread: Thread, path: string | undefined, mode: number): number {
  const { attributes } = system.attributes(thread, given(path));
  if ((attributes & ATTRIBUTE.READONLY) !== 0 && (attributes & ATTRIBUTE.DIRECTORY) === 0 && (mode & ACCESS.WRITE) !== 0)
    throw new CrtError(ERRNO.EACCES);
  return 0;
}

/** Stores a path where the caller wants it, or in memory of its own, which the caller frees. */
function storePath(thread: Thread, buffer: TextBuffer, path: string, capacity: number): number {
  if (!buffer.isNull) {
    if (buffer.write(path, capacity).written === 0) throw new CrtError(ERRNO.ERANGE);
    return buffer.address;
  }
  const bytes = buffer.charSize === 1 ? thread.ansi.encode(`${path}\0`) : undefined;
  const size = bytes?.length ?? 2 * path.length + 2;
  const address = thread.process.heap.allocate(Math.max(size, capacity * buffer.charSize));
  if (address === 0) throw new CrtError(ERRNO.ENOMEM);
  if (bytes === undefined) thread.memory.setWstring(address, path);
  else thread.memory.write(address, bytes);
  return address;
}

function put(buffer: TextBuffer, size: number, text: string): void {
  if (buffer.isNull) return;
  if (buffer.write(text, size).needed > size) throw new CrtError(ERRNO.ERANGE);
}
