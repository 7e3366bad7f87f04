import { api, BOOL, DWORD, fn, HANDLE, inout } from "@decant/hook";
import { LOCK_FLAGS } from "../values/files.ts";
import { OVERLAPPED } from "./file-io.api.ts";

/** Locks of byte ranges ("Locking and Unlocking Byte Ranges in Files"). */
export const lockFileApi = api("kernel32", {
  LockFile: fn(
    BOOL,
    ["hFile", HANDLE],
    ["dwFileOffsetLow", DWORD],
    ["dwFileOffsetHigh", DWORD],
    ["nNumberOfBytesToLockLow", DWORD],
    ["nNumberOfBytesToLockHigh", DWORD],
  ),
  LockFileEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["dwFlags", LOCK_FLAGS],
    ["dwReserved", DWORD],
    ["nNumberOfBytesToLockLow", DWORD],
    ["nNumberOfBytesToLockHigh", DWORD],
    ["lpOverlapped", inout(OVERLAPPED)],
  ),
  UnlockFile: fn(
    BOOL,
    ["hFile", HANDLE],
    ["dwFileOffsetLow", DWORD],
    ["dwFileOffsetHigh", DWORD],
    ["nNumberOfBytesToUnlockLow", DWORD],
    ["nNumberOfBytesToUnlockHigh", DWORD],
  ),
  UnlockFileEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["dwReserved", DWORD],
    ["nNumberOfBytesToUnlockLow", DWORD],
    ["nNumberOfBytesToUnlockHigh", DWORD],
    ["lpOverlapped", inout(OVERLAPPED)],
  ),
});
