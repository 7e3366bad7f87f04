import { api, CSTR, errno, fn, INT, LPCWSTR, LPSTR, LPWSTR, OPAQUE, SIZE_T, ULONGLONG, VA_LIST, VARARGS } from "@decant/hook";
import { FILE_AT } from "../../values/runtime.ts";
import { CDECL, MSVCRT, UCRT } from "../dlls.ts";

const COUNT = errno(INT, -1);

/** Formatted output and input of msvcrt: a function for each kind ("Format specification syntax: printf and wprintf functions"). */
export const msvcrtFormattedApi = api(
  MSVCRT,
  {
    printf: fn(COUNT, ["format", CSTR], VARARGS),
    fprintf: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], VARARGS),
    sprintf: fn(COUNT, ["buffer", LPSTR], ["format", CSTR], VARARGS),
    _snprintf: fn(COUNT, ["buffer", LPSTR], ["count", SIZE_T], ["format", CSTR], VARARGS),
    _scprintf: fn(COUNT, ["format", CSTR], VARARGS),
    sprintf_s: fn(COUNT, ["buffer", LPSTR], ["size", SIZE_T], ["format", CSTR], VARARGS),
    _snprintf_s: fn(COUNT, ["buffer", LPSTR], ["size", SIZE_T], ["count", SIZE_T], ["format", CSTR], VARARGS),
    printf_s: fn(COUNT, ["format", CSTR], VARARGS),
    fprintf_s: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], VARARGS),
    vprintf: fn(COUNT, ["format", CSTR], ["argptr", VA_LIST]),
    vfprintf: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], ["argptr", VA_LIST]),
    vsprintf: fn(COUNT, ["buffer", LPSTR], ["format", CSTR], ["argptr", VA_LIST]),
    _vsnprintf: fn(COUNT, ["buffer", LPSTR], ["count", SIZE_T], ["format", CSTR], ["argptr", VA_LIST]),
    vsnprintf: fn(COUNT, ["buffer", LPSTR], ["count", SIZE_T], ["format", CSTR], ["argptr", VA_LIST]),
    _vscprintf: fn(COUNT, ["format", CSTR], ["argptr", VA_LIST]),
    vsprintf_s: fn(COUNT, ["buffer", LPSTR], ["size", SIZE_T], ["format", CSTR], ["argptr", VA_LIST]),
    _vsnprintf_s: fn(COUNT, ["buffer", LPSTR], ["size", SIZE_T], ["count", SIZE_T], ["format", CSTR], ["argptr", VA_LIST]),
    wprintf: fn(COUNT, ["format", LPCWSTR], VARARGS),
    fwprintf: fn(COUNT, ["stream", FILE_AT], ["format", LPCWSTR], VARARGS),
    swprintf: fn(COUNT, ["buffer", LPWSTR], ["format", LPCWSTR], VARARGS),
    _swprintf: fn(COUNT, ["buffer", LPWSTR], ["format", LPCWSTR], VARARGS),
    _snwprintf: fn(COUNT, ["buffer", LPWSTR], ["count", SIZE_T], ["format", LPCWSTR], VARARGS),
    _scwprintf: fn(COUNT, ["format", LPCWSTR], VARARGS),
    swprintf_s: fn(COUNT, ["buffer", LPWSTR], ["size", SIZE_T], ["format", LPCWSTR], VARARGS),
    vwprintf: fn(COUNT, ["format", LPCWSTR], ["argptr", VA_LIST]),
    vfwprintf: fn(COUNT, ["stream", FILE_AT], ["format", LPCWSTR], ["argptr", VA_LIST]),
    vswprintf: fn(COUNT, ["buffer", LPWSTR], ["format", LPCWSTR], ["argptr", VA_LIST]),
    _vswprintf: fn(COUNT, ["buffer", LPWSTR], ["format", LPCWSTR], ["argptr", VA_LIST]),
    _vsnwprintf: fn(COUNT, ["buffer", LPWSTR], ["count", SIZE_T], ["format", LPCWSTR], ["argptr", VA_LIST]),
    _vscwprintf: fn(COUNT, ["format", LPCWSTR], ["argptr", VA_LIST]),
    vswprintf_s: fn(COUNT, ["buffer", LPWSTR], ["size", SIZE_T], ["format", LPCWSTR], ["argptr", VA_LIST]),
    _cprintf: fn(COUNT, ["format", CSTR], VARARGS),
    _cwprintf: fn(COUNT, ["format", LPCWSTR], VARARGS),
    wprintf_s: fn(COUNT, ["format", LPCWSTR], VARARGS),
    fwprintf_s: fn(COUNT, ["stream", FILE_AT], ["format", LPCWSTR], VARARGS),
    _snwprintf_s: fn(COUNT, ["buffer", LPWSTR], ["size", SIZE_T], ["count", SIZE_T], ["format", LPCWSTR], VARARGS),
    vprintf_s: fn(COUNT, ["format", CSTR], ["argptr", VA_LIST]),
    vfprintf_s: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], ["argptr", VA_LIST]),
    vwprintf_s: fn(COUNT, ["format", LPCWSTR], ["argptr", VA_LIST]),
    vfwprintf_s: fn(COUNT, ["stream", FILE_AT], ["format", LPCWSTR], ["argptr", VA_LIST]),
    _vsnwprintf_s: fn(COUNT, ["buffer", LPWSTR], ["size", SIZE_T], ["count", SIZE_T], ["format", LPCWSTR], ["argptr", VA_LIST]),
    _printf_p: fn(COUNT, ["format", CSTR], VARARGS),
    _fprintf_p: fn(COUNT, ["stream", FILE_AT], ["format", CSTR], VARARGS),
    _sprintf_p: fn(COUNT, ["buffer", LPSTR], ["size", SIZE_T], ["format", CSTR], VARARGS),
    _swprintf_p: fn(COUNT, ["buffer", LPWSTR], ["size", SIZE_T], ["format", LPCWSTR], VARARGS),
    _vsprintf_p: fn(COUNT, ["buffer", LPSTR], ["size", SIZE_T], ["format", CSTR], ["argptr", VA_LIST]),
    _vswprintf_p: fn(COUNT, ["buffer", LPWSTR], ["size", SIZE_T], ["format", LPCWSTR], ["argptr", VA_LIST]),
  },
  CDECL,
);

