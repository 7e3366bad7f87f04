import {
  api,
  BOOL,
  BOOLEAN,
  DWORD,
  fn,
  in_,
  infallible,
  LARGE_INTEGER,
  LONG,
  optional,
  orElse,
  out,
  struct,
  ULONGLONG,
  VOID,
  WORD,
  wchars,
} from "@decant/hook";
import { FILETIME } from "../values/times.ts";

export const SYSTEMTIME = struct("SYSTEMTIME", {
  wYear: WORD,
  wMonth: WORD,
  wDayOfWeek: WORD,
  wDay: WORD,
  wHour: WORD,
  wMinute: WORD,
  wSecond: WORD,
  wMilliseconds: WORD,
});

export const TIME_ZONE_INFORMATION = struct("TIME_ZONE_INFORMATION", {
  Bias: LONG,
  StandardName: wchars(32),
  StandardDate: SYSTEMTIME,
  StandardBias: LONG,
  DaylightName: wchars(32),
  DaylightDate: SYSTEMTIME,
  DaylightBias: LONG,
});

export const DYNAMIC_TIME_ZONE_INFORMATION = struct("DYNAMIC_TIME_ZONE_INFORMATION", {
  ...TIME_ZONE_INFORMATION.fields,
  TimeZoneKeyName: wchars(128),
  DynamicDaylightTimeDisabled: BOOLEAN,
});

/** Time ("Time Functions"). */
export const timeApi = api("kernel32", {
  GetSystemTime: fn(VOID, ["lpSystemTime", out(SYSTEMTIME)]),
  GetLocalTime: fn(VOID, ["lpSystemTime", out(SYSTEMTIME)]),
  GetSystemTimeAsFileTime: fn(VOID, ["lpSystemTimeAsFileTime", out(FILETIME)]),
  GetSystemTimePreciseAsFileTime: fn(VOID, ["lpSystemTimeAsFileTime", out(FILETIME)]),
  FileTimeToSystemTime: fn(BOOL, ["lpFileTime", in_(FILETIME)], ["lpSystemTime", out(SYSTEMTIME)]),
  SystemTimeToFileTime: fn(BOOL, ["lpSystemTime", in_(SYSTEMTIME)], ["lpFileTime", out(FILETIME)]),
  FileTimeToLocalFileTime: fn(BOOL, ["lpFileTime", in_(FILETIME)], ["lpLocalFileTime", out(FILETIME)]),
  LocalFileTimeToFileTime: fn(BOOL, ["lpLocalFileTime", in_(FILETIME)], ["lpFileTime", out(FILETIME)]),
  SystemTimeToTzSpecificLocalTime: fn(
    BOOL,
    ["lpTimeZone", optional(in_(TIME_ZONE_INFORMATION))],
    ["lpUniversalTime", in_(SYSTEMTIME)],
    ["lpLocalTime", out(SYSTEMTIME)],
  ),
  TzSpecificLocalTimeToSystemTime: fn(
    BOOL,
    ["lpTimeZoneInformation", optional(in_(TIME_ZONE_INFORMATION))],
    ["lpLocalTime", in_(SYSTEMTIME)],
    ["lpUniversalTime", out(SYSTEMTIME)],
  ),
  GetDynamicTimeZoneInformation: fn(orElse(DWORD, 0xffff_ffff), ["pTimeZoneInformation", out(DYNAMIC_TIME_ZONE_INFORMATION)]),
  GetTimeZoneInformationForYear: fn(
    BOOL,
    ["wYear", WORD],
    ["pdtzi", optional(in_(DYNAMIC_TIME_ZONE_INFORMATION))],
    ["ptzi", out(TIME_ZONE_INFORMATION)],
  ),
  CompareFileTime: fn(infallible(LONG), ["lpFileTime1", in_(FILETIME)], ["lpFileTime2", in_(FILETIME)]),
  FileTimeToDosDateTime: fn(BOOL, ["lpFileTime", in_(FILETIME)], ["lpFatDate", out(WORD)], ["lpFatTime", out(WORD)]),
  DosDateTimeToFileTime: fn(BOOL, ["wFatDate", WORD], ["wFatTime", WORD], ["lpFileTime", out(FILETIME)]),
  GetTickCount: fn(DWORD),
  GetTickCount64: fn(ULONGLONG),
  QueryPerformanceCounter: fn(BOOL, ["lpPerformanceCount", out(LARGE_INTEGER)]),
  QueryPerformanceFrequency: fn(BOOL, ["lpFrequency", out(LARGE_INTEGER)]),
  QueryUnbiasedInterruptTime: fn(BOOL, ["UnbiasedTime", out(ULONGLONG)]),
  GetTimeZoneInformation: fn(orElse(DWORD, 0xffff_ffff), ["lpTimeZoneInformation", out(TIME_ZONE_INFORMATION)]),
  GetSystemTimes: fn(
    BOOL,
    ["lpIdleTime", optional(out(FILETIME))],
    ["lpKernelTime", optional(out(FILETIME))],
    ["lpUserTime", optional(out(FILETIME))],
  ),
});
