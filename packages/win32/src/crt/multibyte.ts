import {
  alias,
  api,
  CrtError,
  InvalidParameterError,
  ERRNO,
  errno,
  ERRNO_T,
  fn,
  INT,
  LPSTR,
  LPWSTR,
  optional,
  out,
  PVOID,
  SIZE_T,
  UINT,
  USHORT,
  WCHAR,
  type Out,
} from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT } from "./dlls.ts";
import { Runtime } from "./runtime.ts";
import { latin1Bytes } from "./stdio/characters.ts";

const FAILED = 0xffff_ffff;
const SIZE = errno(SIZE_T, -1);
const WEOF = 0xffff;

/** Between bytes of the locale's encoding and wide characters. */
export const multibyteApi = api(
  BOTH,
  {
    mbstowcs: fn(SIZE, ["wcstr", LPWSTR], ["mbstr", PVOID], ["count", SIZE_T]),
    wcstombs: fn(SIZE, ["mbstr", LPSTR], ["wcstr", PVOID], ["count", SIZE_T]),
    mbstowcs_s: fn(
      ERRNO_T,
      ["converted", optional(out(SIZE_T))],
      ["wcstr", LPWSTR],
      ["sizeInWords", SIZE_T],
      ["mbstr", PVOID],
      ["count", SIZE_T],
    ),
    wcstombs_s: fn(
      ERRNO_T,
      ["converted", optional(out(SIZE_T))],
      ["mbstr", LPSTR],
      ["sizeInBytes", SIZE_T],
      ["wcstr", PVOID],
      ["count", SIZE_T],
    ),
    mbtowc: fn(errno(INT, -1), ["wchar", PVOID], ["mbchar", PVOID], ["count", SIZE_T]),
    wctomb: fn(errno(INT, -1), ["mbchar", PVOID], ["wchar", WCHAR]),
    wctomb_s: fn(ERRNO_T, ["converted", optional(out(INT))], ["mbchar", PVOID], ["size", SIZE_T], ["wchar", WCHAR]),
    btowc: fn(USHORT, ["c", INT]),
    wctob: fn(INT, ["wchar", USHORT]),
    mbrtowc: fn(SIZE, ["wchar", PVOID], ["mbchar", PVOID], ["count", SIZE_T], ["mbstate", PVOID]),
    wcrtomb: fn(SIZE, ["mbchar", PVOID], ["wchar", WCHAR], ["mbstate", PVOID]),
    mbrlen: fn(SIZE, ["str", PVOID], ["count", SIZE_T], ["mbstate", PVOID]),
    mbsrtowcs: fn(SIZE, ["wcstr", PVOID], ["mbstr", PVOID], ["count", SIZE_T], ["mbstate", PVOID]),
    wcsrtombs: fn(SIZE, ["mbstr", PVOID], ["wcstr", PVOID], ["count", SIZE_T], ["mbstate", PVOID]),
    wcrtomb_s: fn(ERRNO_T, ["converted", optional(out(SIZE_T))], ["mbchar", PVOID], ["size", SIZE_T], ["wchar", WCHAR], ["mbstate", PVOID]),
    wcsrtombs_s: fn(
      ERRNO_T,
      ["converted", optional(out(SIZE_T))],
      ["mbstr", PVOID],
      ["sizeInBytes", SIZE_T],
      ["wcstr", PVOID],
      ["count", SIZE_T],
      ["mbstate", PVOID],
    ),
    _ismbbtrail: fn(INT, ["c", UINT]),
    _mbsrchr: fn(PVOID, ["str", PVOID], ["c", UINT]),
    _mbschr: fn(PVOID, ["str", PVOID], ["c", UINT]),
    _mbslen: fn(SIZE_T, ["str", PVOID]),
  },
  CDECL,
);

/** msvcrt's other name. */
export const msvcrtMultibyteApi = api(MSVCRT, { _mbstrlen: alias("_mbslen") }, CDECL);

