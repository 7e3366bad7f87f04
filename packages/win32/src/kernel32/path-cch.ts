import { ERROR, Win32Error, type Out, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { canonicalPath, combinePaths, folderLength } from "../paths/shell-path.ts";
import { pathCchApi } from "./path-cch.api.ts";

/** PATHCCH_OPTIONS. The others choose between lengths that are all allowed here, or how normal a name is. */
const PATHCCH = { ALLOW_LONG_PATHS: 1, ENSURE_TRAILING_SLASH: 0x20 } as const;
const MAX_PATH = 260;
const MAX_LONG_PATH = 0x8000;
const S_OK = 0;
const S_FALSE = 1;

export const pathCch = implement(pathCchApi, {
  PathCchCanonicalize: (_thread, target, size, path) => give(target, size, checked(canonicalPath(path), 0)),
  PathCchCanonicalizeEx: (_thread, target, size, path, flags) => give(target, size, checked(canonicalPath(path), flags)),
  PathCchCombine: (_thread, target, size, path, more) => give(target, size, checked(combinePaths(path, more), 0)),
  PathCchCombineEx: (_thread, target, size, path, more, flags) => give(target, size, checked(combinePaths(path, more), flags)),
  PathAllocCanonicalize: (thread, path, flags, result) => allocate(thread, checked(canonicalPath(path), flags), result),
  PathAllocCombine: (thread, path, more, flags, result) => allocate(thread, checked(combinePaths(path, more), flags), result),
  PathCchRemoveFileSpec({ memory }, buffer, size) {
    if (buffer.isNull || size === 0 || size > MAX_LONG_PATH) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const path = buffer.read(size);
    if (path.length === size) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const length = folderLength(path);
    memory.setU16(buffer.address + 2 * length, 0);
    return length === path.length ? S_FALSE : S_OK;
  },
});

/** The path as the flags want it. Throws ERROR_FILENAME_EXCED_RANGE for one that is too long. */
function checked(path: string | undefined, flags: number): string {
  if (path === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const result = (flags & PATHCCH.ENSURE_TRAILING_SLASH) !== 0 && !path.endsWith("\\") ? `${path}\\` : path;
  const limit = (flags & PATHCCH.ALLOW_LONG_PATHS) !== 0 ? MAX_LONG_PATH : MAX_PATH;
  if (result.length >= limit) throw new Win32Error(ERROR.FILENAME_EXCED_RANGE);
  return result;
}

function give(target: TextBuffer, size: number, path: string): number {
  if (target.isNull || size === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (target.write(path, size).needed > size) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return S_OK;
}

/** In memory that LocalFree takes. */
function allocate({ process, memory }: Thread, path: string, result: Out<number>): number {
  const address = process.heap.allocate(2 * (path.length + 1));
  if (address === 0) throw new Win32Error(ERROR.OUTOFMEMORY);
  memory.setWstring(address, path);
  result.set(address);
  return S_OK;
}
