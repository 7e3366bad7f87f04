import { api, BYTES, DWORD, fn, HANDLE, handleOr, INT, INVALID_HANDLE_VALUE, LONG, LPCSTR, LPCWSTR, optional, orElse, PVOID, UINT, struct, in_ } from "@decant/hook"; // prettier-ignore
import { ACCESS, DISPOSITION, SHARE_MODE } from "./file.api.ts";

/** HFILE_ERROR, and what the others fail with. */
const HFILE = orElse(INT, -1);
const COUNT = orElse(UINT, 0xffff_ffff);

export const CREATEFILE2_EXTENDED_PARAMETERS = struct("CREATEFILE2_EXTENDED_PARAMETERS", {
  dwSize: DWORD,
  dwFileAttributes: DWORD,
  dwFileFlags: DWORD,
  dwSecurityQosFlags: DWORD,
  lpSecurityAttributes: PVOID,
  hTemplateFile: HANDLE,
});

/** Files as 16-bit Windows had them ("OpenFile", "_lread" …), and CreateFile2. An HFILE is a handle. */
export const olderFilesApi = api("kernel32", {
  OpenFile: fn(HFILE, ["lpFileName", LPCSTR], ["lpReOpenBuff", PVOID], ["uStyle", UINT]),
  _lopen: fn(HFILE, ["lpPathName", LPCSTR], ["iReadWrite", INT]),
  _lcreat: fn(HFILE, ["lpPathName", LPCSTR], ["iAttribute", INT]),
  _lclose: fn(HFILE, ["hFile", HANDLE]),
  _lread: fn(COUNT, ["hFile", HANDLE], ["lpBuffer", BYTES], ["uBytes", UINT]),
  _lwrite: fn(COUNT, ["hFile", HANDLE], ["lpBuffer", BYTES], ["uBytes", UINT]),
  _hread: fn(orElse(LONG, -1), ["hFile", HANDLE], ["lpBuffer", BYTES], ["lBytes", LONG]),
  _hwrite: fn(orElse(LONG, -1), ["hFile", HANDLE], ["lpBuffer", BYTES], ["lBytes", LONG]),
  _llseek: fn(orElse(LONG, -1), ["hFile", HANDLE], ["lOffset", LONG], ["iOrigin", INT]),
  CreateFile2: fn(
    handleOr(INVALID_HANDLE_VALUE),
    ["lpFileName", LPCWSTR],
    ["dwDesiredAccess", ACCESS],
    ["dwShareMode", SHARE_MODE],
    ["dwCreationDisposition", DISPOSITION],
    ["pCreateExParams", optional(in_(CREATEFILE2_EXTENDED_PARAMETERS))],
  ),
});
