import { ERROR, Win32Error } from "@decant/hook";
import { implement, type Process } from "@decant/process";
import { fileTimeFromMs, msFromFileTime } from "../files/file-time.ts";
import { timeApi } from "./time.api.ts";

/** QueryPerformanceFrequency: a count is 100 ns, as on every Windows of today. */
const COUNTS_PER_SECOND = 10_000_000;
const FILETIME_PER_MINUTE = 600_000_000n;
/** What a Windows machine has been up for when a guest starts: programs divide by tick counts. */
const UPTIME_MS = 3_600_000;
/** FILETIMEs from here on are no times. */
const MAX_FILETIME = 1n << 63n;
const MAX_YEAR = 30_827;

interface SystemTime {
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
    const minutes = timeZone === undefined ? offsetMinutes(process, at) : -(timeZone.Bias + timeZone.StandardBias);
    localTime.set(toSystemTime(at + minutes * 60_000));
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
    // The offset of now, as a zone without daylight saving: the host says no more.
    const bias = -offsetMinutes(process, process.host.clock.now());
    information.set({ Bias: bias, StandardName: bias === 0 ? "Coordinated Universal Time" : "Local Time" });
    return 0;
  },
  GetSystemTimes({ process }, idle, kernel, user) {
    const busy = fileTimeFromMs(process.host.clock.monotonic()) - fileTimeFromMs(0);
    idle.set(BigInt(UPTIME_MS) * 10_000n);
    kernel.set(BigInt(UPTIME_MS) * 10_000n);
    user.set(busy);
    return true;
  },
});

function offsetMinutes({ host }: Process, atMs: number): number {
  return host.clock.offsetMinutes(atMs);
}

function toSystemTime(ms: number): SystemTime {
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
function fromSystemTime({ wYear, wMonth, wDay, wHour, wMinute, wSecond, wMilliseconds }: SystemTime): number {
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
