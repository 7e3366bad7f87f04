import { CrtError, InvalidParameterError, ERRNO, type Out } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { implement, type Thread } from "@decant/process";
import { msvcrtStringsApi, searchingApi, stringsApi, ucrtStringsApi } from "./strings.api.ts";
import { asciiLower, asciiUpper, BYTES, compare, copyUnits, find, length, search, setOf, span, WIDE, type Units } from "./units.ts";

/** _TRUNCATE: copy what fits. */
const TRUNCATE = 2 ** 64;
/** The result of a bounded function that cut its input. */
const STRUNCATE = 80;

const fold = asciiLower;

export const searching = implement(searchingApi, {
  strchr: ({ memory }, string, c) => find(memory, BYTES, string, c & 0xff),
  strrchr: ({ memory }, string, c) => find(memory, BYTES, string, c & 0xff, true),
  strstr: ({ memory }, string, wanted) => search(memory, BYTES, string, wanted),
  wcschr: ({ memory }, string, c) => find(memory, WIDE, string, c & 0xffff),
  wcsrchr: ({ memory }, string, c) => find(memory, WIDE, string, c & 0xffff, true),
  wcsstr: ({ memory }, string, wanted) => search(memory, WIDE, string, wanted),
});

export const strings = implement(stringsApi, {
  strlen: ({ memory }, string) => length(memory, BYTES, string),
  wcslen: ({ memory }, string) => length(memory, WIDE, string),
  strnlen: ({ memory }, string, count) => length(memory, BYTES, string, count),
  wcsnlen: ({ memory }, string, count) => length(memory, WIDE, string, count),
  strcmp: ({ memory }, a, b) => compare(memory, BYTES, a, b),
  wcscmp: ({ memory }, a, b) => compare(memory, WIDE, a, b),
  strcoll: ({ memory }, a, b) => compare(memory, BYTES, a, b),
  wcscoll: ({ memory }, a, b) => compare(memory, WIDE, a, b),
  strncmp: ({ memory }, a, b, count) => compare(memory, BYTES, a, b, { count }),
  wcsncmp: ({ memory }, a, b, count) => compare(memory, WIDE, a, b, { count }),
  _stricmp: ({ memory }, a, b) => compare(memory, BYTES, a, b, { fold }),
  _wcsicmp: ({ memory }, a, b) => compare(memory, WIDE, a, b, { fold }),
  _stricoll: ({ memory }, a, b) => compare(memory, BYTES, a, b, { fold }),
  _wcsicoll: ({ memory }, a, b) => compare(memory, WIDE, a, b, { fold }),
  _strnicmp: ({ memory }, a, b, count) => compare(memory, BYTES, a, b, { count, fold }),
  _wcsnicmp: ({ memory }, a, b, count) => compare(memory, WIDE, a, b, { count, fold }),
  _strncoll: ({ memory }, a, b, count) => compare(memory, BYTES, a, b, { count }),
  _wcsncoll: ({ memory }, a, b, count) => compare(memory, WIDE, a, b, { count }),
  _strnicoll: ({ memory }, a, b, count) => compare(memory, BYTES, a, b, { count, fold }),
  _wcsnicoll: ({ memory }, a, b, count) => compare(memory, WIDE, a, b, { count, fold }),
  strcpy: ({ memory }, dest, source) => copyString(memory, BYTES, dest, source),
  wcscpy: ({ memory }, dest, source) => copyString(memory, WIDE, dest, source),
  strcat: ({ memory }, dest, source) => append(memory, BYTES, dest, source, Infinity),
  wcscat: ({ memory }, dest, source) => append(memory, WIDE, dest, source, Infinity),
  strncpy: ({ memory }, dest, source, count) => copyPadded(memory, BYTES, dest, source, count),
  wcsncpy: ({ memory }, dest, source, count) => copyPadded(memory, WIDE, dest, source, count),
  strncat: ({ memory }, dest, source, count) => append(memory, BYTES, dest, source, count),
  wcsncat: ({ memory }, dest, source, count) => append(memory, WIDE, dest, source, count),
  strpbrk: ({ memory }, string, set) => findAny(memory, BYTES, string, set),
  wcspbrk: ({ memory }, string, set) => findAny(memory, WIDE, string, set),
  strspn: ({ memory }, string, set) => span(memory, BYTES, string, set, true),
  wcsspn: ({ memory }, string, set) => span(memory, WIDE, string, set, true),
  strcspn: ({ memory }, string, set) => span(memory, BYTES, string, set, false),
  wcscspn: ({ memory }, string, set) => span(memory, WIDE, string, set, false),
  strtok: (thread, string, delimiters) => tokenOfThread(thread, BYTES, string, delimiters),
  strtok_s: (thread, string, delimiters, context) => tokenWithContext(thread, BYTES, string, delimiters, context),
  wcstok_s: (thread, string, delimiters, context) => tokenWithContext(thread, WIDE, string, delimiters, context),
  _strdup: (thread, string) => duplicate(thread, BYTES, string),
  _wcsdup: (thread, string) => duplicate(thread, WIDE, string),
  _strrev: ({ memory }, string) => reverse(memory, BYTES, string),
  _wcsrev: ({ memory }, string) => reverse(memory, WIDE, string),
  _strlwr: ({ memory }, string) => change(memory, BYTES, string, asciiLower),
  _wcslwr: ({ memory }, string) => change(memory, WIDE, string, asciiLower),
  _strupr: ({ memory }, string) => change(memory, BYTES, string, asciiUpper),
  _wcsupr: ({ memory }, string) => change(memory, WIDE, string, asciiUpper),
  _strlwr_s: ({ memory }, string, size) => changeChecked(memory, BYTES, string, size, asciiLower),
  _wcslwr_s: ({ memory }, string, size) => changeChecked(memory, WIDE, string, size, asciiLower),
  _strupr_s: ({ memory }, string, size) => changeChecked(memory, BYTES, string, size, asciiUpper),
  _wcsupr_s: ({ memory }, string, size) => changeChecked(memory, WIDE, string, size, asciiUpper),
  _strset: ({ memory }, string, c) => change(memory, BYTES, string, () => c & 0xff),
  _wcsset: ({ memory }, string, c) => change(memory, WIDE, string, () => c & 0xffff),
  _strnset: ({ memory }, string, c, count) => change(memory, BYTES, string, () => c & 0xff, count),
  _wcsnset: ({ memory }, string, c, count) => change(memory, WIDE, string, () => c & 0xffff, count),
  strxfrm: ({ memory }, dest, source, count) => transform(memory, BYTES, dest, source, count),
  wcsxfrm: ({ memory }, dest, source, count) => transform(memory, WIDE, dest, source, count),
  strcpy_s: ({ memory }, dest, size, source) => copyChecked(memory, BYTES, dest, dest, size, source, Infinity),
  wcscpy_s: ({ memory }, dest, size, source) => copyChecked(memory, WIDE, dest, dest, size, source, Infinity),
  strcat_s: ({ memory }, dest, size, source) => appendChecked(memory, BYTES, dest, size, source, Infinity),
  wcscat_s: ({ memory }, dest, size, source) => appendChecked(memory, WIDE, dest, size, source, Infinity),
  strncpy_s: ({ memory }, dest, size, source, count) => copyChecked(memory, BYTES, dest, dest, size, source, count),
  wcsncpy_s: ({ memory }, dest, size, source, count) => copyChecked(memory, WIDE, dest, dest, size, source, count),
  strncat_s: ({ memory }, dest, size, source, count) => appendChecked(memory, BYTES, dest, size, source, count),
  wcsncat_s: ({ memory }, dest, size, source, count) => appendChecked(memory, WIDE, dest, size, source, count),
});

