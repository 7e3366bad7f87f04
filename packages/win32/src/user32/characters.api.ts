import { api, BOOL, DWORD, fn, HWND, infallible, INT, PVOID, TBUF, TCCH, text, TSTR, UCHAR, UINT, USHORT, WORD } from "@decant/hook";

/** Characters, OEM text, and the little of user32 that works without windows. */
export const charactersApi = api("user32", {
  CharUpperBuff: text(DWORD, ["lpsz", TCCH], ["cchLength", DWORD]),
  CharLowerBuff: text(DWORD, ["lpsz", TCCH], ["cchLength", DWORD]),
  CharNextExA: fn(infallible(PVOID), ["CodePage", WORD], ["lpCurrentChar", PVOID], ["dwFlags", DWORD]),
  IsCharAlphaA: fn(BOOL, ["ch", UCHAR]),
  IsCharAlphaW: fn(BOOL, ["ch", USHORT]),
  IsCharAlphaNumericA: fn(BOOL, ["ch", UCHAR]),
  IsCharAlphaNumericW: fn(BOOL, ["ch", USHORT]),
  IsCharUpperA: fn(BOOL, ["ch", UCHAR]),
  IsCharUpperW: fn(BOOL, ["ch", USHORT]),
  IsCharLowerA: fn(BOOL, ["ch", UCHAR]),
  IsCharLowerW: fn(BOOL, ["ch", USHORT]),
  CharToOemA: fn(BOOL, ["pSrc", PVOID], ["pDst", PVOID]),
  CharToOemW: fn(BOOL, ["pSrc", PVOID], ["pDst", PVOID]),
  OemToCharA: fn(BOOL, ["pSrc", PVOID], ["pDst", PVOID]),
  OemToCharW: fn(BOOL, ["pSrc", PVOID], ["pDst", PVOID]),
  CharToOemBuffA: fn(BOOL, ["lpszSrc", PVOID], ["lpszDst", PVOID], ["cchDstLength", DWORD]),
  OemToCharBuffA: fn(BOOL, ["lpszSrc", PVOID], ["lpszDst", PVOID], ["cchDstLength", DWORD]),
  MessageBox: text(INT, ["hWnd", HWND], ["lpText", TSTR], ["lpCaption", TSTR], ["uType", UINT]),
  LoadString: text(INT, ["hInstance", PVOID], ["uID", UINT], ["lpBuffer", TBUF], ["cchBufferMax", INT]),
});
