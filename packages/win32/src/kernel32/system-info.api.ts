import {
  api,
  BOOL,
  byteBlock,
  DWORD,
  fn,
  in_,
  infallible,
  inout,
  out,
  PVOID,
  struct,
  tchars,
  ULARGE_INTEGER,
  UINT,
  ULONGLONG,
  ULONG_PTR_N,
  VOID,
  WORD,
  BYTE,
  TBUF,
  text,
  orElse,
} from "@decant/hook";

export const SYSTEM_INFO = struct("SYSTEM_INFO", {
  wProcessorArchitecture: WORD,
  wReserved: WORD,
  dwPageSize: DWORD,
  lpMinimumApplicationAddress: PVOID,
  lpMaximumApplicationAddress: PVOID,
  dwActiveProcessorMask: ULONG_PTR_N,
  dwNumberOfProcessors: DWORD,
  dwProcessorType: DWORD,
  dwAllocationGranularity: DWORD,
  wProcessorLevel: WORD,
  wProcessorRevision: WORD,
});

export const MEMORYSTATUS = struct("MEMORYSTATUS", {
  dwLength: DWORD,
  dwMemoryLoad: DWORD,
  dwTotalPhys: ULONG_PTR_N,
  dwAvailPhys: ULONG_PTR_N,
  dwTotalPageFile: ULONG_PTR_N,
  dwAvailPageFile: ULONG_PTR_N,
  dwTotalVirtual: ULONG_PTR_N,
  dwAvailVirtual: ULONG_PTR_N,
});

export const OSVERSIONINFO = struct("OSVERSIONINFO", {
  dwOSVersionInfoSize: DWORD,
  dwMajorVersion: DWORD,
  dwMinorVersion: DWORD,
  dwBuildNumber: DWORD,
  dwPlatformId: DWORD,
  szCSDVersion: tchars(128),
});

export const OSVERSIONINFOEXA = struct("OSVERSIONINFOEXA", {
  dwOSVersionInfoSize: DWORD,
  dwMajorVersion: DWORD,
  dwMinorVersion: DWORD,
  dwBuildNumber: DWORD,
  dwPlatformId: DWORD,
  szCSDVersion: byteBlock(128),
  wServicePackMajor: WORD,
  wServicePackMinor: WORD,
  wSuiteMask: WORD,
  wProductType: BYTE,
  wReserved: BYTE,
});

export const OSVERSIONINFOEXW = struct("OSVERSIONINFOEXW", { ...OSVERSIONINFOEXA.fields, szCSDVersion: byteBlock(256) });

export const MEMORYSTATUSEX = struct("MEMORYSTATUSEX", {
  dwLength: DWORD,
  dwMemoryLoad: DWORD,
  ullTotalPhys: ULARGE_INTEGER,
  ullAvailPhys: ULARGE_INTEGER,
  ullTotalPageFile: ULARGE_INTEGER,
  ullAvailPageFile: ULARGE_INTEGER,
  ullTotalVirtual: ULARGE_INTEGER,
  ullAvailVirtual: ULARGE_INTEGER,
  ullAvailExtendedVirtual: ULARGE_INTEGER,
});

/** What the machine and the system are ("System Information Functions"). */
export const systemInfoApi = api("kernel32", {
  GetSystemInfo: fn(VOID, ["lpSystemInfo", out(SYSTEM_INFO)]),
  GetNativeSystemInfo: fn(VOID, ["lpSystemInfo", out(SYSTEM_INFO)]),
  GetVersion: fn(DWORD),
  GetVersionEx: text(BOOL, ["lpVersionInformation", inout(OSVERSIONINFO)]),
  VerSetConditionMask: fn(ULONGLONG, ["ConditionMask", ULONGLONG], ["TypeMask", DWORD], ["Condition", BYTE]),
  VerifyVersionInfoA: fn(BOOL, ["lpVersionInformation", in_(OSVERSIONINFOEXA)], ["dwTypeMask", DWORD], ["dwlConditionMask", ULONGLONG]),
  VerifyVersionInfoW: fn(BOOL, ["lpVersionInformation", in_(OSVERSIONINFOEXW)], ["dwTypeMask", DWORD], ["dwlConditionMask", ULONGLONG]),
  IsProcessorFeaturePresent: fn(infallible(BOOL), ["ProcessorFeature", DWORD]),
  GetActiveProcessorCount: fn(orElse(DWORD, 0), ["GroupNumber", WORD]),
  GetMaximumProcessorCount: fn(orElse(DWORD, 0), ["GroupNumber", WORD]),
  GetActiveProcessorGroupCount: fn(WORD),
  GlobalMemoryStatus: fn(VOID, ["lpBuffer", out(MEMORYSTATUS)]),
  GlobalMemoryStatusEx: fn(BOOL, ["lpBuffer", inout(MEMORYSTATUSEX)]),
  GetComputerName: text(BOOL, ["lpBuffer", TBUF], ["nSize", inout(DWORD)]),
  GetComputerNameEx: text(BOOL, ["NameType", UINT], ["lpBuffer", TBUF], ["nSize", inout(DWORD)]),
});
