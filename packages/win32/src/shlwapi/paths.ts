import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement } from "@decant/process";
import { canonicalPath, combinePaths, extensionOffset, fileNameOffset, folderLength, isRelativePath } from "../paths/shell-path.ts";
import { shellPathsApi } from "./paths.api.ts";

const MAX_PATH = 260;

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
});

/** Writes a path to a buffer of MAX_PATH characters. */
function give(target: TextBuffer, path: string | undefined): boolean {
  if (target.isNull || path === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (target.write(path, MAX_PATH).needed > MAX_PATH) throw new Win32Error(ERROR.FILENAME_EXCED_RANGE);
  return true;
}
