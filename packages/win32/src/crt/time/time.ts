import { CrtError, InvalidParameterError, ERRNO, type ValueOf } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { latin1Bytes } from "../stdio/characters.ts";
import { descriptor } from "../stdio/low-io.ts";
import { system } from "../system.ts";
import { fromCalendar, toCalendar, type CalendarTime } from "./calendar.ts";
import { localCalendar, localSeconds, now, zoneAt, zoneVariables } from "./local-time.ts";
import { DAYS, MONTHS } from "../../text/english-names.ts";
import { asciiTime, formatTime } from "./strftime.ts";
import { encodeString, type Width } from "../startup/program-data.ts";
import { msvcrtTimeApi, msvcrtTimeTextApi, timeApi, TM, ucrtTimeApi, ucrtTimeTextApi } from "./time.api.ts";

type Tm = ValueOf<typeof TM>;

/** The last second of the year 3000, which is the runtimes' last. */
const LAST_SECOND = 32_535_291_599;
const TM_SIZE = 36;

export const time = implement(timeApi, {
  _time64(thread, timer) {
    const seconds = Math.floor(now(thread));
    timer.set(seconds);
    return seconds;
  },
  _time32(thread, timer) {
    const seconds = Math.floor(now(thread)) | 0;
    timer.set(seconds);
    return seconds;
  },
  _localtime64: (thread, timer) => threadTm(thread, localCalendar(thread, checked(timer))),
  _localtime32: (thread, timer) => threadTm(thread, localCalendar(thread, checked(timer))),
  _gmtime64: (thread, timer) => threadTm(thread, toCalendar(checked(timer))),
  _gmtime32: (thread, timer) => threadTm(thread, toCalendar(checked(timer))),
  _localtime64_s(thread, tmDest, timer) {
    tmDest.set(toTm(localCalendar(thread, checked(timer))));
    return 0;
  },
  _localtime32_s(thread, tmDest, timer) {
    tmDest.set(toTm(localCalendar(thread, checked(timer))));
    return 0;
  },
  _gmtime64_s(_thread, tmDest, timer) {
    tmDest.set(toTm(toCalendar(checked(timer))));
    return 0;
  },
  _gmtime32_s(_thread, tmDest, timer) {
    tmDest.set(toTm(toCalendar(checked(timer))));
    return 0;
  },
  _mktime64: makeLocal,
  _mktime32: makeLocal,
  _mkgmtime64: makeUtc,
  _mkgmtime32: makeUtc,
  _difftime64: (_thread, timer1, timer0) => timer1 - timer0,
  _difftime32: (_thread, timer1, timer0) => timer1 - timer0,
  clock: (thread) =>
    Math.floor(
      thread.process.host.clock.monotonic() - thread.process.state(started, () => ({ ms: thread.process.host.clock.monotonic() })).ms,
    ),
  _ftime64(thread, timeptr) {
    timeptr.set(timeb(thread));
  },
  _ftime64_s(thread, timeptr) {
    timeptr.set(timeb(thread));
    return 0;
  },
  _ftime32(thread, timeptr) {
    timeptr.set(timeb(thread));
  },
  _tzset(thread) {
    zoneVariables(thread);
  },
  __daylight: (thread) => zoneVariables(thread).daylight,
  __dstbias: (thread) => zoneVariables(thread).dstbias,
  __timezone: (thread) => zoneVariables(thread).timezone,
  __tzname: (thread) => zoneVariables(thread).tzname,
  _get_daylight(thread, hours) {
    hours.set(thread.memory.i32(zoneVariables(thread).daylight));
    return 0;
  },
  _get_dstbias(thread, seconds) {
    seconds.set(thread.memory.i32(zoneVariables(thread).dstbias));
    return 0;
  },
  _get_timezone(thread, seconds) {
    seconds.set(thread.memory.i32(zoneVariables(thread).timezone));
    return 0;
  },
  _utime64: (thread, filename, times) => setTimes(thread, filename, times),
  _utime32: (thread, filename, times) => setTimes(thread, filename, times),
  _futime64: (thread, fd, times) => setHandleTimes(thread, fd, times),
  _futime32: (thread, fd, times) => setHandleTimes(thread, fd, times),
  _strdate(thread, buffer) {
    storeText(thread, buffer, Infinity, format(thread, "%m/%d/%y"));
    return buffer;
  },
  _strtime(thread, buffer) {
    storeText(thread, buffer, Infinity, format(thread, "%H:%M:%S"));
    return buffer;
  },
});

