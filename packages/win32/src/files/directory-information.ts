import { NtError, STATUS } from "@decant/hook";
import type { Kernel } from "@decant/process";
import { fileAttributes } from "./attributes.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { DiskFile } from "./disk-file.ts";
import { fileTimeFromNs } from "./file-time.ts";
import { FolderListing, listFolder, type ListedName } from "./folder-listing.ts";
import { allocationSize, FILE_CLASS, SYMLINK_TAG } from "./query-information.ts";

/** How far NtQueryDirectoryFile goes. */
export interface DirectoryQuery {
  readonly infoClass: number;
  readonly size: number;
  readonly single?: boolean;
  readonly restart?: boolean;
  /** Counts in the first call, and after a restart. */
  readonly pattern?: string | undefined;
}

/** Where the name starts in each class, and how long its least buffer is. */
const NAME_AT = new Map<number, number>([
  [FILE_CLASS.DIRECTORY, 64],
  [FILE_CLASS.FULL_DIRECTORY, 68],
  [FILE_CLASS.BOTH_DIRECTORY, 94],
  [FILE_CLASS.NAMES, 12],
  [FILE_CLASS.ID_BOTH_DIRECTORY, 104],
  [FILE_CLASS.ID_FULL_DIRECTORY, 80],
  [FILE_CLASS.ID_EXTD_DIRECTORY, 88],
]);

/**
 * The next names of an open folder, as many as fit ("NtQueryDirectoryFile"). Throws STATUS_NO_SUCH_FILE when nothing matches at all,
 * STATUS_NO_MORE_FILES at the end, STATUS_BUFFER_OVERFLOW when not even one fits.
 */
export function queryDirectory(kernel: Kernel, folder: DiskFile, query: DirectoryQuery): Uint8Array {
  const nameAt = NAME_AT.get(query.infoClass);
  if (nameAt === undefined) throw new NtError(STATUS.INVALID_INFO_CLASS);
  if (!folder.isFolder) throw new NtError(STATUS.INVALID_PARAMETER);
  if (query.size < nameAt + 4) throw new NtError(STATUS.INFO_LENGTH_MISMATCH);
  const isFirst = folder.listing === undefined;
  if (folder.listing === undefined || query.restart === true) {
    const pattern = query.pattern ?? folder.listing?.pattern ?? "*";
    folder.listing = new FolderListing(listFolder(folder.files, folder.path, pattern, folder.path === "/"), pattern);
  }
  const { listing } = folder;
  if (listing.peek() === undefined) throw new NtError(isFirst ? STATUS.NO_SUCH_FILE : STATUS.NO_MORE_FILES);
  const to = new ByteWriter();
  let last = -1;
  for (let next = listing.peek(); next !== undefined; next = listing.peek()) {
    const start = Math.ceil(to.length / 8) * 8;
    if (start + nameAt + 2 * next.name.length > query.size) break;
    to.align(8);
    if (last >= 0) to.setU32(last, start - last);
    entry(to, kernel, query.infoClass, next);
    listing.take();
    last = start;
    if (query.single === true) break;
  }
  if (last < 0) throw new NtError(STATUS.BUFFER_OVERFLOW);
  return to.finish();
}

function entry(to: ByteWriter, kernel: Kernel, infoClass: number, { name, stat, targetIsFolder }: ListedName): void {
  to.u32(0).u32(0);
  if (infoClass === FILE_CLASS.NAMES) {
    to.u32(2 * name.length).text(name);
    return;
  }
  const table = fileAttributes(kernel);
  const size = stat.kind === "file" ? stat.size : 0;
  for (const time of [table.created(stat), stat.accessedNs, stat.modifiedNs, stat.modifiedNs]) to.u64(fileTimeFromNs(time));
  to.u64(size)
    .u64(allocationSize(size))
    .u32(table.of(stat, targetIsFolder))
    .u32(2 * name.length);
  // A reparse point's tag stands where the size of extended attributes would.
  const tag = stat.kind === "link" ? SYMLINK_TAG : 0;
  const shortName = (): void => void to.u16(0).bytes(new Uint8Array(24));
  switch (infoClass) {
    case FILE_CLASS.FULL_DIRECTORY:
      to.u32(tag);
      break;
    case FILE_CLASS.BOTH_DIRECTORY:
      to.u32(tag);
      shortName();
      break;
    case FILE_CLASS.ID_BOTH_DIRECTORY:
      to.u32(tag);
      shortName();
      to.align(8).u64(stat.inode);
      break;
    case FILE_CLASS.ID_FULL_DIRECTORY:
      to.u32(tag).u32(0).u64(stat.inode);
      break;
    case FILE_CLASS.ID_EXTD_DIRECTORY:
      to.u32(0).u32(tag).u64(stat.inode).u64(0);
      break;
    default:
  }
  to.text(name);
}
