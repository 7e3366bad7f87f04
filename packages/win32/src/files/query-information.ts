import type { HostStat } from "@decant/host";
import { NtError, STATUS } from "@decant/hook";
import type { Kernel } from "@decant/process";
import { fileAttributes, FILE_ATTRIBUTE, volumeSerial } from "./attributes.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { DiskFile } from "./disk-file.ts";
import { fileTimeFromNs } from "./file-time.ts";
import { leadsToFolder } from "./folder-listing.ts";
import { basePath, streamsOf } from "./named-streams.ts";

/** FILE_INFORMATION_CLASS (wdm.h, ntifs.h), as far as files here have them. */
export const FILE_CLASS = {
  DIRECTORY: 1,
  FULL_DIRECTORY: 2,
  BOTH_DIRECTORY: 3,
  BASIC: 4,
  STANDARD: 5,
  INTERNAL: 6,
  EA: 7,
  ACCESS: 8,
  NAME: 9,
  RENAME: 10,
  LINK: 11,
  NAMES: 12,
  DISPOSITION: 13,
  POSITION: 14,
  MODE: 16,
  ALIGNMENT: 17,
  ALL: 18,
  ALLOCATION: 19,
  END_OF_FILE: 20,
  ALTERNATE_NAME: 21,
  STREAM: 22,
  PIPE: 23,
  PIPE_LOCAL: 24,
  COMPRESSION: 28,
  NETWORK_OPEN: 34,
  ATTRIBUTE_TAG: 35,
  ID_BOTH_DIRECTORY: 37,
  ID_FULL_DIRECTORY: 38,
  IO_PRIORITY_HINT: 43,
  NORMALIZED_NAME: 48,
  IS_REMOTE_DEVICE: 51,
  ID: 59,
  ID_EXTD_DIRECTORY: 60,
  DISPOSITION_EX: 64,
  RENAME_EX: 65,
  CASE_SENSITIVE: 71,
  LINK_EX: 72,
} as const;

/** IO_REPARSE_TAG_SYMLINK. */
export const SYMLINK_TAG = 0xa000_000c;

const CLUSTER = 4096;
/** How long each structure is without the name at its end, or with one character of it: what a buffer must have. */
const LEAST = new Map<number, number>([
  [FILE_CLASS.NAME, 8],
  [FILE_CLASS.NORMALIZED_NAME, 8],
  [FILE_CLASS.ALL, 104],
  [FILE_CLASS.STREAM, 24],
]);

/** What is known of an open file, as bytes of one information class, and how many of them a buffer must have room for. */
export function queryInformation(kernel: Kernel, file: DiskFile, infoClass: number): { bytes: Uint8Array; least: number } {
  const bytes = describe(kernel, file, infoClass);
  return { bytes, least: LEAST.get(infoClass) ?? bytes.length };
}

/** The room that content takes on a volume. */
export function allocationSize(size: number): number {
  return Math.ceil(size / CLUSTER) * CLUSTER;
}

/** A file's attributes by its handle. */
export function attributesOfFile(kernel: Kernel, file: DiskFile, stat = file.stat()): number {
  return fileAttributes(kernel).of(stat, file.kind === "link" && leadsToFolder(file.files, file.path));
}

