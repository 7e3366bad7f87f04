import { alias, api, BOOL, BOOLEAN, BYTES, DWORD, fn, HANDLE, HKEY, LSTATUS, out, PVOID, text, TSTR } from "@decant/hook";

/** Tokens, file security and random bytes ("Authorization Functions"), as far as there is something behind them. */
export const securityApi = api("advapi32", {
  OpenProcessToken: fn(BOOL, ["ProcessHandle", HANDLE], ["DesiredAccess", DWORD], ["TokenHandle", out(HANDLE)]),
  OpenThreadToken: fn(BOOL, ["ThreadHandle", HANDLE], ["DesiredAccess", DWORD], ["OpenAsSelf", BOOL], ["TokenHandle", out(HANDLE)]),
  LookupPrivilegeValue: text(BOOL, ["lpSystemName", TSTR], ["lpName", TSTR], ["lpLuid", PVOID]),
  AdjustTokenPrivileges: fn(BOOL, ["TokenHandle", HANDLE], ["DisableAllPrivileges", BOOL], ["NewState", PVOID], ["BufferLength", DWORD], ["PreviousState", PVOID], ["ReturnLength", PVOID]),
  GetFileSecurity: text(BOOL, ["lpFileName", TSTR], ["RequestedInformation", DWORD], ["pSecurityDescriptor", PVOID], ["nLength", DWORD], ["lpnLengthNeeded", out(DWORD)]),
  SetFileSecurity: text(BOOL, ["lpFileName", TSTR], ["SecurityInformation", DWORD], ["pSecurityDescriptor", PVOID]),
  SystemFunction036: fn(BOOLEAN, ["RandomBuffer", BYTES], ["RandomBufferLength", DWORD]),
  RtlGenRandom: alias("SystemFunction036"),
  RegOpenKeyEx: text(LSTATUS, ["hKey", HKEY], ["lpSubKey", TSTR], ["ulOptions", DWORD], ["samDesired", DWORD], ["phkResult", out(HKEY)]),
  RegQueryValueEx: text(LSTATUS, ["hKey", HKEY], ["lpValueName", TSTR], ["lpReserved", PVOID], ["lpType", PVOID], ["lpData", PVOID], ["lpcbData", PVOID]),
  RegCloseKey: fn(LSTATUS, ["hKey", HKEY]),
});
