import { ERROR, NtError, STATUS, Win32Error, type Handle } from "@decant/hook";
import type { Thread } from "@decant/process";
import { mappedRights, RIGHT } from "../files/access.ts";
import type { IoObject } from "../files/io-object.ts";
import { NamedPipes, pipeName } from "../files/named-pipes.ts";
import { openDevice } from "../files/open-device.ts";
import { DISPOSITION, openFile, OPTION } from "../files/open-file.ts";
import { stateOf } from "../process-state.ts";

const FLAG = {
  OVERLAPPED: 0x4000_0000,
  DELETE_ON_CLOSE: 0x0400_0000,
  BACKUP_SEMANTICS: 0x0200_0000,
  OPEN_REPARSE_POINT: 0x0020_0000,
} as const;
const GENERIC = { WRITE: 0x4000_0000, ALL: 0x1000_0000 } as const;
const OPEN = { CREATE_NEW: 1, CREATE_ALWAYS: 2, OPEN_EXISTING: 3, OPEN_ALWAYS: 4, TRUNCATE_EXISTING: 5 } as const;
const DISPOSITIONS = new Map<number, number>([
  [OPEN.CREATE_NEW, DISPOSITION.CREATE],
  [OPEN.CREATE_ALWAYS, DISPOSITION.OVERWRITE_IF],
  [OPEN.OPEN_EXISTING, DISPOSITION.OPEN],
  [OPEN.OPEN_ALWAYS, DISPOSITION.OPEN_IF],
  [OPEN.TRUNCATE_EXISTING, DISPOSITION.OVERWRITE],
]);
const ATTRIBUTES = 0xffff;

/** What CreateFile is asked for. */
export interface CreateFileRequest {
  readonly access: number;
  readonly share: number;
  readonly disposition: number;
  /** FILE_FLAG_* and FILE_ATTRIBUTE_*. */
  readonly flags: number;
  readonly inheritable: boolean;
}

/** Opens or makes a file. Last error is ERROR_ALREADY_EXISTS when one of the ALWAYS dispositions found the file there, as documented. */
export function createFile(thread: Thread, name: string, request: CreateFileRequest): Handle {
  const { access, flags, share } = request;
  const disposition = DISPOSITIONS.get(request.disposition);
  if (disposition === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const pipe = pipeName(name);
  if (pipe !== undefined) {
    const rights = mappedRights(access);
    const client = NamedPipes.of(thread.kernel).open(pipe, (rights & RIGHT.READ_DATA) !== 0, (rights & RIGHT.WRITE_DATA) !== 0);
    client.server.clientProcessId = thread.process.id;
    return addHandle(thread, client, request);
  }
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(name, paths, (flags & FLAG.OPEN_REPARSE_POINT) !== 0 ? "link" : "follow");
  if (location.kind === "device") {
    const handle = addHandle(thread, openDevice(thread, location.name, access), request);
    thread.lastError = request.disposition === OPEN.OPEN_ALWAYS ? ERROR.ALREADY_EXISTS : ERROR.SUCCESS;
    return handle;
  }
  const writes = (access & (GENERIC.WRITE | GENERIC.ALL | RIGHT.WRITE_DATA)) !== 0;
  if (request.disposition === OPEN.TRUNCATE_EXISTING && !writes) throw new Win32Error(ERROR.INVALID_PARAMETER);
  try {
    const { file } = openFile(thread, location, {
      access: access | RIGHT.SYNCHRONIZE | RIGHT.READ_ATTRIBUTES,
      share,
      disposition,
      options: optionsOf(flags),
      attributes: flags & ATTRIBUTES,
    });
    const always = request.disposition === OPEN.CREATE_ALWAYS || request.disposition === OPEN.OPEN_ALWAYS;
    const handle = addHandle(thread, file, request);
    thread.lastError = always && location.stat !== undefined ? ERROR.ALREADY_EXISTS : ERROR.SUCCESS;
    return handle;
  } catch (error) {
    if (!(error instanceof NtError) || error.status !== STATUS.OBJECT_NAME_COLLISION) throw error;
    throw new Win32Error(ERROR.FILE_EXISTS);
  }
}

function addHandle({ process }: Thread, object: IoObject, { flags, inheritable }: CreateFileRequest): Handle {
  object.isOverlapped = (flags & FLAG.OVERLAPPED) !== 0;
  return process.handles.add(object, inheritable);
}

function optionsOf(flags: number): number {
  return (
    ((flags & FLAG.BACKUP_SEMANTICS) === 0 ? OPTION.NON_DIRECTORY_FILE : 0) |
    ((flags & FLAG.OVERLAPPED) === 0 ? OPTION.SYNCHRONOUS_IO_NONALERT : 0) |
    ((flags & FLAG.DELETE_ON_CLOSE) === 0 ? 0 : OPTION.DELETE_ON_CLOSE) |
    ((flags & FLAG.OPEN_REPARSE_POINT) === 0 ? 0 : OPTION.OPEN_REPARSE_POINT)
  );
}
