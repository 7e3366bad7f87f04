import {
  api,
  CSTR,
  ERRNO_T,
  fn,
  INT,
  LPCWSTR,
  LPSTR,
  LPWSTR,
  out,
  PVOID,
  SIZE_T,
  ULONG,
  VOID,
  InvalidParameterError,
  ERRNO,
} from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { BOTH, CDECL } from "./dlls.ts";
import { Runtime } from "./runtime.ts";
import { complain } from "./startup/ending.ts";
import { latin1Bytes } from "./stdio/characters.ts";

/** errno and its texts. */
export const errorApi = api(
  BOTH,
  {
    _errno: fn(PVOID),
    __doserrno: fn(PVOID),
    __sys_nerr: fn(PVOID),
    __sys_errlist: fn(PVOID),
    _get_errno: fn(INT, ["value", out(INT)]),
    _set_errno: fn(INT, ["value", INT]),
    _get_doserrno: fn(INT, ["value", out(ULONG)]),
    _set_doserrno: fn(INT, ["value", ULONG]),
    strerror: fn(PVOID, ["errnum", INT]),
    strerror_s: fn(ERRNO_T, ["buffer", LPSTR], ["size", SIZE_T], ["errnum", INT]),
    _strerror: fn(PVOID, ["message", CSTR]),
    _wcserror: fn(PVOID, ["errnum", INT]),
    _wcserror_s: fn(ERRNO_T, ["buffer", LPWSTR], ["size", SIZE_T], ["errnum", INT]),
    perror: fn(VOID, ["message", CSTR]),
    _wperror: fn(VOID, ["message", LPCWSTR]),
  },
  CDECL,
);

/** The texts, as Wine 8 has them: Windows words a few otherwise ("No error", "Not enough space"). */
const TEXTS: Readonly<Record<number, string>> = {
  0: "Success", 1: "Operation not permitted", 2: "No such file or directory", 3: "No such process", 4: "Interrupted system call",
  5: "Input/output error", 6: "No such device or address", 7: "Argument list too long", 8: "Exec format error", 9: "Bad file descriptor",
  10: "No child processes", 11: "Resource temporarily unavailable", 12: "Cannot allocate memory", 13: "Permission denied",
  14: "Bad address", 16: "Device or resource busy", 17: "File exists", 18: "Invalid cross-device link", 19: "No such device",
  20: "Not a directory", 21: "Is a directory", 22: "Invalid argument", 23: "Too many open files in system", 24: "Too many open files",
  25: "Inappropriate ioctl for device", 27: "File too large", 28: "No space left on device", 29: "Illegal seek",
  30: "Read-only file system", 31: "Too many links", 32: "Broken pipe", 33: "Numerical argument out of domain",
  34: "Numerical result out of range", 36: "Resource deadlock avoided", 38: "File name too long", 39: "No locks available",
  40: "Function not implemented", 41: "Directory not empty", 42: "Invalid or incomplete multibyte or wide character",
}; // prettier-ignore
const UNKNOWN = "Unknown error";
const LAST = 42;

/** The text of an errno. */
export function errnoText(errnum: number): string {
  return TEXTS[errnum] ?? UNKNOWN;
}

export const errors = implement(errorApi, {
  _errno: (thread) => thread.errnoAddress,
  __doserrno: (thread) => thread.state(doserrno, () => ({ address: thread.process.heap.allocate(8, true) })).address,
  __sys_nerr(thread) {
    const address = Runtime.of(thread).variable("_sys_nerr", 4);
    thread.memory.setI32(address, LAST + 1);
    return address;
  },
  __sys_errlist(thread) {
    const list = Runtime.of(thread).variable("_sys_errlist", 8 * (LAST + 2));
    for (let i = 0; i <= LAST + 1; i++) thread.memory.setPointer(list + thread.pointerSize * i, constantText(thread, i));
    return list;
  },
  _get_errno(thread, value) {
    value.set(thread.errno);
    return 0;
  },
  _set_errno(thread, value) {
    thread.errno = value;
    return 0;
  },
  _get_doserrno(_thread, value) {
    value.set(0);
    return 0;
  },
  _set_doserrno: () => 0,
  strerror: (thread, errnum) => textInBuffer(thread, errnoText(errnum)),
  strerror_s(thread, buffer, size, errnum) {
    if (buffer === 0 || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    thread.memory.write(buffer, latin1Bytes(`${errnoText(errnum).slice(0, size - 1)}\0`));
    return 0;
  },
  _strerror(thread, message) {
    const text = errnoText(thread.errno);
    return textInBuffer(thread, message === undefined || message === "" ? `${text}\n` : `${message}: ${text}\n`);
  },
  _wcserror(thread, errnum) {
    const buffer = threadBuffer(thread);
    thread.memory.setWstring(buffer, errnoText(errnum));
    return buffer;
  },
  _wcserror_s(thread, buffer, size, errnum) {
    if (buffer === 0 || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    thread.memory.setWstring(buffer, errnoText(errnum).slice(0, size - 1));
    return 0;
  },
  perror: printError,
  _wperror: printError,
});

const doserrno = Symbol("_doserrno");
const errorBuffer = Symbol("strerror's buffer");
const BUFFER_SIZE = 512;

function threadBuffer(thread: Thread): number {
  return thread.state(errorBuffer, () => ({ address: thread.process.heap.allocate(BUFFER_SIZE) })).address;
}

function textInBuffer(thread: Thread, text: string): number {
  const buffer = threadBuffer(thread);
  thread.memory.write(buffer, latin1Bytes(`${text.slice(0, BUFFER_SIZE - 1)}\0`));
  return buffer;
}

function constantText(thread: Thread, errnum: number): number {
  const text = latin1Bytes(`${errnoText(errnum)}\0`);
  const address = Runtime.of(thread).reserve(`errno text ${errnum}`, text.length);
  thread.memory.write(address, text);
  return address;
}

function* printError(thread: Thread, message: string | undefined): GuestGenerator<void> {
  const prefix = message === undefined || message === "" ? "" : `${message}: `;
  yield* complain(thread, `${prefix}${errnoText(thread.errno)}\n`);
}
