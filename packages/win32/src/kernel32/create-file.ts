import type { HostFile } from "@decant/host";
import { ERROR, Win32Error, type Handle } from "@decant/hook";
import type { Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import type { Location } from "../files/file-system.ts";
import type { IoObject } from "../files/io-object.ts";
import { NamedPipes, pipeName } from "../files/named-pipes.ts";
import { rangeLocks } from "../files/range-locks.ts";
import { SHARE, shareTable } from "../files/share-table.ts";
import { NullDevice } from "../files/standard-streams.ts";
import { stateOf } from "../process-state.ts";

const GENERIC = { READ: 0x8000_0000, WRITE: 0x4000_0000, EXECUTE: 0x2000_0000, ALL: 0x1000_0000 } as const;
const RIGHT = { READ_DATA: 1, WRITE_DATA: 2, APPEND_DATA: 4, EXECUTE: 0x20, DELETE: 0x1_0000, MAXIMUM_ALLOWED: 0x0200_0000 } as const;
const FLAG = { OVERLAPPED: 0x4000_0000, DELETE_ON_CLOSE: 0x0400_0000, BACKUP_SEMANTICS: 0x0200_0000 } as const;
const ATTRIBUTE_READONLY = 1;
const OPEN = { CREATE_NEW: 1, CREATE_ALWAYS: 2, OPEN_EXISTING: 3, OPEN_ALWAYS: 4, TRUNCATE_EXISTING: 5 } as const;

/** What CreateFile is asked for. */
export interface OpenRequest {
  readonly access: number;
  readonly share: number;
  readonly disposition: number;
  readonly flags: number;
  readonly inheritable: boolean;
}

interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  readonly remove: boolean;
}

/** Opens or makes a file. Last error is ERROR_ALREADY_EXISTS when one of the ALWAYS dispositions found the file there, as documented. */
export function createFile(thread: Thread, name: string, request: OpenRequest): Handle {
  if (request.disposition < OPEN.CREATE_NEW || request.disposition > OPEN.TRUNCATE_EXISTING) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const pipe = pipeName(name);
  if (pipe !== undefined) {
    const { read, write } = rightsOf(request);
    const client = NamedPipes.of(thread.kernel).open(pipe, read, write);
    client.server.clientProcessId = thread.process.id;
    return addHandle(thread, client, request);
  }
  const location = stateOf(thread).fileSystem.locate(name, stateOf(thread).paths);
  if (location.kind === "device") {
    const handle = addHandle(thread, openDevice(thread, location.name, request), request);
    thread.lastError = ERROR.SUCCESS;
    return handle;
  }
  const rights = rightsOf(request);
  if (request.disposition === OPEN.TRUNCATE_EXISTING && !rights.write) throw new Win32Error(ERROR.INVALID_PARAMETER);
  checkDisposition(location, request.disposition);
  const object =
    location.stat?.kind === "folder" ? openFolder(thread, location, request, rights) : openFile(thread, location, request, rights);
  const handle = addHandle(thread, object, request);
  const always = request.disposition === OPEN.CREATE_ALWAYS || request.disposition === OPEN.OPEN_ALWAYS;
  thread.lastError = always && location.stat !== undefined ? ERROR.ALREADY_EXISTS : ERROR.SUCCESS;
  return handle;
}

function addHandle({ process }: Thread, object: IoObject, { flags, inheritable }: OpenRequest): Handle {
  object.isOverlapped = (flags & FLAG.OVERLAPPED) !== 0;
  return process.handles.add(object, inheritable);
}

function rightsOf({ access, flags }: OpenRequest): Rights {
  const has = (bits: number): boolean => (access & bits) !== 0;
  return {
    read: has(GENERIC.READ | GENERIC.ALL | RIGHT.READ_DATA | GENERIC.EXECUTE | RIGHT.EXECUTE | RIGHT.MAXIMUM_ALLOWED),
    write: has(GENERIC.WRITE | GENERIC.ALL | RIGHT.WRITE_DATA),
    append: has(GENERIC.WRITE | GENERIC.ALL | RIGHT.APPEND_DATA),
    remove: has(RIGHT.DELETE | GENERIC.ALL) || (flags & FLAG.DELETE_ON_CLOSE) !== 0,
  };
}

