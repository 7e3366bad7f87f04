import {
  api,
  BOOL,
  DWORD,
  fn,
  HANDLE,
  LPCSTR,
  LPCWSTR,
  optional,
  out,
  PVOID,
  SIZE_T,
  struct,
  UINT,
  ULONG_PTR_N,
  VOID,
  at,
} from "@decant/hook";
import { CREATION_FLAGS } from "../values/processes.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";
import { STARTUPINFO } from "./startup.api.ts";

export const PROCESS_INFORMATION = struct("PROCESS_INFORMATION", {
  hProcess: HANDLE,
  hThread: HANDLE,
  dwProcessId: DWORD,
  dwThreadId: DWORD,
});

const PROCESS = [
  ["lpProcessAttributes", at(SECURITY_ATTRIBUTES)],
  ["lpThreadAttributes", at(SECURITY_ATTRIBUTES)],
  ["bInheritHandles", BOOL],
  ["dwCreationFlags", CREATION_FLAGS],
  ["lpEnvironment", PVOID],
] as const;
const RESULT = [
  ["lpStartupInfo", at(STARTUPINFO)],
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

/** Starting programs as another user: the token is the only user's ("CreateProcessAsUserW"). */
export const createProcessAsUserApi = api("advapi32", {
  CreateProcessAsUserA: fn(
    BOOL,
    ["hToken", HANDLE],
    ["lpApplicationName", LPCSTR],
    ["lpCommandLine", LPCSTR],
    ...PROCESS,
    ["lpCurrentDirectory", LPCSTR],
    ...RESULT,
  ),
  CreateProcessAsUserW: fn(
    BOOL,
    ["hToken", HANDLE],
    ["lpApplicationName", LPCWSTR],
    ["lpCommandLine", LPCWSTR],
    ...PROCESS,
    ["lpCurrentDirectory", LPCWSTR],
    ...RESULT,
  ),
});
