import type { Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { storedString } from "../startup/program-data.ts";
import { fromCalendar, toCalendar, type CalendarTime } from "./calendar.ts";
import type { ZoneNames } from "./strftime.ts";

const MS = 1000;
const NOON_JANUARY = { second: 0, minute: 0, hour: 12, day: 1, month: 0 };

/** Seconds since 1970, with a fraction. */
export function now(thread: Thread): number {
  return thread.process.host.clock.now() / MS;
}

/** The calendar's view of a time in the host's time zone. */
export function localCalendar(thread: Thread, seconds: number): CalendarTime {
  const offset = offsetMinutes(thread, seconds);
  const local = seconds + 60 * offset;
  const { year } = toCalendar(local);
  return toCalendar(local, offset > standardOffset(thread, year) ? 1 : 0);
}

/** Seconds since 1970 of local calendar fields. */
export function localSeconds(thread: Thread, time: CalendarTime): number {
  const wall = fromCalendar(time);
  // The offset at the time itself, found from the offset about then.
  const guess = wall - 60 * offsetMinutes(thread, wall);
  const seconds = wall - 60 * offsetMinutes(thread, guess);
  return seconds;
}

/** The zone's names and offset, as strftime prints them at a time. */
export function zoneAt(thread: Thread, time: CalendarTime): ZoneNames {
  const minutes = offsetMinutes(thread, localSeconds(thread, time));
  return { name: zoneName(minutes), offsetMinutes: minutes };
}

/** Sets _timezone, _daylight, _dstbias and _tzname, and gives their addresses. */
export function zoneVariables(thread: Thread): { timezone: number; daylight: number; dstbias: number; tzname: number } {
  const runtime = Runtime.of(thread);
  const { memory } = thread;
  const timezone = runtime.variable("_timezone", 4);
  const daylight = runtime.variable("_daylight", 4);
  const dstbias = runtime.variable("_dstbias", 4);
  const tzname = runtime.variable("_tzname", 16);
  const { year } = toCalendar(now(thread));
  const january = offsetMinutes(thread, fromCalendar({ ...NOON_JANUARY, year }));
  const july = offsetMinutes(thread, fromCalendar({ ...NOON_JANUARY, year, month: 6 }));
  const standard = Math.min(january, july);
  memory.setI32(timezone, -60 * standard);
  memory.setI32(daylight, january === july ? 0 : 1);
  memory.setI32(dstbias, january === july ? 0 : -60 * Math.abs(january - july));
  memory.setPointer(tzname, storedString(thread, `zone ${standard}`, zoneName(standard), "narrow"));
  const summer = january === july ? "" : zoneName(Math.max(january, july));
  memory.setPointer(tzname + memory.pointerSize, storedString(thread, `zone ${summer}`, summer, "narrow"));
  return { timezone, daylight, dstbias, tzname };
}

function offsetMinutes(thread: Thread, seconds: number): number {
  return thread.process.host.clock.offsetMinutes(seconds * MS);
}

function standardOffset(thread: Thread, year: number): number {
  const january = offsetMinutes(thread, fromCalendar({ ...NOON_JANUARY, year }));
  const july = offsetMinutes(thread, fromCalendar({ ...NOON_JANUARY, year, month: 6 }));
  return Math.min(january, july);
}

function zoneName(minutes: number): string {
  if (minutes === 0) return "UTC";
  const magnitude = Math.abs(minutes);
  const rest = magnitude % 60 === 0 ? "" : `:${String(magnitude % 60).padStart(2, "0")}`;
  return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(magnitude / 60)}${rest}`;
}
