import { ERROR, Win32Error, win32FromStatus, type Out, type Pointer } from "@decant/hook";
import { Event, implement, INFINITE, ThreadObject, WAIT, wait, type GuestGenerator, type Thread } from "@decant/process";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import { startTelling, STATUS_PENDING, tellLater, tellNow, waitForIo, type OverlappedPlace } from "../files/overlapped.ts";
import { PendingIo, type IoOutcome } from "../files/pending-io.ts";
import { MoreDataError } from "../files/pipe-queue.ts";
import { fileIoApi } from "./file-io.api.ts";

const WORD = 2 ** 32;
const NOTHING = new Uint8Array(0);

/** ReadFile and WriteFile are called 10^6 times a run: a disk file is read straight into the guest's memory. */
export const fileIo = implement(fileIoApi, {
  ReadFile(thread, hFile, lpBuffer, nNumberOfBytesToRead, lpNumberOfBytesRead, lpOverlapped) {
    lpNumberOfBytesRead.set(0);
    const object = thread.process.handles.get(hFile, IoObject);
    const into = writable(lpBuffer, nNumberOfBytesToRead);
    if (!lpOverlapped.isNull) return readOverlapped(thread, object, { lpBuffer, into, lpNumberOfBytesRead, lpOverlapped, routine: 0 });
    requirePosition(object);
    const count = keepPart(() => object.read(into), lpBuffer, lpNumberOfBytesRead);
    if (typeof count !== "number") return readLater(thread, asPending(count), lpBuffer, lpNumberOfBytesRead);
    countRead(thread, count);
    lpNumberOfBytesRead.set(count);
    return true;
  },

  WriteFile(thread, hFile, lpBuffer, nNumberOfBytesToWrite, lpNumberOfBytesWritten, lpOverlapped) {
    lpNumberOfBytesWritten.set(0);
    const object = thread.process.handles.get(hFile, IoObject);
    const bytes = nNumberOfBytesToWrite === 0 ? NOTHING : lpBuffer.view(nNumberOfBytesToWrite);
    if (!lpOverlapped.isNull) return writeOverlapped(thread, object, { bytes, lpNumberOfBytesWritten, lpOverlapped, routine: 0 });
    requirePosition(object);
    const count = object.write(bytes);
    if (typeof count !== "number") return writeLater(thread, asPending(count), lpNumberOfBytesWritten);
    countWrite(thread, count);
    lpNumberOfBytesWritten.set(count);
    return true;
  },

  ReadFileEx(thread, hFile, lpBuffer, nNumberOfBytesToRead, lpOverlapped, lpCompletionRoutine) {
    const object = thread.process.handles.get(hFile, IoObject);
    requireRoutine(object, lpCompletionRoutine);
    const into = writable(lpBuffer, nNumberOfBytesToRead);
    const begin = (): unknown =>
      readOverlapped(thread, object, { lpBuffer, into, lpNumberOfBytesRead: undefined, lpOverlapped, routine: lpCompletionRoutine });
    return begun(thread, begin);
  },
  WriteFileEx(thread, hFile, lpBuffer, nNumberOfBytesToWrite, lpOverlapped, lpCompletionRoutine) {
    const object = thread.process.handles.get(hFile, IoObject);
    requireRoutine(object, lpCompletionRoutine);
    const bytes = nNumberOfBytesToWrite === 0 ? NOTHING : lpBuffer.view(nNumberOfBytesToWrite);
    const begin = (): unknown =>
      writeOverlapped(thread, object, { bytes, lpNumberOfBytesWritten: undefined, lpOverlapped, routine: lpCompletionRoutine });
    return begun(thread, begin);
  },

  GetOverlappedResult: (thread, hFile, lpOverlapped, lpNumberOfBytesTransferred, bWait) =>
    overlappedResult(thread, thread.process.handles.find(hFile), lpOverlapped, lpNumberOfBytesTransferred, {
      timeoutMs: bWait ? INFINITE : 0,
      alertable: false,
    }),
  GetOverlappedResultEx: (thread, hFile, lpOverlapped, lpNumberOfBytesTransferred, dwMilliseconds, bAlertable) =>
    overlappedResult(thread, thread.process.handles.find(hFile), lpOverlapped, lpNumberOfBytesTransferred, {
      timeoutMs: dwMilliseconds,
      alertable: bAlertable,
    }),

  CancelIo(thread, hFile) {
    const { accesses } = thread.process.handles.get(hFile, IoObject);
    for (const access of Array.from(accesses)) if (access.thread === thread) access.cancel();
    return true;
  },
  CancelIoEx(thread, hFile, lpOverlapped) {
    const { accesses } = thread.process.handles.get(hFile, IoObject);
    const meant = [...accesses].filter(({ overlapped }) => lpOverlapped === 0 || overlapped === lpOverlapped);
    if (meant.length === 0) throw new Win32Error(ERROR.NOT_FOUND);
    for (const access of meant) access.cancel();
    return true;
  },
  CancelSynchronousIo(thread, hThread) {
    const access = waiting.get(thread.process.handles.get(hThread, ThreadObject).thread);
    if (access === undefined) throw new Win32Error(ERROR.NOT_FOUND);
    access.cancel();
    return true;
  },
});

