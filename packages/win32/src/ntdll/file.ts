import { NtError, NULL_HANDLE, STATUS, statusOf, type Handle, type Out } from "@decant/hook";
import { Event, guestCall, implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { fileAttributes } from "../files/attributes.ts";
import { controlFile } from "../files/control-file.ts";
import { queryDirectory } from "../files/directory-information.ts";
import { countRead, countWrite } from "../kernel32/file-io.ts";
import { DiskFile } from "../files/disk-file.ts";
import { fileTimeFromNs } from "../files/file-time.ts";
import { IoObject, type OverlappedAccess } from "../files/io-object.ts";
import { openDevice } from "../files/open-device.ts";
import { DISPOSITION, OPENED, openFile, OPTION, type OpenRequest } from "../files/open-file.ts";
import { waitForIo } from "../files/overlapped.ts";
import { PendingIo } from "../files/pending-io.ts";
import { allocationSize, queryInformation } from "../files/query-information.ts";
import { rangeLocks } from "../files/range-locks.ts";
import { setInformation } from "../files/set-information.ts";
import { queryStream } from "../files/stream-information.ts";
import { queryVolume } from "../files/volume-information.ts";
import { writeInformation } from "../kernel32/file-information.ts";
import { ntFileApi } from "./file.api.ts";
import { locateObject, OBJ_INHERIT, objectName, type ObjectAttributes } from "./object-attributes.ts";
import { openPipePath, pipePath } from "./pipe-path.ts";

const USE_FILE_POINTER_POSITION = -2;
const WRITE_TO_END_OF_FILE = -1;
const QUERY = { RESTART_SCAN: 1, RETURN_SINGLE_ENTRY: 2 } as const;

type StatusBlock = Out<unknown, { Status?: bigint; Information?: bigint }>;

/** What an access reports to when it ends. */
interface Access {
  readonly event: Handle;
  readonly routine: number;
  readonly context: bigint;
  readonly block: StatusBlock;
}

export const ntFile = implement(ntFileApi, {
  NtCreateFile(
    thread,
    FileHandle,
    DesiredAccess,
    ObjectAttributes,
    IoStatusBlock,
    _AllocationSize,
    FileAttributes,
    ShareAccess,
    CreateDisposition,
    CreateOptions,
  ) {
    // prettier-ignore
    if (CreateDisposition > DISPOSITION.OVERWRITE_IF) throw new NtError(STATUS.INVALID_PARAMETER);
    return open(thread, FileHandle, ObjectAttributes, IoStatusBlock, {
      access: DesiredAccess,
      share: ShareAccess,
      disposition: CreateDisposition,
      options: CreateOptions,
      attributes: FileAttributes,
    });
  },
  NtOpenFile: (thread, FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, ShareAccess, OpenOptions) =>
    open(thread, FileHandle, ObjectAttributes, IoStatusBlock, {
      access: DesiredAccess,
      share: ShareAccess,
      disposition: DISPOSITION.OPEN,
      options: OpenOptions,
      attributes: 0,
    }),

  NtClose({ process }, Handle) {
    process.handles.close(Handle);
    return STATUS.SUCCESS;
  },

  NtDeleteFile(thread, ObjectAttributes) {
    const location = locateObject(thread, ObjectAttributes, "link");
    if (location.kind === "device") throw new NtError(STATUS.INVALID_DEVICE_REQUEST);
    const { file } = openFile(thread, location, { access: 0, share: 7, disposition: DISPOSITION.OPEN, options: OPTION.DELETE_ON_CLOSE, attributes: 0 }); // prettier-ignore
    file.retain();
    file.release();
    return STATUS.SUCCESS;
  },

  NtReadFile(thread, FileHandle, event, routine, context, block, Buffer, Length, ByteOffset) {
    const object = thread.process.handles.get(FileHandle, IoObject);
    const access: Access = { event, routine, context, block };
    begin(thread, access);
    const into = Length === 0 ? new Uint8Array(0) : Buffer.writable(Length);
    const count = object.read(into, offsetOf(object, ByteOffset));
    if (typeof count !== "number") {
      return later(thread, object, access, count, (bytes) => {
        Buffer.write(bytes);
        countRead(thread, bytes.length);
        return bytes.length;
      });
    }
    countRead(thread, count);
    // Only files have an end that is an error; a console or NUL reads nothing.
    const isEnd = count === 0 && Length > 0 && object instanceof DiskFile;
    return end(thread, object, access, isEnd ? STATUS.END_OF_FILE : STATUS.SUCCESS, count);
  },

  NtWriteFile(thread, FileHandle, event, routine, context, block, Buffer, Length, ByteOffset) {
    const object = thread.process.handles.get(FileHandle, IoObject);
    const access: Access = { event, routine, context, block };
    begin(thread, access);
    const bytes = Length === 0 ? new Uint8Array(0) : Buffer.view(Length);
    const count = object.write(bytes, offsetOf(object, ByteOffset));
    if (typeof count !== "number") {
      return later(thread, object, access, count, (written) => {
        countWrite(thread, written);
        return written;
      });
    }
    countWrite(thread, count);
    return end(thread, object, access, STATUS.SUCCESS, count);
  },

  NtFlushBuffersFile({ process }, FileHandle, IoStatusBlock) {
    process.handles.get(FileHandle, IoObject).flush();
    return ended(IoStatusBlock, 0);
  },

  NtLockFile(thread, FileHandle, event, routine, context, block, ByteOffset, Length, _Key, FailImmediately, ExclusiveLock) {
    const file = thread.process.handles.get(FileHandle, DiskFile);
    const access: Access = { event, routine, context, block };
    const lock = (): boolean => file.tryLock(ByteOffset, Length, !ExclusiveLock);
    if (lock()) return end(thread, file, access, STATUS.SUCCESS, 0);
    if (FailImmediately) throw new NtError(STATUS.LOCK_NOT_GRANTED);
    return waitForLock(thread, file, access, lock);
  },
  NtUnlockFile({ process }, FileHandle, IoStatusBlock, ByteOffset, Length) {
    process.handles.get(FileHandle, DiskFile).unlock(ByteOffset, Length);
    return ended(IoStatusBlock, 0);
  },

  NtFsControlFile: (thread, handle, event, routine, context, block, code, input, inputSize, output, outputSize) =>
    control(thread, handle, { event, routine, context, block }, code, thread.memory.read(input, inputSize), output, outputSize),
  NtDeviceIoControlFile: (thread, handle, event, routine, context, block, code, input, inputSize, output, outputSize) =>
    control(thread, handle, { event, routine, context, block }, code, thread.memory.read(input, inputSize), output, outputSize),

  NtQueryInformationFile({ kernel, memory, process }, FileHandle, IoStatusBlock, target, Length, infoClass) {
    const object = process.handles.get(FileHandle, IoObject);
    const { bytes, least } = object instanceof DiskFile ? queryInformation(kernel, object, infoClass) : queryStream(object, infoClass);
    return reported(IoStatusBlock, Math.min(bytes.length, Length), () => void writeInformation(memory, target, Length, bytes, least));
  },
  NtSetInformationFile(thread, FileHandle, IoStatusBlock, source, Length, infoClass) {
    const object = thread.process.handles.get(FileHandle, IoObject);
    if (!(object instanceof DiskFile)) throw new NtError(STATUS.INVALID_DEVICE_REQUEST);
    setInformation(thread, object, infoClass, thread.memory.read(source, Length), (name, root) => {
      // A name alone is one in the file's own folder.
      const own = object.windowsPath.replace(/\\[^\\]*$/, "");
      const folder = root === 0 && !name.startsWith("\\") ? own : undefined;
      return objectName(thread, name, root, "link", folder);
    });
    return ended(IoStatusBlock, 0);
  },
  NtQueryVolumeInformationFile({ memory, process }, FileHandle, IoStatusBlock, target, Length, infoClass) {
    const { bytes, least } = queryVolume(process.handles.get(FileHandle, IoObject), infoClass);
    return reported(IoStatusBlock, Math.min(bytes.length, Length), () => void writeInformation(memory, target, Length, bytes, least));
  },

  NtQueryAttributesFile(thread, ObjectAttributes, FileInformation) {
    FileInformation.write(facts(thread, ObjectAttributes).subarray(0, 40));
    return STATUS.SUCCESS;
  },
  NtQueryFullAttributesFile(thread, ObjectAttributes, FileInformation) {
    const all = facts(thread, ObjectAttributes);
    // FILE_NETWORK_OPEN_INFORMATION has the sizes before the attributes.
    const ordered = new Uint8Array(56);
    ordered.set(all.subarray(0, 32));
    ordered.set(all.subarray(40, 56), 32);
    ordered.set(all.subarray(32, 36), 48);
    FileInformation.write(ordered);
    return STATUS.SUCCESS;
  },

  NtQueryDirectoryFile(thread, handle, event, routine, context, block, target, size, infoClass, single, FileName, restart) {
    return list(thread, handle, { event, routine, context, block }, target, { infoClass, size, single, restart, pattern: textOf(thread, FileName) }); // prettier-ignore
  },
  NtQueryDirectoryFileEx(thread, handle, event, routine, context, block, target, size, infoClass, flags, FileName) {
    const single = (flags & QUERY.RETURN_SINGLE_ENTRY) !== 0;
    const restart = (flags & QUERY.RESTART_SCAN) !== 0;
    return list(thread, handle, { event, routine, context, block }, target, { infoClass, size, single, restart, pattern: textOf(thread, FileName) }); // prettier-ignore
  },
});

function open(thread: Thread, place: Out<Handle>, attributes: ObjectAttributes, block: StatusBlock, request: OpenRequest): number {
  const { handles } = thread.process;
  const inheritable = (attributes.Attributes & OBJ_INHERIT) !== 0;
  const isOverlapped = (request.options & (OPTION.SYNCHRONOUS_IO_ALERT | OPTION.SYNCHRONOUS_IO_NONALERT)) === 0;
  const pipe = pipePath(thread, attributes);
  if (pipe !== undefined) {
    const object = openPipePath(thread, pipe, request.access);
    object.isOverlapped = isOverlapped;
    place.set(handles.add(object, inheritable));
    return ended(block, OPENED.OPENED);
  }
  const link = (request.options & OPTION.OPEN_REPARSE_POINT) !== 0 ? "link" : "follow";
  const location = locateObject(thread, attributes, link);
  if (location.kind === "device") {
    place.set(handles.add(openDevice(thread, location.name, request.access), inheritable));
    return ended(block, OPENED.OPENED);
  }
  const { file, outcome } = openFile(thread, location, request);
  file.isOverlapped = isOverlapped;
  place.set(handles.add(file, inheritable));
  return ended(block, outcome);
}

function begin(thread: Thread, { event }: Access): void {
  if (event !== NULL_HANDLE) thread.process.handles.get(event, Event).reset();
}

/** An access has ended, at once or later. */
function end(thread: Thread, object: IoObject, { event, routine, context, block }: Access, status: number, count: number): number {
  block.set({ Status: BigInt(status), Information: BigInt(count) });
  // A port is told by the context, which is then no routine's.
  const { completion } = object;
  if (completion !== undefined && routine === 0 && context !== 0n)
    completion.port.post({ bytes: count, key: completion.key, overlapped: context, status });
  if (event !== NULL_HANDLE) thread.process.handles.get(event, Event).set();
  if (routine !== 0) {
    thread.queueApc(function* () {
      yield* guestCall(thread, routine, context, block.address, 0);
    });
  }
  return status;
}

function ended(block: StatusBlock, information: number): number {
  block.set({ Status: 0n, Information: BigInt(information) });
  return STATUS.SUCCESS;
}

/** Reports how many bytes were written, also where more would have been. */
function reported(block: StatusBlock, count: number, write: () => void): number {
  try {
    write();
    return ended(block, count);
  } catch (error) {
    if (!(error instanceof NtError) || error.status !== STATUS.BUFFER_OVERFLOW) throw error;
    block.set({ Status: BigInt(error.status), Information: BigInt(count) });
    return error.status;
  }
}

function offsetOf(object: IoObject, offset: number | undefined): number | undefined {
  const isCurrent = offset === undefined || offset === USE_FILE_POINTER_POSITION;
  if (isCurrent && object.isOverlapped && object instanceof DiskFile) throw new NtError(STATUS.INVALID_PARAMETER);
  if (isCurrent) return undefined;
  if (offset < 0 && offset !== WRITE_TO_END_OF_FILE) throw new NtError(STATUS.INVALID_PARAMETER);
  return offset;
}

type Later<T> = PendingIo<T> | Promise<T>;

/** An access that goes on: its call waits for it, or returns STATUS_PENDING where the handle was opened for that. `store` gives the count. */
function later<T>(
  thread: Thread,
  object: IoObject,
  access: Access,
  started: Later<T>,
  store: (value: T) => number,
): number | GuestGenerator<number> {
  const pending = started instanceof PendingIo ? started : PendingIo.of(started);
  if (!object.isOverlapped) return endLater(thread, object, access, pending, store);
  access.block.set({ Status: BigInt(STATUS.PENDING) });
  const begun: OverlappedAccess = { thread, overlapped: access.block.address, cancel: () => pending.cancel() };
  object.accesses.add(begun);
  pending.onEnd((outcome) => {
    if (thread.process.ending === undefined) {
      const { status, count } = "value" in outcome ? stored(outcome.value, store) : failed(outcome.error);
      end(thread, object, access, status, count);
    }
    object.accessEnded(begun);
  });
  return STATUS.PENDING;
}

function* endLater<T>(
  thread: Thread,
  object: IoObject,
  access: Access,
  pending: PendingIo<T>,
  store: (value: T) => number,
): GuestGenerator<number> {
  let result: { status: number; count: number };
  try {
    result = stored(yield* waitForIo(thread, pending), store);
  } catch (error) {
    result = failed(error);
  }
  return end(thread, object, access, result.status, result.count);
}

function stored<T>(value: T, store: (value: T) => number): { status: number; count: number } {
  try {
    return { status: STATUS.SUCCESS, count: store(value) };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): { status: number; count: number } {
  const status = statusOf(error);
  if (status === undefined) throw error;
  return { status, count: 0 };
}

function* waitForLock(thread: Thread, file: DiskFile, access: Access, lock: () => boolean): GuestGenerator<number> {
  while (!lock()) yield* waitFor(rangeLocks(thread.kernel).released());
  return end(thread, file, access, STATUS.SUCCESS, 0);
}

function control(thread: Thread, handle: Handle, access: Access, code: number, input: Uint8Array, output: number, size: number): number {
  const object = thread.process.handles.get(handle, IoObject);
  if (!(object instanceof DiskFile)) throw new NtError(STATUS.INVALID_DEVICE_REQUEST);
  const answer = controlFile(thread.kernel, object, code, input, size);
  const fits = answer.subarray(0, size);
  if (fits.length > 0) thread.memory.write(output, fits);
  return end(thread, object, access, fits.length < answer.length ? STATUS.BUFFER_OVERFLOW : STATUS.SUCCESS, fits.length);
}

function list(thread: Thread, handle: Handle, access: Access, target: number, query: Parameters<typeof queryDirectory>[2]): number {
  const folder = thread.process.handles.get(handle, DiskFile);
  const bytes = queryDirectory(thread.kernel, folder, query);
  thread.memory.write(target, bytes);
  return end(thread, folder, access, STATUS.SUCCESS, bytes.length);
}

function textOf({ memory }: Thread, text: { Length: number; Buffer: number } | undefined): string | undefined {
  return text === undefined || text.Length === 0 ? undefined : memory.utf16(text.Buffer, text.Length >> 1);
}

/** FILE_BASIC_INFORMATION, then the sizes. */
function facts(thread: Thread, attributes: ObjectAttributes): Uint8Array {
  const location = locateObject(thread, attributes, "link");
  if (location.kind === "device" || location.stat === undefined)
    throw new NtError(location.kind === "file" && location.hasFolder ? STATUS.OBJECT_NAME_NOT_FOUND : STATUS.OBJECT_PATH_NOT_FOUND);
  const { stat } = location;
  const table = fileAttributes(thread.kernel);
  const bytes = new Uint8Array(56);
  const view = new DataView(bytes.buffer);
  for (const [index, time] of [table.created(stat), stat.accessedNs, stat.modifiedNs, stat.modifiedNs].entries())
    view.setBigUint64(8 * index, BigInt.asUintN(64, fileTimeFromNs(time)), true);
  view.setUint32(32, table.of(stat), true);
  const size = stat.kind === "file" ? stat.size : 0;
  view.setBigUint64(40, BigInt(allocationSize(size)), true);
  view.setBigUint64(48, BigInt(size), true);
  return bytes;
}
