import {
  alias,
  api,
  CSTR,
  DOUBLE,
  ERRNO_T,
  FLOAT,
  fn,
  INT,
  LONG,
  LONGLONG,
  LPCWSTR,
  LPSTR,
  LPWSTR,
  out,
  PVOID,
  SIZE_T,
  ULONG,
  ULONGLONG,
  OPAQUE,
} from "@decant/hook";
import { BOTH, CDECL, MSVCRT, UCRT } from "./dlls.ts";

const END = ["endptr", PVOID] as const;
const LOCALE = ["locale", OPAQUE] as const;

/** Numbers from text, and text from numbers ("Data conversion"). */
export const conversionApi = api(
  BOTH,
  {
    strtol: fn(LONG, ["strSource", PVOID], END, ["base", INT]),
    strtoul: fn(ULONG, ["strSource", PVOID], END, ["base", INT]),
    _strtoi64: fn(LONGLONG, ["strSource", PVOID], END, ["base", INT]),
    _strtoui64: fn(ULONGLONG, ["strSource", PVOID], END, ["base", INT]),
    strtod: fn(DOUBLE, ["strSource", PVOID], END),
    _strtod_l: fn(DOUBLE, ["strSource", PVOID], END, LOCALE),
    wcstol: fn(LONG, ["strSource", PVOID], END, ["base", INT]),
    wcstoul: fn(ULONG, ["strSource", PVOID], END, ["base", INT]),
    _wcstoi64: fn(LONGLONG, ["strSource", PVOID], END, ["base", INT]),
    _wcstoui64: fn(ULONGLONG, ["strSource", PVOID], END, ["base", INT]),
    wcstod: fn(DOUBLE, ["strSource", PVOID], END),
    _wcstod_l: fn(DOUBLE, ["strSource", PVOID], END, LOCALE),
    _atoi64: fn(LONGLONG, ["str", CSTR]),
    atof: fn(DOUBLE, ["str", CSTR]),
    _atof_l: fn(DOUBLE, ["str", CSTR], LOCALE),
    _wtoi64: fn(LONGLONG, ["str", LPCWSTR]),
    _wtof: fn(DOUBLE, ["str", LPCWSTR]),
    _itoa: fn(PVOID, ["value", INT], ["buffer", LPSTR], ["radix", INT]),
    _ltoa: fn(PVOID, ["value", LONG], ["buffer", LPSTR], ["radix", INT]),
    _ultoa: fn(PVOID, ["value", ULONG], ["buffer", LPSTR], ["radix", INT]),
    _i64toa: fn(PVOID, ["value", LONGLONG], ["buffer", LPSTR], ["radix", INT]),
    _ui64toa: fn(PVOID, ["value", ULONGLONG], ["buffer", LPSTR], ["radix", INT]),
    _itow: fn(PVOID, ["value", INT], ["buffer", LPWSTR], ["radix", INT]),
    _ltow: fn(PVOID, ["value", LONG], ["buffer", LPWSTR], ["radix", INT]),
    _ultow: fn(PVOID, ["value", ULONG], ["buffer", LPWSTR], ["radix", INT]),
    _i64tow: fn(PVOID, ["value", LONGLONG], ["buffer", LPWSTR], ["radix", INT]),
    _ui64tow: fn(PVOID, ["value", ULONGLONG], ["buffer", LPWSTR], ["radix", INT]),
    _itoa_s: fn(ERRNO_T, ["value", INT], ["buffer", LPSTR], ["size", SIZE_T], ["radix", INT]),
    _ltoa_s: fn(ERRNO_T, ["value", LONG], ["buffer", LPSTR], ["size", SIZE_T], ["radix", INT]),
    _ultoa_s: fn(ERRNO_T, ["value", ULONG], ["buffer", LPSTR], ["size", SIZE_T], ["radix", INT]),
    _i64toa_s: fn(ERRNO_T, ["value", LONGLONG], ["buffer", LPSTR], ["size", SIZE_T], ["radix", INT]),
    _ui64toa_s: fn(ERRNO_T, ["value", ULONGLONG], ["buffer", LPSTR], ["size", SIZE_T], ["radix", INT]),
    _itow_s: fn(ERRNO_T, ["value", INT], ["buffer", LPWSTR], ["size", SIZE_T], ["radix", INT]),
    _ltow_s: fn(ERRNO_T, ["value", LONG], ["buffer", LPWSTR], ["size", SIZE_T], ["radix", INT]),
    _ultow_s: fn(ERRNO_T, ["value", ULONG], ["buffer", LPWSTR], ["size", SIZE_T], ["radix", INT]),
    _i64tow_s: fn(ERRNO_T, ["value", LONGLONG], ["buffer", LPWSTR], ["size", SIZE_T], ["radix", INT]),
    _ui64tow_s: fn(ERRNO_T, ["value", ULONGLONG], ["buffer", LPWSTR], ["size", SIZE_T], ["radix", INT]),
    _gcvt: fn(PVOID, ["value", DOUBLE], ["digits", INT], ["buffer", LPSTR]),
    _ecvt: fn(PVOID, ["value", DOUBLE], ["count", INT], ["dec", out(INT)], ["sign", out(INT)]),
    _fcvt: fn(PVOID, ["value", DOUBLE], ["count", INT], ["dec", out(INT)], ["sign", out(INT)]),
    rand: fn(INT),
    srand: fn(PVOID, ["seed", ULONG]),
    rand_s: fn(ERRNO_T, ["value", out(ULONG)]),
  },
  CDECL,
);

const ATOI = {
  atoi: fn(INT, ["str", CSTR]),
  atol: fn(LONG, ["str", CSTR]),
  _wtoi: fn(INT, ["str", LPCWSTR]),
  _wtol: fn(LONG, ["str", LPCWSTR]),
} as const;

/** atoi and kin, which keep the low bits of what is too large. */
export const msvcrtConversionApi = api(MSVCRT, ATOI, CDECL);

/** C99's names, which msvcrt has none of. */
export const ucrtConversionApi = api(
  UCRT,
  {
    ...ATOI,
    strtoll: fn(LONGLONG, ["strSource", PVOID], END, ["base", INT]),
    strtoull: fn(ULONGLONG, ["strSource", PVOID], END, ["base", INT]),
    strtoimax: fn(LONGLONG, ["strSource", PVOID], END, ["base", INT]),
    strtoumax: fn(ULONGLONG, ["strSource", PVOID], END, ["base", INT]),
    strtof: fn(FLOAT, ["strSource", PVOID], END),
    _strtof_l: fn(FLOAT, ["strSource", PVOID], END, LOCALE),
    wcstoll: fn(LONGLONG, ["strSource", PVOID], END, ["base", INT]),
    wcstoull: fn(ULONGLONG, ["strSource", PVOID], END, ["base", INT]),
    wcstof: fn(FLOAT, ["strSource", PVOID], END),
    atoll: fn(LONGLONG, ["str", CSTR]),
    _wtoll: alias("_wtoi64"),
    strtold: alias("strtod"),
    wcstold: alias("wcstod"),
    wcstoimax: alias("wcstoll"),
    wcstoumax: alias("wcstoull"),
  },
  CDECL,
);