/** Counts an access that has ended, as GetProcessIoCounters tells. */
export function countRead({ process: { io } }: Thread, bytes: number): void {
  io.reads++;
  io.bytesRead += bytes;
}

/** The same of a write. */
export function countWrite({ process: { io } }: Thread, bytes: number): void {
  io.writes++;
  io.bytesWritten += bytes;
}

/** The access that each thread waits for in a call. */
const waiting = new WeakMap<Thread, { cancel(): void }>();

interface OverlappedRead {
  readonly lpBuffer: Pointer;
  readonly into: Uint8Array;
  readonly lpNumberOfBytesRead: Out<number> | undefined;
  readonly lpOverlapped: OverlappedPlace;
  readonly routine: number;
}

function readOverlapped(
  thread: Thread,
  object: IoObject,
  { lpBuffer, into, lpNumberOfBytesRead, lpOverlapped, routine }: OverlappedRead,
): boolean | GuestGenerator<boolean> {
  const offset = offsetOf(lpOverlapped);
  const telling = startTelling(thread, object, lpOverlapped, routine);
  const result = keepPart(() => object.read(into, offset), lpBuffer, lpNumberOfBytesRead);
  const store = (outcome: IoOutcome<Uint8Array>): number => {
    const bytes = "value" in outcome ? outcome.value : outcome.error instanceof MoreDataError ? outcome.error.bytes : NOTHING;
    lpBuffer.write(bytes);
    countRead(thread, bytes.length);
    return bytes.length;
  };
  if (typeof result === "number") {
    countRead(thread, result);
    lpNumberOfBytesRead?.set(result);
    tellNow(telling, result, result === 0 && into.length > 0 && object.fileType === FILE_TYPE.DISK);
    return true;
  }
  if (object.isOverlapped) return tellLater(telling, asPending(result), store);
  return thenTell(readLater(thread, asPending(result), lpBuffer, lpNumberOfBytesRead), () =>
    tellNow(telling, lpNumberOfBytesRead?.get() ?? 0),
  );
}

function writeOverlapped(
  thread: Thread,
  object: IoObject,
  {
    bytes,
    lpNumberOfBytesWritten,
    lpOverlapped,
    routine,
  }: {
    readonly bytes: Uint8Array;
    readonly lpNumberOfBytesWritten: Out<number> | undefined;
    readonly lpOverlapped: OverlappedPlace;
    readonly routine: number;
  },
): boolean | GuestGenerator<boolean> {
  const offset = offsetOf(lpOverlapped);
  const telling = startTelling(thread, object, lpOverlapped, routine);
  const result = object.write(bytes, offset);
  if (typeof result === "number") {
    countWrite(thread, result);
    lpNumberOfBytesWritten?.set(result);
    tellNow(telling, result);
    return true;
  }
  if (object.isOverlapped)
    return tellLater(telling, asPending(result), (outcome) => {
      const count = "value" in outcome ? outcome.value : 0;
      countWrite(thread, count);
      return count;
    });
  return thenTell(writeLater(thread, asPending(result), lpNumberOfBytesWritten), () => tellNow(telling, bytes.length));
}

