import { NtError, STATUS } from "@decant/hook";
import { ByteWriter } from "./byte-writer.ts";
import type { DiskFile } from "./disk-file.ts";
import { SYMLINK_TAG } from "./query-information.ts";

const MOUNT_POINT_TAG = 0xa000_0003;
const SYMLINK_FLAG_RELATIVE = 1;
const HEADER = 8;

/** A symbolic link's REPARSE_DATA_BUFFER. Throws STATUS_NOT_A_REPARSE_POINT. */
export function readReparsePoint(file: DiskFile): Uint8Array {
  if (file.kind !== "link") throw new NtError(STATUS.NOT_A_REPARSE_POINT);
  const target = file.files.readLink(file.path);
  const isRelative = !target.startsWith("/");
  const shown = isRelative ? target.replaceAll("/", "\\") : `${file.full[0]!.toUpperCase()}:${target.replaceAll("/", "\\")}`;
  const substitute = isRelative ? shown : `\\??\\${shown}`;
  const names = 2 * (substitute.length + shown.length);
  return new ByteWriter()
    .u32(SYMLINK_TAG)
    .u16(12 + names)
    .u16(0)
    .u16(0)
    .u16(2 * substitute.length)
    .u16(2 * substitute.length)
    .u16(2 * shown.length)
    .u32(isRelative ? SYMLINK_FLAG_RELATIVE : 0)
    .text(substitute)
    .text(shown)
    .finish();
}

/** Where a REPARSE_DATA_BUFFER leads, as a Windows path. Throws STATUS_IO_REPARSE_TAG_INVALID for tags of others, STATUS_INVALID_PARAMETER. */
export function reparseTarget(data: Uint8Array): { target: string; isRelative: boolean } {
  if (data.length < HEADER + 8) throw new NtError(STATUS.INVALID_PARAMETER);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const tag = view.getUint32(0, true);
  if (tag !== SYMLINK_TAG && tag !== MOUNT_POINT_TAG) throw new NtError(STATUS.IO_REPARSE_TAG_INVALID);
  const names = HEADER + 8 + (tag === SYMLINK_TAG ? 4 : 0);
  const start = names + view.getUint16(HEADER, true);
  const end = start + view.getUint16(HEADER + 2, true);
  if (end > data.length || names > data.length || end === start) throw new NtError(STATUS.INVALID_PARAMETER);
  const target = new TextDecoder("utf-16le").decode(data.slice(start, end));
  const isRelative = tag === SYMLINK_TAG && (view.getUint32(HEADER + 8, true) & SYMLINK_FLAG_RELATIVE) !== 0;
  return { target: target.replace(/^\\\?\?\\/, ""), isRelative };
}

/** Makes a link of an empty folder or file that is open, as FSCTL_SET_REPARSE_POINT does. */
export function setReparsePoint(file: DiskFile, data: Uint8Array): void {
  const { target, isRelative } = reparseTarget(data);
  const { files, path } = file;
  if (file.isFolder && files.list(path).length > 0) throw new NtError(STATUS.DIRECTORY_NOT_EMPTY);
  if (file.kind === "link") throw new NtError(STATUS.ACCESS_DENIED);
  const isHere = isRelative || target[0]?.toUpperCase() === file.full[0]?.toUpperCase();
  if (!isHere) throw new NtError(STATUS.NOT_SAME_DEVICE);
  const hostTarget = (isRelative ? target : target.slice(2)).replaceAll("\\", "/").replace(/(.)\/$/, "$1");
  // The link takes the place of what was opened: first under a name beside it, so that a refused link leaves everything as it was.
  const beside = `${path}.${Math.trunc(file.stat().size)}~link`;
  files.makeLink(hostTarget, beside);
  try {
    if (file.isFolder) files.removeFolder(path);
    else files.remove(path);
    files.rename(beside, path);
  } catch (error) {
    files.remove(beside);
    throw error;
  }
}
