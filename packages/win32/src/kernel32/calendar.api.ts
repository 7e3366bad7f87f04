import { api, BOOL, CALLBACK, DWORD, fn, INT, LPARAM, LPCWSTR, LPWSTR_BUF, optional, orElse, out, PVOID, TBUF, text } from "@decant/hook";
import { LOCALE_ID } from "../values/text.ts";

const enumeration = fn(BOOL, ["lpCalInfoEnumProc", CALLBACK], ["Locale", LOCALE_ID], ["Calendar", DWORD], ["CalType", DWORD]);

/** Calendars of locales ("Calendar Functions"). The one calendar is the Gregorian one, in English. */
export const calendarApi = api("kernel32", {
  GetCalendarInfo: text(
    orElse(INT, 0),
    ["Locale", LOCALE_ID],
    ["Calendar", DWORD],
    ["CalType", DWORD],
    ["lpCalData", TBUF],
    ["cchData", INT],
    ["lpValue", optional(out(DWORD))],
  ),
  GetCalendarInfoEx: fn(
    orElse(INT, 0),
    ["lpLocaleName", LPCWSTR],
    ["Calendar", DWORD],
    ["lpReserved", PVOID],
    ["CalType", DWORD],
    ["lpCalData", LPWSTR_BUF],
    ["cchData", INT],
    ["lpValue", optional(out(DWORD))],
  ),
  EnumCalendarInfoA: enumeration,
  EnumCalendarInfoW: enumeration,
  EnumCalendarInfoExA: enumeration,
  EnumCalendarInfoExW: enumeration,
  EnumCalendarInfoExEx: fn(
    BOOL,
    ["pCalInfoEnumProcExEx", CALLBACK],
    ["lpLocaleName", LPCWSTR],
    ["Calendar", DWORD],
    ["lpReserved", PVOID],
    ["CalType", DWORD],
    ["lParam", LPARAM],
  ),
});
