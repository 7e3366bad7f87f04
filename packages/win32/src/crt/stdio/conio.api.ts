import { api, errno, ERRNO_T, fn, infallible, INT, LPCSTR, LPCWSTR, out, PVOID, SIZE_T, USHORT } from "@decant/hook";
import { CHARACTER } from "../../values/runtime.ts";
import { BOTH, CDECL } from "../dlls.ts";

const KEY = infallible(INT);
const LINE = errno(PVOID, 0);

/** The console itself, past the standard streams ("Console and Port I/O"). */
export const conioApi = api(
  BOTH,
  {
    _kbhit: fn(KEY),
    _getch: fn(KEY),
    _getche: fn(KEY),
    _ungetch: fn(KEY, ["c", CHARACTER]),
    _getwch: fn(infallible(USHORT)),
    _getwche: fn(infallible(USHORT)),
    _putch: fn(KEY, ["c", CHARACTER]),
    _putwch: fn(infallible(USHORT), ["c", USHORT]),
    _cputs: fn(KEY, ["str", LPCSTR]),
    _cputws: fn(KEY, ["str", LPCWSTR]),
    _cgets: fn(LINE, ["buffer", PVOID]),
    _cgetws: fn(LINE, ["buffer", PVOID]),
    _cgets_s: fn(ERRNO_T, ["buffer", PVOID], ["numberOfElements", SIZE_T], ["pSizeRead", out(SIZE_T)]),
    _cgetws_s: fn(ERRNO_T, ["buffer", PVOID], ["numberOfElements", SIZE_T], ["pSizeRead", out(SIZE_T)]),
  },
  CDECL,
);
