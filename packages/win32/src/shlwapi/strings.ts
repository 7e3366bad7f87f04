import { E, type Out, type TextBuffer } from "@decant/hook";
import { implement } from "@decant/process";
import { formatText } from "../user32/text.ts";
import { upcase } from "../text/upcase.ts";
import { shellStringsApi } from "./strings.api.ts";

const S_OK = 0;
const SUPPORT_HEX = 1;
const UNITS = ["KB", "MB", "GB", "TB", "PB", "EB"];
const E_POINTER = 0x8000_4003;
/** URL_*: escape only blanks, a per cent sign too, only what belongs to a path; unescape in the buffer itself. */
const URL = { ESCAPE_SPACES_ONLY: 0x0400_0000, ESCAPE_PERCENT: 0x1000, ESCAPE_SEGMENT_ONLY: 0x2000, UNESCAPE_INPLACE: 0x10_0000, DONT_ESCAPE_EXTRA_INFO: 0x0200_0000 } as const; // prettier-ignore

const same = (text: string): string => text;

export const shellStrings = implement(shellStringsApi, {
  StrStr: (_thread, text, wanted) => placeOf(text, wanted, same),
  StrStrI: (_thread, text, wanted) => placeOf(text, wanted, upcase),
  StrStrNW: (_thread, text, wanted, most) => placeOf(text, wanted, same, most),
  StrStrNIW: (_thread, text, wanted, most) => placeOf(text, wanted, upcase, most),
  StrRStrI(_thread, text, last, wanted) {
    if (text.isNull || wanted === undefined || wanted === "") return 0;
    const searched = last === 0 ? text.read() : text.text((last - text.address) / text.charSize + wanted.length - 1);
    return at(text, upcase(searched).lastIndexOf(upcase(wanted)));
  },
  StrChr: (_thread, text, wanted) => placeOf(text, character(text, wanted), same),
  StrChrI: (_thread, text, wanted) => placeOf(text, character(text, wanted), upcase),
  StrChrNW: (_thread, text, wanted, most) => placeOf(text, String.fromCharCode(wanted), same, most),
  StrRChr: (_thread, text, end, wanted) => lastPlaceOf(text, end, character(text, wanted), same),
  StrRChrI: (_thread, text, end, wanted) => lastPlaceOf(text, end, character(text, wanted), upcase),
  StrCmpN: (_thread, a, b, count) => compare(read(a, count), read(b, count), same),
  StrCmpNI: (_thread, a, b, count) => compare(read(a, count), read(b, count), upcase),
  StrCmpW: (_thread, a, b) => compare(read(a), read(b), same),
  StrCmpIW: (_thread, a, b) => compare(read(a), read(b), upcase),
  StrCmpC: (_thread, a, b) => compare(read(a), read(b), same),
  StrCmpIC: (_thread, a, b) => compare(read(a), read(b), upcase),
  StrCmpNC: (_thread, a, b, count) => compare(read(a, count), read(b, count), same),
  StrCmpNIC: (_thread, a, b, count) => compare(read(a, count), read(b, count), upcase),
  StrCmpLogicalW: (_thread, a, b) => compareLogically(read(a), read(b)),
  StrSpn: (_thread, text, set) => span(read(text), set, true),
  StrCSpn: (_thread, text, set) => span(read(text), set, false),
  StrPBrk(_thread, text, set) {
    const content = read(text);
    const length = span(content, set, false);
    return length === content.length ? 0 : at(text, length);
  },
  StrCpyW: (_thread, target, source) => put(target, source ?? "", Infinity),
  StrCpyNW: (_thread, target, source, most) => put(target, source ?? "", most),
  StrCatW: (_thread, target, source) => put(target, target.read() + (source ?? ""), Infinity),
  // "cchMax: the number of characters to append, with the NUL."
  StrNCat: (_thread, target, source, most) => put(target, target.read() + (source ?? "").slice(0, Math.max(0, most - 1)), Infinity),
  StrCatBuff: (_thread, target, source, size) => put(target, target.read() + (source ?? ""), size),
  StrTrim(_thread, text, set) {
    if (text.isNull || set === undefined) return false;
    const before = text.read();
    let [from, to] = [0, before.length];
    while (from < to && set.includes(before[from]!)) from++;
    while (to > from && set.includes(before[to - 1]!)) to--;
    put(text, before.slice(from, to), Infinity);
    return to - from < before.length;
  },
  StrToInt: (_thread, text) => Number(/^-?\d+/.exec(text ?? "")?.[0] ?? 0) | 0,
  StrToIntEx: (_thread, text, flags, result) => toInteger(text, flags, (value) => result.set(Number(BigInt.asIntN(32, value)))),
  StrToInt64Ex: (_thread, text, flags, result) => toInteger(text, flags, (value) => result.set(BigInt.asIntN(64, value))),
  StrFormatByteSizeA: (_thread, size, target, room) => put(target, byteSize(BigInt(size)), room),
  StrFormatByteSizeW: (_thread, size, target, room) => put(target, byteSize(size), room),
  StrFormatByteSize64A: (_thread, size, target, room) => put(target, byteSize(size), room),
  StrFormatKBSize: (_thread, size, target, room) => put(target, `${grouped((size + 1023n) / 1024n)} KB`, room),
  wnsprintf(thread, target, room, format, args) {
    const made = formatText(thread, format ?? "", args, target.charSize === 2);
    const kept = made.slice(0, Math.max(0, room - 1));
    put(target, kept, room);
    return kept.length < made.length ? -1 : made.length;
  },
  UrlEscape: (_thread, url, target, size, flags) => give(target, size, url === undefined ? undefined : escapeUrl(url, flags)),
  UrlUnescape(_thread, url, target, size, flags) {
    const plain = url.read().replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if ((flags & URL.UNESCAPE_INPLACE) === 0) return give(target, size, plain);
    put(url, plain, Infinity);
    return S_OK;
  },
  UrlCombine: (_thread, base, relative, target, size) => give(target, size, combineUrls(base, relative)),
  SHStrDupA: ({ memory, process }, source, result) => duplicate(memory, process.heap, source, result),
  SHStrDupW: ({ memory, process }, source, result) => duplicate(memory, process.heap, source, result),
});

