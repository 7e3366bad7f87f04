import {
  api,
  BOOL,
  chars,
  DWORD,
  flags,
  fn,
  HANDLE,
  handleOr,
  HMODULE,
  INVALID_HANDLE_VALUE,
  inout,
  LONG,
  PVOID,
  SIZE_T,
  struct,
  ULONG_PTR_N,
  wchars,
} from "@decant/hook";

const processEntry = {
  dwSize: DWORD,
  cntUsage: DWORD,
  th32ProcessID: DWORD,
  th32DefaultHeapID: ULONG_PTR_N,
  th32ModuleID: DWORD,
  cntThreads: DWORD,
  th32ParentProcessID: DWORD,
  pcPriClassBase: LONG,
  dwFlags: DWORD,
};
const moduleEntry = {
  dwSize: DWORD,
  th32ModuleID: DWORD,
  th32ProcessID: DWORD,
  GlblcntUsage: DWORD,
  ProccntUsage: DWORD,
  modBaseAddr: PVOID,
  modBaseSize: DWORD,
  hModule: HMODULE,
};

export const PROCESSENTRY32 = struct("PROCESSENTRY32", { ...processEntry, szExeFile: chars(260) });
export const PROCESSENTRY32W = struct("PROCESSENTRY32W", { ...processEntry, szExeFile: wchars(260) });
export const MODULEENTRY32 = struct("MODULEENTRY32", { ...moduleEntry, szModule: chars(256), szExePath: chars(260) });
export const MODULEENTRY32W = struct("MODULEENTRY32W", { ...moduleEntry, szModule: wchars(256), szExePath: wchars(260) });
export const THREADENTRY32 = struct("THREADENTRY32", {
  dwSize: DWORD,
  cntUsage: DWORD,
  th32ThreadID: DWORD,
  th32OwnerProcessID: DWORD,
  tpBasePri: LONG,
  tpDeltaPri: LONG,
  dwFlags: DWORD,
});

export const HEAPLIST32 = struct("HEAPLIST32", { dwSize: SIZE_T, th32ProcessID: DWORD, th32HeapID: ULONG_PTR_N, dwFlags: DWORD });
export const HEAPENTRY32 = struct("HEAPENTRY32", {
  dwSize: SIZE_T,
  hHandle: PVOID,
  dwAddress: ULONG_PTR_N,
  dwBlockSize: SIZE_T,
  dwFlags: DWORD,
  dwLockCount: DWORD,
  dwResvd: DWORD,
  th32ProcessID: DWORD,
  th32HeapID: ULONG_PTR_N,
});

/** Snapshots of the system ("Tool Help Functions"). The A variants have no letter. */
export const toolhelpApi = api("kernel32", {
  CreateToolhelp32Snapshot: fn(
    handleOr(INVALID_HANDLE_VALUE),
    ["dwFlags", flags("TH32CS", { SNAPHEAPLIST: 1, SNAPPROCESS: 2, SNAPTHREAD: 4, SNAPMODULE: 8, SNAPMODULE32: 16, INHERIT: 0x8000_0000 })],
    ["th32ProcessID", DWORD],
  ),
  Process32First: fn(BOOL, ["hSnapshot", HANDLE], ["lppe", inout(PROCESSENTRY32)]),
  Process32Next: fn(BOOL, ["hSnapshot", HANDLE], ["lppe", inout(PROCESSENTRY32)]),
  Process32FirstW: fn(BOOL, ["hSnapshot", HANDLE], ["lppe", inout(PROCESSENTRY32W)]),
  Process32NextW: fn(BOOL, ["hSnapshot", HANDLE], ["lppe", inout(PROCESSENTRY32W)]),
  Module32First: fn(BOOL, ["hSnapshot", HANDLE], ["lpme", inout(MODULEENTRY32)]),
  Module32Next: fn(BOOL, ["hSnapshot", HANDLE], ["lpme", inout(MODULEENTRY32)]),
  Module32FirstW: fn(BOOL, ["hSnapshot", HANDLE], ["lpme", inout(MODULEENTRY32W)]),
  Module32NextW: fn(BOOL, ["hSnapshot", HANDLE], ["lpme", inout(MODULEENTRY32W)]),
  Thread32First: fn(BOOL, ["hSnapshot", HANDLE], ["lpte", inout(THREADENTRY32)]),
  Thread32Next: fn(BOOL, ["hSnapshot", HANDLE], ["lpte", inout(THREADENTRY32)]),
  Heap32ListFirst: fn(BOOL, ["hSnapshot", HANDLE], ["lphl", inout(HEAPLIST32)]),
  Heap32ListNext: fn(BOOL, ["hSnapshot", HANDLE], ["lphl", inout(HEAPLIST32)]),
  Heap32First: fn(BOOL, ["lphe", inout(HEAPENTRY32)], ["th32ProcessID", DWORD], ["th32HeapID", ULONG_PTR_N]),
  Heap32Next: fn(BOOL, ["lphe", inout(HEAPENTRY32)]),
});