function checkDisposition({ stat, hasFolder, wantsFolder }: Location, disposition: number): void {
  if (stat === undefined) {
    if (!hasFolder) throw new Win32Error(ERROR.PATH_NOT_FOUND);
    if (wantsFolder) throw new Win32Error(ERROR.INVALID_NAME);
    if (disposition === OPEN.OPEN_EXISTING || disposition === OPEN.TRUNCATE_EXISTING) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    return;
  }
  if (disposition === OPEN.CREATE_NEW) throw new Win32Error(ERROR.FILE_EXISTS);
  if (wantsFolder && stat.kind !== "folder") throw new Win32Error(ERROR.INVALID_NAME);
}

function openFolder(thread: Thread, { files, path, full, stat }: Location, request: OpenRequest, rights: Rights): DiskFile {
  if ((request.flags & FLAG.BACKUP_SEMANTICS) === 0 || request.disposition === OPEN.CREATE_ALWAYS)
    throw new Win32Error(ERROR.ACCESS_DENIED);
  const leave = shareTable(thread.kernel).enter(stat!, sharingOf(request, { ...rights, write: false, append: false }));
  const folder = new DiskFile({
    file: undefined,
    files,
    path,
    full,
    isFolder: true,
    canRead: false,
    canWrite: false,
    canAppend: false,
    leave,
    locks: rangeLocks(thread.kernel),
  });
  folder.deleteOnClose = (request.flags & FLAG.DELETE_ON_CLOSE) !== 0;
  return folder;
}

function openFile(thread: Thread, { files, path, full, stat }: Location, request: OpenRequest, rights: Rights): DiskFile {
  const { disposition, flags } = request;
  const empties = stat !== undefined && (disposition === OPEN.CREATE_ALWAYS || disposition === OPEN.TRUNCATE_EXISTING);
  const changes = rights.write || rights.append || empties;
  if (stat !== undefined && !stat.writable && (changes || (flags & FLAG.DELETE_ON_CLOSE) !== 0)) throw new Win32Error(ERROR.ACCESS_DENIED);
  // Sharing is checked before the file is touched.
  const table = shareTable(thread.kernel);
  let leave = stat === undefined ? undefined : table.enter(stat, sharingOf(request, rights));
  let file: HostFile | undefined;
  try {
    if (rights.read || changes || stat === undefined) {
      file = files.open(path, { write: changes || stat === undefined, create: stat === undefined ? "new" : false, truncate: empties });
    }
    leave ??= table.enter(file!.stat(), sharingOf(request, rights));
    if (stat === undefined && (flags & ATTRIBUTE_READONLY) !== 0) files.setWritable(path, false);
  } catch (error) {
    file?.close();
    leave?.();
    throw error;
  }
  const opened = new DiskFile({
    file,
    files,
    path,
    full,
    isFolder: false,
    canRead: rights.read,
    canWrite: rights.write,
    canAppend: rights.append,
    leave,
    locks: rangeLocks(thread.kernel),
  });
  opened.deleteOnClose = (flags & FLAG.DELETE_ON_CLOSE) !== 0;
  return opened;
}

function sharingOf({ share }: OpenRequest, { read, write, append, remove }: Rights): { access: number; share: number } {
  return { access: (read ? SHARE.READ : 0) | (write || append ? SHARE.WRITE : 0) | (remove ? SHARE.DELETE : 0), share };
}

function openDevice(thread: Thread, name: string, { access }: OpenRequest): IoObject {
  const state = stateOf(thread);
  const reads = (access & (GENERIC.READ | GENERIC.ALL)) !== 0;
  const writes = (access & (GENERIC.WRITE | GENERIC.ALL)) !== 0;
  switch (name) {
    case "nul":
      return new NullDevice();
    case "conin$":
      return requireConsole(thread, state.openInput(), thread.process.host.stdin.isTerminal);
    case "conout$":
      return requireConsole(thread, state.openOutput("stdout"), thread.process.host.stdout.isTerminal);
    case "con":
      if (reads === writes) throw new Win32Error(ERROR.FILE_NOT_FOUND);
      return reads
        ? requireConsole(thread, state.openInput(), thread.process.host.stdin.isTerminal)
        : requireConsole(thread, state.openOutput("stdout"), thread.process.host.stdout.isTerminal);
    default:
      throw new Win32Error(ERROR.FILE_NOT_FOUND);
  }
}

/** Without a terminal there is no console to open. */
function requireConsole(_thread: Thread, object: IoObject, isTerminal: boolean): IoObject {
  if (!isTerminal) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return object;
}
