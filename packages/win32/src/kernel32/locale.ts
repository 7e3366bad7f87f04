import { encodeText, ERROR, Win32Error, type Pointer, type TextBuffer } from "@decant/hook";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { ANSI_CODE_PAGE, OEM_CODE_PAGE } from "../text/code-pages.ts";
import { allLocales, findLocaleByName, LOCALE } from "../text/locales.ts";
import { downcase, upcase } from "../text/upcase.ts";
import { foldText } from "./fold-text.ts";
import { localeApi } from "./locale.api.ts";

const ENGLISH_US = 0x409;
const LOCALE_NAME = "en-US";
/** The locales that stand for the user's, the system's, none, and the two neutral ones. */
const SAME_AS_ENGLISH: ReadonlySet<number> = new Set([0, 0x400, 0x800, 0x0c00, 0x1000, 0x7f, 9, ENGLISH_US]);
const KNOWN_NAMES: ReadonlySet<string> = new Set(["", "en", "en-us", "!x-sys-default-locale"]);

const MAP = { LOWERCASE: 0x100, UPPERCASE: 0x200, SORTKEY: 0x400, HALFWIDTH: 0x40_0000, FULLWIDTH: 0x80_0000 } as const;
const COMPARE = { IGNORECASE: 1, LINGUISTIC_IGNORECASE: 0x10, IGNOREDIACRITIC: 2, STRINGSORT: 0x1000 } as const;
/** CSTR_*: one more than the sign. */
const CSTR_EQUAL = 2;

/** LGRPID_*, from Western Europe to Armenian. */
const LAST_LANGUAGE_GROUP = 0x11;

const LOCALE_RETURN_NUMBER = 0x2000_0000;
const LOCALE_NOUSEROVERRIDE = 0x8000_0000;

/** LCTYPEs and their values for en-US (winnls.h; the values as Windows shows them). */
const INFORMATION: Readonly<Record<number, string>> = {
  0x01: "0409",
  0x02: "English (United States)",
  0x03: "ENU",
  0x04: "English",
  0x05: "1",
  0x06: "United States",
  0x07: "USA",
  0x09: "0409",
  0x0a: "1",
  0x0b: String(OEM_CODE_PAGE),
  0x0c: ",",
  0x0d: "1",
  0x0e: ".",
  0x0f: ",",
  0x10: "3;0",
  0x11: "2",
  0x12: "1",
  0x13: "0123456789",
  0x14: "$",
  0x15: "USD",
  0x16: ".",
  0x17: ",",
  0x18: "3;0",
  0x19: "2",
  0x1d: "/",
  0x1e: ":",
  0x1f: "M/d/yyyy",
  0x20: "dddd, MMMM d, yyyy",
  0x28: "AM",
  0x29: "PM",
  0x50: "",
  0x51: "-",
  0x59: "en",
  0x5a: "US",
  0x5c: "en-US",
  0x1001: "English",
  0x1002: "United States",
  0x1003: "h:mm:ss tt",
  0x1004: String(ANSI_CODE_PAGE),
};
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** Of the threads that have set one. */
const threadLocales = new WeakMap<Thread, number>();
const collators = new Map<number, Intl.Collator>();

