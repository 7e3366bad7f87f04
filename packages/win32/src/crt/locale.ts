import { api, CSTR, fn, INT, LPCWSTR, OPAQUE, PVOID, UINT, VOID } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT } from "./dlls.ts";
import { Runtime } from "./runtime.ts";
import { encodeString, storedString, type Width } from "./startup/program-data.ts";

/** The C locale. */
export const localeApi = api(
  BOTH,
  {
    setlocale: fn(PVOID, ["category", INT], ["locale", CSTR]),
    _wsetlocale: fn(PVOID, ["category", INT], ["locale", LPCWSTR]),
    localeconv: fn(PVOID),
    _configthreadlocale: fn(INT, ["type", INT]),
    ___mb_cur_max_func: fn(INT),
    ___lc_codepage_func: fn(UINT),
    ___lc_collate_cp_func: fn(UINT),
    ___lc_handle_func: fn(PVOID),
    ___lc_locale_name_func: fn(PVOID),
    _create_locale: fn(OPAQUE, ["category", INT], ["locale", CSTR]),
    _wcreate_locale: fn(OPAQUE, ["category", INT], ["locale", LPCWSTR]),
    _get_current_locale: fn(OPAQUE),
    _free_locale: fn(VOID, ["locale", OPAQUE]),
    _getmbcp: fn(INT),
    _setmbcp: fn(INT, ["codepage", INT]),
    __initialize_lconv_for_unsigned_char: fn(VOID),
  },
  CDECL,
);

/** What msvcrt alone exports. */
export const msvcrtLocaleApi = api(MSVCRT, { ___setlc_active_func: fn(INT), ___unguarded_readlc_active_add_func: fn(PVOID), __crtGetStringTypeW: fn(INT, ["locale", OPAQUE]) }, CDECL);

const LC_MAX = 5;
const UTF8 = 65001;
/** lconv (locale.h): ten narrow strings, eight chars, eight wide strings; of the ten only the decimal point is not empty in "C". */
const LCONV = { narrowStrings: 10, chars: 8, wideStrings: 8, SIZE: 0x98 } as const;
const CHAR_MAX = 127;
const LOCALE_HANDLE = 1n;

export const locale = implement(localeApi, {
  setlocale: (thread, category, name) => setLocale(thread, category, name, "narrow"),
  _wsetlocale: (thread, category, name) => setLocale(thread, category, name, "wide"),
  localeconv(thread) {
    const { memory } = thread;
    const lconv = Runtime.of(thread).reserve("lconv", LCONV.SIZE);
    const setString = (offset: number, text: string, width: Width) => memory.setU64(lconv + offset, BigInt(storedString(thread, `lconv ${text}`, text, width)));
    for (let i = 0; i < LCONV.narrowStrings; i++) setString(8 * i, i === 0 ? "." : "", "narrow");
    memory.fill(lconv + 80, CHAR_MAX, LCONV.chars);
    for (let i = 0; i < LCONV.wideStrings; i++) setString(88 + 8 * i, i === 0 ? "." : "", "wide");
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
  if (request !== undefined) thread.memory.setI32(Runtime.of(thread).variable("__mb_cur_max", 4), maximumCharacter(thread));
  const bytes = encodeString(thread, name, width);
  const address = Runtime.of(thread).reserve(`locale name ${name} ${width}`, bytes.length);
  thread.memory.write(address, bytes);
  return address;
}
