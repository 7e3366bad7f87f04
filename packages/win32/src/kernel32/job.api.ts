import { api, BOOL, DWORD, fn, HANDLE, handleOr, NULL_HANDLE, optional, out, PVOID, text, TSTR, UINT, at } from "@decant/hook";
import { JOB_CLASS } from "../values/processes.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";

/** Groups of processes ("Job Objects"). */
export const jobApi = api("kernel32", {
  CreateJobObject: text(handleOr(NULL_HANDLE), ["lpJobAttributes", at(SECURITY_ATTRIBUTES)], ["lpName", TSTR]),
  OpenJobObject: text(handleOr(NULL_HANDLE), ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["lpName", TSTR]),
  AssignProcessToJobObject: fn(BOOL, ["hJob", HANDLE], ["hProcess", HANDLE]),
  SetInformationJobObject: fn(
    BOOL,
    ["hJob", HANDLE],
    ["JobObjectInformationClass", JOB_CLASS],
    ["lpJobObjectInformation", PVOID],
    ["cbJobObjectInformationLength", DWORD],
  ),
  QueryInformationJobObject: fn(
    BOOL,
    ["hJob", HANDLE],
    ["JobObjectInformationClass", JOB_CLASS],
    ["lpJobObjectInformation", PVOID],
    ["cbJobObjectInformationLength", DWORD],
    ["lpReturnLength", optional(out(DWORD))],
  ),
  IsProcessInJob: fn(BOOL, ["ProcessHandle", HANDLE], ["JobHandle", HANDLE], ["Result", out(BOOL)]),
  TerminateJobObject: fn(BOOL, ["hJob", HANDLE], ["uExitCode", UINT]),
});
