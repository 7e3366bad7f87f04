import { alias, api, errno, ERRNO_T, fn, infallible, inout, INT, PVOID, SIZE_T } from "@decant/hook";
import { BOTH, CDECL, MSVCRT, UCRT, WITH_VCRUNTIME } from "../dlls.ts";

const POINTER = infallible(PVOID);
const COUNT = infallible(SIZE_T);
const NUMBER = infallible(INT);
const MADE = errno(PVOID, 0);

const two = fn(NUMBER, ["string1", PVOID], ["string2", PVOID]);
const twoCounted = fn(NUMBER, ["string1", PVOID], ["string2", PVOID], ["count", SIZE_T]);
const copying = fn(POINTER, ["dest", PVOID], ["source", PVOID]);
const copyingCounted = fn(POINTER, ["dest", PVOID], ["source", PVOID], ["count", SIZE_T]);
const finding = fn(POINTER, ["string", PVOID], ["c", INT]);
const findingSet = fn(POINTER, ["string", PVOID], ["set", PVOID]);
const counting = fn(COUNT, ["string", PVOID], ["set", PVOID]);
const measuring = fn(COUNT, ["string", PVOID]);
const measuringCounted = fn(COUNT, ["string", PVOID], ["count", SIZE_T]);
const changing = fn(POINTER, ["string", PVOID]);
const checked = fn(ERRNO_T, ["dest", PVOID], ["size", SIZE_T], ["source", PVOID]);
const checkedCounted = fn(ERRNO_T, ["dest", PVOID], ["size", SIZE_T], ["source", PVOID], ["count", SIZE_T]);
const changingChecked = fn(ERRNO_T, ["string", PVOID], ["size", SIZE_T]);
const token = fn(POINTER, ["string", PVOID], ["delimiters", PVOID]);
const tokenChecked = fn(POINTER, ["string", PVOID], ["delimiters", PVOID], ["context", inout(PVOID)]);
const filling = fn(POINTER, ["string", PVOID], ["c", INT]);
const fillingCounted = fn(POINTER, ["string", PVOID], ["c", INT], ["count", SIZE_T]);
const transforming = fn(COUNT, ["dest", PVOID], ["source", PVOID], ["count", SIZE_T]);

/** What vcruntime140 has too. */
export const searchingApi = api(
  WITH_VCRUNTIME,
  { strchr: finding, strrchr: finding, strstr: findingSet, wcschr: finding, wcsrchr: finding, wcsstr: findingSet },
  CDECL,
);

/** String functions ("String manipulation"), of bytes and of UTF-16 units. */
export const stringsApi = api(
  BOTH,
  {
    strlen: measuring,
    wcslen: measuring,
    strnlen: measuringCounted,
    wcsnlen: measuringCounted,
    strcmp: two,
    wcscmp: two,
    strcoll: two,
    wcscoll: two,
    strncmp: twoCounted,
    wcsncmp: twoCounted,
    _stricmp: two,
    _wcsicmp: two,
    _stricoll: two,
    _wcsicoll: two,
    _strnicmp: twoCounted,
    _wcsnicmp: twoCounted,
    _strncoll: twoCounted,
    _wcsncoll: twoCounted,
    _strnicoll: twoCounted,
    _wcsnicoll: twoCounted,
    strcpy: copying,
    wcscpy: copying,
    strcat: copying,
    wcscat: copying,
    strncpy: copyingCounted,
    wcsncpy: copyingCounted,
    strncat: copyingCounted,
    wcsncat: copyingCounted,
    strpbrk: findingSet,
    wcspbrk: findingSet,
    strspn: counting,
    wcsspn: counting,
    strcspn: counting,
    wcscspn: counting,
    strtok: token,
    strtok_s: tokenChecked,
    wcstok_s: tokenChecked,
    _strdup: fn(MADE, ["string", PVOID]),
    _wcsdup: fn(MADE, ["string", PVOID]),
    _strrev: changing,
    _wcsrev: changing,
    _strlwr: changing,
    _wcslwr: changing,
    _strupr: changing,
    _wcsupr: changing,
    _strlwr_s: changingChecked,
    _wcslwr_s: changingChecked,
    _strupr_s: changingChecked,
    _wcsupr_s: changingChecked,
    _strset: filling,
    _wcsset: filling,
    _strnset: fillingCounted,
    _wcsnset: fillingCounted,
    strxfrm: transforming,
    wcsxfrm: transforming,
    strcpy_s: checked,
    wcscpy_s: checked,
    strcat_s: checked,
    wcscat_s: checked,
    strncpy_s: checkedCounted,
    wcsncpy_s: checkedCounted,
    strncat_s: checkedCounted,
    wcsncat_s: checkedCounted,
  },
  CDECL,
);

/** wcstok takes its context only in the ucrt. */
export const msvcrtStringsApi = api(MSVCRT, { wcstok: token, strdup: alias("_strdup"), stricmp: alias("_stricmp") }, CDECL);
export const ucrtStringsApi = api(UCRT, { wcstok: tokenChecked, strdup: alias("_strdup"), stricmp: alias("_stricmp") }, CDECL);
