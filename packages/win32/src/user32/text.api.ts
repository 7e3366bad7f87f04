import { api, DWORD, fn, infallible, INT, PVOID, text, TBUF, TSTR, VA_LIST, VARARGS, WORD } from "@decant/hook";

/** user32's text functions ("Strings"). */
export const textApi = api("user32", {
  CharUpperA: fn(infallible(PVOID), ["lpsz", PVOID]),
  CharUpperW: fn(infallible(PVOID), ["lpsz", PVOID]),
  CharLowerA: fn(infallible(PVOID), ["lpsz", PVOID]),
  CharLowerW: fn(infallible(PVOID), ["lpsz", PVOID]),
  CharNextA: fn(infallible(PVOID), ["lpsz", PVOID]),
  CharNextW: fn(infallible(PVOID), ["lpsz", PVOID]),
  CharPrevA: fn(infallible(PVOID), ["lpszStart", PVOID], ["lpszCurrent", PVOID]),
  CharPrevW: fn(infallible(PVOID), ["lpszStart", PVOID], ["lpszCurrent", PVOID]),
  CharPrevExA: fn(infallible(PVOID), ["CodePage", WORD], ["lpStart", PVOID], ["lpCurrentChar", PVOID], ["dwFlags", DWORD]),
  wsprintf: text(infallible(INT), ["buffer", TBUF], ["format", TSTR], VARARGS),
  wvsprintf: text(infallible(INT), ["buffer", TBUF], ["format", TSTR], ["arglist", VA_LIST]),
});
