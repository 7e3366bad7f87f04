import {
  api,
  BOOL,
  BYTE,
  byteBlock,
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
  bytesOut,
  RESULT,
} from "@decant/hook";
import { CODE_PAGE, MB_FLAGS, WC_FLAGS, WIDE_RESULT } from "../values/text.ts";

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
    ["CodePage", CODE_PAGE],
    ["dwFlags", MB_FLAGS],
    ["lpMultiByteStr", LPCCH.counted("cbMultiByte")],
    ["cbMultiByte", INT],
    ["lpWideCharStr", WIDE_RESULT],
    ["cchWideChar", INT],
  ),
  WideCharToMultiByte: fn(
    orElse(INT, 0),
    ["CodePage", CODE_PAGE],
    ["dwFlags", WC_FLAGS],
    ["lpWideCharStr", LPCWCH.counted("cchWideChar")],
    ["cchWideChar", INT],
    ["lpMultiByteStr", bytesOut([RESULT, "cbMultiByte"])],
    ["cbMultiByte", INT],
    ["lpDefaultChar", PVOID],
    ["lpUsedDefaultChar", optional(out(BOOL))],
  ),
  GetACP: fn(UINT),
  GetOEMCP: fn(UINT),
  GetCPInfo: fn(BOOL, ["CodePage", CODE_PAGE], ["lpCPInfo", out(CPINFO)]),
  GetCPInfoEx: text(BOOL, ["CodePage", CODE_PAGE], ["dwFlags", DWORD], ["lpCPInfoEx", out(CPINFOEX)]),
  IsValidCodePage: fn(infallible(BOOL), ["CodePage", CODE_PAGE]),
  IsDBCSLeadByte: fn(infallible(BOOL), ["TestChar", BYTE]),
  IsDBCSLeadByteEx: fn(BOOL, ["CodePage", CODE_PAGE], ["TestChar", BYTE]),
});
