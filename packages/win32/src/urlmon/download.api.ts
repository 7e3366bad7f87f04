import { api, DWORD, HRESULT, inout, LPSTR_BUF, fn, PVOID, TBUF, text, TSTR } from "@decant/hook";

/** Downloads to files ("URL Monikers Functions"); of monikers themselves nothing is there. */
export const downloadApi = api("urlmon", {
  URLDownloadToFile: text(HRESULT, ["pCaller", PVOID], ["szURL", TSTR], ["szFileName", TSTR], ["dwReserved", DWORD], ["lpfnCB", PVOID]),
  URLDownloadToCacheFile: text(
    HRESULT,
    ["pCaller", PVOID],
    ["szURL", TSTR],
    ["szFileName", TBUF],
    ["cchFileName", DWORD],
    ["dwReserved", DWORD],
    ["lpfnCB", PVOID],
  ),
  ObtainUserAgentString: fn(HRESULT, ["dwOption", DWORD], ["pszUAOut", LPSTR_BUF], ["cbSize", inout(DWORD)]),
});
