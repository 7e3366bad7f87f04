import { DAYS as ENGLISH_DAYS, MONTHS as ENGLISH_MONTHS } from "./english-names.ts";
import { DEFAULT_LOCALE, type Locale } from "./locales.ts";

/** A date and a time of day, as SYSTEMTIME has them; the day of the week counts from Sunday. */
export interface CalendarFields {
  readonly wYear: number;
  readonly wMonth: number;
  readonly wDayOfWeek: number;
  readonly wDay: number;
  readonly wHour: number;
  readonly wMinute: number;
  readonly wSecond: number;
}

/** The ways in which a locale writes dates and times: pictures, as GetLocaleInfo gives them. */
export interface Pictures {
  readonly shortDate: string;
  readonly longDate: string;
  readonly yearMonth: string;
  readonly monthDay: string;
  readonly time: string;
  readonly shortTime: string;
}

const ENGLISH_US: Pictures = {
  shortDate: "M/d/yyyy",
  longDate: "dddd, MMMM d, yyyy",
  yearMonth: "MMMM yyyy",
  monthDay: "MMMM d",
  time: "h:mm:ss tt",
  shortTime: "h:mm tt",
};
const INVARIANT: Pictures = {
  shortDate: "MM/dd/yyyy",
  longDate: "dddd, dd MMMM yyyy",
  yearMonth: "yyyy MMMM",
  monthDay: "MMMM dd",
  time: "HH:mm:ss",
  shortTime: "HH:mm",
};

/** A locale's pictures. Those of en-US and of the invariant locale are Windows'; others follow the platform's data (CLDR), as Windows' own do. */
export function picturesOf({ id, name }: Locale): Pictures {
  if (id === DEFAULT_LOCALE || name === "en") return ENGLISH_US;
  if (name === "") return INVARIANT;
  const picture = (options: Intl.DateTimeFormatOptions): string => pictureOf(name, options);
  return {
    shortDate: picture({ year: "numeric", month: "numeric", day: "numeric" }),
    longDate: picture({ weekday: "long", year: "numeric", month: "long", day: "numeric" }),
    yearMonth: picture({ year: "numeric", month: "long" }),
    monthDay: picture({ month: "long", day: "numeric" }),
    time: picture({ hour: "numeric", minute: "numeric", second: "numeric" }),
    shortTime: picture({ hour: "numeric", minute: "numeric" }),
  };
}

/** Names of days (from Sunday) and months in a locale. */
export interface CalendarNames {
  readonly days: readonly string[];
  readonly shortDays: readonly string[];
  readonly months: readonly string[];
  readonly shortMonths: readonly string[];
  readonly am: string;
  readonly pm: string;
}

const ENGLISH: CalendarNames = {
  days: ENGLISH_DAYS,
  shortDays: ENGLISH_DAYS.map((name) => name.slice(0, 3)),
  months: ENGLISH_MONTHS,
  shortMonths: ENGLISH_MONTHS.map((name) => name.slice(0, 3)),
  am: "AM",
  pm: "PM",
};
const names = new Map<string, CalendarNames>();

/** A locale's names, made at their first use. */
export function calendarNames({ name }: Locale): CalendarNames {
  if (name === "" || name === "en" || name.startsWith("en-US")) return ENGLISH;
  let made = names.get(name);
  if (made === undefined) names.set(name, (made = makeNames(name)));
  return made;
}

