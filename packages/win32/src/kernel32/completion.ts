import { ERROR, INVALID_HANDLE_VALUE, NULL_HANDLE, Win32Error, win32FromStatus } from "@decant/hook";
import { implement, WAIT, wait } from "@decant/process";
import { IoObject } from "../files/io-object.ts";
import { completionApi } from "./completion.api.ts";
import { CompletionPort, type CompletionPacket } from "./completion-port.ts";

const MAX_MODES = 3;

/** Completion ports. */
export const completion = implement(completionApi, {
  CreateIoCompletionPort({ process: { handles } }, FileHandle, ExistingCompletionPort, CompletionKey) {
    const existing = ExistingCompletionPort === NULL_HANDLE ? undefined : handles.get(ExistingCompletionPort, CompletionPort);
    if (FileHandle === INVALID_HANDLE_VALUE) {
      if (existing !== undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
      return handles.add(new CompletionPort());
    }
    const file = handles.get(FileHandle, IoObject);
    if (!file.isOverlapped || file.completion !== undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const port = existing ?? new CompletionPort();
    const handle = existing === undefined ? handles.add(port) : ExistingCompletionPort;
    file.completion = { port, key: CompletionKey };
    return handle;
  },

  *GetQueuedCompletionStatus(thread, CompletionPortHandle, lpNumberOfBytesTransferred, lpCompletionKey, lpOverlapped, dwMilliseconds) {
    const port = thread.process.handles.get(CompletionPortHandle, CompletionPort);
    lpOverlapped.set(0n);
    if ((yield* wait(thread, [port.packets], { timeoutMs: dwMilliseconds })) === WAIT.TIMEOUT) throw new Win32Error(WAIT.TIMEOUT);
    const packet = requirePacket(port.packets.take());
    lpNumberOfBytesTransferred.set(packet.bytes);
    lpCompletionKey.set(packet.key);
    lpOverlapped.set(packet.overlapped);
    // A packet of an access that failed is taken all the same: the failure is told with it.
    if (packet.status >>> 31 === 1) throw new Win32Error(win32FromStatus(packet.status));
    return true;
  },

  *GetQueuedCompletionStatusEx(
    thread,
    CompletionPortHandle,
    lpCompletionPortEntries,
    ulCount,
    ulNumEntriesRemoved,
    dwMilliseconds,
    fAlertable,
  ) {
    const port = thread.process.handles.get(CompletionPortHandle, CompletionPort);
    if (ulCount === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    ulNumEntriesRemoved.set(0);
    const ended = yield* wait(thread, [port.packets], { timeoutMs: dwMilliseconds, alertable: fAlertable });
    if (ended === WAIT.TIMEOUT || ended === WAIT.IO_COMPLETION) throw new Win32Error(ended);
    const packets = [requirePacket(port.packets.take())];
    while (packets.length < ulCount && port.length > 0) packets.push(port.take()!);
    lpCompletionPortEntries.write(
      packets.map(({ key, overlapped, status, bytes }) => ({
        lpCompletionKey: key,
        lpOverlapped: overlapped,
        Internal: BigInt(status),
        dwNumberOfBytesTransferred: bytes,
      })),
    );
    ulNumEntriesRemoved.set(packets.length);
    return true;
  },

  PostQueuedCompletionStatus({ process: { handles } }, CompletionPortHandle, dwNumberOfBytesTransferred, dwCompletionKey, lpOverlapped) {
    const port = handles.get(CompletionPortHandle, CompletionPort);
    port.post({ bytes: dwNumberOfBytesTransferred, key: dwCompletionKey, overlapped: lpOverlapped, status: 0 });
    return true;
  },

  SetFileCompletionNotificationModes({ process: { handles } }, FileHandle, Flags) {
    if (Flags > MAX_MODES) throw new Win32Error(ERROR.INVALID_PARAMETER);
    handles.get(FileHandle, IoObject).completionModes |= Flags;
    return true;
  },
});

/** A port that was closed while somebody waited for it has none. */
function requirePacket(packet: CompletionPacket | undefined): CompletionPacket {
  if (packet === undefined) throw new Win32Error(ERROR.ABANDONED_WAIT_0);
  return packet;
}