export const msvcrtStrings = implement(msvcrtStringsApi, {
  wcstok: (thread, string, delimiters) => tokenOfThread(thread, WIDE, string, delimiters),
});

export const ucrtStrings = implement(ucrtStringsApi, {
  wcstok: (thread, string, delimiters, context) => tokenWithContext(thread, WIDE, string, delimiters, context),
});

function copyString(memory: GuestMemory, units: Units, dest: number, source: number): number {
  copyUnits(memory, units, dest, source, length(memory, units, source) + 1);
  return dest;
}

/** strncpy: pads with NULs, and ends with none when the source is too long. */
function copyPadded(memory: GuestMemory, units: Units, dest: number, source: number, count: number): number {
  const used = length(memory, units, source, count);
  copyUnits(memory, units, dest, source, used);
  if (count > used) memory.fill(dest + used * units.size, 0, (count - used) * units.size);
  return dest;
}

function append(memory: GuestMemory, units: Units, dest: number, source: number, count: number): number {
  const end = dest + length(memory, units, dest) * units.size;
  const used = length(memory, units, source, count);
  copyUnits(memory, units, end, source, used);
  units.store(memory, end + used * units.size, 0);
  return dest;
}

function findAny(memory: GuestMemory, units: Units, string: number, set: number): number {
  const at = string + span(memory, units, string, set, false) * units.size;
  return units.load(memory, at) === 0 ? 0 : at;
}

