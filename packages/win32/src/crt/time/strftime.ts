import { DAYS, MONTHS } from "../../text/english-names.ts";
import { fromCalendar, type CalendarTime } from "./calendar.ts";

const DAY_SECONDS = 86_400;

/** The time zone as strftime prints it. */
export interface ZoneNames {
  readonly name: string;
  /** Minutes that local time is ahead of UTC. */
  readonly offsetMinutes: number;
}

/** Text of a time by a format, in the "C" locale ("strftime"); undefined for a conversion that there is not. `c99` adds the ucrt's. */
export function formatTime(format: string, time: CalendarTime, zone: ZoneNames, c99: boolean): string | undefined {
  let output = "";
  for (let at = 0; at < format.length; at++) {
    const character = format[at]!;
    if (character !== "%") {
      output += character;
      continue;
    }
    at++;
    const plain = format[at] === "#";
    if (plain) at++;
    else if (c99 && (format[at] === "E" || format[at] === "O")) at++;
    const text = convert(format[at] ?? "", time, zone, c99);
    if (text === undefined) return undefined;
    output += plain ? withoutZeros(format[at]!, text, time) : text;
  }
  return output;
}

function convert(letter: string, time: CalendarTime, zone: ZoneNames, c99: boolean): string | undefined {
  const twelve = time.hour % 12 === 0 ? 12 : time.hour % 12;
  switch (letter) {
    case "a": return DAYS[time.weekDay]?.slice(0, 3);
    case "A": return DAYS[time.weekDay];
    case "b": return MONTHS[time.month]?.slice(0, 3);
    case "B": return MONTHS[time.month];
    case "c": return c99 ? formatTime("%a %b %e %H:%M:%S %Y", time, zone, true) : formatTime("%m/%d/%y %H:%M:%S", time, zone, false);
    case "d": return two(time.day);
    case "H": return two(time.hour);
    case "I": return two(twelve);
    case "j": return String(time.yearDay + 1).padStart(3, "0");
    case "m": return two(time.month + 1);
    case "M": return two(time.minute);
    case "p": return time.hour < 12 ? "AM" : "PM";
    case "S": return two(time.second);
    case "U": return two(Math.floor((time.yearDay + 7 - time.weekDay) / 7));
    case "w": return String(time.weekDay);
    case "W": return two(Math.floor((time.yearDay + 7 - ((time.weekDay + 6) % 7)) / 7));
    case "x": return formatTime("%m/%d/%y", time, zone, c99);
    case "X": return formatTime("%H:%M:%S", time, zone, c99);
    case "y": return two((((time.year + 1900) % 100) + 100) % 100);
    case "Y": return String(time.year + 1900);
    case "z": return c99 ? offsetText(zone.offsetMinutes) : zone.name;
    case "Z": return zone.name;
    case "%": return "%";
    default: return c99 ? convertC99(letter, time, zone) : undefined;
  }
} // prettier-ignore

function convertC99(letter: string, time: CalendarTime, zone: ZoneNames): string | undefined {
  switch (letter) {
    case "C": return two(Math.floor((time.year + 1900) / 100));
    case "D": return formatTime("%m/%d/%y", time, zone, true);
    case "e": return String(time.day).padStart(2, " ");
    case "F": return formatTime("%Y-%m-%d", time, zone, true);
    case "g": return two(isoWeek(time).year % 100);
    case "G": return String(isoWeek(time).year);
    case "h": return MONTHS[time.month]?.slice(0, 3);
    case "n": return "\n";
    case "r": return formatTime("%I:%M:%S %p", time, zone, true);
    case "R": return formatTime("%H:%M", time, zone, true);
    case "t": return "\t";
    case "T": return formatTime("%H:%M:%S", time, zone, true);
    case "u": return String(time.weekDay === 0 ? 7 : time.weekDay);
    case "V": return two(isoWeek(time).week);
    default: return undefined;
  }
} // prettier-ignore

/** "#": numbers without leading zeros, and long forms of date and time. */
function withoutZeros(letter: string, text: string, time: CalendarTime): string {
  if ("dHIjmMSUwWyY".includes(letter)) return text.replace(/^0+(?=\d)/, "");
  const date = `${DAYS[time.weekDay]}, ${MONTHS[time.month]} ${two(time.day)}, ${time.year + 1900}`;
  if (letter === "x") return date;
  return letter === "c" ? `${date} ${two(time.hour)}:${two(time.minute)}:${two(time.second)}` : text;
}

/** ISO 8601's week: the one that holds the year's first Thursday is the first. */
function isoWeek(time: CalendarTime): { year: number; week: number } {
  const thursday = fromCalendar({ ...time, hour: 0, minute: 0, second: 0 }) / DAY_SECONDS + 3 - ((time.weekDay + 6) % 7);
  let year = time.year + 1900;
  const start = (of: number) => fromCalendar({ year: of - 1900, month: 0, day: 1, hour: 0, minute: 0, second: 0 }) / DAY_SECONDS;
  if (thursday < start(year)) year--;
  else if (thursday >= start(year + 1)) year++;
  return { year, week: Math.floor((thursday - start(year)) / 7) + 1 };
}

/** asctime's text, with its line end; `padding` stands before a day of one digit. */
export function asciiTime(time: CalendarTime, padding: "0" | " "): string {
  const date = `${DAYS[time.weekDay]?.slice(0, 3)} ${MONTHS[time.month]?.slice(0, 3)} ${String(time.day).padStart(2, padding)}`;
  return `${date} ${two(time.hour)}:${two(time.minute)}:${two(time.second)} ${time.year + 1900}\n`;
}

function offsetText(minutes: number): string {
  const magnitude = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(magnitude / 60))}${two(magnitude % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
