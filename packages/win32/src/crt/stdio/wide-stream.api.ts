import { api, errno, fn, INT, LPCWSTR, LPWSTR, PVOID, WCHAR, USHORT } from "@decant/hook";
import { BOTH, CDECL } from "../dlls.ts";
import { WEOF } from "./file-layout.ts";

const WINT = errno(USHORT, WEOF);

/** Streams of wide characters. */
export const wideStreamApi = api(
  BOTH,
  {
    fgetwc: fn(WINT, ["stream", PVOID]),
    getwc: fn(WINT, ["stream", PVOID]),
    getwchar: fn(WINT),
    _fgetwchar: fn(WINT),
    fputwc: fn(WINT, ["c", WCHAR], ["stream", PVOID]),
    putwc: fn(WINT, ["c", WCHAR], ["stream", PVOID]),
    putwchar: fn(WINT, ["c", WCHAR]),
    _fputwchar: fn(WINT, ["c", WCHAR]),
    ungetwc: fn(WINT, ["c", WCHAR], ["stream", PVOID]),
    fgetws: fn(errno(PVOID, 0), ["string", LPWSTR], ["numChars", INT], ["stream", PVOID]),
    _getws: fn(errno(PVOID, 0), ["buffer", LPWSTR]),
    fputws: fn(errno(INT, -1), ["string", LPCWSTR], ["stream", PVOID]),
    _putws: fn(errno(INT, -1), ["string", LPCWSTR]),
  },
  CDECL,
);