interface Allocator {
  allocate(size: number): number;
}

function duplicate(
  memory: { setWstring(address: number, text: string): number },
  heap: Allocator,
  source: string | undefined,
  result: Out<number>,
): number {
  result.set(0);
  if (source === undefined) return E.INVALIDARG;
  const copy = heap.allocate(2 * source.length + 2);
  if (copy === 0) return E.OUTOFMEMORY;
  memory.setWstring(copy, source);
  result.set(copy);
  return S_OK;
}

function read(text: TextBuffer, most = Infinity): string {
  return text.isNull || most <= 0 ? "" : text.read(most);
}

/** The address of a character of a text; 0 for -1. */
function at(text: TextBuffer, index: number): number {
  return index < 0 ? 0 : text.address + index * text.charSize;
}

/** A character as these functions are given one: in the ANSI code page, or UTF-16. */
function character(text: TextBuffer, value: number): string {
  return String.fromCharCode(text.charSize === 1 ? value & 0xff : value);
}

function placeOf(text: TextBuffer, wanted: string | undefined, fold: (text: string) => string, most = Infinity): number {
  if (text.isNull || wanted === undefined || wanted === "") return 0;
  return at(text, fold(text.read(most)).indexOf(fold(wanted)));
}

function lastPlaceOf(text: TextBuffer, end: number, wanted: string, fold: (text: string) => string): number {
  if (text.isNull) return 0;
  const content = end === 0 ? text.read() : text.text((end - text.address) / text.charSize);
  return at(text, fold(content).lastIndexOf(fold(wanted)));
}

function compare(a: string, b: string, fold: (text: string) => string): number {
  const [x, y] = [fold(a), fold(b)];
  return x < y ? -1 : Number(x > y);
}

