import type { HostFile, HostStat } from "@decant/host";
import { NtError, STATUS } from "@decant/hook";
import type { Thread } from "@decant/process";
import { mappedRights, RIGHT, sharedAccess } from "./access.ts";
import { fileAttributes, FILE_ATTRIBUTE } from "./attributes.ts";
import { DiskFile } from "./disk-file.ts";
import type { Location } from "./file-system.ts";
import { CHANGE, folderChanges } from "./folder-changes.ts";
import { moveStreams, noteStream } from "./named-streams.ts";
import { openFiles, type Opening } from "./open-files.ts";

/** NtCreateFile's CreateDisposition. */
export const DISPOSITION = { SUPERSEDE: 0, OPEN: 1, CREATE: 2, OPEN_IF: 3, OVERWRITE: 4, OVERWRITE_IF: 5 } as const;

/** NtCreateFile's CreateOptions. */
export const OPTION = {
  DIRECTORY_FILE: 1,
  SYNCHRONOUS_IO_ALERT: 0x10,
  SYNCHRONOUS_IO_NONALERT: 0x20,
  NON_DIRECTORY_FILE: 0x40,
  DELETE_ON_CLOSE: 0x1000,
  OPEN_REPARSE_POINT: 0x20_0000,
} as const;

/** What became of the name: IO_STATUS_BLOCK.Information. */
export const OPENED = { SUPERSEDED: 0, OPENED: 1, CREATED: 2, OVERWRITTEN: 3 } as const;

/** What NtCreateFile is asked for. */
export interface OpenRequest {
  readonly access: number;
  readonly share: number;
  readonly disposition: number;
  readonly options: number;
  /** FILE_ATTRIBUTE_* of a file that is made. */
  readonly attributes: number;
}

/** An open file, and one of OPENED. */
export interface OpenResult {
  readonly file: DiskFile;
  readonly outcome: number;
}

/** Opens or makes a file or folder, as NtCreateFile documents it; the location is of the link itself with OPEN_REPARSE_POINT. Throws NtError. */
export function openFile(thread: Thread, location: Location, request: OpenRequest): OpenResult {
  const { stat } = location;
  checkDisposition(location, request);
  if (stat === undefined) return create(thread, location, request);
  if (stat.kind === "folder" && (request.options & OPTION.NON_DIRECTORY_FILE) !== 0) throw new NtError(STATUS.FILE_IS_A_DIRECTORY);
  if (stat.kind !== "folder" && (request.options & OPTION.DIRECTORY_FILE) !== 0 && !isFolderLink(location, stat))
    throw new NtError(STATUS.NOT_A_DIRECTORY);
  return openExisting(thread, location, stat, request);
}

function checkDisposition({ stat, hasFolder, wantsFolder }: Location, { disposition, options }: OpenRequest): void {
  if (stat === undefined) {
    if (!hasFolder) throw new NtError(STATUS.OBJECT_PATH_NOT_FOUND);
    if (wantsFolder && (options & OPTION.DIRECTORY_FILE) === 0) throw new NtError(STATUS.OBJECT_NAME_INVALID);
    if (disposition === DISPOSITION.OPEN || disposition === DISPOSITION.OVERWRITE) throw new NtError(STATUS.OBJECT_NAME_NOT_FOUND);
    return;
  }
  if (disposition === DISPOSITION.CREATE) throw new NtError(STATUS.OBJECT_NAME_COLLISION);
  if (wantsFolder && stat.kind === "file") throw new NtError(STATUS.OBJECT_NAME_INVALID);
}