export const locale = implement(localeApi, {
  LCMapString: (thread, _locale, flags, source, count, target, targetChars) =>
    mapped(thread, mapString, flags, source, count, target, targetChars),
  LCMapStringEx: (thread, _name, flags, source, count, target, targetChars) =>
    mapped(thread, mapString, flags, source, count, target, targetChars),
  FoldString: (thread, flags, source, count, target, targetChars) => mapped(thread, foldText, flags, source, count, target, targetChars),
  CompareString: (_thread, _locale, flags, a, countA, b, countB) => compareText(flags, counted(a, countA), counted(b, countB)),
  CompareStringEx: (_thread, _name, flags, a, countA, b, countB) => compareText(flags, counted(a, countA), counted(b, countB)),
  CompareStringOrdinal(_thread, a, countA, b, countB, ignoreCase) {
    const fold = ignoreCase ? upcase : (text: string) => text;
    const x = fold(counted(a, countA));
    const y = fold(counted(b, countB));
    return CSTR_EQUAL + (x < y ? -1 : x > y ? 1 : 0);
  },
  GetStringTypeW: (thread, type, source, count, target) => classifyText(thread, type, source, count, target),
  // The classes of an ANSI text are those of the characters that it stands for.
  GetStringTypeA: (thread, _locale, type, source, count, target) => classifyText(thread, type, source, count, target),
  GetStringTypeEx: (thread, _locale, type, source, count, target) => classifyText(thread, type, source, count, target),
  GetLocaleInfo(thread, id, type, target, count) {
    if (!SAME_AS_ENGLISH.has(id)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return information(thread, type, target, count);
  },
  GetLocaleInfoEx(thread, name, type, target, count) {
    requireName(name);
    return information(thread, type, target, count);
  },
  // Whether installed or supported makes no difference: all are.
  IsValidLanguageGroup: (_, group) => group > 0 && group <= LAST_LANGUAGE_GROUP,
  IsValidLocale: (_, id) => SAME_AS_ENGLISH.has(id) && id !== 0,
  IsValidLocaleName: (_, name) => name !== undefined && findLocaleByName(name) !== undefined,
  EnumSystemLocalesA: (thread, callback) => enumerateLocales(thread, callback, "ansi"),
  EnumSystemLocalesW: (thread, callback) => enumerateLocales(thread, callback, "wide"),
  GetUserDefaultLCID: () => ENGLISH_US,
  GetSystemDefaultLCID: () => ENGLISH_US,
  GetThreadLocale: (thread) => threadLocales.get(thread) ?? ENGLISH_US,
  SetThreadLocale(thread, id) {
    if (!SAME_AS_ENGLISH.has(id)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    threadLocales.set(thread, id === LOCALE.INVARIANT ? id : ENGLISH_US);
    return true;
  },
  GetUserDefaultLangID: () => ENGLISH_US,
  GetSystemDefaultLangID: () => ENGLISH_US,
  GetUserDefaultUILanguage: () => ENGLISH_US,
  GetSystemDefaultUILanguage: () => ENGLISH_US,
  GetUserDefaultLocaleName: (_, target, count) => writeName(target, count),
  GetSystemDefaultLocaleName: (_, target, count) => writeName(target, count),
  LocaleNameToLCID(_, name) {
    const found = findLocaleByName(name);
    if (found === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return found.id;
  },
  LCIDToLocaleName(_, id, target, count) {
    if (!SAME_AS_ENGLISH.has(id)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return writeName(target, count);
  },
});

/** Calls back with each locale's number, in eight hexadecimal digits. */
function* enumerateLocales(thread: Thread, callback: number, form: "ansi" | "wide"): GuestGenerator<boolean> {
  const name = thread.process.heap.allocate(18);
  try {
    for (const { id, isNeutral } of allLocales()) {
      if (isNeutral || id === LOCALE.INVARIANT) continue;
      thread.memory.write(name, encodeText(thread, `${id.toString(16).padStart(8, "0")}\0`, form));
      if ((yield* guestCall(thread, callback, name)) === 0) break;
    }
  } finally {
    thread.process.heap.free(name);
  }
  return true;
}

function requireName(name: string | undefined): void {
  if (name !== undefined && !KNOWN_NAMES.has(name.toLowerCase())) throw new Win32Error(ERROR.INVALID_PARAMETER);
}

function writeName(target: TextBuffer, count: number): number {
  if (count === 0) return LOCALE_NAME.length + 1;
  const { written, needed } = target.write(LOCALE_NAME, count);
  if (written === 0) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return needed;
}

/** Text of `count` units; -1 up to its NUL. */
function counted(text: TextBuffer, count: number): string {
  if (text.isNull || count < -1) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return count < 0 ? text.read() : text.text(count);
}

/** Text of `count` units; with its NUL when the count is negative. */
function withEnd(text: TextBuffer, count: number): string {
  if (text.isNull || count === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return count < 0 ? `${text.read()}\0` : text.text(count);
}

/** What a map makes of a text; its length alone when there is no room given. */
function mapped(
  thread: Thread,
  map: (flags: number, text: string) => string,
  flags: number,
  source: TextBuffer,
  count: number,
  target: TextBuffer,
  targetChars: number,
): number {
  if (targetChars < 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const result = map(flags, withEnd(source, count));
  const length = encodeText(thread, result, target.charSize === 2 ? "wide" : "ansi").length / target.charSize;
  if (targetChars === 0) return length;
  if (length > targetChars) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return target.writeUnterminated(result, targetChars);
}

function mapString(flags: number, text: string): string {
  if ((flags & MAP.UPPERCASE) !== 0 && (flags & MAP.LOWERCASE) !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
  if ((flags & (MAP.SORTKEY | MAP.HALFWIDTH | MAP.FULLWIDTH)) !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
  return (flags & MAP.UPPERCASE) !== 0 ? upcase(text) : (flags & MAP.LOWERCASE) !== 0 ? downcase(text) : text;
}

function classifyText({ memory }: Thread, type: number, source: TextBuffer, count: number, target: Pointer): boolean {
  const classify = CLASSIFIERS[type];
  if (classify === undefined || target.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const chars = withEnd(source, count);
  const view = new DataView(new ArrayBuffer(2 * chars.length));
  for (let i = 0; i < chars.length; i++) view.setUint16(2 * i, classify(chars.charCodeAt(i)), true);
  memory.write(target.address, new Uint8Array(view.buffer));
  return true;
}

/** By the rules of the locale: words as people sort them, case last. */
function compareText(flags: number, a: string, b: string): number {
  const ignoresCase = (flags & (COMPARE.IGNORECASE | COMPARE.LINGUISTIC_IGNORECASE)) !== 0;
  const ignoresAccents = (flags & COMPARE.IGNOREDIACRITIC) !== 0;
  const key = Number(ignoresCase) | (Number(ignoresAccents) << 1);
  let collator = collators.get(key);
  if (collator === undefined) {
    const sensitivity = ignoresCase ? (ignoresAccents ? "base" : "accent") : ignoresAccents ? "case" : "variant";
    collators.set(key, (collator = new Intl.Collator(LOCALE_NAME, { sensitivity, caseFirst: "lower" })));
  }
  if ((flags & COMPARE.STRINGSORT) !== 0) return CSTR_EQUAL + Math.sign(collator.compare(a, b));
  // A word sort: hyphens and apostrophes count only between words that are otherwise the same ("Handling Sorting in Your Applications").
  const [x, y] = [a.replaceAll(/[-']/g, ""), b.replaceAll(/[-']/g, "")];
  const order = collator.compare(x, y);
  return CSTR_EQUAL + Math.sign(order === 0 ? a.length - x.length - (b.length - y.length) : order);
}

function information({ memory }: Thread, type: number, target: TextBuffer, count: number): number {
  const kind = type & ~(LOCALE_RETURN_NUMBER | LOCALE_NOUSEROVERRIDE) & 0xffff;
  const value = nameOf(kind) ?? INFORMATION[kind];
  if (value === undefined) throw new Win32Error(ERROR.INVALID_FLAGS);
  if ((type & LOCALE_RETURN_NUMBER) !== 0) {
    const units = 4 / target.charSize;
    if (count === 0) return units;
    if (count < units) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    memory.setU32(target.address, kind === 1 || kind === 9 ? parseInt(value, 16) : Number(value));
    return units;
  }
  if (count === 0) return value.length + 1;
  if (value.length + 1 > count) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return target.write(value, count).needed;
}

/** LOCALE_SDAYNAME1 and its kin: names of days and months, long and short. */
function nameOf(kind: number): string | undefined {
  if (kind >= 0x2a && kind <= 0x30) return DAYS[kind - 0x2a];
  if (kind >= 0x31 && kind <= 0x37) return DAYS[kind - 0x31]?.slice(0, 3);
  if (kind >= 0x38 && kind <= 0x43) return MONTHS[kind - 0x38];
  if (kind >= 0x44 && kind <= 0x4f) return MONTHS[kind - 0x44]?.slice(0, 3);
  return undefined;
}

const C1 = {
  UPPER: 1,
  LOWER: 2,
  DIGIT: 4,
  SPACE: 8,
  PUNCT: 0x10,
  CNTRL: 0x20,
  BLANK: 0x40,
  XDIGIT: 0x80,
  ALPHA: 0x100,
  DEFINED: 0x200,
} as const;

/** CT_CTYPE1 from Unicode's properties. */
function ctype1(unit: number): number {
  const character = String.fromCharCode(unit);
  let bits: number = C1.DEFINED;
  if (/\p{Lu}/u.test(character)) bits |= C1.UPPER | C1.ALPHA;
  else if (/\p{Ll}/u.test(character)) bits |= C1.LOWER | C1.ALPHA;
  else if (/[\p{L}\p{Nl}]/u.test(character)) bits |= C1.ALPHA;
  if (/\p{Nd}/u.test(character)) bits |= C1.DIGIT;
  if (/[0-9A-Fa-f]/.test(character)) bits |= C1.XDIGIT;
  if (/\s/u.test(character) || unit === 0x85) bits |= C1.SPACE;
  if (/\p{Zs}/u.test(character) || unit === 9) bits |= C1.BLANK;
  if (/[\p{P}\p{S}]/u.test(character)) bits |= C1.PUNCT;
  if (/[\p{Cc}\p{Cf}]/u.test(character)) bits |= C1.CNTRL;
  return bits;
}

/** CT_CTYPE3, as far as programs ask: letters, symbols, marks. */
function ctype3(unit: number): number {
  const character = String.fromCharCode(unit);
  return (/\p{L}/u.test(character) ? 0x8000 : 0) | (/[\p{P}\p{S}]/u.test(character) ? 8 : 0) | (/\p{M}/u.test(character) ? 1 : 0);
}

const CLASSIFIERS: Readonly<Record<number, (unit: number) => number>> = { 1: ctype1, 4: ctype3 };
