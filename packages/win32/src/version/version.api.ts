import { api, BOOL, DWORD, fn, LPCSTR, LPCWSTR, optional, orElse, out, PVOID, required, TBUF, text, TSTR, UINT } from "@decant/hook";

const COUNT = orElse(DWORD, 0);

/** Version resources of files ("Version Information Functions"). */
export const versionApi = api("version", {
  GetFileVersionInfoSize: text(COUNT, ["lptstrFilename", required(TSTR)], ["lpdwHandle", optional(out(DWORD))]),
  GetFileVersionInfoSizeEx: text(COUNT, ["dwFlags", DWORD], ["lpwstrFilename", required(TSTR)], ["lpdwHandle", optional(out(DWORD))]),
  GetFileVersionInfo: text(BOOL, ["lptstrFilename", required(TSTR)], ["dwHandle", DWORD], ["dwLen", DWORD], ["lpData", PVOID]),
  GetFileVersionInfoEx: text(
    BOOL,
    ["dwFlags", DWORD],
    ["lpwstrFilename", required(TSTR)],
    ["dwHandle", DWORD],
    ["dwLen", DWORD],
    ["lpData", PVOID],
  ),
  VerQueryValueA: fn(BOOL, ["pBlock", PVOID], ["lpSubBlock", LPCSTR], ["lplpBuffer", out(PVOID)], ["puLen", out(UINT)]),
  VerQueryValueW: fn(BOOL, ["pBlock", PVOID], ["lpSubBlock", LPCWSTR], ["lplpBuffer", out(PVOID)], ["puLen", out(UINT)]),
  VerLanguageName: text(COUNT, ["wLang", DWORD], ["szLang", TBUF], ["cchLang", DWORD]),
});
