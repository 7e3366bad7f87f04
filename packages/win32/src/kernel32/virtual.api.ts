import {
  api,
  BOOL,
  DWORD,
  flags,
  fn,
  HANDLE,
  LPCVOID,
  LPVOID,
  optional,
  orElse,
  out,
  PVOID,
  SIZE_T,
  struct,
  ULONG_PTR_N,
  UINT,
  OPAQUE,
} from "@decant/hook";

export const MEM = { COMMIT: 0x1000, RESERVE: 0x2000, DECOMMIT: 0x4000, RELEASE: 0x8000, FREE: 0x1_0000, PRIVATE: 0x2_0000, MAPPED: 0x4_0000, RESET: 0x8_0000, TOP_DOWN: 0x10_0000, WRITE_WATCH: 0x20_0000, RESET_UNDO: 0x100_0000, IMAGE: 0x100_0000, LARGE_PAGES: 0x2000_0000 } as const; // prettier-ignore
const { COMMIT, RESERVE, DECOMMIT, RELEASE, RESET, TOP_DOWN } = MEM;
const ALLOCATION_TYPE = flags("MEM", { COMMIT, RESERVE, DECOMMIT, RELEASE, RESET, TOP_DOWN });
export const PROTECTION = flags("PAGE", {
  NOACCESS: 1,
  READONLY: 2,
  READWRITE: 4,
  WRITECOPY: 8,
  EXECUTE: 0x10,
  EXECUTE_READ: 0x20,
  EXECUTE_READWRITE: 0x40,
  EXECUTE_WRITECOPY: 0x80,
  GUARD: 0x100,
});

const region = { RegionSize: SIZE_T, State: DWORD, Protect: DWORD, Type: DWORD };
const allocation = { BaseAddress: PVOID, AllocationBase: PVOID, AllocationProtect: DWORD };

/** What VirtualQuery tells; on x86 without a PartitionId. */
export const MEMORY_BASIC_INFORMATION = struct("MEMORY_BASIC_INFORMATION", { ...allocation, PartitionId: DWORD, ...region });
export const MEMORY_BASIC_INFORMATION32 = struct("MEMORY_BASIC_INFORMATION", { ...allocation, ...region });

/** Pages and mapped files ("Memory Management Functions", "File Mapping Functions"). */
export const virtualApi = api("kernel32", {
  VirtualAlloc: fn(LPVOID, ["lpAddress", OPAQUE], ["dwSize", SIZE_T], ["flAllocationType", ALLOCATION_TYPE], ["flProtect", PROTECTION]),
  VirtualAllocEx: fn(
    LPVOID,
    ["hProcess", HANDLE],
    ["lpAddress", OPAQUE],
    ["dwSize", SIZE_T],
    ["flAllocationType", ALLOCATION_TYPE],
    ["flProtect", PROTECTION],
  ),
  VirtualFree: fn(BOOL, ["lpAddress", LPVOID], ["dwSize", SIZE_T], ["dwFreeType", ALLOCATION_TYPE]),
  VirtualProtect: fn(BOOL, ["lpAddress", LPVOID], ["dwSize", SIZE_T], ["flNewProtect", PROTECTION], ["lpflOldProtect", out(DWORD)]),
  VirtualProtectEx: fn(
    BOOL,
    ["hProcess", HANDLE],
    ["lpAddress", LPVOID],
    ["dwSize", SIZE_T],
    ["flNewProtect", PROTECTION],
    ["lpflOldProtect", out(DWORD)],
  ),
  VirtualQuery: fn(orElse(SIZE_T, 0), ["lpAddress", LPCVOID], ["lpBuffer", PVOID], ["dwLength", SIZE_T]),
  VirtualQueryEx: fn(orElse(SIZE_T, 0), ["hProcess", HANDLE], ["lpAddress", LPCVOID], ["lpBuffer", PVOID], ["dwLength", SIZE_T]),
  VirtualLock: fn(BOOL, ["lpAddress", LPVOID], ["dwSize", SIZE_T]),
  VirtualUnlock: fn(BOOL, ["lpAddress", LPVOID], ["dwSize", SIZE_T]),
  FlushInstructionCache: fn(BOOL, ["hProcess", HANDLE], ["lpBaseAddress", LPCVOID], ["dwSize", SIZE_T]),
  IsBadReadPtr: fn(BOOL, ["lp", LPCVOID], ["ucb", ULONG_PTR_N]),
  IsBadWritePtr: fn(BOOL, ["lp", LPVOID], ["ucb", ULONG_PTR_N]),
  IsBadCodePtr: fn(BOOL, ["lpfn", LPCVOID]),
  IsBadHugeReadPtr: fn(BOOL, ["lp", LPCVOID], ["ucb", ULONG_PTR_N]),
  IsBadHugeWritePtr: fn(BOOL, ["lp", LPVOID], ["ucb", ULONG_PTR_N]),
  IsBadStringPtrA: fn(BOOL, ["lpsz", LPCVOID], ["ucchMax", ULONG_PTR_N]),
  IsBadStringPtrW: fn(BOOL, ["lpsz", LPCVOID], ["ucchMax", ULONG_PTR_N]),
  ReadProcessMemory: fn(
    BOOL,
    ["hProcess", HANDLE],
    ["lpBaseAddress", LPCVOID],
    ["lpBuffer", LPVOID],
    ["nSize", SIZE_T],
    ["lpNumberOfBytesRead", optional(out(SIZE_T))],
  ),
  WriteProcessMemory: fn(
    BOOL,
    ["hProcess", HANDLE],
    ["lpBaseAddress", LPVOID],
    ["lpBuffer", LPCVOID],
    ["nSize", SIZE_T],
    ["lpNumberOfBytesWritten", optional(out(SIZE_T))],
  ),
  GetLargePageMinimum: fn(SIZE_T),
  GetWriteWatch: fn(
    UINT,
    ["dwFlags", DWORD],
    ["lpBaseAddress", PVOID],
    ["dwRegionSize", SIZE_T],
    ["lpAddresses", PVOID],
    ["lpdwCount", PVOID],
    ["lpdwGranularity", PVOID],
  ),
});
