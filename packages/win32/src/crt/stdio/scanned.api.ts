import { api, CSTR, errno, fn, INT, LPCWSTR, OPAQUE, PVOID, SIZE_T, ULONGLONG, VA_LIST, VARARGS } from "@decant/hook";
import { FILE_AT } from "../../values/runtime.ts";
import { CDECL, MSVCRT, UCRT } from "../dlls.ts";

const COUNT = errno(INT, -1);

/** Formatted input of msvcrt. */
export const msvcrtScannedApi = api(
  MSVCRT,
  {
    scanf: fn(COUNT, ["format", CSTR], VARARGS),
    fscanf: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], VARARGS),
    sscanf: fn(COUNT, ["buffer", CSTR], ["format", CSTR], VARARGS),
    scanf_s: fn(COUNT, ["format", CSTR], VARARGS),
    fscanf_s: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], VARARGS),
    sscanf_s: fn(COUNT, ["buffer", CSTR], ["format", CSTR], VARARGS),
    swscanf: fn(COUNT, ["buffer", LPCWSTR], ["format", LPCWSTR], VARARGS),
    swscanf_s: fn(COUNT, ["buffer", LPCWSTR], ["format", LPCWSTR], VARARGS),
    _snscanf: fn(COUNT, ["buffer", PVOID], ["length", SIZE_T], ["format", CSTR], VARARGS),
  },
  CDECL,
);

/** Formatted input of the ucrt. */
export const ucrtScannedApi = api(
  UCRT,
  {
    __stdio_common_vfscanf: fn(
      COUNT,
      ["options", ULONGLONG],
      ["stream", FILE_AT],
      ["format", CSTR],
      ["locale", OPAQUE],
      ["argptr", VA_LIST],
    ),
    __stdio_common_vsscanf: fn(
      COUNT,
      ["options", ULONGLONG],
      ["buffer", PVOID],
      ["count", ULONGLONG],
      ["format", CSTR],
      ["locale", OPAQUE],
      ["argptr", VA_LIST],
    ),
    __stdio_common_vswscanf: fn(
      COUNT,
      ["options", ULONGLONG],
      ["buffer", PVOID],
      ["count", ULONGLONG],
      ["format", LPCWSTR],
      ["locale", OPAQUE],
      ["argptr", VA_LIST],
    ),
  },
  CDECL,
);
