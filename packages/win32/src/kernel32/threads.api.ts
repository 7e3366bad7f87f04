import {
  api,
  BOOL,
  CALLBACK,
  DWORD,
  fn,
  HANDLE,
  handleOr,
  infallible,
  NULL_HANDLE,
  OPAQUE,
  optional,
  orElse,
  out,
  PVOID,
  SIZE_T,
  ULONG_PTR_N,
  VOID,
  at,
} from "@decant/hook";
import { EXIT_CODE, CREATION_FLAGS, THREAD_ACCESS, THREAD_PRIORITY } from "../values/processes.ts";
import { SECURITY_ATTRIBUTES } from "../values/security.ts";
import { FILETIME } from "../values/times.ts";

const COUNT = orElse(DWORD, 0xffff_ffff);

/** Threads ("Process and Thread Functions"). */
export const threadsApi = api("kernel32", {
  CreateThread: fn(
    handleOr(NULL_HANDLE),
    ["lpThreadAttributes", at(SECURITY_ATTRIBUTES)],
    ["dwStackSize", SIZE_T],
    ["lpStartAddress", CALLBACK],
    ["lpParameter", OPAQUE],
    ["dwCreationFlags", CREATION_FLAGS],
    ["lpThreadId", optional(out(DWORD))],
  ),
  ExitThread: fn(VOID, ["dwExitCode", DWORD]),
  TerminateThread: fn(BOOL, ["hThread", HANDLE], ["dwExitCode", DWORD]),
  SuspendThread: fn(COUNT, ["hThread", HANDLE]),
  ResumeThread: fn(COUNT, ["hThread", HANDLE]),
  GetExitCodeThread: fn(BOOL, ["hThread", HANDLE], ["lpExitCode", out(EXIT_CODE)]),
  GetCurrentThread: fn(HANDLE),
  GetCurrentThreadStackLimits: fn(VOID, ["LowLimit", out(PVOID)], ["HighLimit", out(PVOID)]),
  GetCurrentThreadId: fn(DWORD),
  GetThreadId: fn(orElse(DWORD, 0), ["Thread", HANDLE]),
  GetProcessIdOfThread: fn(orElse(DWORD, 0), ["Thread", HANDLE]),
  OpenThread: fn(handleOr(NULL_HANDLE), ["dwDesiredAccess", THREAD_ACCESS], ["bInheritHandle", BOOL], ["dwThreadId", DWORD]),
  SetThreadPriority: fn(BOOL, ["hThread", HANDLE], ["nPriority", THREAD_PRIORITY]),
  GetThreadPriority: fn(orElse(THREAD_PRIORITY, 0x7fff_ffff), ["hThread", HANDLE]),
  SetThreadAffinityMask: fn(orElse(ULONG_PTR_N, 0), ["hThread", HANDLE], ["dwThreadAffinityMask", ULONG_PTR_N]),
  GetThreadContext: fn(BOOL, ["hThread", HANDLE], ["lpContext", PVOID]),
  SetThreadContext: fn(BOOL, ["hThread", HANDLE], ["lpContext", PVOID]),
  GetThreadTimes: fn(
    BOOL,
    ["hThread", HANDLE],
    ["lpCreationTime", out(FILETIME)],
    ["lpExitTime", out(FILETIME)],
    ["lpKernelTime", out(FILETIME)],
    ["lpUserTime", out(FILETIME)],
  ),
  GetThreadPriorityBoost: fn(BOOL, ["hThread", HANDLE], ["pDisablePriorityBoost", out(BOOL)]),
  SetThreadPriorityBoost: fn(BOOL, ["hThread", HANDLE], ["bDisablePriorityBoost", BOOL]),
  SetThreadIdealProcessor: fn(orElse(DWORD, 0xffff_ffff), ["hThread", HANDLE], ["dwIdealProcessor", DWORD]),
  SwitchToThread: fn(infallible(BOOL)),
  GetCurrentProcessorNumber: fn(DWORD),
});