function* thenTell(access: GuestGenerator<boolean>, tell: () => void): GuestGenerator<boolean> {
  const result = yield* access;
  tell();
  return result;
}

function* readLater(
  thread: Thread,
  pending: PendingIo<Uint8Array>,
  buffer: Pointer,
  count: Out<number> | undefined,
): GuestGenerator<boolean> {
  try {
    const bytes = yield* waitInCall(thread, pending);
    buffer.write(bytes);
    countRead(thread, bytes.length);
    count?.set(bytes.length);
    return true;
  } catch (error) {
    return keepPart((): never => { throw error; }, buffer, count); // prettier-ignore
  }
}

function* writeLater(thread: Thread, pending: PendingIo<number>, count: Out<number> | undefined): GuestGenerator<boolean> {
  const written = yield* waitInCall(thread, pending);
  countWrite(thread, written);
  count?.set(written);
  return true;
}

function* waitInCall<T>(thread: Thread, pending: PendingIo<T>): GuestGenerator<T> {
  waiting.set(thread, pending);
  try {
    return yield* waitForIo(thread, pending);
  } finally {
    waiting.delete(thread);
  }
}

/** A message that does not fit fails, and yet its first part is in the buffer. */
function keepPart<T>(read: () => T, buffer: Pointer, count: Out<number> | undefined): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MoreDataError)) throw error;
    buffer.write(error.bytes);
    count?.set(error.bytes.length);
    throw error;
  }
}

function* overlappedResult(
  thread: Thread,
  object: unknown,
  place: OverlappedPlace,
  count: Out<number>,
  { timeoutMs, alertable }: { timeoutMs: number; alertable: boolean },
): GuestGenerator<boolean> {
  const { handles } = thread.process;
  const { Internal, hEvent } = place.get();
  if (Internal === STATUS_PENDING) {
    if (timeoutMs === 0) throw new Win32Error(ERROR.IO_INCOMPLETE);
    const event = (hEvent & ~1) as typeof hEvent;
    const target = event !== 0 ? handles.get(event, Event) : object;
    if (!(target instanceof Event) && !(target instanceof IoObject)) throw new Win32Error(ERROR.INVALID_HANDLE);
    const ended = yield* wait(thread, [target], { timeoutMs, alertable });
    if (ended === WAIT.TIMEOUT || ended === WAIT.IO_COMPLETION) throw new Win32Error(ended);
  }
  const { Internal: status, InternalHigh } = place.get();
  count.set(Number(InternalHigh & 0xffff_ffffn));
  const code = Number(status & 0xffff_ffffn);
  if (code >>> 31 === 1) throw new Win32Error(win32FromStatus(code));
  return true;
}

/** ReadFileEx and WriteFileEx succeed when the access is under way: the routine hears of everything else. */
function begun(thread: Thread, begin: () => unknown): boolean {
  try {
    begin();
  } catch (error) {
    if (!(error instanceof Win32Error && error.code === ERROR.IO_PENDING)) throw error;
  }
  thread.lastError = ERROR.SUCCESS;
  return true;
}

function requireRoutine({ isOverlapped }: IoObject, routine: number): void {
  if (!isOverlapped || routine === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
}

/** A file that was opened for overlapped access keeps no position: each access has to say where. */
function requirePosition({ isOverlapped, fileType }: IoObject): void {
  if (isOverlapped && fileType === FILE_TYPE.DISK) throw new Win32Error(ERROR.INVALID_PARAMETER);
}

function asPending<T>(later: PendingIo<T> | Promise<T>): PendingIo<T> {
  return later instanceof PendingIo ? later : PendingIo.of(later);
}

function writable(buffer: Pointer, length: number): Uint8Array {
  return buffer.isNull && length === 0 ? NOTHING : buffer.writable(length);
}

function offsetOf(place: OverlappedPlace): number {
  const { Offset, OffsetHigh } = place.get();
  return Offset === 0xffff_ffff && OffsetHigh === 0xffff_ffff ? -1 : OffsetHigh * WORD + Offset;
}