export const msvcrtTime = implement(msvcrtTimeApi, {
  strftime: (thread, strDest, maxsize, text, timeptr) => strftime(thread, strDest, maxsize, text, timeptr, false, false),
  wcsftime: (thread, strDest, maxsize, text, timeptr) => strftime(thread, strDest, maxsize, text, timeptr, false, true),
});

/** asctime and kin, with what stands before a day of one digit. */
function timeTexts(padding: "0" | " ") {
  const ascii = (_thread: Thread, tm: Tm): string => asciiTime(fromTm(tm), padding);
  const local = (thread: Thread, seconds: number): string => asciiTime(localCalendar(thread, checked(seconds)), padding);
  return {
    asctime: (thread: Thread, timeptr: Tm) => staticText(thread, ascii(thread, timeptr), false),
    _wasctime: (thread: Thread, timeptr: Tm) => staticText(thread, ascii(thread, timeptr), true),
    _ctime64: (thread: Thread, timer: number) => staticText(thread, local(thread, timer), false),
    _ctime32: (thread: Thread, timer: number) => staticText(thread, local(thread, timer), false),
    _wctime64: (thread: Thread, timer: number) => staticText(thread, local(thread, timer), true),
    _wctime32: (thread: Thread, timer: number) => staticText(thread, local(thread, timer), true),
    asctime_s: (thread: Thread, buffer: number, size: number, timeptr: Tm) => storeTime(thread, buffer, size, ascii(thread, timeptr)),
    _ctime64_s: (thread: Thread, buffer: number, size: number, timer: number) => storeTime(thread, buffer, size, local(thread, timer)),
  };
}

export const msvcrtTimeTexts = implement(msvcrtTimeTextApi, timeTexts("0"));
export const ucrtTimeTexts = implement(ucrtTimeTextApi, timeTexts(" "));

export const ucrtTime = implement(ucrtTimeApi, {
  strftime: (thread, strDest, maxsize, text, timeptr) => strftime(thread, strDest, maxsize, text, timeptr, true, false),
  // For the C++ library, which gives the names back that it was given.
  _Strftime: (thread, strDest, maxsize, text, timeptr) => strftime(thread, strDest, maxsize, text, timeptr, true, false),
  _Wcsftime: (thread, strDest, maxsize, text, timeptr) => strftime(thread, strDest, maxsize, text, timeptr, true, true),
  _Getdays: (thread) => heapText(thread, namesText(DAYS), "narrow"),
  _Getmonths: (thread) => heapText(thread, namesText(MONTHS), "narrow"),
  _Gettnames: timeNames,
  _W_Getdays: (thread) => heapText(thread, namesText(DAYS), "wide"),
  _W_Getmonths: (thread) => heapText(thread, namesText(MONTHS), "wide"),
  _W_Gettnames: timeNames,
  wcsftime: (thread, strDest, maxsize, text, timeptr) => strftime(thread, strDest, maxsize, text, timeptr, true, true),
  _timespec64_get(thread, ts, base) {
    const seconds = now(thread);
    ts.set({ tv_sec: Math.floor(seconds), tv_nsec: Math.floor((seconds % 1) * 1e7) * 100 });
    return base;
  },
  _get_tzname(thread, length, buffer, size, index) {
    if (index !== 0 && index !== 1) throw new InvalidParameterError(ERRNO.EINVAL);
    const name = thread.memory.cstring(thread.memory.u32(zoneVariables(thread).tzname + thread.pointerSize * index));
    length.set(name.length + 1);
    return buffer === 0 ? 0 : storeText(thread, buffer, size, name);
  },
});

const started = Symbol("clock's start");
const tmKey = Symbol("localtime's struct");
const textKey = Symbol("asctime's buffer");

function checked(seconds: number): number {
  if (seconds < 0 || seconds > LAST_SECOND) throw new CrtError(ERRNO.EINVAL);
  return seconds;
}

function toTm(time: CalendarTime): Tm {
  return {
    tm_sec: time.second, tm_min: time.minute, tm_hour: time.hour, tm_mday: time.day, tm_mon: time.month, tm_year: time.year,
    tm_wday: time.weekDay, tm_yday: time.yearDay, tm_isdst: time.isDst,
  }; // prettier-ignore
}

function fromTm(tm: Tm): CalendarTime {
  return {
    second: tm.tm_sec, minute: tm.tm_min, hour: tm.tm_hour, day: tm.tm_mday, month: tm.tm_mon, year: tm.tm_year,
    weekDay: tm.tm_wday, yearDay: tm.tm_yday, isDst: tm.tm_isdst,
  }; // prettier-ignore
}

