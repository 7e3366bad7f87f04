import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { Event, implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import { rangeLocks } from "../files/range-locks.ts";
import { lockFileApi } from "./lock-file.api.ts";

const WORD = 2 ** 32;
const LOCKFILE = { FAIL_IMMEDIATELY: 1, EXCLUSIVE_LOCK: 2 } as const;

/** Byte ranges of files. */
export const lockFile = implement(lockFileApi, {
  LockFile({ process }, hFile, dwFileOffsetLow, dwFileOffsetHigh, nNumberOfBytesToLockLow, nNumberOfBytesToLockHigh) {
    const file = process.handles.get(hFile, DiskFile);
    const start = dwFileOffsetHigh * WORD + dwFileOffsetLow;
    if (!file.tryLock(start, nNumberOfBytesToLockHigh * WORD + nNumberOfBytesToLockLow)) throw new Win32Error(ERROR.LOCK_VIOLATION);
    return true;
  },

  LockFileEx(thread, hFile, dwFlags, dwReserved, nNumberOfBytesToLockLow, nNumberOfBytesToLockHigh, lpOverlapped) {
    const file = thread.process.handles.get(hFile, DiskFile);
    if (dwReserved !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { Offset, OffsetHigh, hEvent } = lpOverlapped.get();
    const length = nNumberOfBytesToLockHigh * WORD + nNumberOfBytesToLockLow;
    const start = OffsetHigh * WORD + Offset;
    const lock = (): boolean => file.tryLock(start, length, (dwFlags & LOCKFILE.EXCLUSIVE_LOCK) === 0);
    const end = (): boolean => {
      lpOverlapped.update({ Internal: 0n, InternalHigh: 0n });
      signal(thread, hEvent);
      return true;
    };
    if (lock()) return end();
    if ((dwFlags & LOCKFILE.FAIL_IMMEDIATELY) !== 0) throw new Win32Error(ERROR.LOCK_VIOLATION);
    return waitForLock(thread, lock, end);
  },

  UnlockFile({ process }, hFile, dwFileOffsetLow, dwFileOffsetHigh, nNumberOfBytesToUnlockLow, nNumberOfBytesToUnlockHigh) {
    const file = process.handles.get(hFile, DiskFile);
    file.unlock(dwFileOffsetHigh * WORD + dwFileOffsetLow, nNumberOfBytesToUnlockHigh * WORD + nNumberOfBytesToUnlockLow);
    return true;
  },

  UnlockFileEx({ process }, hFile, dwReserved, nNumberOfBytesToUnlockLow, nNumberOfBytesToUnlockHigh, lpOverlapped) {
    const file = process.handles.get(hFile, DiskFile);
    if (dwReserved !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { Offset, OffsetHigh } = lpOverlapped.get();
    file.unlock(OffsetHigh * WORD + Offset, nNumberOfBytesToUnlockHigh * WORD + nNumberOfBytesToUnlockLow);
    return true;
  },
});

/** Waits in the call, as for a file that was not opened for overlapped access. */
function* waitForLock(thread: Thread, lock: () => boolean, end: () => boolean): GuestGenerator<boolean> {
  while (!lock()) yield* waitFor(rangeLocks(thread.kernel).released());
  return end();
}

function signal(thread: Thread, event: Handle): void {
  if (event !== 0) thread.process.handles.get(event, Event).set();
}
