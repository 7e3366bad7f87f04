import { api, DWORD, fn, in_, INT, LPCWSTR, LPWSTR_BUF, optional, orElse, PVOID, TBUF, text, TSTR } from "@decant/hook";
import { LOCALE_ID } from "../values/text.ts";
import { SYSTEMTIME } from "./time.api.ts";

const COUNT = orElse(INT, 0);
const WHEN = optional(in_(SYSTEMTIME));

/** Dates, times and numbers as a locale writes them ("National Language Support Functions"). */
export const dateFormatApi = api("kernel32", {
  GetDateFormat: text(
    COUNT,
    ["Locale", LOCALE_ID],
    ["dwFlags", DWORD],
    ["lpDate", WHEN],
    ["lpFormat", TSTR],
    ["lpDateStr", TBUF],
    ["cchDate", INT],
  ),
  GetDateFormatEx: fn(
    COUNT,
    ["lpLocaleName", LPCWSTR],
    ["dwFlags", DWORD],
    ["lpDate", WHEN],
    ["lpFormat", LPCWSTR],
    ["lpDateStr", LPWSTR_BUF],
    ["cchDate", INT],
    ["lpCalendar", PVOID],
  ),
  GetTimeFormat: text(
    COUNT,
    ["Locale", LOCALE_ID],
    ["dwFlags", DWORD],
    ["lpTime", WHEN],
    ["lpFormat", TSTR],
    ["lpTimeStr", TBUF],
    ["cchTime", INT],
  ),
  GetTimeFormatEx: fn(
    COUNT,
    ["lpLocaleName", LPCWSTR],
    ["dwFlags", DWORD],
    ["lpTime", WHEN],
    ["lpFormat", LPCWSTR],
    ["lpTimeStr", LPWSTR_BUF],
    ["cchTime", INT],
  ),
  GetCurrencyFormat: text(
    COUNT,
    ["Locale", LOCALE_ID],
    ["dwFlags", DWORD],
    ["lpValue", TSTR],
    ["lpFormat", PVOID],
    ["lpCurrencyStr", TBUF],
    ["cchCurrency", INT],
  ),
  GetCurrencyFormatEx: fn(
    COUNT,
    ["lpLocaleName", LPCWSTR],
    ["dwFlags", DWORD],
    ["lpValue", LPCWSTR],
    ["lpFormat", PVOID],
    ["lpCurrencyStr", LPWSTR_BUF],
    ["cchCurrency", INT],
  ),
  GetNumberFormat: text(
    COUNT,
    ["Locale", LOCALE_ID],
    ["dwFlags", DWORD],
    ["lpValue", TSTR],
    ["lpFormat", PVOID],
    ["lpNumberStr", TBUF],
    ["cchNumber", INT],
  ),
  GetNumberFormatEx: fn(
    COUNT,
    ["lpLocaleName", LPCWSTR],
    ["dwFlags", DWORD],
    ["lpValue", LPCWSTR],
    ["lpFormat", PVOID],
    ["lpNumberStr", LPWSTR_BUF],
    ["cchNumber", INT],
  ),
});
