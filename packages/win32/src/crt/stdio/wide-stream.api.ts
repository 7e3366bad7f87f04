import { api, errno, fn, INT, LPCWSTR, LPWSTR, PVOID, WCHAR, USHORT } from "@decant/hook";
import { FILE_AT } from "../../values/runtime.ts";
import { BOTH, CDECL } from "../dlls.ts";
import { WEOF } from "./file-layout.ts";

const WINT = errno(USHORT, WEOF);

/** Streams of wide characters. */
export const wideStreamApi = api(
  BOTH,
  {
    fgetwc: fn(WINT, ["stream", FILE_AT]),
    getwc: fn(WINT, ["stream", FILE_AT]),
    getwchar: fn(WINT),
    _fgetwchar: fn(WINT),
    fputwc: fn(WINT, ["c", WCHAR], ["stream", FILE_AT]),
    putwc: fn(WINT, ["c", WCHAR], ["stream", FILE_AT]),
    putwchar: fn(WINT, ["c", WCHAR]),
    _fputwchar: fn(WINT, ["c", WCHAR]),
    ungetwc: fn(WINT, ["c", WCHAR], ["stream", FILE_AT]),
    fgetws: fn(errno(PVOID, 0), ["string", LPWSTR], ["numChars", INT], ["stream", FILE_AT]),
    _getws: fn(errno(PVOID, 0), ["buffer", LPWSTR]),
    fputws: fn(errno(INT, -1), ["string", LPCWSTR], ["stream", FILE_AT]),
    _putws: fn(errno(INT, -1), ["string", LPCWSTR]),
  },
  CDECL,
);
