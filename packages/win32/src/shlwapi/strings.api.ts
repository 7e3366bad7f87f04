import { api, BOOL, DWORD, fn, HRESULT, infallible, INT, inout, LONGLONG, LPCSTR, LPCWCH, LPCWSTR, LPSTR_BUF, LPWSTR_BUF, orElse, out, PVOID, TBUF, TCCH, text, textAs, TSTR, UINT, VARARGS, WCHAR, WORD } from "@decant/hook"; // prettier-ignore

const PLACE = orElse(PVOID, 0);
const NUMBER = infallible(INT);
const IS = infallible(BOOL);
const TWO = [["psz1", TCCH] as const, ["psz2", TCCH] as const] as const;
const WIDE_TWO = [["psz1", LPCWCH] as const, ["psz2", LPCWCH] as const] as const;

/** Strings that are searched, compared and changed ("Shell String Handling Functions"). */
export const shellStringsApi = api("shlwapi", {
  StrStr: text(PLACE, ["pszFirst", TCCH], ["pszSrch", TSTR]),
  StrStrI: text(PLACE, ["pszFirst", TCCH], ["pszSrch", TSTR]),
  StrStrNW: fn(PLACE, ["pszFirst", LPCWCH], ["pszSrch", LPCWSTR], ["cchMax", UINT]),
  StrStrNIW: fn(PLACE, ["pszFirst", LPCWCH], ["pszSrch", LPCWSTR], ["cchMax", UINT]),
  StrRStrI: text(PLACE, ["pszSource", TCCH], ["pszLast", PVOID], ["pszSrch", TSTR]),
  StrChr: text(PLACE, ["pszStart", TCCH], ["wMatch", WORD]),
  StrChrI: text(PLACE, ["pszStart", TCCH], ["wMatch", WORD]),
  StrChrNW: fn(PLACE, ["pszStart", LPCWCH], ["wMatch", WCHAR], ["cchMax", UINT]),
  StrRChr: text(PLACE, ["pszStart", TCCH], ["pszEnd", PVOID], ["wMatch", WORD]),
  StrRChrI: text(PLACE, ["pszStart", TCCH], ["pszEnd", PVOID], ["wMatch", WORD]),
  StrCmpN: text(NUMBER, ...TWO, ["nChar", INT]),
  StrCmpNI: text(NUMBER, ...TWO, ["nChar", INT]),
  StrCmpW: fn(NUMBER, ...WIDE_TWO),
  StrCmpIW: fn(NUMBER, ...WIDE_TWO),
  StrCmpC: text(NUMBER, ...TWO),
  StrCmpIC: text(NUMBER, ...TWO),
  StrCmpNC: text(NUMBER, ...TWO, ["nChar", INT]),
  StrCmpNIC: text(NUMBER, ...TWO, ["nChar", INT]),
  StrCmpLogicalW: fn(NUMBER, ...WIDE_TWO),
  StrSpn: text(NUMBER, ["psz", TCCH], ["pszSet", TSTR]),
  StrCSpn: text(NUMBER, ["psz", TCCH], ["pszSet", TSTR]),
  StrPBrk: text(PLACE, ["psz", TCCH], ["pszSet", TSTR]),
  StrCpyW: fn(PLACE, ["psz1", LPWSTR_BUF], ["psz2", LPCWSTR]),
  StrCpyNW: fn(PLACE, ["pszDst", LPWSTR_BUF], ["pszSrc", LPCWSTR], ["cchMax", INT]),
  StrCatW: fn(PLACE, ["psz1", LPWSTR_BUF], ["psz2", LPCWSTR]),
  StrNCat: text(PLACE, ["psz1", TBUF], ["psz2", TSTR], ["cchMax", INT]),
  StrCatBuff: text(PLACE, ["pszDest", TBUF], ["pszSrc", TSTR], ["cchDestBuffSize", INT]),
  StrTrim: text(IS, ["psz", TBUF], ["pszTrimChars", TSTR]),
  StrToInt: text(NUMBER, ["pszSrc", TSTR]),
  StrToIntEx: text(IS, ["pszString", TSTR], ["dwFlags", INT], ["piRet", out(INT)]),
  StrToInt64Ex: text(IS, ["pszString", TSTR], ["dwFlags", INT], ["pllRet", out(LONGLONG)]),
  StrFormatByteSizeA: fn(PLACE, ["dw", DWORD], ["pszBuf", LPSTR_BUF], ["cchBuf", UINT]),
  StrFormatByteSizeW: fn(PLACE, ["qdw", LONGLONG], ["pszBuf", LPWSTR_BUF], ["cchBuf", UINT]),
  StrFormatByteSize64A: fn(PLACE, ["qdw", LONGLONG], ["pszBuf", LPSTR_BUF], ["cchBuf", UINT]),
  StrFormatKBSize: text(PLACE, ["qdw", LONGLONG], ["pszBuf", TBUF], ["cchBuf", UINT]),
  wnsprintf: textAs("wnsprintfA", "wnsprintfW", NUMBER, ["pszDest", TBUF], ["cchDest", INT], ["pszFmt", TSTR], VARARGS),
  UrlEscape: text(HRESULT, ["pszUrl", TSTR], ["pszEscaped", TBUF], ["pcchEscaped", inout(DWORD)], ["dwFlags", DWORD]),
  UrlUnescape: text(HRESULT, ["pszUrl", TBUF], ["pszUnescaped", TBUF], ["pcchUnescaped", inout(DWORD)], ["dwFlags", DWORD]),
  UrlCombine: text(HRESULT, ["pszBase", TSTR], ["pszRelative", TSTR], ["pszCombined", TBUF], ["pcchCombined", inout(DWORD)], ["dwFlags", DWORD]), // prettier-ignore
  SHStrDupA: fn(HRESULT, ["psz", LPCSTR], ["ppwsz", out(PVOID)]),
  SHStrDupW: fn(HRESULT, ["psz", LPCWSTR], ["ppwsz", out(PVOID)]),
});
