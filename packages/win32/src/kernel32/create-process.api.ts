import { api, BOOL, DWORD, fn, HANDLE, LPCSTR, LPCWSTR, optional, out, PVOID, SIZE_T, struct, UINT, ULONG_PTR_N, VOID } from "@decant/hook";

export const PROCESS_INFORMATION = struct("PROCESS_INFORMATION", {
  hProcess: HANDLE,
  hThread: HANDLE,
  dwProcessId: DWORD,
  dwThreadId: DWORD,
});

const PROCESS = [
  ["lpProcessAttributes", PVOID],
  ["lpThreadAttributes", PVOID],
  ["bInheritHandles", BOOL],
  ["dwCreationFlags", DWORD],
  ["lpEnvironment", PVOID],
] as const;
const RESULT = [
  ["lpStartupInfo", PVOID],
  ["lpProcessInformation", out(PROCESS_INFORMATION)],
] as const;

/** Starting programs ("CreateProcessW", "UpdateProcThreadAttribute"). */
export const createProcessApi = api("kernel32", {
  CreateProcessA: fn(BOOL, ["lpApplicationName", LPCSTR], ["lpCommandLine", LPCSTR], ...PROCESS, ["lpCurrentDirectory", LPCSTR], ...RESULT),
  CreateProcessW: fn(
    BOOL,
    ["lpApplicationName", LPCWSTR],
    ["lpCommandLine", LPCWSTR],
    ...PROCESS,
    ["lpCurrentDirectory", LPCWSTR],
    ...RESULT,
  ),
  WinExec: fn(UINT, ["lpCmdLine", LPCSTR], ["uCmdShow", UINT]),
  InitializeProcThreadAttributeList: fn(
    BOOL,
    ["lpAttributeList", PVOID],
    ["dwAttributeCount", DWORD],
    ["dwFlags", DWORD],
    ["lpSize", out(SIZE_T)],
  ),
  UpdateProcThreadAttribute: fn(
    BOOL,
    ["lpAttributeList", PVOID],
    ["dwFlags", DWORD],
    ["Attribute", ULONG_PTR_N],
    ["lpValue", PVOID],
    ["cbSize", SIZE_T],
    ["lpPreviousValue", PVOID],
    ["lpReturnSize", optional(out(SIZE_T))],
  ),
  DeleteProcThreadAttributeList: fn(VOID, ["lpAttributeList", PVOID]),
});
