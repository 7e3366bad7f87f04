import { alias, api, fn, infallible, INT, PVOID, SIZE_T, UINT, type Implementation } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL } from "./dlls.ts";

/** Functions over characters of one or two bytes: no code page that is set here has two, so they are those over bytes ("_mbscmp" is strcmp). */
const SAME: Readonly<Record<string, string>> = {
  _mbscmp: "strcmp", _mbsicmp: "_stricmp", _mbscoll: "strcoll", _mbsicoll: "_stricoll", _mbsncmp: "strncmp", _mbsnbcmp: "strncmp", _mbsnicmp: "_strnicmp",
  _mbsnbicmp: "_strnicmp", _mbsncoll: "_strncoll", _mbsnbcoll: "_strncoll", _mbsnicoll: "_strnicoll", _mbsnbicoll: "_strnicoll", _mbscpy: "strcpy", _mbscat: "strcat",
  _mbsncpy: "strncpy", _mbsnbcpy: "strncpy", _mbsncat: "strncat", _mbsnbcat: "strncat", _mbscpy_s: "strcpy_s", _mbscat_s: "strcat_s", _mbsncpy_s: "strncpy_s",
  _mbsnbcpy_s: "strncpy_s", _mbsncat_s: "strncat_s", _mbsnbcat_s: "strncat_s", _mbsstr: "strstr", _mbspbrk: "strpbrk", _mbsspn: "strspn", _mbscspn: "strcspn",
  _mbstok: "strtok", _mbstok_s: "strtok_s", _mbsdup: "_strdup", _mbslwr: "_strlwr", _mbsupr: "_strupr", _mbslwr_s: "_strlwr_s", _mbsupr_s: "_strupr_s", _mbsrev: "_strrev",
  _mbsset: "_strset", _mbsnset: "_strnset", _mbsnbset: "_strnset", _mbsnlen: "strnlen", _mbstrnlen: "strnlen", _ismbcalpha: "isalpha", _ismbcalnum: "isalnum",
  _ismbcdigit: "isdigit", _ismbclower: "islower", _ismbcupper: "isupper", _ismbcspace: "isspace", _ismbcpunct: "ispunct", _ismbcprint: "isprint", _ismbcgraph: "isgraph",
  _ismbbalpha: "isalpha", _ismbbalnum: "isalnum", _ismbbprint: "isprint", _ismbbgraph: "isgraph", _ismbbpunct: "ispunct", _mbctolower: "tolower", _mbctoupper: "toupper",
}; // prettier-ignore

/** Those under their other names. */
export const multibyteNames: Implementation<Thread, object> = {
  table: api(BOTH, Object.fromEntries(Object.entries(SAME).map(([name, other]) => [name, alias(other)])), CDECL),
  bodies: {},
};

const CHARACTER = fn(infallible(INT), ["c", UINT]);
const AT = fn(infallible(INT), ["start", PVOID], ["current", PVOID]);

/** Steps from character to character, and what kind of byte one is. */
export const multibyteStringsApi = api(
  BOTH,
  {
    _mbsinc: fn(infallible(PVOID), ["current", PVOID]),
    _mbsdec: fn(infallible(PVOID), ["start", PVOID], ["current", PVOID]),
    _mbsninc: fn(infallible(PVOID), ["str", PVOID], ["count", SIZE_T]),
    _mbsnextc: fn(infallible(UINT), ["str", PVOID]),
    _mbsspnp: fn(infallible(PVOID), ["str", PVOID], ["charset", PVOID]),
    _mbclen: fn(infallible(SIZE_T), ["c", PVOID]),
    _mbccpy: fn(infallible(INT), ["dest", PVOID], ["src", PVOID]),
    _mbsnbcnt: fn(infallible(SIZE_T), ["str", PVOID], ["count", SIZE_T]),
    _mbsnccnt: fn(infallible(SIZE_T), ["str", PVOID], ["count", SIZE_T]),
    _mbsbtype: fn(infallible(INT), ["mbstr", PVOID], ["count", SIZE_T]),
    _mbbtype: fn(infallible(INT), ["c", UINT], ["type", INT]),
    _mbctombb: CHARACTER,
    _mbbtombc: CHARACTER,
    _ismbblead: CHARACTER,
    _ismbbkana: CHARACTER,
    _ismbclegal: CHARACTER,
    _ismbcsymbol: CHARACTER,
    _ismbslead: AT,
    _ismbstrail: AT,
  },
  CDECL,
);

/** _MBC_SINGLE and _MBC_ILLEGAL. */
const BYTE_TYPE = { SINGLE: 0, ILLEGAL: -1 } as const;

export const multibyteStrings = implement(multibyteStringsApi, {
  _mbsinc: (_thread, current) => current + 1,
  _mbsdec: (_thread, start, current) => (current <= start ? 0 : current - 1),
  _mbsninc: ({ memory }, str, count) => (str === 0 ? 0 : str + memory.cstringLength(str, count)),
  _mbsnextc: ({ memory }, str) => memory.u8(str),
  _mbsspnp({ memory }, str, charset) {
    const text = memory.cstring(str);
    const set = memory.cstring(charset);
    const at = Array.from(text).findIndex((character) => !set.includes(character));
    return at < 0 ? 0 : str + at;
  },
  _mbclen: () => 1,
  _mbccpy({ memory }, dest, src) {
    memory.setU8(dest, memory.u8(src));
    return 1;
  },
  _mbsnbcnt: ({ memory }, str, count) => memory.cstringLength(str, count),
  _mbsnccnt: ({ memory }, str, count) => memory.cstringLength(str, count),
  _mbsbtype: ({ memory }, mbstr, count) => (memory.cstringLength(mbstr, count + 1) > count ? BYTE_TYPE.SINGLE : BYTE_TYPE.ILLEGAL),
  _mbbtype: (_thread, c) => (c === 0 ? BYTE_TYPE.ILLEGAL : BYTE_TYPE.SINGLE),
  _mbctombb: (_thread, c) => c,
  _mbbtombc: (_thread, c) => c,
  _ismbblead: () => 0,
  _ismbbkana: () => 0,
  _ismbclegal: () => 0,
  _ismbcsymbol: () => 0,
  _ismbslead: () => 0,
  _ismbstrail: () => 0,
});
