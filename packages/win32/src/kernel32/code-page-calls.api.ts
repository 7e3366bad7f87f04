import {
  api,
  BOOL,
  BYTE,
  byteBlock,
  BYTES,
  DWORD,
  fn,
  infallible,
  INT,
  LPCCH,
  LPCWCH,
  optional,
  orElse,
  out,
  PVOID,
  struct,
  tchars,
  text,
  UINT,
  WCHAR,
} from "@decant/hook";

export const CPINFO = struct("CPINFO", { MaxCharSize: UINT, DefaultChar: byteBlock(2), LeadByte: byteBlock(12) });
export const CPINFOEX = struct("CPINFOEX", {
  MaxCharSize: UINT,
  DefaultChar: byteBlock(2),
  LeadByte: byteBlock(12),
  UnicodeDefaultChar: WCHAR,
  CodePage: UINT,
  CodePageName: tchars(260),
});

/** Code pages ("Unicode and Character Set Functions"). */
export const codePageApi = api("kernel32", {
  MultiByteToWideChar: fn(
    orElse(INT, 0),
    ["CodePage", UINT],
    ["dwFlags", DWORD],
    ["lpMultiByteStr", LPCCH],
    ["cbMultiByte", INT],
    ["lpWideCharStr", PVOID],
    ["cchWideChar", INT],
  ),
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
  GetCPInfoEx: text(BOOL, ["CodePage", UINT], ["dwFlags", DWORD], ["lpCPInfoEx", out(CPINFOEX)]),
  IsValidCodePage: fn(infallible(BOOL), ["CodePage", UINT]),
  IsDBCSLeadByte: fn(infallible(BOOL), ["TestChar", BYTE]),
  IsDBCSLeadByteEx: fn(BOOL, ["CodePage", UINT], ["TestChar", BYTE]),
});