export const multibyte = implement(multibyteApi, {
  mbstowcs: (thread, wcstr, mbstr, count) => toWide(thread, wcstr, thread.memory.cstring(mbstr), count),
  wcstombs: (thread, mbstr, wcstr, count) => toBytes(thread, mbstr, thread.memory.wstring(wcstr), count),
  mbstowcs_s(thread, converted, wcstr, sizeInWords, mbstr, count) {
    const text = decode(thread, thread.memory.cstring(mbstr));
    const kept = count >= FAILED ? text.slice(0, Math.max(0, sizeInWords - 1)) : text.slice(0, count);
    converted.set((wcstr === 0 ? text.length : kept.length) + 1);
    if (wcstr === 0) return 0;
    if (kept.length >= sizeInWords) {
      if (sizeInWords > 0) thread.memory.setU16(wcstr, 0);
      throw new InvalidParameterError(ERRNO.ERANGE);
    }
    thread.memory.setWstring(wcstr, kept);
    return kept.length < text.length && count >= FAILED ? ERRNO.STRUNCATE : 0;
  },
  wcstombs_s: (thread, converted, mbstr, sizeInBytes, wcstr, count) =>
    toBytesChecked(thread, converted, { mbstr, sizeInBytes, wide: thread.memory.wstring(wcstr), count }),
  mbtowc: (thread, wchar, mbchar, count) => readCharacter(thread, wchar, mbchar, count),
  wctomb(thread, mbchar, wchar) {
    return mbchar === 0 ? 0 : writeCharacter(thread, mbchar, wchar);
  },
  wctomb_s(thread, converted, mbchar, size, wchar) {
    const text = encode(thread, String.fromCharCode(wchar));
    if (text.length > size) throw new InvalidParameterError(ERRNO.ERANGE);
    thread.memory.write(mbchar, latin1Bytes(text));
    converted.set(text.length);
    return 0;
  },
  btowc: (thread, c) => (c < 0 || c > 255 ? WEOF : decode(thread, String.fromCharCode(c)).charCodeAt(0)),
  wctob(thread, wchar) {
    const text = Runtime.of(thread).locale.encode(String.fromCharCode(wchar), thread.ansi);
    return text?.length === 1 ? text.charCodeAt(0) : -1;
  },
  mbrtowc: (thread, wchar, mbchar, count) => (mbchar === 0 ? 0 : readCharacter(thread, wchar, mbchar, count)),
  wcrtomb: (thread, mbchar, wchar) => (mbchar === 0 ? 1 : writeCharacter(thread, mbchar, wchar)),
  mbrlen: (thread, str, count) => (str === 0 ? 0 : readCharacter(thread, 0, str, count)),
  mbsrtowcs(thread, wcstr, mbstr, count) {
    const length = toWide(thread, wcstr, thread.memory.cstring(thread.memory.u32(mbstr)), count);
    if (wcstr !== 0 && length < count) thread.memory.setU64(mbstr, 0n);
    return length;
  },
  wcsrtombs(thread, mbstr, wcstr, count) {
    const length = toBytes(thread, mbstr, thread.memory.wstring(thread.memory.u32(wcstr)), count);
    if (mbstr !== 0 && length < count) thread.memory.setU64(wcstr, 0n);
    return length;
  },
  wcrtomb_s(thread, converted, mbchar, size, wchar) {
    const text = encode(thread, mbchar === 0 ? "\0" : String.fromCharCode(wchar));
    if (mbchar !== 0 && text.length > size) throw new InvalidParameterError(ERRNO.ERANGE);
    if (mbchar !== 0) thread.memory.write(mbchar, latin1Bytes(text));
    converted.set(text.length);
    return 0;
  },
  wcsrtombs_s(thread, converted, mbstr, sizeInBytes, wcstr, count) {
    const wide = thread.memory.wstring(thread.memory.pointer(wcstr));
    const result = toBytesChecked(thread, converted, { mbstr, sizeInBytes, wide, count });
    if (mbstr !== 0 && result === 0 && encode(thread, wide).length <= count) thread.memory.setPointer(wcstr, 0);
    return result;
  },
  // The code pages that there are have no lead bytes.
  _ismbbtrail: () => 0,
  _mbsrchr(thread, str, c) {
    const at = thread.memory.cstring(str).lastIndexOf(String.fromCharCode(c));
    return c === 0 ? str + thread.memory.cstringLength(str) : at < 0 ? 0 : str + at;
  },
  _mbschr(thread, str, c) {
    const at = thread.memory.cstring(str).indexOf(String.fromCharCode(c));
    return c === 0 ? str + thread.memory.cstringLength(str) : at < 0 ? 0 : str + at;
  },
  _mbslen: (thread, str) => thread.memory.cstringLength(str),
});

