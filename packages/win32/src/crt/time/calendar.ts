/** struct tm (time.h). */
export interface CalendarTime {
  /** 0 to 60. */
  readonly second: number;
  readonly minute: number;
  readonly hour: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 to 11. */
  readonly month: number;
  /** Since 1900. */
  readonly year: number;
  /** 0 is Sunday. */
  readonly weekDay: number;
  /** 0 is the first of January. */
  readonly yearDay: number;
  /** Above 0 in summer time, 0 outside it, below 0 when it is not known. */
  readonly isDst: number;
}

const DAY_SECONDS = 86_400;
const EPOCH_WEEK_DAY = 4;
const ERA_DAYS = 146_097;

/** The calendar's view of seconds since 1970, without a time zone. */
export function toCalendar(seconds: number, isDst = 0): CalendarTime {
  const days = Math.floor(seconds / DAY_SECONDS);
  const rest = seconds - days * DAY_SECONDS;
  const { year, month, day } = dateOfDays(days);
  return {
    second: rest % 60,
    minute: Math.floor(rest / 60) % 60,
    hour: Math.floor(rest / 3600),
    day,
    month,
    year: year - 1900,
    weekDay: (((days + EPOCH_WEEK_DAY) % 7) + 7) % 7,
    yearDay: days - daysOfDate(year, 0, 1),
    isDst,
  };
}

/** Seconds since 1970 of calendar fields, which may be out of their ranges, without a time zone. */
export function fromCalendar({
  second,
  minute,
  hour,
  day,
  month,
  year,
}: Pick<CalendarTime, "second" | "minute" | "hour" | "day" | "month" | "year">): number {
  const years = year + 1900 + Math.floor(month / 12);
  return daysOfDate(years, ((month % 12) + 12) % 12, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

/** Days since 1970 of a date; `month` is 0 to 11. Years begin in March here, so that the leap day is the last (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function daysOfDate(year: number, month: number, day: number): number {
  const shifted = month < 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * ERA_DAYS + dayOfEra - 719_468;
}

function dateOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / ERA_DAYS);
  const dayOfEra = shifted - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = (shiftedMonth + 2) % 12;
  return { year: yearOfEra + era * 400 + (month < 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
}
