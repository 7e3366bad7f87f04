import { api, BOOL, DWORD, fn, handleOr, LPCWSTR, NULL_HANDLE, HANDLE, PVOID } from "@decant/hook";

/** What programs ask of WinHTTP to find the user's proxies ("WinHTTP Functions"). */
export const proxiesApi = api("winhttp", {
  WinHttpOpen: fn(
    handleOr(NULL_HANDLE),
    ["pszAgentW", LPCWSTR],
    ["dwAccessType", DWORD],
    ["pszProxyW", LPCWSTR],
    ["pszProxyBypassW", LPCWSTR],
    ["dwFlags", DWORD],
  ),
  WinHttpCloseHandle: fn(BOOL, ["hInternet", HANDLE]),
  WinHttpGetIEProxyConfigForCurrentUser: fn(BOOL, ["pProxyConfig", PVOID]),
  WinHttpGetDefaultProxyConfiguration: fn(BOOL, ["pProxyInfo", PVOID]),
  WinHttpGetProxyForUrl: fn(BOOL, ["hSession", HANDLE], ["lpcwszUrl", LPCWSTR], ["pAutoProxyOptions", PVOID], ["pProxyInfo", PVOID]),
});
