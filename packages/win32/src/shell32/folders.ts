import { E, encodeText, ERROR, guidText, HresultError, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { FOLDERS } from "../system/system-table.ts";
import { expandVariables } from "../text/expand-variables.ts";
import { foldersApi, userProfileApi } from "./folders.api.ts";
import { knownFolderByCsidl, knownFolderByGuid, type KnownFolder } from "./known-folders.ts";

const S_OK = 0;
const HRESULT_FILE_NOT_FOUND = 0x8007_0002;
const CSIDL_MASK = 0xff;
const MAX_PATH = 260;

/** The shell's folders. */
export const folders = implement(foldersApi, {
  SHGetKnownFolderPath(thread, rfid, _dwFlags, _hToken, ppszPath) {
    ppszPath.set(0);
    const known = knownFolderByGuid(guidText(rfid));
    if (known === undefined) throw new HresultError(HRESULT_FILE_NOT_FOUND);
    const path = pathOf(thread, known);
    const address = thread.process.heap.allocate(2 * path.length + 2);
    if (address === 0) throw new HresultError(E.OUTOFMEMORY);
    thread.memory.setWstring(address, path);
    ppszPath.set(address);
    return S_OK;
  },
  SHGetFolderPath(thread, _hwnd, csidl, _hToken, _dwFlags, pszPath) {
    const known = knownFolderByCsidl(csidl & CSIDL_MASK);
    if (known === undefined) throw new HresultError(E.INVALIDARG);
    pszPath.write(pathOf(thread, known), MAX_PATH);
    return S_OK;
  },
  SHGetSpecialFolderPath(thread, _hwnd, pszPath, csidl) {
    const known = knownFolderByCsidl(csidl & CSIDL_MASK);
    if (known === undefined) return false;
    pszPath.write(pathOf(thread, known), MAX_PATH);
    return true;
  },
  SHCreateDirectory: (thread, _hwnd, pszPath) => createAll(thread, pszPath),
  SHCreateDirectoryEx: (thread, _hwnd, pszPath) => createAll(thread, pszPath),
  IsUserAnAdmin: () => false,
  // There is no shell that could open a document. SE_ERR_ACCESSDENIED is the result.
  ShellExecute() {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  },
  ShellExecuteEx() {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  },
});

/** Folders of users. */
export const userProfile = implement(userProfileApi, {
  GetUserProfileDirectory: (_thread, _hToken, lpProfileDir, lpcchSize) => give(FOLDERS.profile, lpProfileDir, lpcchSize),
  GetProfilesDirectory: (_thread, lpProfileDir, lpcchSize) => give(FOLDERS.profiles, lpProfileDir, lpcchSize),
  GetAllUsersProfileDirectory: (_thread, lpProfileDir, lpcchSize) => give(FOLDERS.programData, lpProfileDir, lpcchSize),
  GetDefaultUserProfileDirectory: (_thread, lpProfileDir, lpcchSize) => give(`${FOLDERS.profiles}\\Default`, lpProfileDir, lpcchSize),
  ExpandEnvironmentStringsForUser(thread, _hToken, lpSrc, lpDest, dwSize) {
    const { needed } = lpDest.write(expandVariables(lpSrc, stateOf(thread).environment), dwSize);
    if (needed > dwSize) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return true;
  },
  CreateEnvironmentBlock(thread, lpEnvironment) {
    const lines = [...stateOf(thread).environment.values()].map(({ name, value }) => `${name}=${value}\0`).toSorted();
    const bytes = encodeText(thread, `${lines.join("")}\0`, "wide");
    const address = thread.process.heap.allocate(bytes.length);
    if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    thread.memory.write(address, bytes);
    lpEnvironment.set(address);
    return true;
  },
  DestroyEnvironmentBlock({ process }, lpEnvironment) {
    process.heap.free(lpEnvironment);
    return true;
  },
});

/** Where a folder is: all of them exist on the virtual drive, from when somebody asks. */
function pathOf(thread: Thread, { path, pathX86 }: KnownFolder): string {
  const chosen = thread.pointerSize === 4 ? (pathX86 ?? path) : path;
  createAll(thread, chosen);
  return chosen;
}

/** Makes a folder and all above it. Returns an error code ("SHCreateDirectoryExW function"). */
function createAll(thread: Thread, path: string): number {
  const { fileSystem, paths } = stateOf(thread);
  const full = fullPath(path, paths);
  if (full !== path && !/^[a-z]:\\/i.test(path)) return ERROR.BAD_PATHNAME;
  const names = full.slice(3).split("\\").filter((name) => name !== ""); // prettier-ignore
  let made: number = ERROR.ALREADY_EXISTS;
  for (let count = 1; count <= names.length; count++) {
    const location = fileSystem.locate(full.slice(0, 3) + names.slice(0, count).join("\\"), paths);
    if (location.kind === "device") return ERROR.BAD_PATHNAME;
    if (location.stat?.kind === "folder") continue;
    if (location.stat !== undefined) return ERROR.FILE_EXISTS;
    location.files.makeFolder(location.path);
    made = ERROR.SUCCESS;
  }
  return made;
}

function give(path: string, buffer: TextBuffer, size: { get(): number; set(value: number): void }): boolean {
  const { needed } = buffer.write(path, buffer.isNull ? 0 : size.get());
  const fits = !buffer.isNull && needed <= size.get();
  size.set(needed);
  if (!fits) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return true;
}
