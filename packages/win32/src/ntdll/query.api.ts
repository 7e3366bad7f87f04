import { api, fn, HANDLE, NTSTATUS, optional, out, PVOID, ULONG } from "@decant/hook";

/** What ntdll tells of the system and of processes by class ("NtQuerySystemInformation", "NtQueryInformationProcess"). */
export const ntQueryApi = api("ntdll", {
  NtQuerySystemInformation: fn(
    NTSTATUS,
    ["SystemInformationClass", ULONG],
    ["SystemInformation", PVOID],
    ["SystemInformationLength", ULONG],
    ["ReturnLength", optional(out(ULONG))],
  ),
  NtQueryObject: fn(
    NTSTATUS,
    ["Handle", HANDLE],
    ["ObjectInformationClass", ULONG],
    ["ObjectInformation", PVOID],
    ["ObjectInformationLength", ULONG],
    ["ReturnLength", optional(out(ULONG))],
  ),
  NtQueryInformationProcess: fn(
    NTSTATUS,
    ["ProcessHandle", HANDLE],
    ["ProcessInformationClass", ULONG],
    ["ProcessInformation", PVOID],
    ["ProcessInformationLength", ULONG],
    ["ReturnLength", optional(out(ULONG))],
  ),
});
