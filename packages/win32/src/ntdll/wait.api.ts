import { api, BOOLEAN, fn, HANDLE, in_, LARGE_INTEGER, NTSTATUS, optional } from "@decant/hook";

/** Waits by ntdll ("NtWaitForSingleObject", winternl.h). */
export const ntWaitApi = api("ntdll", {
  NtWaitForSingleObject: fn(NTSTATUS, ["Handle", HANDLE], ["Alertable", BOOLEAN], ["Timeout", optional(in_(LARGE_INTEGER))]),
  NtDelayExecution: fn(NTSTATUS, ["Alertable", BOOLEAN], ["DelayInterval", in_(LARGE_INTEGER)]),
});
