import { encodeText, ERROR, Win32Error, type Out, type TextBuffer } from "@decant/hook";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { DAYS, MONTHS } from "../text/english-names.ts";
import { findLocale, findLocaleByName, type Locale } from "../text/locales.ts";
import { calendarApi } from "./calendar.api.ts";

const GREGORIAN = 1;
const ENUM_ALL_CALENDARS = 0xffff_ffff;
const CAL = { RETURN_NUMBER: 0x2000_0000, NOUSEROVERRIDE: 0x8000_0000, USE_CP_ACP: 0x4000_0000, RETURN_GENITIVE: 0x1000_0000 } as const;
const FLAGS = CAL.RETURN_NUMBER | CAL.NOUSEROVERRIDE | CAL.USE_CP_ACP | CAL.RETURN_GENITIVE;
const MONDAY_FIRST = [...DAYS.slice(1), DAYS[0]!];
/** CALTYPEs from 1 on (winnls.h): names of months have a thirteenth, which is empty. */
const VALUES: readonly string[] = [
  "1",
  "Gregorian Calendar",
  "0",
  "AD",
  "M/d/yyyy",
  "dddd, MMMM d, yyyy",
  ...MONDAY_FIRST,
  ...MONDAY_FIRST.map((day) => day.slice(0, 3)),
  ...MONTHS,
  "",
  ...MONTHS.map((month) => month.slice(0, 3)),
  "",
  "MMMM yyyy",
  "2049",
  ...MONDAY_FIRST.map((day) => day.slice(0, 2)),
  "MMMM d",
  "AD",
  "dddd, MMM d",
];
/** CAL_ICALINTVALUE, CAL_IYEAROFFSETRANGE and CAL_ITWODIGITYEARMAX may be asked for as numbers. */
const NUMBERS: ReadonlySet<number> = new Set([1, 3, 48]);

/** How an enumeration calls back. */
interface Enumeration {
  readonly callback: number;
  readonly locale: Locale | undefined;
  readonly calendar: number;
  readonly type: number;
  readonly wide: boolean;
  /** What the callback is given behind the text. */
  readonly more: readonly (number | bigint)[];
}

export const calendar = implement(calendarApi, {
  GetCalendarInfo: (_thread, locale, id, type, target, count, value) =>
    information(findLocale(locale), { calendar: id, type, target, count, value }),
  GetCalendarInfoEx: (_thread, name, id, _reserved, type, target, count, value) =>
    information(findLocaleByName(name), { calendar: id, type, target, count, value }),
  EnumCalendarInfoA: (thread, callback, locale, id, type) =>
    enumerate(thread, { callback, locale: findLocale(locale), calendar: id, type, wide: false, more: [] }),
  EnumCalendarInfoW: (thread, callback, locale, id, type) =>
    enumerate(thread, { callback, locale: findLocale(locale), calendar: id, type, wide: true, more: [] }),
  EnumCalendarInfoExA: (thread, callback, locale, id, type) =>
    enumerate(thread, { callback, locale: findLocale(locale), calendar: id, type, wide: false, more: [GREGORIAN] }),
  EnumCalendarInfoExW: (thread, callback, locale, id, type) =>
    enumerate(thread, { callback, locale: findLocale(locale), calendar: id, type, wide: true, more: [GREGORIAN] }),
  EnumCalendarInfoExEx: (thread, callback, name, id, _reserved, type, parameter) =>
    enumerate(thread, { callback, locale: findLocaleByName(name), calendar: id, type, wide: true, more: [GREGORIAN, 0, parameter] }),
});

interface Question {
  readonly calendar: number;
  readonly type: number;
  readonly target: TextBuffer;
  readonly count: number;
  readonly value: Out<number>;
}

function information(locale: Locale | undefined, { calendar: id, type, target, count, value }: Question): number {
  if (locale === undefined || id !== GREGORIAN) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const number = type & ~FLAGS;
  if ((type & CAL.RETURN_NUMBER) !== 0) {
    if (!NUMBERS.has(number)) throw new Win32Error(ERROR.INVALID_FLAGS);
    value.set(Number(VALUES[number - 1]));
    return 2;
  }
  const text = valueOf(number);
  if (count === 0) return text.length + 1;
  const { needed } = target.write(text, count);
  if (needed > count) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return needed;
}

function valueOf(type: number): string {
  const text = VALUES[type - 1];
  if (text === undefined) throw new Win32Error(ERROR.INVALID_FLAGS);
  return text;
}

function* enumerate(thread: Thread, { callback, locale, calendar: id, type, wide, more }: Enumeration): GuestGenerator<boolean> {
  if (callback === 0 || locale === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  // Of a calendar that the locale does not use there is nothing to tell (as Wine 8).
  if (id !== GREGORIAN && id !== ENUM_ALL_CALENDARS) return true;
  const bytes = encodeText(thread, `${valueOf(type & ~FLAGS)}\0`, wide ? "wide" : "ansi");
  const { heap } = thread.process;
  const place = heap.allocate(bytes.length);
  if (place === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  try {
    thread.memory.write(place, bytes);
    yield* guestCall(thread, callback, place, ...more);
  } finally {
    heap.free(place);
  }
  return true;
}
