import { api, fn, infallible, INT, PVOID, textAs, TSTR } from "@decant/hook";

/** String functions of kernel32 ("Strings"). */
export const stringsApi = api("kernel32", {
  lstrlenA: fn(infallible(INT), ["lpString", PVOID]),
  lstrlenW: fn(infallible(INT), ["lpString", PVOID]),
  lstrcmp: textAs("lstrcmpA", "lstrcmpW", infallible(INT), ["lpString1", TSTR], ["lpString2", TSTR]),
  lstrcmpi: textAs("lstrcmpiA", "lstrcmpiW", infallible(INT), ["lpString1", TSTR], ["lpString2", TSTR]),
  MulDiv: fn(infallible(INT), ["nNumber", INT], ["nNumerator", INT], ["nDenominator", INT]),
});
