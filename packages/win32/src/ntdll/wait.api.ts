import { api, BOOLEAN, BYTES, fn, HANDLE, in_, INT, LARGE_INTEGER, NTSTATUS, optional, PVOID, SIZE_T, ULONG } from "@decant/hook";

/** Waits by ntdll ("NtWaitForSingleObject", winternl.h). */
export const ntWaitApi = api("ntdll", {
  NtWaitForSingleObject: fn(NTSTATUS, ["Handle", HANDLE], ["Alertable", BOOLEAN], ["Timeout", optional(in_(LARGE_INTEGER))]),
  NtWaitForMultipleObjects: fn(
    NTSTATUS,
    ["Count", ULONG],
    ["Handles", PVOID],
    ["WaitType", INT],
    ["Alertable", BOOLEAN],
    ["Timeout", optional(in_(LARGE_INTEGER))],
  ),
  NtAlertThreadByThreadId: fn(NTSTATUS, ["ThreadId", HANDLE]),
  NtWaitForAlertByThreadId: fn(NTSTATUS, ["Address", PVOID], ["Timeout", optional(in_(LARGE_INTEGER))]),
  RtlWaitOnAddress: fn(
    NTSTATUS,
    ["Address", BYTES],
    ["CompareAddress", BYTES],
    ["AddressSize", SIZE_T],
    ["Timeout", optional(in_(LARGE_INTEGER))],
  ),
  NtDelayExecution: fn(NTSTATUS, ["Alertable", BOOLEAN], ["DelayInterval", in_(LARGE_INTEGER)]),
});
