import { alias, api, CSTR_AT, errno, ERRNO_T, fn, infallible, inout, INT, PVOID, SIZE_T, type Type, WSTR_AT } from "@decant/hook";
import { CHARACTER } from "../../values/runtime.ts";
import { BOTH, CDECL, MSVCRT, UCRT, WITH_VCRUNTIME } from "../dlls.ts";

const POINTER = infallible(PVOID);
const COUNT = infallible(SIZE_T);
const NUMBER = infallible(INT);
const MADE = errno(PVOID, 0);

/** The shapes of the functions, over one kind of text. What only counts its characters need not end in a NUL, and is shown as far as one. */
function shapesOf<T extends Type<number, number>>(TEXT: T) {
  return {
    two: fn(NUMBER, ["string1", TEXT], ["string2", TEXT]),
    twoCounted: fn(NUMBER, ["string1", TEXT], ["string2", TEXT], ["count", SIZE_T]),
    copying: fn(POINTER, ["dest", PVOID], ["source", TEXT]),
    copyingCounted: fn(POINTER, ["dest", PVOID], ["source", TEXT], ["count", SIZE_T]),
    finding: fn(POINTER, ["string", TEXT], ["c", CHARACTER]),
    findingSet: fn(POINTER, ["string", TEXT], ["set", TEXT]),
    counting: fn(COUNT, ["string", TEXT], ["set", TEXT]),
    measuring: fn(COUNT, ["string", TEXT]),
    measuringCounted: fn(COUNT, ["string", TEXT], ["count", SIZE_T]),
    changing: fn(POINTER, ["string", TEXT]),
    checked: fn(ERRNO_T, ["dest", PVOID], ["size", SIZE_T], ["source", TEXT]),
    checkedCounted: fn(ERRNO_T, ["dest", PVOID], ["size", SIZE_T], ["source", TEXT], ["count", SIZE_T]),
    changingChecked: fn(ERRNO_T, ["string", TEXT], ["size", SIZE_T]),
    token: fn(POINTER, ["string", TEXT], ["delimiters", TEXT]),
    tokenChecked: fn(POINTER, ["string", TEXT], ["delimiters", TEXT], ["context", inout(PVOID)]),
    filling: fn(POINTER, ["string", TEXT], ["c", CHARACTER]),
    fillingCounted: fn(POINTER, ["string", TEXT], ["c", CHARACTER], ["count", SIZE_T]),
    transforming: fn(COUNT, ["dest", PVOID], ["source", TEXT], ["count", SIZE_T]),
  };
}

const narrow = shapesOf(CSTR_AT);
const wide = shapesOf(WSTR_AT);

/** What vcruntime140 has too. */
export const searchingApi = api(
  WITH_VCRUNTIME,
  {
    strchr: narrow.finding,
    strrchr: narrow.finding,
    strstr: narrow.findingSet,
    wcschr: wide.finding,
    wcsrchr: wide.finding,
    wcsstr: wide.findingSet,
  },
  CDECL,
);

/** String functions ("String manipulation"), of bytes and of UTF-16 units. */
export const stringsApi = api(
  BOTH,
  {
    strlen: narrow.measuring,
    wcslen: wide.measuring,
    strnlen: narrow.measuringCounted,
    wcsnlen: wide.measuringCounted,
    strcmp: narrow.two,
    wcscmp: wide.two,
    strcoll: narrow.two,
    wcscoll: wide.two,
    strncmp: narrow.twoCounted,
    wcsncmp: wide.twoCounted,
    _stricmp: narrow.two,
    _wcsicmp: wide.two,
    _stricoll: narrow.two,
    _wcsicoll: wide.two,
    _strnicmp: narrow.twoCounted,
    _wcsnicmp: wide.twoCounted,
    _strncoll: narrow.twoCounted,
    _wcsncoll: wide.twoCounted,
    _strnicoll: narrow.twoCounted,
    _wcsnicoll: wide.twoCounted,
    strcpy: narrow.copying,
    wcscpy: wide.copying,
    strcat: narrow.copying,
    wcscat: wide.copying,
    strncpy: narrow.copyingCounted,
    wcsncpy: wide.copyingCounted,
    strncat: narrow.copyingCounted,
    wcsncat: wide.copyingCounted,
    strpbrk: narrow.findingSet,
    wcspbrk: wide.findingSet,
    strspn: narrow.counting,
    wcsspn: wide.counting,
    strcspn: narrow.counting,
    wcscspn: wide.counting,
    strtok: narrow.token,
    strtok_s: narrow.tokenChecked,
    wcstok_s: wide.tokenChecked,
    _strdup: fn(MADE, ["string", CSTR_AT]),
    _wcsdup: fn(MADE, ["string", WSTR_AT]),
    _strrev: narrow.changing,
    _wcsrev: wide.changing,
    _strlwr: narrow.changing,
    _wcslwr: wide.changing,
    _strupr: narrow.changing,
    _wcsupr: wide.changing,
    _strlwr_s: narrow.changingChecked,
    _wcslwr_s: wide.changingChecked,
    _strupr_s: narrow.changingChecked,
    _wcsupr_s: wide.changingChecked,
    _strset: narrow.filling,
    _wcsset: wide.filling,
    _strnset: narrow.fillingCounted,
    _wcsnset: wide.fillingCounted,
    strxfrm: narrow.transforming,
    wcsxfrm: wide.transforming,
    strcpy_s: narrow.checked,
    wcscpy_s: wide.checked,
    strcat_s: narrow.checked,
    wcscat_s: wide.checked,
    strncpy_s: narrow.checkedCounted,
    wcsncpy_s: wide.checkedCounted,
    strncat_s: narrow.checkedCounted,
    wcsncat_s: wide.checkedCounted,
  },
  CDECL,
);

/** wcstok takes its context only in the ucrt. */
export const msvcrtStringsApi = api(MSVCRT, { wcstok: wide.token, strdup: alias("_strdup"), stricmp: alias("_stricmp") }, CDECL);
export const ucrtStringsApi = api(UCRT, { wcstok: wide.tokenChecked, strdup: alias("_strdup"), stricmp: alias("_stricmp") }, CDECL);
