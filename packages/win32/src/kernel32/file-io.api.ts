import { api, BOOL, bytesIn, bytesOut, CALLBACK, DWORD, fn, HANDLE, inout, optional, out, PVOID, struct, ULONG_PTR } from "@decant/hook";
import { MILLISECONDS } from "./wait.api.ts";

export const OVERLAPPED = struct("OVERLAPPED", {
  Internal: ULONG_PTR,
  InternalHigh: ULONG_PTR,
  Offset: DWORD,
  OffsetHigh: DWORD,
  hEvent: HANDLE,
});

/** Reading and writing, at once or overlapped ("Synchronous and Asynchronous I/O"). */
export const fileIoApi = api("kernel32", {
  ReadFile: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpBuffer", bytesOut("lpNumberOfBytesRead")],
    ["nNumberOfBytesToRead", DWORD],
    ["lpNumberOfBytesRead", optional(out(DWORD))],
    ["lpOverlapped", optional(inout(OVERLAPPED))],
  ),
  WriteFile: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpBuffer", bytesIn("nNumberOfBytesToWrite")],
    ["nNumberOfBytesToWrite", DWORD],
    ["lpNumberOfBytesWritten", optional(out(DWORD))],
    ["lpOverlapped", optional(inout(OVERLAPPED))],
  ),
  ReadFileEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpBuffer", bytesOut("nNumberOfBytesToRead")],
    ["nNumberOfBytesToRead", DWORD],
    ["lpOverlapped", inout(OVERLAPPED)],
    ["lpCompletionRoutine", CALLBACK],
  ),
  WriteFileEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpBuffer", bytesIn("nNumberOfBytesToWrite")],
    ["nNumberOfBytesToWrite", DWORD],
    ["lpOverlapped", inout(OVERLAPPED)],
    ["lpCompletionRoutine", CALLBACK],
  ),
  GetOverlappedResult: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpOverlapped", inout(OVERLAPPED)],
    ["lpNumberOfBytesTransferred", out(DWORD)],
    ["bWait", BOOL],
  ),
  GetOverlappedResultEx: fn(
    BOOL,
    ["hFile", HANDLE],
    ["lpOverlapped", inout(OVERLAPPED)],
    ["lpNumberOfBytesTransferred", out(DWORD)],
    ["dwMilliseconds", MILLISECONDS],
    ["bAlertable", BOOL],
  ),
  CancelIo: fn(BOOL, ["hFile", HANDLE]),
  CancelIoEx: fn(BOOL, ["hFile", HANDLE], ["lpOverlapped", PVOID]),
  CancelSynchronousIo: fn(BOOL, ["hThread", HANDLE]),
});
