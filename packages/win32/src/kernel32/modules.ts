import { ERROR, readString, Win32Error, type Out } from "@decant/hook";
import { exitThread, implement, LOAD_LIBRARY, LoadError, type GuestGenerator, type Module, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";
import { noteMissing } from "./missing-function.ts";
import { modulesApi } from "./modules.api.ts";

/** GetModuleHandleEx's flags. */
const FLAG = { PIN: 1, UNCHANGED_REFCOUNT: 2, FROM_ADDRESS: 4 } as const;

/** LOAD_LIBRARY_AS_DATAFILE, …_AS_IMAGE_RESOURCE and …_AS_DATAFILE_EXCLUSIVE. */
const AS_DATA = 0x02 | 0x20 | 0x40;
/** What marks a handle of such a module. */
const DATA_HANDLE = 1;

export const modules = implement(modulesApi, {
  GetModuleHandle: (thread, lpModuleName) => handleOf(thread, lpModuleName).base,
  GetModuleHandleExA: (thread, dwFlags, lpModuleName, phModule) => findModule(thread, dwFlags, lpModuleName, phModule, "ansi"),
  GetModuleHandleExW: (thread, dwFlags, lpModuleName, phModule) => findModule(thread, dwFlags, lpModuleName, phModule, "wide"),
  GetModuleFileName(thread, hModule, lpFilename, nSize) {
    const { path } = hModule === 0 ? thread.process.modules.program : moduleAt(thread, hModule);
    const { written, needed } = lpFilename.writeTruncated(path, nSize);
    if (needed <= nSize) return written;
    // Since Windows Vista a cut name is ended with a NUL, the size is returned and the error set.
    thread.lastError = ERROR.INSUFFICIENT_BUFFER;
    return nSize;
  },
  *LoadLibrary(thread, lpLibFileName) {
    return yield* load(thread, lpLibFileName);
  },
  *LoadLibraryEx(thread, lpLibFileName, _hFile, dwFlags) {
    if ((dwFlags & AS_DATA) !== 0 && lpLibFileName !== undefined) return thread.process.loader.loadData(lpLibFileName).base + DATA_HANDLE;
    return yield* load(thread, lpLibFileName, dwFlags);
  },
  *FreeLibrary(thread, hLibModule) {
    yield* thread.process.loader.free(thread, moduleAt(thread, hLibModule));
    return true;
  },
  *FreeLibraryAndExitThread(thread, hLibModule, dwExitCode) {
    yield* thread.process.loader.free(thread, moduleAt(thread, hLibModule));
    return yield* exitThread(thread, dwExitCode);
  },
  GetProcAddress(thread, hModule, lpProcName) {
    const module = hModule === 0 ? thread.process.modules.program : moduleAt(thread, hModule);
    const symbol = lpProcName < 0x10000 ? lpProcName : thread.memory.cstring(lpProcName);
    const address = thread.process.loader.getProcAddress(module, symbol);
    if (address === undefined) {
      noteMissing(thread, module.name, symbol);
      throw new Win32Error(ERROR.PROC_NOT_FOUND);
    }
    return address;
  },
  SetDllDirectory(thread, lpPathName) {
    thread.process.dllDirectories.directory = lpPathName;
    return true;
  },
  GetDllDirectory(thread, nBufferLength, lpBuffer) {
    const { written, needed } = lpBuffer.write(thread.process.dllDirectories.directory ?? "", nBufferLength);
    return needed > nBufferLength ? needed : written;
  },
  SetDefaultDllDirectories(thread, DirectoryFlags) {
    const { SEARCH_APPLICATION_DIR, SEARCH_DEFAULT_DIRS, SEARCH_SYSTEM32, SEARCH_USER_DIRS } = LOAD_LIBRARY;
    const allowed = SEARCH_APPLICATION_DIR | SEARCH_DEFAULT_DIRS | SEARCH_SYSTEM32 | SEARCH_USER_DIRS;
    if (DirectoryFlags === 0 || (DirectoryFlags & ~allowed) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    thread.process.dllDirectories.defaults = DirectoryFlags;
    return true;
  },
  AddDllDirectory(thread, NewDirectory) {
    if (!isFullPath(NewDirectory)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { fileSystem, paths } = stateOf(thread);
    const location = fileSystem.locate(NewDirectory, paths);
    if (location.kind === "device" || location.stat?.kind !== "folder") throw new Win32Error(ERROR.FILE_NOT_FOUND);
    return thread.process.dllDirectories.add(NewDirectory);
  },
  RemoveDllDirectory(thread, Cookie) {
    if (!thread.process.dllDirectories.remove(Cookie)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  DisableThreadLibraryCalls(thread, hLibModule) {
    const module = moduleAt(thread, hLibModule);
    // "The function fails if the DLL … has active static thread local storage", as those of mingw have.
    if (module.tlsIndex !== undefined) throw new Win32Error(ERROR.GEN_FAILURE);
    module.threadCalls = false;
    return true;
  },
});

function isFullPath(path: string): boolean {
  return /^([a-z]:[\\/]|\\\\)/i.test(path);
}

function findModule(thread: Thread, flags: number, name: number, result: Out<number>, form: "ansi" | "wide"): boolean {
  result.set(0);
  const isAddress = (flags & FLAG.FROM_ADDRESS) !== 0;
  const found = isAddress ? thread.process.modules.at(name) : handleOf(thread, name === 0 ? undefined : readString(thread, name, form));
  if (found === undefined) throw new Win32Error(ERROR.MOD_NOT_FOUND);
  if ((flags & FLAG.PIN) !== 0) found.references = Infinity;
  else if ((flags & FLAG.UNCHANGED_REFCOUNT) === 0) found.references++;
  result.set(found.base);
  return true;
}

function handleOf({ process }: Thread, name: string | undefined): Module {
  if (name === undefined) return process.modules.program;
  const found = process.modules.find(name);
  if (found === undefined) throw new Win32Error(ERROR.MOD_NOT_FOUND);
  return found;
}

/** The module of a handle; those of data files are marked in their low bits. */
export function moduleAt({ process }: Thread, base: number): Module {
  // The low bits mark modules that were loaded as data files.
  const found = process.modules.byBase((base & ~3) >>> 0);
  if (found === undefined) throw new Win32Error(ERROR.MOD_NOT_FOUND);
  return found;
}

function* load(thread: Thread, name: string | undefined, flags = 0): GuestGenerator<number> {
  if (name === undefined || name === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  try {
    return (yield* thread.process.loader.load(thread, name, flags)).base;
  } catch (error) {
    if (error instanceof LoadError) throw new Win32Error(error.win32);
    throw error;
  }
}
