import { ERROR, Win32Error, type Out } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { ChangeNotification, ChangeQueue, NOTIFY_ALL } from "../files/change-queue.ts";
import { DiskFile } from "../files/disk-file.ts";
import { startTelling, tellLater, tellNow, waitForIo } from "../files/overlapped.ts";
import { RIGHT } from "../files/access.ts";
import { existing } from "./located.ts";
import { folderChangesApi } from "./folder-changes.api.ts";

/** Notifications of what happens in folders. */
export const folderChangeCalls = implement(folderChangesApi, {
  FindFirstChangeNotification(thread, lpPathName, bWatchSubtree, dwNotifyFilter) {
    const { files, path, stat } = existing(thread, lpPathName);
    if (stat.kind !== "folder") throw new Win32Error(ERROR.DIRECTORY);
    requireFilter(dwNotifyFilter);
    return thread.process.handles.add(new ChangeNotification(thread.kernel, files, path, bWatchSubtree, dwNotifyFilter));
  },
  FindNextChangeNotification({ process }, hChangeHandle) {
    process.handles.get(hChangeHandle, ChangeNotification).rearm();
    return true;
  },
  FindCloseChangeNotification({ process }, hChangeHandle) {
    process.handles.get(hChangeHandle, ChangeNotification);
    process.handles.close(hChangeHandle);
    return true;
  },

  ReadDirectoryChangesW(
    thread,
    hDirectory,
    lpBuffer,
    nBufferLength,
    bWatchSubtree,
    dwNotifyFilter,
    lpBytesReturned,
    lpOverlapped,
    lpCompletionRoutine,
  ) {
    // prettier-ignore
    const folder = thread.process.handles.get(hDirectory, DiskFile);
    if (!folder.isFolder) throw new Win32Error(ERROR.INVALID_PARAMETER);
    // FILE_LIST_DIRECTORY is the same bit.
    folder.require(RIGHT.READ_DATA);
    requireFilter(dwNotifyFilter);
    const how = { recursive: bWatchSubtree, filter: dwNotifyFilter, size: nBufferLength };
    folder.changes ??= new ChangeQueue(thread.kernel, folder.files, folder.path, how);
    const store = (bytes: Uint8Array): number => {
      if (bytes.length > 0) lpBuffer.write(bytes);
      return bytes.length;
    };
    if (!folder.isOverlapped) return readNow(thread, folder.changes, nBufferLength, lpBytesReturned, store);
    if (lpOverlapped.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const telling = startTelling(thread, folder, lpOverlapped, lpCompletionRoutine);
    const changes = folder.changes.read(nBufferLength);
    if (changes instanceof Uint8Array) {
      tellNow(telling, store(changes));
      return true;
    }
    try {
      tellLater(telling, changes, (outcome) => ("value" in outcome ? store(outcome.value) : 0));
    } catch (error) {
      // As documented: the call succeeds when the watch is under way.
      if (!(error instanceof Win32Error) || error.code !== ERROR.IO_PENDING) throw error;
    }
    return true;
  },
});

function* readNow(
  thread: Thread,
  queue: ChangeQueue,
  size: number,
  count: Out<number>,
  store: (bytes: Uint8Array) => number,
): GuestGenerator<boolean> {
  const changes = queue.read(size);
  const bytes = changes instanceof Uint8Array ? changes : yield* waitForIo(thread, changes);
  count.set(store(bytes));
  return true;
}

function requireFilter(filter: number): void {
  if (filter === 0 || (filter & ~NOTIFY_ALL) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
}