function makeNames(language: string): CalendarNames {
  const format = (at: Date, options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat(language, { timeZone: "UTC", ...options }).format(at);
  // 2023-01-01 is a Sunday.
  const days = Array.from({ length: 7 }, (_, i) => new Date(Date.UTC(2023, 0, 1 + i)));
  const months = Array.from({ length: 12 }, (_, i) => new Date(Date.UTC(2023, i, 1)));
  const marker = (hour: number): string =>
    new Intl.DateTimeFormat(language, { timeZone: "UTC", hour: "numeric", hour12: true })
      .formatToParts(new Date(Date.UTC(2023, 0, 1, hour)))
      .find(({ type }) => type === "dayPeriod")?.value ?? "";
  return {
    days: days.map((at) => format(at, { weekday: "long" })),
    shortDays: days.map((at) => format(at, { weekday: "short" })),
    months: months.map((at) => format(at, { month: "long" })),
    shortMonths: months.map((at) => format(at, { month: "short" })),
    am: marker(1),
    pm: marker(13),
  };
}

/** Writes a date and time by a picture; letters that the picture's kind does not have stand for themselves ("Day, Month, Year, and Era Format Pictures"). */
export function formatPicture(picture: string, kind: "date" | "time", fields: CalendarFields, locale: Locale): string {
  const known = calendarNames(locale);
  let result = "";
  for (let at = 0; at < picture.length;) {
    const letter = picture[at]!;
    if (letter === "'") {
      const [text, next] = quoted(picture, at + 1);
      result += text;
      at = next;
      continue;
    }
    let end = at + 1;
    while (picture[end] === letter) end++;
    const text = kind === "date" ? datePart(letter, end - at, fields, known) : timePart(letter, end - at, fields, known);
    result += text ?? picture.slice(at, end);
    at = end;
  }
  return result;
}

/** Text in quotes, where two quotes are one; it ends with the picture when nobody closes it. */
function quoted(picture: string, from: number): [text: string, next: number] {
  let text = "";
  for (let at = from; at < picture.length; at++) {
    if (picture[at] !== "'") text += picture[at];
    else if (picture[at + 1] === "'") text += picture[++at];
    else return [text, at + 1];
  }
  return [text, picture.length];
}

function datePart(
  letter: string,
  count: number,
  { wYear, wMonth, wDayOfWeek, wDay }: CalendarFields,
  of: CalendarNames,
): string | undefined {
  const number = (value: number): string => String(value).padStart(count === 1 ? 1 : 2, "0");
  switch (letter) {
    case "d":
      return count < 3 ? number(wDay) : (count === 3 ? of.shortDays : of.days)[wDayOfWeek];
    case "M":
      return count < 3 ? number(wMonth) : (count === 3 ? of.shortMonths : of.months)[wMonth - 1];
    case "y":
      return count > 2 ? String(wYear).padStart(count >= 5 ? 5 : 4, "0") : number(wYear % 100);
    case "g":
      return "A.D.";
    default:
      return undefined;
  }
}

function timePart(
  letter: string,
  count: number,
  { wHour, wMinute, wSecond }: CalendarFields,
  { am, pm }: CalendarNames,
): string | undefined {
  const number = (value: number): string => String(value).padStart(count === 1 ? 1 : 2, "0");
  const marker = wHour < 12 ? am : pm;
  switch (letter) {
    case "h":
      return number(wHour % 12 === 0 ? 12 : wHour % 12);
    case "H":
      return number(wHour);
    case "m":
      return number(wMinute);
    case "s":
      return number(wSecond);
    case "t":
      return count === 1 ? marker.slice(0, 1) : marker;
    default:
      return undefined;
  }
}

/** The picture behind what the platform writes for 2023-02-03 04:05:06: digits tell how many each part has. */
function pictureOf(name: string, options: Intl.DateTimeFormatOptions): string {
  const at = new Date(Date.UTC(2023, 1, 3, 4, 5, 6));
  const parts = new Intl.DateTimeFormat(name, { timeZone: "UTC", calendar: "gregory", numberingSystem: "latn", ...options }).formatToParts(
    at,
  );
  const hasMarker = parts.some(({ type }) => type === "dayPeriod");
  return parts
    .map(({ type, value }) => {
      const digits = /^\d+$/.test(value);
      switch (type) {
        case "day":
          return "d".repeat(value.length);
        case "month":
          return digits ? "M".repeat(value.length) : "MMMM";
        case "year":
          return "y".repeat(value.length);
        case "weekday":
          return "dddd";
        case "hour":
          return (hasMarker ? "h" : "H").repeat(value.length);
        case "minute":
          return "mm";
        case "second":
          return "ss";
        case "dayPeriod":
          return "tt";
        default:
          return /[a-zA-Z]/.test(value) ? value.replaceAll(/[a-zA-Z.]+/g, "'$&'") : value.replaceAll("\u202f", " ");
      }
    })
    .join("");
}
