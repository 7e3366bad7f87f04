import { ERROR, readString, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { formatPicture, picturesOf, type CalendarFields } from "../text/date-pictures.ts";
import { findLocale, findLocaleByName, type Locale } from "../text/locales.ts";
import { dateFormatApi } from "./date-format.api.ts";
import { fromSystemTime, toSystemTime, type SystemTime } from "./time.ts";

const DATE = { SHORTDATE: 1, LONGDATE: 2, YEARMONTH: 8, MONTHDAY: 0x80 } as const;
const DATE_KINDS = DATE.SHORTDATE | DATE.LONGDATE | DATE.YEARMONTH | DATE.MONTHDAY;
const TIME = { NOMINUTESORSECONDS: 1, NOSECONDS: 2, NOTIMEMARKER: 4, FORCE24HOURFORMAT: 8 } as const;
const TIME_FLAGS = 0xf;

interface Request {
  readonly locale: Locale | undefined;
  readonly flags: number;
  readonly when: SystemTime | undefined;
  readonly format: string | undefined;
  readonly buffer: TextBuffer;
  readonly count: number;
}

export const dateFormat = implement(dateFormatApi, {
  GetDateFormat: (thread, id, flags, when, format, buffer, count) =>
    date(thread, { locale: findLocale(id), flags, when, format, buffer, count }),
  GetDateFormatEx: (thread, name, flags, when, format, buffer, count) =>
    date(thread, { locale: findLocaleByName(name), flags, when, format, buffer, count }),
  GetTimeFormat: (thread, id, flags, when, format, buffer, count) =>
    time(thread, { locale: findLocale(id), flags, when, format, buffer, count }),
  GetTimeFormatEx: (thread, name, flags, when, format, buffer, count) =>
    time(thread, { locale: findLocaleByName(name), flags, when, format, buffer, count }),
  GetNumberFormat: (thread, id, _flags, value, format, buffer, count) => number(thread, findLocale(id), value, format, buffer, count),
  GetNumberFormatEx: (thread, name, _flags, value, format, buffer, count) =>
    number(thread, findLocaleByName(name), value, format, buffer, count),
  GetCurrencyFormat: (thread, id, flags, value, format, buffer, count) =>
    currency(thread, findLocale(id), flags, value, format, buffer, count),
  GetCurrencyFormatEx: (thread, name, flags, value, format, buffer, count) =>
    currency(thread, findLocaleByName(name), flags, value, format, buffer, count),
});

/** How amounts are written, by NegativeOrder and PositiveOrder of CURRENCYFMT: "E" stands for the symbol, "1" for the number. */
const NEGATIVE_ORDERS = [
  "(E1)", "-E1", "E-1", "E1-", "(1E)", "-1E", "1-E", "1E-", "-1 E", "-E 1", "1 E-", "E 1-", "E -1", "1- E", "(E 1)", "(1 E)",
]; // prettier-ignore
const POSITIVE_ORDERS = ["E1", "1E", "E 1", "1 E"];

function date(thread: Thread, { locale, flags, when, format, buffer, count }: Request): number {
  const known = required(locale);
  const kind = flags & DATE_KINDS;
  if ((kind & (kind - 1)) !== 0 || (format !== undefined && kind !== 0)) throw new Win32Error(ERROR.INVALID_FLAGS);
  const pictures = picturesOf(known);
  const byKind =
    kind === DATE.LONGDATE
      ? pictures.longDate
      : kind === DATE.YEARMONTH
        ? pictures.yearMonth
        : kind === DATE.MONTHDAY
          ? pictures.monthDay
          : pictures.shortDate;
  // The time of day does not matter, nor does the day of the week that is given.
  const given = when === undefined ? undefined : { ...when, wHour: 0, wMinute: 0, wSecond: 0, wMilliseconds: 0 };
  return give(formatPicture(format ?? byKind, "date", fieldsOf(thread, given), known), buffer, count);
}

function time(thread: Thread, { locale, flags, when, format, buffer, count }: Request): number {
  const known = required(locale);
  if ((flags & ~TIME_FLAGS & 0x3fff_ffff) !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  let picture = format ?? picturesOf(known).time;
  // The marker stays unless that is asked for too.
  if (has(TIME.FORCE24HOURFORMAT)) picture = picture.replaceAll("h", "H");
  if (has(TIME.NOMINUTESORSECONDS)) picture = picture.replaceAll(/[^hHt' ]*[ms]+/g, "");
  else if (has(TIME.NOSECONDS)) picture = picture.replaceAll(/[^hHmt' ]*s+/g, "");
  if (has(TIME.NOTIMEMARKER)) picture = picture.replaceAll(/\s*t+/g, "");
  const given = when === undefined ? undefined : { ...when, wYear: 2000, wMonth: 1, wDay: 1 };
  return give(formatPicture(picture, "time", fieldsOf(thread, given), known), buffer, count);
}

/** The fields given, with the true day of the week; local time when there are none. Throws ERROR_INVALID_PARAMETER for what is no time. */
function fieldsOf({ process }: Thread, when: SystemTime | undefined): CalendarFields {
  if (when !== undefined) return toSystemTime(fromSystemTime(when));
  const { clock } = process.host;
  return toSystemTime(clock.now() + 60_000 * clock.offsetMinutes(clock.now()));
}

/** NUMBERFMT: digits behind the point, leading zero, grouping, the two separators, and how negative numbers are written. */
function number(
  thread: Thread,
  locale: Locale | undefined,
  value: string | undefined,
  format: number,
  buffer: TextBuffer,
  count: number,
): number {
  required(locale);
  const { body, isNegative, orders } = amount(thread, value, format, buffer.charSize);
  const order = format === 0 ? 1 : thread.memory.u32(orders);
  const negative = [`(${body})`, `-${body}`, `- ${body}`, `${body}-`, `${body} -`][order] ?? `-${body}`;
  return give(isNegative ? negative : body, buffer, count);
}

/** CURRENCYFMT: the same, with how positive amounts are written, and the currency's symbol. */
function currency(
  thread: Thread,
  locale: Locale | undefined,
  flags: number,
  value: string | undefined,
  format: number,
  buffer: TextBuffer,
  count: number,
): number {
  required(locale);
  // A format of one's own leaves nothing of the user's to override.
  if (format !== 0 && flags !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
  const { body, isNegative, orders } = amount(thread, value, format, buffer.charSize);
  const [negative, positive] = format === 0 ? [0, 0] : [thread.memory.u32(orders), thread.memory.u32(orders + 4)];
  const symbol = format === 0 ? "$" : readString(thread, thread.memory.pointer(orders + 8), buffer.charSize === 2 ? "wide" : "ansi");
  const pattern = isNegative ? NEGATIVE_ORDERS[negative] : POSITIVE_ORDERS[positive];
  if (pattern === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return give(
    pattern.replace(/[E1]/g, (part) => (part === "E" ? symbol : body)),
    buffer,
    count,
  );
}

/** A number's digits by the fields that NUMBERFMT and CURRENCYFMT begin with, and the address of those behind them. */
function amount(
  thread: Thread,
  value: string | undefined,
  format: number,
  charSize: 1 | 2,
): { body: string; isNegative: boolean; orders: number } {
  const parts = /^(-?)(\d*)(?:\.(\d*))?$/.exec(value ?? "");
  if (value === undefined || parts === null) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const { memory, pointerSize } = thread;
  const word = (index: number): number => memory.u32(format + 4 * index);
  const text = (offset: number): string => readString(thread, memory.u32(format + offset), charSize === 2 ? "wide" : "ansi");
  const pointers = pointerSize === 8 ? 16 : 12;
  const [digits, leadingZero, grouping] = format === 0 ? [2, 1, 3] : [Math.min(word(0), 9), word(1), word(2)];
  const point = format === 0 ? "." : text(pointers);
  const comma = format === 0 ? "," : text(pointers + pointerSize);
  const [, minus = "", whole = "", fraction = ""] = parts;
  const scaled = rounded(whole, fraction, digits);
  const integer = scaled.slice(0, scaled.length - digits).replace(/^0+/, "");
  const shown = groups(integer === "" && leadingZero !== 0 ? "0" : integer, grouping, comma);
  const body = digits === 0 ? shown : `${shown}${point}${scaled.slice(scaled.length - digits)}`;
  return { body, isNegative: minus === "-", orders: format + pointers + 2 * pointerSize };
}

/** The digits of a number with `digits` of them behind the point, which is left out. */
function rounded(whole: string, fraction: string, digits: number): string {
  const kept = BigInt(`${whole}${fraction.padEnd(digits, "0").slice(0, digits)}` || "0");
  const up = (fraction[digits] ?? "0") >= "5" ? 1n : 0n;
  return String(kept + up).padStart(digits + 1, "0");
}

function groups(digits: string, size: number, separator: string): string {
  // 32: the last three digits, then by twos ("NUMBERFMTW structure").
  if (size === 32) return digits.replaceAll(/\B(?=(\d{2})*\d{3}$)/g, separator);
  if (size <= 0 || size > 9) return digits;
  return digits.replaceAll(new RegExp(`\\B(?=(\\d{${size}})+$)`, "g"), separator);
}

function required(locale: Locale | undefined): Locale {
  if (locale === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return locale;
}

/** Writes the text with its NUL; 0 units ask how many there would be. */
function give(text: string, buffer: TextBuffer, count: number): number {
  if (count < 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (count === 0) return buffer.write(text, 0).needed;
  const { needed } = buffer.write(text, count);
  if (needed > count) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return needed;
}
