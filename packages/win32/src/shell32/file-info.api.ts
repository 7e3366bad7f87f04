import { api, DWORD, HANDLE, inout, INT, orElse, PVOID, required, struct, tchars, text, TSTR, UINT } from "@decant/hook";

export const SHFILEINFO = struct("SHFILEINFO", {
  hIcon: HANDLE,
  iIcon: INT,
  dwAttributes: DWORD,
  szDisplayName: tchars(260),
  szTypeName: tchars(80),
});

/** What the shell tells of a file ("SHGetFileInfoW function"). */
export const fileInfoApi = api("shell32", {
  SHGetFileInfo: text(
    orElse(PVOID, 0),
    ["pszPath", required(TSTR)],
    ["dwFileAttributes", DWORD],
    ["psfi", inout(SHFILEINFO)],
    ["cbFileInfo", UINT],
    ["uFlags", UINT],
  ),
});
