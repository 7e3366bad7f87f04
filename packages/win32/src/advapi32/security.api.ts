import { alias, api, BOOL, BOOLEAN, BYTES, DWORD, fn, HANDLE, out, PVOID, text, TSTR } from "@decant/hook";

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
});
