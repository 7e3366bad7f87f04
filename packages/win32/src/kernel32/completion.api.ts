import { api, arrayOut, BOOL, DWORD, fn, HANDLE, handleOr, NULL_HANDLE, OPAQUE, out, struct, UCHAR, ULONG, ULONG_PTR } from "@decant/hook";
import { MILLISECONDS } from "./wait.api.ts";

export const OVERLAPPED_ENTRY = struct("OVERLAPPED_ENTRY", {
  lpCompletionKey: ULONG_PTR,
  lpOverlapped: OPAQUE,
  Internal: ULONG_PTR,
  dwNumberOfBytesTransferred: DWORD,
});

/** Completion ports ("I/O Completion Ports"). */
export const completionApi = api("kernel32", {
  CreateIoCompletionPort: fn(
    handleOr(NULL_HANDLE),
    ["FileHandle", HANDLE],
    ["ExistingCompletionPort", HANDLE],
    ["CompletionKey", ULONG_PTR],
    ["NumberOfConcurrentThreads", DWORD],
  ),
  GetQueuedCompletionStatus: fn(
    BOOL,
    ["CompletionPort", HANDLE],
    ["lpNumberOfBytesTransferred", out(DWORD)],
    ["lpCompletionKey", out(ULONG_PTR)],
    ["lpOverlapped", out(OPAQUE)],
    ["dwMilliseconds", MILLISECONDS],
  ),
  GetQueuedCompletionStatusEx: fn(
    BOOL,
    ["CompletionPort", HANDLE],
    ["lpCompletionPortEntries", arrayOut(OVERLAPPED_ENTRY)],
    ["ulCount", ULONG],
    ["ulNumEntriesRemoved", out(ULONG)],
    ["dwMilliseconds", MILLISECONDS],
    ["fAlertable", BOOL],
  ),
  PostQueuedCompletionStatus: fn(
    BOOL,
    ["CompletionPort", HANDLE],
    ["dwNumberOfBytesTransferred", DWORD],
    ["dwCompletionKey", ULONG_PTR],
    ["lpOverlapped", OPAQUE],
  ),
  SetFileCompletionNotificationModes: fn(BOOL, ["FileHandle", HANDLE], ["Flags", UCHAR]),
});
