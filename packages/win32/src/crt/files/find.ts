import { alias, api, InvalidParameterError, ERRNO, errno, fn, INT, LONG_PTR_N, PVOID, type Handle } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT } from "../dlls.ts";
import { encodeString } from "../startup/program-data.ts";
import { system, type FoundFile } from "../system.ts";

const SEARCH = errno(LONG_PTR_N, -1);
const RESULT = errno(INT, -1);
const first = fn(SEARCH, ["filespec", PVOID], ["fileinfo", PVOID]);
const next = fn(RESULT, ["handle", LONG_PTR_N], ["fileinfo", PVOID]);

/** Searches for files ("Filename Search Functions"). The names say the widths of times and of the size. */
export const findApi = api(
  BOTH,
  {
    _findfirst64: first, _findfirst64i32: first, _findfirst32: first, _findfirst32i64: first,
    _findnext64: next, _findnext64i32: next, _findnext32: next, _findnext32i64: next,
    _wfindfirst64: first, _wfindfirst64i32: first, _wfindfirst32: first, _wfindfirst32i64: first,
    _wfindnext64: next, _wfindnext64i32: next, _wfindnext32: next, _wfindnext32i64: next,
    _findclose: fn(RESULT, ["handle", LONG_PTR_N]),
  },
  CDECL,
); // prettier-ignore

/** msvcrt's names without widths: times are of 64 bits for x64 programs, and of 32 for x86 ones. */
export const msvcrtFindApi = api(
  MSVCRT,
  {
    _findfirst: alias("_findfirst64i32"), _findfirsti64: alias("_findfirst64"), _findnext: alias("_findnext64i32"), _findnexti64: alias("_findnext64"),
    _wfindfirst: alias("_wfindfirst64i32"), _wfindfirsti64: alias("_wfindfirst64"), _wfindnext: alias("_wfindnext64i32"), _wfindnexti64: alias("_wfindnext64"),
  },
  { ...CDECL, only: 8 },
); // prettier-ignore
export const msvcrtFindApi32 = api(
  MSVCRT,
  {
    _findfirst: alias("_findfirst32"), _findfirsti64: alias("_findfirst32i64"), _findnext: alias("_findnext32"), _findnexti64: alias("_findnext32i64"),
    _wfindfirst: alias("_wfindfirst32"), _wfindfirsti64: alias("_wfindfirst32i64"), _wfindnext: alias("_wfindnext32"), _wfindnexti64: alias("_wfindnext32i64"),
  },
  { ...CDECL, only: 4 },
); // prettier-ignore

/** _finddata_t: attributes, three times, the size, the name; aligned as C does it. */
interface Form {
  readonly timeBytes: 4 | 8;
  readonly sizeBytes: 4 | 8;
  readonly wide: boolean;
}

const NORMAL = 0x80;
const MAX_PATH = 260;

const start = (timeBytes: 4 | 8, sizeBytes: 4 | 8, wide: boolean) => (thread: Thread, filespec: number, fileinfo: number) =>
  findFirst(thread, filespec, fileinfo, { timeBytes, sizeBytes, wide });
const proceed = (timeBytes: 4 | 8, sizeBytes: 4 | 8, wide: boolean) => (thread: Thread, handle: number, fileinfo: number) => {
  store(thread, fileinfo, system.findNext(thread, handle as Handle), { timeBytes, sizeBytes, wide });
  return 0;
};

export const find = implement(findApi, {
  _findfirst64: start(8, 8, false),
  _findfirst64i32: start(8, 4, false),
  _findfirst32: start(4, 4, false),
  _findfirst32i64: start(4, 8, false),
  _findnext64: proceed(8, 8, false),
  _findnext64i32: proceed(8, 4, false),
  _findnext32: proceed(4, 4, false),
  _findnext32i64: proceed(4, 8, false),
  _wfindfirst64: start(8, 8, true),
  _wfindfirst64i32: start(8, 4, true),
  _wfindfirst32: start(4, 4, true),
  _wfindfirst32i64: start(4, 8, true),
  _wfindnext64: proceed(8, 8, true),
  _wfindnext64i32: proceed(8, 4, true),
  _wfindnext32: proceed(4, 4, true),
  _wfindnext32i64: proceed(4, 8, true),
  _findclose(thread, handle) {
    system.findClose(thread, handle as Handle);
    return 0;
  },
});

function findFirst(thread: Thread, filespec: number, fileinfo: number, form: Form): number {
  if (filespec === 0 || fileinfo === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const { memory } = thread;
  const pattern = form.wide ? memory.wstring(filespec) : thread.ansi.decode(memory.slice(filespec, memory.cstringLength(filespec)));
  const { search, found } = system.findFirst(thread, pattern);
  store(thread, fileinfo, found, form);
  return search;
}

function store(thread: Thread, fileinfo: number, found: FoundFile, { timeBytes, sizeBytes, wide }: Form): void {
  const { memory } = thread;
  const set = (offset: number, bytes: 4 | 8, value: number) =>
    bytes === 8 ? memory.setU64(fileinfo + offset, BigInt(value)) : memory.setU32(fileinfo + offset, value);
  memory.setU32(fileinfo, found.attributes === NORMAL ? 0 : found.attributes);
  [found.created, found.accessed, found.written].forEach((time, index) => set(timeBytes * (index + 1), timeBytes, time));
  const sizeAt = Math.ceil((4 * timeBytes) / sizeBytes) * sizeBytes;
  set(sizeAt, sizeBytes, found.size);
  memory.write(fileinfo + sizeAt + sizeBytes, encodeString(thread, found.name.slice(0, MAX_PATH - 1), wide ? "wide" : "narrow"));
}
