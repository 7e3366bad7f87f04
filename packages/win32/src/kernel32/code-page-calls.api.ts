import { api, BOOL, BYTE, byteBlock, BYTES, DWORD, fn, infallible, INT, LPCCH, LPCWCH, optional, orElse, out, PVOID, struct, UINT, WCHAR, wchars } from "@decant/hook";

export const CPINFO = struct("CPINFO", { MaxCharSize: UINT, DefaultChar: byteBlock(2), LeadByte: byteBlock(12) });
export const CPINFOEXW = struct("CPINFOEXW", {
  MaxCharSize: UINT,
  DefaultChar: byteBlock(2),
  LeadByte: byteBlock(12),
  UnicodeDefaultChar: WCHAR,
  CodePage: UINT,
  CodePageName: wchars(260),
});

/** Code pages ("Unicode and Character Set Functions"). */
export const codePageApi = api("kernel32", {
  MultiByteToWideChar: fn(orElse(INT, 0), ["CodePage", UINT], ["dwFlags", DWORD], ["lpMultiByteStr", LPCCH], ["cbMultiByte", INT], ["lpWideCharStr", PVOID], ["cchWideChar", INT]),
  WideCharToMultiByte: fn(
    orElse(INT, 0),
    ["CodePage", UINT],
    ["dwFlags", DWORD],
    ["lpWideCharStr", LPCWCH],
    ["cchWideChar", INT],
    ["lpMultiByteStr", BYTES],
    ["cbMultiByte", INT],
    ["lpDefaultChar", PVOID],
    ["lpUsedDefaultChar", optional(out(BOOL))],
  ),
  GetACP: fn(UINT),
  GetOEMCP: fn(UINT),
  GetCPInfo: fn(BOOL, ["CodePage", UINT], ["lpCPInfo", out(CPINFO)]),
  GetCPInfoExW: fn(BOOL, ["CodePage", UINT], ["dwFlags", DWORD], ["lpCPInfoEx", out(CPINFOEXW)]),
  IsValidCodePage: fn(infallible(BOOL), ["CodePage", UINT]),
  IsDBCSLeadByte: fn(infallible(BOOL), ["TestChar", BYTE]),
  IsDBCSLeadByteEx: fn(BOOL, ["CodePage", UINT], ["TestChar", BYTE]),
});
