import { expect, test } from "vitest";
import fc from "fast-check";
import { fromCalendar, toCalendar } from "./calendar.ts";
import { asciiTime, formatTime } from "./strftime.ts";

const UTC = { name: "UTC", offsetMinutes: 0 };
/** 2024-02-29 12:34:56, a Thursday. */
const LEAP_DAY = 1709210096;

test("a time and its calendar fields give each other", () => {
  expect(toCalendar(LEAP_DAY)).toEqual({
    second: 56,
    minute: 34,
    hour: 12,
    day: 29,
    month: 1,
    year: 124,
    weekDay: 4,
    yearDay: 59,
    isDst: 0,
  });
  fc.assert(fc.property(fc.integer({ min: -(2 ** 36), max: 2 ** 36 }), (seconds) => fromCalendar(toCalendar(seconds)) === seconds));
});

test("the calendar agrees with JavaScript's", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 36), max: 2 ** 36 }), (seconds) => {
      const date = new Date(seconds * 1000);
      const { year, month, day, hour, weekDay } = toCalendar(seconds);
      return (
        year + 1900 === date.getUTCFullYear() &&
        month === date.getUTCMonth() &&
        day === date.getUTCDate() &&
        hour === date.getUTCHours() &&
        weekDay === date.getUTCDay()
      );
    }),
  );
});

test("fields out of their ranges carry over, as mktime's do", () => {
  expect(fromCalendar({ second: 3700, minute: 0, hour: 0, day: 0, month: 14, year: 124 })).toBe(
    fromCalendar({ second: 40, minute: 1, hour: 1, day: 28, month: 1, year: 125 }),
  );
});

test("strftime prints what Wine's msvcrt prints", () => {
  const format = (text: string) => formatTime(text, toCalendar(LEAP_DAY), UTC, false);
  expect(format("%Y-%m-%d %H:%M:%S %j %U %W %w %a %A %b %B %p %I %y %x %X %%")).toBe(
    "2024-02-29 12:34:56 060 08 09 4 Thu Thursday Feb February PM 12 24 02/29/24 12:34:56 %",
  );
  expect(format("%c")).toBe("02/29/24 12:34:56");
  expect(format("%#d %#m %#j")).toBe("29 2 60");
  expect(format("%e")).toBeUndefined();
});

test("strftime of the ucrt knows C99's conversions", () => {
  const format = (text: string) => formatTime(text, toCalendar(LEAP_DAY), UTC, true);
  expect(format("%c")).toBe("Thu Feb 29 12:34:56 2024");
  expect(format("%D %F %e %g %G %h %R %r %T %u %V %C")).toBe("02/29/24 2024-02-29 29 24 2024 Feb 12:34 12:34:56 PM 12:34:56 4 09 20");
  expect(format("%k")).toBeUndefined();
});

test("ISO weeks belong to the year of their Thursday", () => {
  const week = (iso: string) => formatTime("%G-%V", toCalendar(Date.parse(iso) / 1000), UTC, true);
  expect(["2021-01-03", "2021-01-04", "2024-12-30", "2026-12-31"].map(week)).toEqual(["2020-53", "2021-01", "2025-01", "2026-53"]);
});

test("asctime pads the day with a zero or a space, and ends the line", () => {
  expect(asciiTime(toCalendar(86_400), "0")).toBe("Fri Jan 02 00:00:00 1970\n");
  expect(asciiTime(toCalendar(86_400), " ")).toBe("Fri Jan  2 00:00:00 1970\n");
  expect(asciiTime(toCalendar(10 * 86_400), " ")).toBe("Sun Jan 11 00:00:00 1970\n");
});
