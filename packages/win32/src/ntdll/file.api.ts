import { api, fn, HANDLE, NTSTATUS, out, PVOID, struct, ULONG, ULONG_PTR } from "@decant/hook";

export const IO_STATUS_BLOCK = struct("IO_STATUS_BLOCK", { Status: ULONG_PTR, Information: ULONG_PTR });

/** Open files by ntdll ("NtQueryInformationFile", ntifs.h). */
export const ntFileApi = api("ntdll", {
  NtQueryInformationFile: fn(
    NTSTATUS,
    ["FileHandle", HANDLE],
    ["IoStatusBlock", out(IO_STATUS_BLOCK)],
    ["FileInformation", PVOID],
    ["Length", ULONG],
    ["FileInformationClass", ULONG],
  ),
});