function describe(kernel: Kernel, file: DiskFile, infoClass: number): Uint8Array {
  const to = new ByteWriter();
  const stat = file.stat();
  const size = file.kind === "file" ? stat.size : 0;
  switch (infoClass) {
    case FILE_CLASS.BASIC:
      return basic(to, kernel, file, stat).finish();
    case FILE_CLASS.STANDARD:
      return standard(to, file, stat, size).finish();
    case FILE_CLASS.INTERNAL:
      return to.u64(stat.inode).finish();
    case FILE_CLASS.EA:
    case FILE_CLASS.ALIGNMENT:
    case FILE_CLASS.CASE_SENSITIVE:
    case FILE_CLASS.IO_PRIORITY_HINT:
      return to.u32(infoClass === FILE_CLASS.IO_PRIORITY_HINT ? 2 : 0).finish();
    case FILE_CLASS.ACCESS:
      return to.u32(file.rights).finish();
    case FILE_CLASS.POSITION:
      return to.u64(file.position).finish();
    case FILE_CLASS.MODE:
      return to.u32(file.mode & 0x103e).finish();
    case FILE_CLASS.NAME:
    case FILE_CLASS.NORMALIZED_NAME:
      return name(to, file).finish();
    case FILE_CLASS.ALL:
      basic(to, kernel, file, stat);
      standard(to, file, stat, size).u64(stat.inode).u32(0).u32(file.rights).u64(file.position);
      return name(to.u32(file.mode & 0x103e).u32(0), file).finish();
    case FILE_CLASS.NETWORK_OPEN:
      times(to, kernel, stat).u64(allocationSize(size)).u64(size);
      return to
        .u32(attributesOfFile(kernel, file, stat))
        .u32(0)
        .finish();
    case FILE_CLASS.ATTRIBUTE_TAG:
      return to
        .u32(attributesOfFile(kernel, file, stat))
        .u32(file.kind === "link" ? SYMLINK_TAG : 0)
        .finish();
    case FILE_CLASS.STREAM:
      return streams(to, file).finish();
    case FILE_CLASS.COMPRESSION:
      return to.u64(size).u64(0).finish();
    case FILE_CLASS.ID:
      return to.u64(volumeSerial(file.full)).u64(stat.inode).u64(0).finish();
    case FILE_CLASS.IS_REMOTE_DEVICE:
      return to.u8(0).finish();
    case FILE_CLASS.ALTERNATE_NAME:
      // Names have no short forms, as on volumes where they are off.
      throw new NtError(STATUS.OBJECT_NAME_NOT_FOUND);
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

function times(to: ByteWriter, kernel: Kernel, stat: HostStat): ByteWriter {
  const created = fileAttributes(kernel).created(stat);
  for (const time of [created, stat.accessedNs, stat.modifiedNs, stat.modifiedNs]) to.u64(fileTimeFromNs(time));
  return to;
}

function basic(to: ByteWriter, kernel: Kernel, file: DiskFile, stat: HostStat): ByteWriter {
  return times(to, kernel, stat)
    .u32(attributesOfFile(kernel, file, stat))
    .u32(0);
}

function standard(to: ByteWriter, file: DiskFile, stat: HostStat, size: number): ByteWriter {
  const pending = file.deleteOnClose !== undefined || file.node.removal !== undefined;
  const isFolder = (attributesKind(file) & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  to.u64(allocationSize(size))
    .u64(size)
    .u32(file.isFolder ? 1 : stat.links);
  return to.u8(pending ? 1 : 0).u8(isFolder ? 1 : 0).u16(0); // prettier-ignore
}

function attributesKind(file: DiskFile): number {
  return file.isFolder || (file.kind === "link" && leadsToFolder(file.files, file.path)) ? FILE_ATTRIBUTE.DIRECTORY : 0;
}

/** The name from the volume's root on: a length in bytes, then the name, which no NUL ends. */
function name(to: ByteWriter, file: DiskFile): ByteWriter {
  const path = file.path.replaceAll("/", "\\");
  return to.u32(2 * path.length).text(path);
}

/** FILE_STREAM_INFORMATION of each stream: where the next one is, a length in bytes, two sizes, a name. Of a stream's handle those of its file. */
function streams(to: ByteWriter, file: DiskFile): ByteWriter {
  const found = streamsOf(file.files, basePath(file.path));
  if (found.length === 0) throw new NtError(STATUS.END_OF_FILE);
  let last = -1;
  for (const { name: stream, size } of found) {
    to.align(8);
    if (last >= 0) to.setU32(last, to.length - last);
    last = to.length;
    to.u32(0)
      .u32(2 * stream.length)
      .u64(size)
      .u64(allocationSize(size))
      .text(stream);
  }
  return to;
}
