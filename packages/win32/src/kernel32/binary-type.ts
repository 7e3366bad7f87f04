import { ERROR, Win32Error } from "@decant/hook";
import { PeError, readImage } from "@decant/pe";
import { implement } from "@decant/process";
import type { Location } from "../files/file-system.ts";
import { binaryTypeApi, saferApi } from "./binary-type.api.ts";
import { existing, readAll } from "./located.ts";

/** SCS_*. */
const TYPE = { WIN32: 0, DOS: 1, PIF: 3, WIN64: 6 } as const;
/** The policy's file types as Windows sets them up ("ExecutableTypes"). */
const EXECUTABLE_TYPES: ReadonlySet<string> = new Set(
  "ade adp bas bat chm cmd com cpl crt exe hlp hta inf ins isp lnk mdb mde msc msi msp mst ocx pcd pif reg scr shs url vb wsc".split(" "),
);

/** Kinds of programs: by what is in the file, and by the name only for those that have no mark. */
export const binaryType = implement(binaryTypeApi, {
  GetBinaryType(thread, lpApplicationName, lpBinaryType) {
    const location = existing(thread, lpApplicationName);
    if (location.stat.kind === "folder") throw new Win32Error(ERROR.ACCESS_DENIED);
    lpBinaryType.set(typeOf(location, extensionOf(lpApplicationName!)));
    return true;
  },
});

export const safer = implement(saferApi, {
  SaferiIsExecutableFileType(_thread, szFullPath, bFromShellExecute) {
    const extension = extensionOf(szFullPath ?? "");
    return EXECUTABLE_TYPES.has(extension) && !(bFromShellExecute && extension === "exe");
  },
});

function typeOf(location: Location, extension: string): number {
  try {
    const image = readImage(readAll(location));
    if (!image.isDll) return image.is64 ? TYPE.WIN64 : TYPE.WIN32;
  } catch (error) {
    if (!(error instanceof PeError)) throw error;
    if (extension === "com") return TYPE.DOS;
    if (extension === "pif") return TYPE.PIF;
  }
  throw new Win32Error(ERROR.BAD_EXE_FORMAT);
}

function extensionOf(name: string): string {
  return /\.([^.\\/]*)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}