/** Where strtok and wcstok go on, for each thread. */
class TokenState {
  bytes = 0;
  wide = 0;
}

function tokenOfThread(thread: Thread, units: Units, string: number, delimiters: number): number {
  const state = thread.state(TokenState, () => new TokenState());
  const key = units === BYTES ? "bytes" : "wide";
  const [found, next] = nextToken(thread.memory, units, string === 0 ? state[key] : string, delimiters);
  state[key] = next;
  return found;
}

function tokenWithContext({ memory }: Thread, units: Units, string: number, delimiters: number, context: Out<number>): number {
  const [found, next] = nextToken(memory, units, string === 0 ? context.get() : string, delimiters);
  context.set(next);
  return found;
}

function nextToken(memory: GuestMemory, units: Units, from: number, delimiters: number): [found: number, next: number] {
  if (from === 0) return [0, 0];
  const members = setOf(memory, units, delimiters);
  let start = from;
  for (let unit = units.load(memory, start); unit !== 0 && members.has(unit); unit = units.load(memory, start)) start += units.size;
  if (units.load(memory, start) === 0) return [0, start];
  let end = start;
  for (let unit = units.load(memory, end); unit !== 0 && !members.has(unit); unit = units.load(memory, end)) end += units.size;
  if (units.load(memory, end) === 0) return [start, end];
  units.store(memory, end, 0);
  return [start, end + units.size];
}

function duplicate({ memory, process }: Thread, units: Units, string: number): number {
  if (string === 0) return 0;
  const count = length(memory, units, string) + 1;
  const copy = process.heap.allocate(count * units.size);
  if (copy === 0) throw new CrtError(ERRNO.ENOMEM);
  copyUnits(memory, units, copy, string, count);
  return copy;
}

function reverse(memory: GuestMemory, units: Units, string: number): number {
  for (
    let low = string, high = string + (length(memory, units, string) - 1) * units.size;
    low < high;
    low += units.size, high -= units.size
  ) {
    const unit = units.load(memory, low);
    units.store(memory, low, units.load(memory, high));
    units.store(memory, high, unit);
  }
  return string;
}

function change(memory: GuestMemory, units: Units, string: number, map: (unit: number) => number, count = Infinity): number {
  for (let i = 0; i < count; i++) {
    const at = string + i * units.size;
    const unit = units.load(memory, at);
    if (unit === 0) break;
    units.store(memory, at, map(unit));
  }
  return string;
}

function changeChecked(memory: GuestMemory, units: Units, string: number, size: number, map: (unit: number) => number): number {
  if (string === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  if (length(memory, units, string, size) >= size) {
    if (size > 0) units.store(memory, string, 0);
    throw new InvalidParameterError(ERRNO.EINVAL);
  }
  change(memory, units, string, map);
  return 0;
}

/** In the "C" locale the transformed string is the string. */
function transform(memory: GuestMemory, units: Units, dest: number, source: number, count: number): number {
  const needed = length(memory, units, source);
  if (needed < count) copyUnits(memory, units, dest, source, needed + 1);
  return needed;
}

/** strcpy_s and strncpy_s: `at` is where the copy begins; on failure the whole buffer at `dest` becomes empty. */
function copyChecked(memory: GuestMemory, units: Units, dest: number, at: number, size: number, source: number, count: number): number {
  if (dest === 0 || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const room = size - (at - dest) / units.size;
  if (source === 0) {
    units.store(memory, dest, 0);
    throw new InvalidParameterError(ERRNO.EINVAL);
  }
  const truncates = count >= TRUNCATE - 2048 && count !== Infinity;
  const used = length(memory, units, source, truncates ? room : Math.min(count, room));
  const isCut = used >= room;
  if (isCut && !truncates) {
    units.store(memory, dest, 0);
    throw new InvalidParameterError(ERRNO.ERANGE);
  }
  const kept = isCut ? room - 1 : used;
  copyUnits(memory, units, at, source, kept);
  units.store(memory, at + kept * units.size, 0);
  return isCut ? STRUNCATE : 0;
}

function appendChecked(memory: GuestMemory, units: Units, dest: number, size: number, source: number, count: number): number {
  if (dest === 0 || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const used = length(memory, units, dest, size);
  if (used >= size) {
    units.store(memory, dest, 0);
    throw new InvalidParameterError(ERRNO.EINVAL);
  }
  return copyChecked(memory, units, dest, dest + used * units.size, size, source, count);
}
