import { api, BOOL, infallible, orElse, PVOID, TBUF, TCCH, text, TSTR, VOID } from "@decant/hook";

/** Paths as text ("Shell Path Handling Functions"); buffers have room for MAX_PATH characters. */
export const shellPathsApi = api("shlwapi", {
  PathCanonicalize: text(BOOL, ["pszBuf", TBUF], ["pszPath", TSTR]),
  PathCombine: text(orElse(PVOID, 0), ["pszDest", TBUF], ["pszDir", TSTR], ["pszFile", TSTR]),
  PathAppend: text(BOOL, ["pszPath", TBUF], ["pszMore", TSTR]),
  PathRemoveFileSpec: text(infallible(BOOL), ["pszPath", TBUF]),
  PathStripPath: text(VOID, ["pszPath", TBUF]),
  PathIsRelative: text(infallible(BOOL), ["pszPath", TSTR]),
  PathFindFileName: text(PVOID, ["pszPath", TCCH]),
  PathFindExtension: text(PVOID, ["pszPath", TCCH]),
});
