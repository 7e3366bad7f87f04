import { api, fn, infallible, INT, LPCSTR, USHORT } from "@decant/hook";
import { CHARACTER } from "../../values/runtime.ts";
import { BOTH, CDECL } from "../dlls.ts";

const KEY = infallible(INT);

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
  },
  CDECL,
);
