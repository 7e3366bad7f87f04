import { api, BOOL, fn, HWND, infallible, INT, PVOID, struct, UINT, WORD } from "@decant/hook";

const fields = {
  hwnd: HWND,
  wFunc: UINT,
  pFrom: PVOID,
  pTo: PVOID,
  fFlags: WORD,
  fAnyOperationsAborted: BOOL,
  hNameMappings: PVOID,
  lpszProgressTitle: PVOID,
};
/** Packed for x86, and not for x64 (shellapi.h). */
export const SHFILEOPSTRUCT = { 4: struct("SHFILEOPSTRUCT", fields, { pack: 1 }), 8: struct("SHFILEOPSTRUCT", fields) } as const;

/** Copies, moves and deletions of many files ("SHFileOperationW function"). */
export const fileOperationApi = api("shell32", {
  SHFileOperationA: fn(infallible(INT), ["lpFileOp", PVOID]),
  SHFileOperationW: fn(infallible(INT), ["lpFileOp", PVOID]),
});
