import { ERROR, Win32Error } from "@decant/hook";
import { implement, type Process } from "@decant/process";
import { fileTimeFromMs, msFromFileTime } from "../files/file-time.ts";
import { TIME_ZONES, zoneOfPlace, zoneRules, type TimeZone, type ZoneRule, type ZoneRules } from "../text/time-zones.ts";
import { timeApi } from "./time.api.ts";

/** QueryPerformanceFrequency: a count is 100 ns, as on every Windows of today. */
const COUNTS_PER_SECOND = 10_000_000;
const FILETIME_PER_MINUTE = 600_000_000n;
/** What a Windows machine has been up for when a guest starts: programs divide by tick counts. */
const UPTIME_MS = 3_600_000;
/** FILETIMEs from here on are no times. */
const MAX_FILETIME = 1n << 63n;
const MAX_YEAR = 30_827;

/** A SYSTEMTIME. */
export interface SystemTime {
  wYear: number;
  wMonth: number;
  wDayOfWeek: number;
  wDay: number;
  wHour: number;
  wMinute: number;
  wSecond: number;
  wMilliseconds: number;
}

export const time = implement(timeApi, {
  GetSystemTime({ process }, systemTime) {
    systemTime.set(toSystemTime(process.host.clock.now()));
  },
  GetLocalTime({ process }, systemTime) {
    const now = process.host.clock.now();
    systemTime.set(toSystemTime(now + offsetMinutes(process, now) * 60_000));
  },
  GetSystemTimeAsFileTime({ process }, fileTime) {
    fileTime.set(fileTimeFromMs(process.host.clock.now()));
  },
  GetSystemTimePreciseAsFileTime({ process }, fileTime) {
    fileTime.set(fileTimeFromMs(process.host.clock.now()));
  },
  FileTimeToSystemTime(_, fileTime, systemTime) {
    if (fileTime >= MAX_FILETIME) throw new Win32Error(ERROR.INVALID_PARAMETER);
    systemTime.set(toSystemTime(msFromFileTime(fileTime)));
    return true;
  },
  SystemTimeToFileTime(_, systemTime, fileTime) {
    fileTime.set(fileTimeFromMs(fromSystemTime(systemTime)));
    return true;
  },
  FileTimeToLocalFileTime({ process }, fileTime, localFileTime) {
    localFileTime.set(fileTime + BigInt(offsetMinutes(process, process.host.clock.now())) * FILETIME_PER_MINUTE);
    return true;
  },
  LocalFileTimeToFileTime({ process }, localFileTime, fileTime) {
    fileTime.set(localFileTime - BigInt(offsetMinutes(process, process.host.clock.now())) * FILETIME_PER_MINUTE);
    return true;
  },
  SystemTimeToTzSpecificLocalTime({ process }, timeZone, universalTime, localTime) {
    const at = fromSystemTime(universalTime);
    const minutes = timeZone === undefined ? offsetMinutes(process, at) : -biasAt(timeZone, at);
    localTime.set(toSystemTime(at + minutes * 60_000));
    return true;
  },
  TzSpecificLocalTimeToSystemTime({ process }, timeZone, localTime, universalTime) {
    const local = fromSystemTime(localTime);
    const biasOf = (at: number): number => (timeZone === undefined ? -offsetMinutes(process, at) : biasAt(timeZone, at));
    // A time that a clock shows twice is taken for the first one, in summer time; one that it never shows, for winter time.
    const biases = [biasOf(local - DAY_MS), biasOf(local + DAY_MS)].toSorted((a, b) => a - b);
    const bias = biases.find((candidate) => biasOf(local + candidate * 60_000) === candidate) ?? biases.at(-1)!;
    universalTime.set(toSystemTime(local + bias * 60_000));
    return true;
  },
  CompareFileTime: (_, a, b) => (a < b ? -1 : a > b ? 1 : 0),
  FileTimeToDosDateTime(_, fileTime, fatDate, fatTime) {
    const at = toSystemTime(msFromFileTime(fileTime));
    if (at.wYear < 1980 || at.wYear > 2107) throw new Win32Error(ERROR.INVALID_PARAMETER);
    fatDate.set(((at.wYear - 1980) << 9) | (at.wMonth << 5) | at.wDay);
    fatTime.set((at.wHour << 11) | (at.wMinute << 5) | (at.wSecond >> 1));
    return true;
  },
  DosDateTimeToFileTime(_, fatDate, fatTime, fileTime) {
    const at = {
      wYear: 1980 + (fatDate >>> 9),
      wMonth: (fatDate >>> 5) & 15,
      wDayOfWeek: 0,
      wDay: fatDate & 31,
      wHour: fatTime >>> 11,
      wMinute: (fatTime >>> 5) & 63,
      wSecond: (fatTime & 31) * 2,
      wMilliseconds: 0,
    };
    fileTime.set(fileTimeFromMs(fromSystemTime(at)));
    return true;
  },
  GetTickCount: ({ process }) => Math.floor(UPTIME_MS + process.host.clock.monotonic()) >>> 0,
  GetTickCount64: ({ process }) => BigInt(Math.floor(UPTIME_MS + process.host.clock.monotonic())),
  QueryPerformanceCounter({ process }, count) {
    count.set(Math.floor(((UPTIME_MS + process.host.clock.monotonic()) * COUNTS_PER_SECOND) / 1000));
    return true;
  },
  QueryPerformanceFrequency(_, frequency) {
    frequency.set(COUNTS_PER_SECOND);
    return true;
  },
  QueryUnbiasedInterruptTime({ process }, unbiased) {
    unbiased.set(BigInt(Math.floor((UPTIME_MS + process.host.clock.monotonic()) * 10_000)));
    return true;
  },
  GetTimeZoneInformation({ process }, information) {
    const { zone, rules } = zoneNow(process);
    information.set(describeZone(zone, rules));
    return zoneId(process, rules);
  },
  GetDynamicTimeZoneInformation({ process }, information) {
    const { zone, rules } = zoneNow(process);
    information.set({ ...describeZone(zone, rules), TimeZoneKeyName: zone.name });
    return zoneId(process, rules);
  },
  GetTimeZoneInformationForYear({ process }, wYear, pdtzi, ptzi) {
    if (wYear < 1601 || wYear > MAX_YEAR) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const wanted = pdtzi === undefined ? undefined : TIME_ZONES.find(({ name }) => name === pdtzi.TimeZoneKeyName);
    if (pdtzi !== undefined && wanted === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const zone = wanted ?? zoneNow(process).zone;
    ptzi.set(describeZone(zone, zoneRules(zone.place, wYear)));
    return true;
  },
  GetSystemTimes({ process }, idle, kernel, user) {
    const busy = fileTimeFromMs(process.host.clock.monotonic()) - fileTimeFromMs(0);
    idle.set(BigInt(UPTIME_MS) * 10_000n);
    kernel.set(BigInt(UPTIME_MS) * 10_000n);
    user.set(busy);
    return true;
  },
});

const DAY_MS = 86_400_000;
const TIME_ZONE_ID = { UNKNOWN: 0, STANDARD: 1, DAYLIGHT: 2 } as const;

/** Windows' zone for the host's, and its rules this year. */
function zoneNow({ host: { clock } }: Process): { zone: TimeZone; rules: ZoneRules } {
  const year = new Date(clock.now()).getUTCFullYear();
  const zone = zoneOfPlace(clock.zone, year);
  return { zone, rules: zoneRules(zone.place, year) };
}

function zoneId({ host: { clock } }: Process, { bias, toDaylight }: ZoneRules): number {
  if (toDaylight === undefined) return TIME_ZONE_ID.UNKNOWN;
  return -clock.offsetMinutes(clock.now()) === bias ? TIME_ZONE_ID.STANDARD : TIME_ZONE_ID.DAYLIGHT;
}

function describeZone({ name, daylightName }: TimeZone, { bias, daylightBias, toStandard, toDaylight }: ZoneRules) {
  const rule = (of: ZoneRule | undefined): Partial<SystemTime> =>
    of === undefined ? {} : { wMonth: of.month, wDayOfWeek: of.dayOfWeek, wDay: of.nth, wHour: of.hour, wMinute: of.minute };
  return {
    Bias: bias,
    StandardName: name === "UTC" ? "Coordinated Universal Time" : name,
    StandardDate: rule(toStandard),
    StandardBias: 0,
    DaylightName: name === "UTC" ? "Coordinated Universal Time" : daylightName,
    DaylightDate: rule(toDaylight),
    DaylightBias: toDaylight === undefined ? 0 : daylightBias,
  };
}

interface ZoneInformation {
  Bias: number;
  StandardDate: SystemTime;
  StandardBias: number;
  DaylightDate: SystemTime;
  DaylightBias: number;
}

/** Minutes that UTC is ahead of a zone's time, at a time in milliseconds since 1970. */
function biasAt({ Bias, StandardDate, StandardBias, DaylightDate, DaylightBias }: ZoneInformation, at: number): number {
  if (DaylightDate.wMonth === 0 || StandardDate.wMonth === 0) return Bias + StandardBias;
  const year = new Date(at - Bias * 60_000).getUTCFullYear();
  const toDaylight = ruleTime(DaylightDate, year) + (Bias + StandardBias) * 60_000;
  const toStandard = ruleTime(StandardDate, year) + (Bias + DaylightBias) * 60_000;
  const isDaylight = toDaylight < toStandard ? at >= toDaylight && at < toStandard : at >= toDaylight || at < toStandard;
  return Bias + (isDaylight ? DaylightBias : StandardBias);
}

/** When a rule's moment is in a year: a date when it names one, otherwise the nth day of the week in the month; 5 is the last. */
function ruleTime({ wYear, wMonth, wDayOfWeek, wDay, wHour, wMinute, wSecond }: SystemTime, year: number): number {
  const timeOfDay = (wHour * 60 + wMinute) * 60_000 + wSecond * 1000;
  if (wYear !== 0) return Date.UTC(year, wMonth - 1, wDay) + timeOfDay;
  const first = new Date(Date.UTC(year, wMonth - 1, 1)).getUTCDay();
  const daysInMonth = new Date(Date.UTC(year, wMonth, 0)).getUTCDate();
  let day = 1 + ((wDayOfWeek - first + 7) % 7) + 7 * (wDay - 1);
  while (day > daysInMonth) day -= 7;
  return Date.UTC(year, wMonth - 1, day) + timeOfDay;
}

function offsetMinutes({ host }: Process, atMs: number): number {
  return host.clock.offsetMinutes(atMs);
}

/** A time in milliseconds since 1970 as a SYSTEMTIME. */
export function toSystemTime(ms: number): SystemTime {
  const date = new Date(Math.floor(ms));
  return {
    wYear: date.getUTCFullYear(),
    wMonth: date.getUTCMonth() + 1,
    wDayOfWeek: date.getUTCDay(),
    wDay: date.getUTCDate(),
    wHour: date.getUTCHours(),
    wMinute: date.getUTCMinutes(),
    wSecond: date.getUTCSeconds(),
    wMilliseconds: date.getUTCMilliseconds(),
  };
}

/** Milliseconds since 1970. Fails with ERROR_INVALID_PARAMETER for what is no date; the day of the week does not matter. */
export function fromSystemTime({ wYear, wMonth, wDay, wHour, wMinute, wSecond, wMilliseconds }: SystemTime): number {
  const ms = Date.UTC(2000, wMonth - 1, wDay, wHour, wMinute, wSecond, wMilliseconds);
  const date = new Date(ms);
  date.setUTCFullYear(wYear);
  const valid =
    wYear >= 1601 &&
    wYear <= MAX_YEAR &&
    date.getUTCMonth() === wMonth - 1 &&
    date.getUTCDate() === wDay &&
    wHour < 24 &&
    wMinute < 60 &&
    wSecond < 60 &&
    wMilliseconds < 1000;
  if (!valid) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return date.getTime();
}
