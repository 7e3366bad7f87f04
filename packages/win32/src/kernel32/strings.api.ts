import { alias, api, fn, infallible, INT, PVOID, textAs, TSTR } from "@decant/hook";

/** String functions of kernel32 ("Strings"). */
export const stringsApi = api("kernel32", {
  lstrlenA: fn(infallible(INT), ["lpString", PVOID]),
  lstrlenW: fn(infallible(INT), ["lpString", PVOID]),
  lstrcmp: textAs("lstrcmpA", "lstrcmpW", infallible(INT), ["lpString1", TSTR], ["lpString2", TSTR]),
  lstrcmpi: textAs("lstrcmpiA", "lstrcmpiW", infallible(INT), ["lpString1", TSTR], ["lpString2", TSTR]),
  lstrcpyA: fn(infallible(PVOID), ["lpString1", PVOID], ["lpString2", PVOID]),
  lstrcpyW: fn(infallible(PVOID), ["lpString1", PVOID], ["lpString2", PVOID]),
  lstrcpynA: fn(infallible(PVOID), ["lpString1", PVOID], ["lpString2", PVOID], ["iMaxLength", INT]),
  lstrcpynW: fn(infallible(PVOID), ["lpString1", PVOID], ["lpString2", PVOID], ["iMaxLength", INT]),
  lstrcatA: fn(infallible(PVOID), ["lpString1", PVOID], ["lpString2", PVOID]),
  lstrcatW: fn(infallible(PVOID), ["lpString1", PVOID], ["lpString2", PVOID]),
  lstrcpy: alias("lstrcpyA"),
  lstrcpyn: alias("lstrcpynA"),
  lstrcat: alias("lstrcatA"),
  MulDiv: fn(infallible(INT), ["nNumber", INT], ["nNumerator", INT], ["nDenominator", INT]),
});