const OPTIONS = ["options", ULONGLONG] as const;
const LOCALE = ["locale", OPAQUE] as const;

/** Formatted output of the ucrt: one function for each destination; printf and kin are inline in its headers (corecrt_wstdio.h). */
export const ucrtFormattedApi = api(
  UCRT,
  {
    __stdio_common_vfprintf: fn(COUNT, OPTIONS, ["stream", FILE_AT], ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vfprintf_s: fn(COUNT, OPTIONS, ["stream", FILE_AT], ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vfprintf_p: fn(COUNT, OPTIONS, ["stream", FILE_AT], ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vsprintf: fn(COUNT, OPTIONS, ["buffer", LPSTR], ["count", SIZE_T], ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vsprintf_s: fn(COUNT, OPTIONS, ["buffer", LPSTR], ["size", SIZE_T], ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vsprintf_p: fn(COUNT, OPTIONS, ["buffer", LPSTR], ["size", SIZE_T], ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vsnprintf_s: fn(COUNT, OPTIONS, ["buffer", LPSTR], ["size", SIZE_T], ["count", SIZE_T], ["format", CSTR], LOCALE, [
      "argptr",
      VA_LIST,
    ]),
    __stdio_common_vfwprintf: fn(COUNT, OPTIONS, ["stream", FILE_AT], ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vfwprintf_s: fn(COUNT, OPTIONS, ["stream", FILE_AT], ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vswprintf: fn(COUNT, OPTIONS, ["buffer", LPWSTR], ["count", SIZE_T], ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vfwprintf_p: fn(COUNT, OPTIONS, ["stream", FILE_AT], ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vswprintf_p: fn(COUNT, OPTIONS, ["buffer", LPWSTR], ["size", SIZE_T], ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vswprintf_s: fn(COUNT, OPTIONS, ["buffer", LPWSTR], ["size", SIZE_T], ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
    __stdio_common_vsnwprintf_s: fn(COUNT, OPTIONS, ["buffer", LPWSTR], ["size", SIZE_T], ["count", SIZE_T], ["format", LPCWSTR], LOCALE, [
      "argptr",
      VA_LIST,
    ]),
    __conio_common_vcprintf: fn(COUNT, OPTIONS, ["format", CSTR], LOCALE, ["argptr", VA_LIST]),
    __conio_common_vcwprintf: fn(COUNT, OPTIONS, ["format", LPCWSTR], LOCALE, ["argptr", VA_LIST]),
  },
  CDECL,
);
