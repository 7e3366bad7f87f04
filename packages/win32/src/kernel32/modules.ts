import { ERROR, readString, Win32Error, type Out } from "@decant/hook";
import { exitThread, implement, LoadError, type GuestGenerator, type Module, type Thread } from "@decant/process";
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
    return yield* load(thread, lpLibFileName);
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
    if (address === undefined) throw new Win32Error(ERROR.PROC_NOT_FOUND);
    return address;
  },
  DisableThreadLibraryCalls(thread, hLibModule) {
    moduleAt(thread, hLibModule).threadCalls = false;
    return true;
  },
});

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

function moduleAt({ process }: Thread, base: number): Module {
  // The low bits mark modules that were loaded as data files.
  const found = process.modules.byBase((base & ~3) >>> 0);
  if (found === undefined) throw new Win32Error(ERROR.MOD_NOT_FOUND);
  return found;
}

function* load(thread: Thread, name: string | undefined): GuestGenerator<number> {
  if (name === undefined || name === "") throw new Win32Error(ERROR.INVALID_PARAMETER);
  try {
    return (yield* thread.process.loader.load(thread, name)).base;
  } catch (error) {
    if (error instanceof LoadError) throw new Win32Error(error.win32);
    throw error;
  }
}
