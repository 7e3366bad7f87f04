import { api, BOOL, DWORD, fn, handleOr, LPCWSTR, NULL_HANDLE, orElse, out, PVOID, SC_HANDLE, text, TSTR } from "@decant/hook";

const MANAGER = handleOr(NULL_HANDLE, SC_HANDLE);
const SERVICE = ["hService", SC_HANDLE] as const;

const CONFIGURATION = [
  ["dwServiceType", DWORD],
  ["dwStartType", DWORD],
  ["dwErrorControl", DWORD],
  ["lpBinaryPathName", TSTR],
  ["lpLoadOrderGroup", TSTR],
  ["lpdwTagId", PVOID],
  ["lpDependencies", PVOID],
  ["lpServiceStartName", TSTR],
  ["lpPassword", TSTR],
] as const;

const SERVICES = [
  ["dwServiceType", DWORD],
  ["dwServiceState", DWORD],
  ["lpServices", PVOID],
  ["cbBufSize", DWORD],
  ["pcbBytesNeeded", out(DWORD)],
  ["lpServicesReturned", out(DWORD)],
  ["lpResumeHandle", PVOID],
] as const;

/** Services ("Service Functions"): there are none. */
export const serviceControlApi = api("advapi32", {
  OpenSCManager: text(MANAGER, ["lpMachineName", TSTR], ["lpDatabaseName", TSTR], ["dwDesiredAccess", DWORD]),
  OpenService: text(MANAGER, ["hSCManager", SC_HANDLE], ["lpServiceName", TSTR], ["dwDesiredAccess", DWORD]),
  CreateService: text(
    MANAGER,
    ["hSCManager", SC_HANDLE],
    ["lpServiceName", TSTR],
    ["lpDisplayName", TSTR],
    ["dwDesiredAccess", DWORD],
    ...CONFIGURATION,
  ),
  CloseServiceHandle: fn(BOOL, ["hSCObject", SC_HANDLE]),
  ControlService: fn(BOOL, SERVICE, ["dwControl", DWORD], ["lpServiceStatus", PVOID]),
  DeleteService: fn(BOOL, SERVICE),
  StartService: text(BOOL, SERVICE, ["dwNumServiceArgs", DWORD], ["lpServiceArgVectors", PVOID]),
  QueryServiceStatus: fn(BOOL, SERVICE, ["lpServiceStatus", PVOID]),
  QueryServiceStatusEx: fn(BOOL, SERVICE, ["InfoLevel", DWORD], ["lpBuffer", PVOID], ["cbBufSize", DWORD], ["pcbBytesNeeded", out(DWORD)]),
  QueryServiceConfig: text(BOOL, SERVICE, ["lpServiceConfig", PVOID], ["cbBufSize", DWORD], ["pcbBytesNeeded", out(DWORD)]),
  QueryServiceConfig2: text(
    BOOL,
    SERVICE,
    ["dwInfoLevel", DWORD],
    ["lpBuffer", PVOID],
    ["cbBufSize", DWORD],
    ["pcbBytesNeeded", out(DWORD)],
  ),
  ChangeServiceConfig: text(BOOL, SERVICE, ...CONFIGURATION, ["lpDisplayName", TSTR]),
  ChangeServiceConfig2: text(BOOL, SERVICE, ["dwInfoLevel", DWORD], ["lpInfo", PVOID]),
  EnumServicesStatusEx: text(BOOL, ["hSCManager", SC_HANDLE], ["InfoLevel", DWORD], ...SERVICES, ["pszGroupName", TSTR]),
  EnumServicesStatus: text(BOOL, ["hSCManager", SC_HANDLE], ...SERVICES),
  EnumDependentServices: text(
    BOOL,
    SERVICE,
    ["dwServiceState", DWORD],
    ["lpServices", PVOID],
    ["cbBufSize", DWORD],
    ["pcbBytesNeeded", PVOID],
    ["lpServicesReturned", PVOID],
  ),
  NotifyServiceStatusChangeW: fn(orElse(DWORD, 6), SERVICE, ["dwNotifyMask", DWORD], ["pNotifyBuffer", PVOID]),
  StartServiceCtrlDispatcher: text(BOOL, ["lpServiceStartTable", PVOID]),
  RegisterServiceCtrlHandler: text(MANAGER, ["lpServiceName", TSTR], ["lpHandlerProc", PVOID]),
  RegisterServiceCtrlHandlerEx: text(MANAGER, ["lpServiceName", TSTR], ["lpHandlerProc", PVOID], ["lpContext", PVOID]),
  SetServiceStatus: fn(BOOL, ["hServiceStatus", SC_HANDLE], ["lpServiceStatus", PVOID]),
  InitiateSystemShutdownExW: fn(
    BOOL,
    ["lpMachineName", LPCWSTR],
    ["lpMessage", LPCWSTR],
    ["dwTimeout", DWORD],
    ["bForceAppsClosed", BOOL],
    ["bRebootAfterShutdown", BOOL],
    ["dwReason", DWORD],
  ),
});
