import {
  alias,
  api,
  BOOL,
  BOOLEAN,
  bytesOut,
  DWORD,
  fn,
  HANDLE,
  inout,
  LONG,
  optional,
  out,
  PVOID,
  struct,
  TBUF,
  text,
  TSTR,
  ULONG,
} from "@decant/hook";

export const LUID = struct("LUID", { LowPart: DWORD, HighPart: LONG });

/** Tokens, privileges, security of files, random bytes ("Authorization Functions"). */
export const securityApi = api("advapi32", {
  OpenProcessToken: fn(BOOL, ["ProcessHandle", HANDLE], ["DesiredAccess", DWORD], ["TokenHandle", out(HANDLE)]),
  OpenThreadToken: fn(BOOL, ["ThreadHandle", HANDLE], ["DesiredAccess", DWORD], ["OpenAsSelf", BOOL], ["TokenHandle", out(HANDLE)]),
  LookupPrivilegeValue: text(BOOL, ["lpSystemName", TSTR], ["lpName", TSTR], ["lpLuid", out(LUID)]),
  AdjustTokenPrivileges: fn(
    BOOL,
    ["TokenHandle", HANDLE],
    ["DisableAllPrivileges", BOOL],
    ["NewState", PVOID],
    ["BufferLength", DWORD],
    ["PreviousState", PVOID],
    ["ReturnLength", optional(out(DWORD))],
  ),
  GetTokenInformation: fn(
    BOOL,
    ["TokenHandle", HANDLE],
    ["TokenInformationClass", DWORD],
    ["TokenInformation", PVOID],
    ["TokenInformationLength", DWORD],
    ["ReturnLength", out(DWORD)],
  ),
  GetFileSecurity: text(
    BOOL,
    ["lpFileName", TSTR],
    ["RequestedInformation", DWORD],
    ["pSecurityDescriptor", PVOID],
    ["nLength", DWORD],
    ["lpnLengthNeeded", out(DWORD)],
  ),
  SetFileSecurity: text(BOOL, ["lpFileName", TSTR], ["SecurityInformation", DWORD], ["pSecurityDescriptor", PVOID]),
  GetUserName: text(BOOL, ["lpBuffer", TBUF], ["pcbBuffer", inout(DWORD)]),
  SystemFunction036: fn(BOOLEAN, ["RandomBuffer", bytesOut("RandomBufferLength")], ["RandomBufferLength", ULONG]),
  RtlGenRandom: alias("SystemFunction036"),
});
