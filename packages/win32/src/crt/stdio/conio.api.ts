import { api, fn, infallible, INT, LPCSTR, USHORT } from "@decant/hook";
import { BOTH, CDECL } from "../dlls.ts";

const KEY = infallible(INT);

/** The console itself, past the standard streams ("Console and Port I/O"). */
export const conioApi = api(
  BOTH,
  {
    _kbhit: fn(KEY),
    _getch: fn(KEY),
    _getche: fn(KEY),
    _ungetch: fn(KEY, ["c", INT]),
    _getwch: fn(infallible(USHORT)),
    _getwche: fn(infallible(USHORT)),
    _putch: fn(KEY, ["c", INT]),
    _putwch: fn(infallible(USHORT), ["c", USHORT]),
    _cputs: fn(KEY, ["str", LPCSTR]),
  },
  CDECL,
);
