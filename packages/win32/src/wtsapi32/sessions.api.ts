import { api, BOOL, DWORD, fn, HANDLE, handleOr, INT, NULL_HANDLE, out, PVOID, text, TSTR, VOID } from "@decant/hook";

/** Sessions of users on a machine ("Remote Desktop Services Functions"): there is one, on the console. */
export const sessionsApi = api("wtsapi32", {
  WTSOpenServer: text(handleOr(NULL_HANDLE), ["pServerName", TSTR]),
  WTSCloseServer: fn(VOID, ["hServer", HANDLE]),
  WTSEnumerateSessionsW: fn(BOOL, ["hServer", HANDLE], ["Reserved", DWORD], ["Version", DWORD], ["ppSessionInfo", out(PVOID)], ["pCount", out(DWORD)]), // prettier-ignore
  WTSEnumerateSessionsA: fn(BOOL, ["hServer", HANDLE], ["Reserved", DWORD], ["Version", DWORD], ["ppSessionInfo", out(PVOID)], ["pCount", out(DWORD)]), // prettier-ignore
  WTSQuerySessionInformationW: fn(BOOL, ["hServer", HANDLE], ["SessionId", DWORD], ["WTSInfoClass", INT], ["ppBuffer", out(PVOID)], ["pBytesReturned", out(DWORD)]), // prettier-ignore
  WTSQuerySessionInformationA: fn(BOOL, ["hServer", HANDLE], ["SessionId", DWORD], ["WTSInfoClass", INT], ["ppBuffer", out(PVOID)], ["pBytesReturned", out(DWORD)]), // prettier-ignore
  WTSQueryUserToken: fn(BOOL, ["SessionId", DWORD], ["phToken", out(HANDLE)]),
  WTSFreeMemory: fn(VOID, ["pMemory", PVOID]),
});