/** Numbers in names by their value: "file9" before "file10". */
function compareLogically(a: string, b: string): number {
  const parts = (text: string): string[] => upcase(text).match(/\d+|\D/g) ?? [];
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const [left, right] = [x[i], y[i]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const order =
      /^\d/.test(left) && /^\d/.test(right)
        ? Number(BigInt(left) > BigInt(right)) - Number(BigInt(left) < BigInt(right))
        : compare(left, right, same);
    if (order !== 0) return order;
  }
  return 0;
}

function span(text: string, set: string | undefined, accepts: boolean): number {
  let length = 0;
  while (length < text.length && (set ?? "").includes(text[length]!) === accepts) length++;
  return length;
}

/** Writes what fits with its NUL, and returns where. */
function put(target: TextBuffer, text: string, room: number): number {
  if (target.isNull) return 0;
  target.writeTruncated(text, room === Infinity ? text.length + 1 : room);
  return target.address;
}

/** Decimal digits, or hexadecimal ones behind 0x where that is asked for. */
function toInteger(text: string | undefined, flags: number, give: (value: bigint) => void): boolean {
  const [, sign, hex, decimal] = /^\s*([-+]?)(?:0x([0-9a-f]+)|(\d+))/i.exec(text ?? "") ?? [];
  if (hex !== undefined && (flags & SUPPORT_HEX) !== 0) {
    give(BigInt(`0x${hex}`));
    return true;
  }
  if (hex === undefined && decimal === undefined) return false;
  give((sign === "-" ? -1n : 1n) * BigInt(decimal ?? "0"));
  return true;
}

/** Three digits and a unit: "1.30 KB", "22.9 KB", "229 KB"; what is behind them is cut, not rounded. */
function byteSize(size: bigint): string {
  if (size < 1024n) return `${size} bytes`;
  let unit = 0;
  let divisor = 1024n;
  while (unit < UNITS.length - 1 && size / divisor >= 1000n) {
    divisor *= 1024n;
    unit++;
  }
  const whole = size / divisor;
  const decimals = whole < 10n ? 2 : whole < 100n ? 1 : 0;
  const scaled = ((size % divisor) * 10n ** BigInt(decimals)) / divisor;
  return `${grouped(whole)}${decimals === 0 ? "" : `.${scaled.toString().padStart(decimals, "0")}`} ${UNITS[unit]!}`;
}

function grouped(value: bigint): string {
  return value.toString().replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function escapeUrl(url: string, flags: number): string {
  if ((flags & URL.ESCAPE_SPACES_ONLY) !== 0) return url.replaceAll(" ", "%20");
  const extra = (flags & URL.ESCAPE_SEGMENT_ONLY) !== 0 ? "" : (/[?#].*$/s.exec(url)?.[0] ?? "");
  const path = extra === "" ? url : url.slice(0, -extra.length);
  const unsafe = (flags & URL.ESCAPE_PERCENT) !== 0 ? /[ "<>\\^`{|}%\x00-\x1f\x7f-\xff]/g : /[ "<>\\^`{|}\x00-\x1f\x7f-\xff]/g; // oxlint-disable-line no-control-regex -- they are to be escaped
  return (
    path.replaceAll(unsafe, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`) +
    ((flags & URL.DONT_ESCAPE_EXTRA_INFO) !== 0 ? extra : extra.replaceAll(" ", "%20"))
  );
}

function combineUrls(base: string | undefined, relative: string | undefined): string | undefined {
  if (base === undefined || relative === undefined) return undefined;
  try {
    return new globalThis.URL(relative, base).href;
  } catch {
    return relative;
  }
}

/** Writes text, whose length is told; the size that is needed where it does not fit. */
function give(target: TextBuffer, size: Out<number>, text: string | undefined): number {
  if (text === undefined || target.isNull) return E.INVALIDARG;
  const { needed } = target.write(text, size.get());
  const fits = needed <= size.get();
  size.set(fits ? text.length : needed);
  return fits ? S_OK : E_POINTER;
}
