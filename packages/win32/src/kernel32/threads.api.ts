import {
  api,
  BOOL,
  CALLBACK,
  DWORD,
  fn,
  HANDLE,
  handleOr,
  INT,
  NULL_HANDLE,
  OPAQUE,
  optional,
  orElse,
  out,
  PVOID,
  SIZE_T,
  ULONG_PTR_N,
  VOID,
} from "@decant/hook";

const COUNT = orElse(DWORD, 0xffff_ffff);

/** Threads ("Process and Thread Functions"). */
export const threadsApi = api("kernel32", {
  CreateThread: fn(
    handleOr(NULL_HANDLE),
    ["lpThreadAttributes", PVOID],
    ["dwStackSize", SIZE_T],
    ["lpStartAddress", CALLBACK],
    ["lpParameter", OPAQUE],
    ["dwCreationFlags", DWORD],
    ["lpThreadId", optional(out(DWORD))],
  ),
  ExitThread: fn(VOID, ["dwExitCode", DWORD]),
  TerminateThread: fn(BOOL, ["hThread", HANDLE], ["dwExitCode", DWORD]),
  SuspendThread: fn(COUNT, ["hThread", HANDLE]),
  ResumeThread: fn(COUNT, ["hThread", HANDLE]),
  GetExitCodeThread: fn(BOOL, ["hThread", HANDLE], ["lpExitCode", out(DWORD)]),
  GetCurrentThread: fn(HANDLE),
  GetCurrentThreadId: fn(DWORD),
  GetThreadId: fn(orElse(DWORD, 0), ["Thread", HANDLE]),
  GetProcessIdOfThread: fn(orElse(DWORD, 0), ["Thread", HANDLE]),
  OpenThread: fn(handleOr(NULL_HANDLE), ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["dwThreadId", DWORD]),
  SetThreadPriority: fn(BOOL, ["hThread", HANDLE], ["nPriority", INT]),
  GetThreadPriority: fn(orElse(INT, 0x7fff_ffff), ["hThread", HANDLE]),
  SetThreadAffinityMask: fn(orElse(ULONG_PTR_N, 0), ["hThread", HANDLE], ["dwThreadAffinityMask", ULONG_PTR_N]),
  SwitchToThread: fn(BOOL),
  GetCurrentProcessorNumber: fn(DWORD),
});
