import {
  alias,
  api,
  CSTR,
  DOUBLE,
  errno,
  ERRNO_T,
  fn,
  INT,
  in_,
  inout,
  LARGE_INTEGER,
  LONG,
  LPCWSTR,
  LPSTR,
  LPWSTR,
  optional,
  out,
  PVOID,
  SHORT,
  SIZE_T,
  struct,
  textAs,
  TSTR,
  USHORT,
  VOID,
} from "@decant/hook";
import { BOTH, CDECL, MSVCRT, UCRT } from "../dlls.ts";

/** struct tm. */
export const TM = struct("tm", {
  tm_sec: INT,
  tm_min: INT,
  tm_hour: INT,
  tm_mday: INT,
  tm_mon: INT,
  tm_year: INT,
  tm_wday: INT,
  tm_yday: INT,
  tm_isdst: INT,
});
const TIMEB64 = struct("__timeb64", { time: LARGE_INTEGER, millitm: USHORT, timezone: SHORT, dstflag: SHORT });
const TIMEB32 = struct("__timeb32", { time: LONG, millitm: USHORT, timezone: SHORT, dstflag: SHORT });
const TIMESPEC64 = struct("_timespec64", { tv_sec: LARGE_INTEGER, tv_nsec: LONG });
const UTIMBUF64 = struct("__utimbuf64", { actime: LARGE_INTEGER, modtime: LARGE_INTEGER });
const UTIMBUF32 = struct("__utimbuf32", { actime: LONG, modtime: LONG });

const TIME64 = errno(LARGE_INTEGER, -1);
const TIME32 = errno(LONG, -1);
const RESULT = errno(PVOID, 0);
const STATUS = errno(INT, -1);

/** Time ("Time management"). */
export const timeApi = api(
  BOTH,
  {
    _time64: fn(LARGE_INTEGER, ["timer", optional(out(LARGE_INTEGER))]),
    _time32: fn(LONG, ["timer", optional(out(LONG))]),
    _localtime64: fn(RESULT, ["timer", in_(LARGE_INTEGER)]),
    _localtime32: fn(RESULT, ["timer", in_(LONG)]),
    _gmtime64: fn(RESULT, ["timer", in_(LARGE_INTEGER)]),
    _gmtime32: fn(RESULT, ["timer", in_(LONG)]),
    _localtime64_s: fn(ERRNO_T, ["tmDest", out(TM)], ["timer", in_(LARGE_INTEGER)]),
    _localtime32_s: fn(ERRNO_T, ["tmDest", out(TM)], ["timer", in_(LONG)]),
    _gmtime64_s: fn(ERRNO_T, ["tmDest", out(TM)], ["timer", in_(LARGE_INTEGER)]),
    _gmtime32_s: fn(ERRNO_T, ["tmDest", out(TM)], ["timer", in_(LONG)]),
    _mktime64: fn(TIME64, ["timeptr", inout(TM)]),
    _mktime32: fn(TIME32, ["timeptr", inout(TM)]),
    _mkgmtime64: fn(TIME64, ["timeptr", inout(TM)]),
    _mkgmtime32: fn(TIME32, ["timeptr", inout(TM)]),
    _difftime64: fn(DOUBLE, ["timer1", LARGE_INTEGER], ["timer0", LARGE_INTEGER]),
    _difftime32: fn(DOUBLE, ["timer1", LONG], ["timer0", LONG]),
    clock: fn(LONG),
    _ftime64: fn(VOID, ["timeptr", out(TIMEB64)]),
    _ftime64_s: fn(ERRNO_T, ["timeptr", out(TIMEB64)]),
    _ftime32: fn(VOID, ["timeptr", out(TIMEB32)]),
    _tzset: fn(VOID),
    __daylight: fn(PVOID),
    __dstbias: fn(PVOID),
    __timezone: fn(PVOID),
    __tzname: fn(PVOID),
    _get_daylight: fn(INT, ["hours", out(INT)]),
    _get_dstbias: fn(INT, ["seconds", out(LONG)]),
    _get_timezone: fn(INT, ["seconds", out(LONG)]),
    _utime64: textAs("_utime64", "_wutime64", STATUS, ["filename", TSTR], ["times", optional(in_(UTIMBUF64))]),
    _utime32: textAs("_utime32", "_wutime32", STATUS, ["filename", TSTR], ["times", optional(in_(UTIMBUF32))]),
    _futime64: fn(STATUS, ["fd", INT], ["times", optional(in_(UTIMBUF64))]),
    _futime32: fn(STATUS, ["fd", INT], ["times", optional(in_(UTIMBUF32))]),
    _strdate: fn(PVOID, ["buffer", LPSTR]),
    _strtime: fn(PVOID, ["buffer", LPSTR]),
  },
  CDECL,
);

