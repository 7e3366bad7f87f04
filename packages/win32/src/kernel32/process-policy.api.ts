import { api, BOOL, BYTES, DWORD, fn, HANDLE, handleOr, NULL_HANDLE, HRESULT, infallible, INT, LPCWSTR, out, PVOID, struct, ULONG, ULONGLONG, USHORT, BYTE, SIZE_T, optional, LONG, VOID, text, TSTR } from "@decant/hook"; // prettier-ignore

export const IO_COUNTERS = struct("IO_COUNTERS", {
  ReadOperationCount: ULONGLONG,
  WriteOperationCount: ULONGLONG,
  OtherOperationCount: ULONGLONG,
  ReadTransferCount: ULONGLONG,
  WriteTransferCount: ULONGLONG,
  OtherTransferCount: ULONGLONG,
});

export const SYSTEM_POWER_STATUS = struct("SYSTEM_POWER_STATUS", {
  ACLineStatus: BYTE,
  BatteryFlag: BYTE,
  BatteryLifePercent: BYTE,
  SystemStatusFlag: BYTE,
  BatteryLifeTime: DWORD,
  BatteryFullLifeTime: DWORD,
});

/** What is set of processes and threads, and read back; what the machine's power and firmware are ("Process and Thread Functions", "Power Management"). */
export const processPolicyApi = api("kernel32", {
  SetThreadDescription: fn(HRESULT, ["hThread", HANDLE], ["lpThreadDescription", LPCWSTR]),
  GetThreadDescription: fn(HRESULT, ["hThread", HANDLE], ["ppszThreadDescription", out(PVOID)]),
  GetThreadInformation: fn(BOOL, ["hThread", HANDLE], ["ThreadInformationClass", INT], ["ThreadInformation", BYTES], ["size", DWORD]),
  SetThreadInformation: fn(BOOL, ["hThread", HANDLE], ["ThreadInformationClass", INT], ["ThreadInformation", BYTES], ["size", DWORD]),
  GetProcessInformation: fn(BOOL, ["hProcess", HANDLE], ["ProcessInformationClass", INT], ["ProcessInformation", BYTES], ["size", DWORD]),
  SetProcessInformation: fn(BOOL, ["hProcess", HANDLE], ["ProcessInformationClass", INT], ["ProcessInformation", BYTES], ["size", DWORD]),
  GetProcessMitigationPolicy: fn(BOOL, ["hProcess", HANDLE], ["MitigationPolicy", INT], ["lpBuffer", BYTES], ["dwLength", SIZE_T]),
  SetProcessMitigationPolicy: fn(BOOL, ["MitigationPolicy", INT], ["lpBuffer", BYTES], ["dwLength", SIZE_T]),
  GetProcessDEPPolicy: fn(BOOL, ["hProcess", HANDLE], ["lpFlags", out(DWORD)], ["lpPermanent", out(BOOL)]),
  SetProcessDEPPolicy: fn(BOOL, ["dwFlags", DWORD]),
  GetSystemDEPPolicy: fn(INT),
  GetProcessIoCounters: fn(BOOL, ["hProcess", HANDLE], ["lpIoCounters", out(IO_COUNTERS)]),
  GetProcessWorkingSetSizeEx: fn(
    BOOL,
    ["hProcess", HANDLE],
    ["lpMinimumWorkingSetSize", out(SIZE_T)],
    ["lpMaximumWorkingSetSize", out(SIZE_T)],
    ["Flags", out(DWORD)],
  ),
  SetProcessWorkingSetSizeEx: fn(
    BOOL,
    ["hProcess", HANDLE],
    ["dwMinimumWorkingSetSize", SIZE_T],
    ["dwMaximumWorkingSetSize", SIZE_T],
    ["Flags", DWORD],
  ),
  IsProcessCritical: fn(BOOL, ["hProcess", HANDLE], ["Critical", out(BOOL)]),
  SetThreadExecutionState: fn(infallible(DWORD), ["esFlags", DWORD]),
  GetSystemPowerStatus: fn(BOOL, ["lpSystemPowerStatus", out(SYSTEM_POWER_STATUS)]),
  GetFirmwareType: fn(BOOL, ["FirmwareType", out(INT)]),
  GetFirmwareEnvironmentVariable: text(DWORD, ["lpName", TSTR], ["lpGuid", TSTR], ["pBuffer", PVOID], ["nSize", DWORD]),
  RegisterApplicationRestart: fn(HRESULT, ["pwzCommandline", LPCWSTR], ["dwFlags", DWORD]),
  UnregisterApplicationRestart: fn(HRESULT),
  WTSGetActiveConsoleSessionId: fn(DWORD),
  SetSearchPathMode: fn(BOOL, ["Flags", DWORD]),
  FlushProcessWriteBuffers: fn(VOID),
  Wow64DisableWow64FsRedirection: fn(BOOL, ["OldValue", optional(out(PVOID))]),
  Wow64RevertWow64FsRedirection: fn(BOOL, ["OlValue", PVOID]),
  Wow64EnableWow64FsRedirection: fn(BOOL, ["Wow64FsEnableRedirection", BOOL]),
  IsWow64GuestMachineSupported: fn(HRESULT, ["WowGuestMachine", USHORT], ["MachineIsSupported", out(BOOL)]),
  CreateMemoryResourceNotification: fn(handleOr(NULL_HANDLE), ["NotificationType", INT]),
  QueryMemoryResourceNotification: fn(BOOL, ["ResourceNotificationHandle", HANDLE], ["ResourceState", out(BOOL)]),
  DiscardVirtualMemory: fn(infallible(LONG), ["VirtualAddress", PVOID], ["Size", SIZE_T]),
  OfferVirtualMemory: fn(infallible(LONG), ["VirtualAddress", PVOID], ["Size", SIZE_T], ["Priority", INT]),
  ReclaimVirtualMemory: fn(infallible(LONG), ["VirtualAddress", PVOID], ["Size", SIZE_T]),
  PrefetchVirtualMemory: fn(BOOL, ["hProcess", HANDLE], ["NumberOfEntries", SIZE_T], ["VirtualAddresses", PVOID], ["Flags", ULONG]),
});
