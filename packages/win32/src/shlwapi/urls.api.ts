import { api, BOOL, DWORD, HRESULT, infallible, inout, INT, TBUF, text, TSTR } from "@decant/hook";

/** URLs as text ("Shell URL Handling Functions"), as far as they stand for files. */
export const shellUrlsApi = api("shlwapi", {
  UrlIs: text(infallible(BOOL), ["pszUrl", TSTR], ["UrlIs", INT]),
  PathIsURL: text(infallible(BOOL), ["pszPath", TSTR]),
  PathCreateFromUrl: text(HRESULT, ["pszUrl", TSTR], ["pszPath", TBUF], ["pcchPath", inout(DWORD)], ["dwFlags", DWORD]),
  UrlCreateFromPath: text(HRESULT, ["pszPath", TSTR], ["pszUrl", TBUF], ["pcchUrl", inout(DWORD)], ["dwFlags", DWORD]),
});