const STRFTIME = fn(errno(SIZE_T, 0), ["strDest", LPSTR], ["maxsize", SIZE_T], ["format", CSTR], ["timeptr", in_(TM)]);
const WCSFTIME = fn(errno(SIZE_T, 0), ["strDest", LPWSTR], ["maxsize", SIZE_T], ["format", LPCWSTR], ["timeptr", in_(TM)]);

/** The names without a width: 64 bits for x64 programs, 32 for x86 ones. */
export const msvcrtTimeNamesApi = api(
  MSVCRT,
  {
    time: alias("_time64"),
    localtime: alias("_localtime64"),
    gmtime: alias("_gmtime64"),
    mktime: alias("_mktime64"),
    difftime: alias("_difftime64"),
    ctime: alias("_ctime64"),
    _wctime: alias("_wctime64"),
    _ftime: alias("_ftime64"),
    _utime: alias("_utime64"),
    _wutime: alias("_wutime64"),
    _futime: alias("_futime64"),
  },
  { ...CDECL, only: 8 },
);
export const msvcrtTimeNamesApi32 = api(
  MSVCRT,
  {
    time: alias("_time32"),
    localtime: alias("_localtime32"),
    gmtime: alias("_gmtime32"),
    mktime: alias("_mktime32"),
    difftime: alias("_difftime32"),
    ctime: alias("_ctime32"),
    _wctime: alias("_wctime32"),
    _ftime: alias("_ftime32"),
    _utime: alias("_utime32"),
    _wutime: alias("_wutime32"),
    _futime: alias("_futime32"),
  },
  { ...CDECL, only: 4 },
);

/** msvcrt's strftime. */
const TIME_TEXTS = {
  asctime: fn(RESULT, ["timeptr", in_(TM)]),
  _ctime64: fn(RESULT, ["timer", in_(LARGE_INTEGER)]),
  _ctime32: fn(RESULT, ["timer", in_(LONG)]),
  _wctime64: fn(RESULT, ["timer", in_(LARGE_INTEGER)]),
  _wctime32: fn(RESULT, ["timer", in_(LONG)]),
  _wasctime: fn(RESULT, ["timeptr", in_(TM)]),
  asctime_s: fn(ERRNO_T, ["buffer", LPSTR], ["size", SIZE_T], ["timeptr", in_(TM)]),
  _ctime64_s: fn(ERRNO_T, ["buffer", LPSTR], ["size", SIZE_T], ["timer", in_(LARGE_INTEGER)]),
};
/** Times as text with English names, of 26 characters: msvcrt's days have a zero where the ucrt's have a space. */
export const msvcrtTimeTextApi = api(MSVCRT, TIME_TEXTS, CDECL);
export const ucrtTimeTextApi = api(UCRT, TIME_TEXTS, CDECL);

/** What msvcrt's strftime knows. */
export const msvcrtTimeApi = api(MSVCRT, { strftime: STRFTIME, wcsftime: WCSFTIME }, CDECL);

/** The ucrt's strftime, with C99's conversions. */
export const ucrtTimeApi = api(
  UCRT,
  {
    strftime: STRFTIME,
    wcsftime: WCSFTIME,
    _Strftime: fn(errno(SIZE_T, 0), ["strDest", LPSTR], ["maxsize", SIZE_T], ["format", CSTR], ["timeptr", in_(TM)], ["names", PVOID]),
    _Wcsftime: fn(errno(SIZE_T, 0), ["strDest", LPWSTR], ["maxsize", SIZE_T], ["format", LPCWSTR], ["timeptr", in_(TM)], ["names", PVOID]),
    _Getdays: fn(PVOID),
    _Getmonths: fn(PVOID),
    _Gettnames: fn(PVOID),
    _W_Getdays: fn(PVOID),
    _W_Getmonths: fn(PVOID),
    _W_Gettnames: fn(PVOID),
    _timespec64_get: fn(INT, ["ts", out(TIMESPEC64)], ["base", INT]),
    _get_tzname: fn(ERRNO_T, ["length", out(SIZE_T)], ["buffer", LPSTR], ["size", SIZE_T], ["index", INT]),
  },
  CDECL,
);