function isFolderLink({ files, path }: Location, { kind }: HostStat): boolean {
  if (kind !== "link") return false;
  try {
    return files.stat(path).kind === "folder";
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function create(thread: Thread, { files, path, full, streamOf }: Location, request: OpenRequest): OpenResult {
  const { kernel } = thread;
  if (streamOf !== undefined) prepareStream(thread, streamOf, request);
  const rights = mappedRights(request.access);
  const isFolder = (request.options & OPTION.DIRECTORY_FILE) !== 0;
  let file: HostFile | undefined;
  if (isFolder) files.makeFolder(path);
  else file = files.open(path, { write: true, create: "new" });
  try {
    const stat = file?.stat() ?? files.stat(path);
    remember(thread, stat, isFolder ? 0 : request.attributes | FILE_ATTRIBUTE.ARCHIVE);
    const opening: Opening = { files, path, access: sharedAccess(rights), share: request.share };
    const node = openFiles(kernel).enter(stat, opening);
    const mode = request.options;
    const opened = new DiskFile({ kernel, file, opening, node, full, kind: isFolder ? "folder" : "file", rights, mode });
    if (!isFolder && streamOf === undefined && (request.attributes & FILE_ATTRIBUTE.READONLY) !== 0) files.setWritable(path, false);
    if ((request.options & OPTION.DELETE_ON_CLOSE) !== 0) opened.deleteOnClose = "last";
    folderChanges(kernel).note(files, path, CHANGE.ADDED, isFolder);
    return { file: opened, outcome: OPENED.CREATED };
  } catch (error) {
    file?.close();
    throw error;
  }
}

/** A stream is about to be made: its file is made where it is not there. Throws STATUS_ACCESS_DENIED for one that is read-only. */
function prepareStream(thread: Thread, file: Location, { options }: OpenRequest): void {
  if ((options & OPTION.DIRECTORY_FILE) !== 0) throw new NtError(STATUS.NOT_A_DIRECTORY);
  if (file.stat?.kind === "file" && !file.stat.writable) throw new NtError(STATUS.ACCESS_DENIED);
  noteStream(file.files, file.path);
  if (file.stat !== undefined) return;
  file.files.open(file.path, { write: true, create: "new" }).close();
  folderChanges(thread.kernel).note(file.files, file.path, CHANGE.ADDED);
}

function openExisting(thread: Thread, { files, path, full, streamOf }: Location, stat: HostStat, request: OpenRequest): OpenResult {
  const { kernel } = thread;
  const { disposition, options } = request;
  const kind = stat.kind === "folder" || stat.kind === "link" ? stat.kind : "file";
  const overwrites = disposition === DISPOSITION.OVERWRITE || disposition === DISPOSITION.OVERWRITE_IF;
  const empties = overwrites || disposition === DISPOSITION.SUPERSEDE;
  if (kind === "folder" && empties) throw new NtError(STATUS.OBJECT_NAME_COLLISION);
  let rights = mappedRights(request.access);
  const deletes = (options & OPTION.DELETE_ON_CLOSE) !== 0;
  if (deletes) rights |= RIGHT.DELETE;
  const isReadOnly = !stat.writable || (streamOf?.stat?.kind === "file" && !streamOf.stat.writable);
  if (kind === "file" && isReadOnly) {
    if ((request.access & RIGHT.MAXIMUM_ALLOWED) !== 0) rights &= ~(RIGHT.WRITE_DATA | RIGHT.APPEND_DATA);
    if ((rights & (RIGHT.WRITE_DATA | RIGHT.APPEND_DATA)) !== 0 || empties) throw new NtError(STATUS.ACCESS_DENIED);
    if (deletes) throw new NtError(STATUS.CANNOT_DELETE);
  }
  const writes = (rights & (RIGHT.WRITE_DATA | RIGHT.APPEND_DATA)) !== 0 || empties;
  // Sharing is checked before the file is touched.
  const access = sharedAccess(kind === "folder" ? rights & ~(RIGHT.WRITE_DATA | RIGHT.APPEND_DATA) : rights);
  const opening: Opening = { files, path, access: access | sharedAccess(empties ? RIGHT.WRITE_DATA : 0), share: request.share };
  const node = openFiles(kernel).enter(stat, opening);
  let file: HostFile | undefined;
  try {
    if (empties && node.sections.size > 0) throw new NtError(STATUS.USER_MAPPED_FILE);
    const hasContent = (rights & (RIGHT.READ_DATA | RIGHT.EXECUTE)) !== 0 || writes;
    if (kind === "file" && hasContent) file = files.open(path, { write: writes, truncate: empties });
    // A file that is written anew loses its other streams.
    if (empties) moveStreams(files, path);
    if (empties) remember(thread, stat, request.attributes | FILE_ATTRIBUTE.ARCHIVE);
  } catch (error) {
    openFiles(kernel).leave(node, opening);
    throw error;
  }
  const opened = new DiskFile({ kernel, file, opening, node, full, kind, rights, mode: options });
  if (deletes) opened.deleteOnClose = "last";
  const outcome = overwrites ? OPENED.OVERWRITTEN : empties ? OPENED.SUPERSEDED : OPENED.OPENED;
  return { file: opened, outcome };
}

/** Files have "archive" by themselves: only what differs from that has to be remembered. */
function remember({ kernel }: Thread, stat: HostStat, attributes: number): void {
  const plain = FILE_ATTRIBUTE.ARCHIVE | FILE_ATTRIBUTE.NORMAL | FILE_ATTRIBUTE.READONLY;
  const table = fileAttributes(kernel);
  if ((attributes & ~plain) !== 0) table.setAttributes(stat, attributes);
  else table.forget(stat);
}
