import { api, DWORD, fn, HANDLE, inout, LSTATUS, out, PVOID, text, TSTR, BOOL } from "@decant/hook";

/** Network drives and shares ("Windows Networking (WNet)"). */
export const networkDrivesApi = api("mpr", {
  WNetGetConnection: text(LSTATUS, ["lpLocalName", TSTR], ["lpRemoteName", PVOID], ["lpnLength", inout(DWORD)]),
  WNetGetUniversalName: text(LSTATUS, ["lpLocalPath", TSTR], ["dwInfoLevel", DWORD], ["lpBuffer", PVOID], ["lpBufferSize", inout(DWORD)]),
  WNetGetUser: text(LSTATUS, ["lpName", TSTR], ["lpUserName", PVOID], ["lpnLength", inout(DWORD)]),
  WNetAddConnection2: text(LSTATUS, ["lpNetResource", PVOID], ["lpPassword", TSTR], ["lpUserName", TSTR], ["dwFlags", DWORD]),
  WNetCancelConnection2: text(LSTATUS, ["lpName", TSTR], ["dwFlags", DWORD], ["fForce", BOOL]),
  WNetOpenEnumA: fn(LSTATUS, ["dwScope", DWORD], ["dwType", DWORD], ["dwUsage", DWORD], ["lpNetResource", PVOID], ["lphEnum", out(HANDLE)]),
  WNetOpenEnumW: fn(LSTATUS, ["dwScope", DWORD], ["dwType", DWORD], ["dwUsage", DWORD], ["lpNetResource", PVOID], ["lphEnum", out(HANDLE)]),
  WNetEnumResourceA: fn(LSTATUS, ["hEnum", HANDLE], ["lpcCount", inout(DWORD)], ["lpBuffer", PVOID], ["lpBufferSize", inout(DWORD)]),
  WNetEnumResourceW: fn(LSTATUS, ["hEnum", HANDLE], ["lpcCount", inout(DWORD)], ["lpBuffer", PVOID], ["lpBufferSize", inout(DWORD)]),
  WNetCloseEnum: fn(LSTATUS, ["hEnum", HANDLE]),
});
