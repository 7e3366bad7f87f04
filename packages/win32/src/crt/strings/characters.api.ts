import { api, errno, fn, infallible, INT, PVOID, USHORT, WCHAR } from "@decant/hook";
import { CHARACTER } from "../../values/runtime.ts";
import { BOTH, CDECL } from "../dlls.ts";

const one = fn(infallible(INT), ["c", CHARACTER]);
const wide = fn(infallible(INT), ["c", WCHAR]);

/** Character classification and case ("Character classification"), in the "C" locale. */
export const charactersApi = api(
  BOTH,
  {
    isalpha: one,
    isupper: one,
    islower: one,
    isdigit: one,
    isxdigit: one,
    isspace: one,
    ispunct: one,
    isalnum: one,
    isprint: one,
    isgraph: one,
    iscntrl: one,
    isblank: one,
    __isascii: one,
    __toascii: one,
    __iscsym: one,
    __iscsymf: one,
    tolower: one,
    toupper: one,
    _tolower: one,
    _toupper: one,
    isleadbyte: one,
    _isctype: fn(infallible(INT), ["c", CHARACTER], ["mask", INT]),
    iswalpha: wide,
    iswupper: wide,
    iswlower: wide,
    iswdigit: wide,
    iswxdigit: wide,
    iswspace: wide,
    iswpunct: wide,
    iswalnum: wide,
    iswprint: wide,
    iswgraph: wide,
    iswcntrl: wide,
    iswblank: wide,
    iswascii: wide,
    iswctype: fn(infallible(INT), ["c", WCHAR], ["type", USHORT]),
    towlower: fn(infallible(USHORT), ["c", WCHAR]),
    towupper: fn(infallible(USHORT), ["c", WCHAR]),
    __pctype_func: fn(errno(PVOID, 0)),
  },
  CDECL,
);