/** localtime's and gmtime's result: one struct for each thread. */
function threadTm(thread: Thread, time: CalendarTime): number {
  const { address } = thread.state(tmKey, () => ({ address: thread.process.heap.allocate(TM_SIZE) }));
  TM.store(thread, address, toTm(time));
  return address;
}

function makeLocal(thread: Thread, timeptr: { get(): Tm; set(value: Tm): void }): number {
  const seconds = localSeconds(thread, fromTm(timeptr.get()));
  if (seconds < 0 || seconds > LAST_SECOND) throw new CrtError(ERRNO.EINVAL);
  timeptr.set(toTm(localCalendar(thread, seconds)));
  return seconds;
}

function makeUtc(_thread: Thread, timeptr: { get(): Tm; set(value: Tm): void }): number {
  const seconds = fromCalendar(fromTm(timeptr.get()));
  if (seconds < 0 || seconds > LAST_SECOND) throw new CrtError(ERRNO.EINVAL);
  timeptr.set(toTm(toCalendar(seconds)));
  return seconds;
}

function staticText(thread: Thread, text: string, wide: boolean): number {
  const { address } = thread.state(textKey, () => ({ address: thread.process.heap.allocate(64) }));
  if (wide) thread.memory.setWstring(address, text);
  else storeText(thread, address, Infinity, text);
  return address;
}

/** asctime_s and kin: a buffer that is too small is a parameter that makes no sense. */
function storeTime(thread: Thread, buffer: number, size: number, text: string): number {
  if (buffer !== 0 && text.length < size) return storeText(thread, buffer, size, text);
  if (buffer !== 0 && size > 0) thread.memory.setU8(buffer, 0);
  throw new InvalidParameterError(ERRNO.EINVAL);
}

function storeText(thread: Thread, buffer: number, size: number, text: string): number {
  if (buffer === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  if (text.length >= size) throw new InvalidParameterError(ERRNO.ERANGE);
  thread.memory.write(buffer, latin1Bytes(`${text}\0`));
  return 0;
}

function timeb(thread: Thread): { time: number; millitm: number; timezone: number; dstflag: number } {
  const seconds = now(thread);
  const { timezone } = zoneVariables(thread);
  const isDst = localCalendar(thread, Math.floor(seconds)).isDst;
  return {
    time: Math.floor(seconds),
    millitm: Math.floor((seconds % 1) * 1000),
    timezone: thread.memory.i32(timezone) / 60,
    dstflag: isDst,
  };
}

function format(thread: Thread, text: string): string {
  const local = localCalendar(thread, Math.floor(now(thread)));
  return formatTime(text, local, zoneAt(thread, local), false) ?? "";
}

function strftime(thread: Thread, buffer: number, size: number, text: string | undefined, tm: Tm, c99: boolean, wide: boolean): number {
  if (text === undefined || buffer === 0 || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const time = fromTm(tm);
  const result = formatTime(text, time, zoneAt(thread, time), c99);
  if (result === undefined || result.length >= size) {
    if (wide) thread.memory.setU16(buffer, 0);
    else thread.memory.setU8(buffer, 0);
    throw new InvalidParameterError(result === undefined ? ERRNO.EINVAL : ERRNO.ERANGE);
  }
  if (wide) thread.memory.setWstring(buffer, result);
  else thread.memory.write(buffer, latin1Bytes(`${result}\0`));
  return result.length;
}

interface Times {
  readonly actime: number;
  readonly modtime: number;
}

function setTimes(thread: Thread, filename: string | undefined, times: Times | undefined): number {
  if (filename === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const moment = now(thread);
  system.setPathTimes(thread, filename, times?.actime ?? moment, times?.modtime ?? moment);
  return 0;
}

function setHandleTimes(thread: Thread, fd: number, times: Times | undefined): number {
  const moment = now(thread);
  system.setHandleTimes(thread, descriptor(thread, fd).handle, times?.actime ?? moment, times?.modtime ?? moment);
  return 0;
}

/** ":Sun:Sunday:Mon:Monday…", as the C++ library wants names. */
function namesText(names: readonly string[]): string {
  return names.map((name) => `:${name.slice(0, 3)}:${name}`).join("");
}

/** Text in a block of the heap that is the caller's to free; 0 when there is no memory. */
function heapText(thread: Thread, text: string, width: Width): number {
  const bytes = encodeString(thread, text, width);
  const address = thread.process.heap.allocate(bytes.length);
  if (address !== 0) thread.memory.write(address, bytes);
  return address;
}

/** A block that stands for the names of the locale that is set: nobody looks into it. */
function timeNames(thread: Thread): number {
  return thread.process.heap.allocate(TIME_NAMES_SIZE, true);
}

const TIME_NAMES_SIZE = 0x300;
