import { ERROR, Win32Error } from "@decant/hook";
import type { DiskFile } from "../files/disk-file.ts";
import { kernelPath, volumeName } from "../files/volume-names.ts";

/** GetFinalPathNameByHandle's dwFlags. */
const VOLUME_NAME = { DOS: 0, GUID: 1, NT: 2, NONE: 4 } as const;
const FILE_NAME_OPENED = 8;

/** The path of an open file, symbolic links on the way resolved. Throws ERROR_INVALID_PARAMETER for flags that do not go together. */
export function finalPath(file: DiskFile, flags: number): string {
  const form = flags & 7;
  if ((flags & ~0xf) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const path = ((flags & FILE_NAME_OPENED) === 0 ? realPath(file) : file.path).replaceAll("/", "\\");
  const letter = file.full[0]!.toUpperCase();
  switch (form) {
    case VOLUME_NAME.DOS:
      return `\\\\?\\${letter}:${path}`;
    case VOLUME_NAME.GUID:
      return `${volumeName(letter)}${path.slice(1)}`;
    case VOLUME_NAME.NT:
      return kernelPath(`${letter}:${path}`);
    case VOLUME_NAME.NONE:
      return path;
    default:
      throw new Win32Error(ERROR.INVALID_PARAMETER);
  }
}

/** Of a link that was opened itself, only the way to it is resolved. */
function realPath({ files, path, kind }: DiskFile): string {
  if (kind !== "link") return files.realPath(path);
  const slash = path.lastIndexOf("/");
  const folder = files.realPath(path.slice(0, slash) || "/");
  return `${folder === "/" ? "" : folder}${path.slice(slash)}`;
}
