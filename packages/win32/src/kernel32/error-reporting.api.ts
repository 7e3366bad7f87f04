import { api, DWORD, fn, HANDLE, HRESULT, INT, LPCWSTR, OPAQUE, out } from "@decant/hook";

/** What a report of an error is to hold ("Windows Error Reporting"). */
export const errorReportingApi = api("kernel32", {
  WerSetFlags: fn(HRESULT, ["dwFlags", DWORD]),
  WerGetFlags: fn(HRESULT, ["hProcess", HANDLE], ["pdwFlags", out(DWORD)]),
  WerRegisterRuntimeExceptionModule: fn(HRESULT, ["pwszOutOfProcessCallbackDll", LPCWSTR], ["pContext", OPAQUE]),
  WerUnregisterRuntimeExceptionModule: fn(HRESULT, ["pwszOutOfProcessCallbackDll", LPCWSTR], ["pContext", OPAQUE]),
  WerRegisterMemoryBlock: fn(HRESULT, ["pvAddress", OPAQUE], ["dwSize", DWORD]),
  WerUnregisterMemoryBlock: fn(HRESULT, ["pvAddress", OPAQUE]),
  WerRegisterFile: fn(HRESULT, ["pwzFile", LPCWSTR], ["regFileType", INT], ["dwFlags", DWORD]),
  WerUnregisterFile: fn(HRESULT, ["pwzFilePath", LPCWSTR]),
});
