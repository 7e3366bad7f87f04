import { api, CSTR, fn, INT, LPCWSTR, OPAQUE, PVOID, UINT, VOID } from "@decant/hook";
import { LOCALE_CATEGORY } from "../values/runtime.ts";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT } from "./dlls.ts";
import { Runtime } from "./runtime.ts";
import { LC } from "./locale-state.ts";
import { writeCharacterClasses } from "./strings/characters.ts";
import { encodeString, storedString, type Width } from "./startup/program-data.ts";

/** The C locale. */
export const localeApi = api(
  BOTH,
  {
    setlocale: fn(PVOID, ["category", LOCALE_CATEGORY], ["locale", CSTR]),
    _wsetlocale: fn(PVOID, ["category", LOCALE_CATEGORY], ["locale", LPCWSTR]),
    localeconv: fn(PVOID),
    _configthreadlocale: fn(INT, ["type", INT]),
    ___mb_cur_max_func: fn(INT),
    ___lc_codepage_func: fn(UINT),
    ___lc_collate_cp_func: fn(UINT),
    ___lc_handle_func: fn(PVOID),
    ___lc_locale_name_func: fn(PVOID),
    _create_locale: fn(OPAQUE, ["category", LOCALE_CATEGORY], ["locale", CSTR]),
    _wcreate_locale: fn(OPAQUE, ["category", LOCALE_CATEGORY], ["locale", LPCWSTR]),
    _get_current_locale: fn(OPAQUE),
    _free_locale: fn(VOID, ["locale", OPAQUE]),
    _getmbcp: fn(INT),
    _setmbcp: fn(INT, ["codepage", INT]),
    __initialize_lconv_for_unsigned_char: fn(VOID),
  },
  CDECL,
);

/** What msvcrt alone exports. */
export const msvcrtLocaleApi = api(
  MSVCRT,
  { ___setlc_active_func: fn(INT), ___unguarded_readlc_active_add_func: fn(PVOID), __crtGetStringTypeW: fn(INT, ["locale", OPAQUE]) },
  CDECL,
);

const LC_MAX = 5;
const UTF8 = 65001;
/** lconv (locale.h): ten narrow strings, eight chars, eight wide strings. */
const LCONV_SIZE = 0x98;
/** decimal_point, thousands_sep, grouping. */
const C_NUMERIC = [".", "", ""];
const ENGLISH_NUMERIC = [".", ",", "\u0003"];
/** int_curr_symbol, currency_symbol, mon_decimal_point, mon_thousands_sep, mon_grouping, positive_sign, negative_sign. */
const C_MONETARY = ["", "", "", "", "", "", ""];
const ENGLISH_MONETARY = ["USD", "$", ".", ",", "\u0003", "", "-"];
/** int_frac_digits, frac_digits, p_cs_precedes, p_sep_by_space, n_cs_precedes, n_sep_by_space, p_sign_posn, n_sign_posn; 127 is CHAR_MAX. */
const C_CHARS = new Uint8Array(8).fill(127);
const ENGLISH_CHARS = Uint8Array.of(2, 2, 1, 0, 1, 0, 3, 0);
/** Which of the narrow strings the wide ones repeat. */
const WIDE_ORDER = [0, 1, 3, 4, 5, 6, 8, 9];
const LOCALE_HANDLE = 1n;

export const locale = implement(localeApi, {
  setlocale: (thread, category, name) => setLocale(thread, category, name, "narrow"),
  _wsetlocale: (thread, category, name) => setLocale(thread, category, name, "wide"),
  localeconv(thread) {
    const { memory } = thread;
    const lconv = Runtime.of(thread).reserve("lconv", LCONV_SIZE);
    const setString = (offset: number, text: string, width: Width) =>
      memory.setPointer(lconv + offset, storedString(thread, `lconv ${text}`, text, width));
    const { locale: state } = Runtime.of(thread);
    const texts = [
      ...(state.name(LC.NUMERIC) === "C" ? C_NUMERIC : ENGLISH_NUMERIC),
      ...(state.name(LC.MONETARY) === "C" ? C_MONETARY : ENGLISH_MONETARY),
    ];
    const charsAt = 10 * memory.pointerSize;
    texts.forEach((text, index) => setString(memory.pointerSize * index, text, "narrow"));
    memory.write(lconv + charsAt, state.name(LC.MONETARY) === "C" ? C_CHARS : ENGLISH_CHARS);
    WIDE_ORDER.forEach((source, index) => setString(charsAt + 8 + memory.pointerSize * index, texts[source]!, "wide"));
    return lconv;
  },
  _configthreadlocale: () => 2, // _DISABLE_PER_THREAD_LOCALE
  ___mb_cur_max_func: (thread) => maximumCharacter(thread),
  ___lc_codepage_func: (thread) => Runtime.of(thread).locale.codePage,
  ___lc_collate_cp_func: (thread) => Runtime.of(thread).locale.codePage,
  ___lc_handle_func: (thread) => Runtime.of(thread).reserve("locale handles", 8 * (LC_MAX + 1)),
  ___lc_locale_name_func: (thread) => Runtime.of(thread).reserve("locale names", 8 * (LC_MAX + 1)),
  _create_locale: () => LOCALE_HANDLE,
  _wcreate_locale: () => LOCALE_HANDLE,
  _get_current_locale: () => LOCALE_HANDLE,
  _free_locale() {},
  _getmbcp: () => 0,
  _setmbcp: () => 0,
  __initialize_lconv_for_unsigned_char() {},
});

export const msvcrtLocale = implement(msvcrtLocaleApi, {
  ___setlc_active_func: () => 0,
  ___unguarded_readlc_active_add_func: (thread) => Runtime.of(thread).reserve("locale users", 8),
});

/** Bytes of the longest character of the locale. */
export function maximumCharacter(thread: Thread): number {
  return Runtime.of(thread).locale.codePage === UTF8 ? 4 : 1;
}

function setLocale(thread: Thread, category: number, request: string | undefined, width: Width): number {
  const { locale: state } = Runtime.of(thread);
  if (category < 0 || category > LC_MAX) return 0;
  const name = request === undefined ? state.name(category) : state.set(category, request);
  if (name === undefined) return 0;
  if (request !== undefined) {
    thread.memory.setI32(Runtime.of(thread).variable("__mb_cur_max", 4), maximumCharacter(thread));
    thread.memory.setI32(Runtime.of(thread).variable("__lc_codepage", 4), state.codePage);
    writeCharacterClasses(thread);
  }
  const bytes = encodeString(thread, name, width);
  const address = Runtime.of(thread).reserve(`locale name ${name} ${width}`, bytes.length);
  thread.memory.write(address, bytes);
  return address;
}