interface BytesTarget {
  readonly mbstr: number;
  readonly sizeInBytes: number;
  readonly wide: string;
  readonly count: number;
}

/** What wcstombs_s does: the count is with NUL, _TRUNCATE cuts to the room, and a target too small is emptied. */
function toBytesChecked(thread: Thread, converted: Out<number>, { mbstr, sizeInBytes, wide, count }: BytesTarget): number {
  const text = encode(thread, wide);
  const kept = count >= FAILED ? text.slice(0, Math.max(0, sizeInBytes - 1)) : text.slice(0, count);
  converted.set((mbstr === 0 ? text.length : kept.length) + 1);
  if (mbstr === 0) return 0;
  if (kept.length >= sizeInBytes) {
    if (sizeInBytes > 0) thread.memory.setU8(mbstr, 0);
    throw new InvalidParameterError(ERRNO.ERANGE);
  }
  thread.memory.write(mbstr, latin1Bytes(`${kept}\0`));
  return kept.length < text.length && count >= FAILED ? ERRNO.STRUNCATE : 0;
}

function decode(thread: Thread, bytes: string): string {
  return Runtime.of(thread).locale.decode(bytes, thread.ansi);
}

function encode(thread: Thread, text: string): string {
  const encoded = Runtime.of(thread).locale.encode(text, thread.ansi);
  if (encoded === undefined) throw new CrtError(ERRNO.EILSEQ);
  return encoded;
}

/** Stores at most `count` wide characters, with a NUL when there is room; returns how many, the NUL not counted. */
function toWide(thread: Thread, wcstr: number, bytes: string, count: number): number {
  const text = decode(thread, bytes);
  if (wcstr === 0) return text.length;
  thread.memory.setUtf16(wcstr, text.length < count ? `${text}\0` : text.slice(0, count));
  return Math.min(text.length, count);
}

function toBytes(thread: Thread, mbstr: number, wide: string, count: number): number {
  const text = encode(thread, wide);
  if (mbstr === 0) return text.length;
  thread.memory.write(mbstr, latin1Bytes(text.length < count ? `${text}\0` : text.slice(0, count)));
  return Math.min(text.length, count);
}

/** The length of the first character, which is stored; 0 for NUL. */
function readCharacter(thread: Thread, wchar: number, mbchar: number, count: number): number {
  if (mbchar === 0 || count === 0) return 0;
  const { memory } = thread;
  const first = memory.u8(mbchar);
  const isUtf8 = Runtime.of(thread).locale.codePage === 65001;
  const length = !isUtf8 || first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length > count) throw new CrtError(ERRNO.EILSEQ);
  const text = decode(thread, memory.cstring(mbchar, "latin1", length));
  if (wchar !== 0) memory.setU16(wchar, first === 0 ? 0 : text.charCodeAt(0));
  return first === 0 ? 0 : length;
}

function writeCharacter(thread: Thread, mbchar: number, wchar: number): number {
  const bytes = latin1Bytes(encode(thread, String.fromCharCode(wchar)));
  thread.memory.write(mbchar, bytes);
  return bytes.length;
}
