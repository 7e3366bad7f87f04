import { encodeText, ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { codePageIds } from "../text/code-pages.ts";
import { DEFAULT_LOCALE, findLocale, findLocaleByName } from "../text/locales.ts";
import { domainToAscii, domainToUnicode } from "../text/punycode.ts";
import { upcase } from "../text/upcase.ts";
import { normalizationApi, unicodeTextApi } from "./unicode-text.api.ts";

/** NORM_FORM. */
const FORMS: Readonly<Record<number, "NFC" | "NFD" | "NFKC" | "NFKD">> = { 1: "NFC", 2: "NFD", 5: "NFKC", 6: "NFKD" };
const FIND = { STARTSWITH: 0x10_0000, ENDSWITH: 0x20_0000, FROMSTART: 0x40_0000, FROMEND: 0x80_0000 } as const;
const FIND_MASK = 0xf0_0000;
const IGNORES_CASE = 0x11;
/** The United States. */
const GEO_ID = 244;
/** What GetGeoInfo says of it, by SYSGEOTYPE: number, ISO 3166's codes of two and three letters, names, ISO's number, and the currency. */
const GEO_INFORMATION: Readonly<Record<number, string>> = {
  1: "244",
  4: "US",
  5: "USA",
  8: "United States",
  9: "United States of America",
  12: "840",
  15: "USD",
};

export const normalization = implement(normalizationApi, {
  NormalizeString(thread, NormForm, lpSrcString, cwSrcLength, lpDstString, cwDstLength) {
    const normal = counted(lpSrcString, cwSrcLength).normalize(formOf(NormForm));
    thread.lastError = ERROR.SUCCESS;
    if (cwDstLength === 0) return normal.length;
    if (cwDstLength < normal.length) {
      // "The function returns the negative of an estimate of the needed size."
      thread.lastError = ERROR.INSUFFICIENT_BUFFER;
      return -normal.length;
    }
    return lpDstString.writeUnterminated(normal, cwDstLength);
  },
  IsNormalizedString(_thread, NormForm, lpString, cwLength) {
    const given = counted(lpString, cwLength);
    return given.normalize(formOf(NormForm)) === given;
  },
  IdnToAscii: (_thread, _dwFlags, lpUnicodeCharStr, cchUnicodeChar, lpASCIICharStr, cchASCIIChar) =>
    convertName(domainToAscii, lpUnicodeCharStr, cchUnicodeChar, lpASCIICharStr, cchASCIIChar),
  IdnToUnicode: (_thread, _dwFlags, lpASCIICharStr, cchASCIIChar, lpUnicodeCharStr, cchUnicodeChar) =>
    convertName(domainToUnicode, lpASCIICharStr, cchASCIIChar, lpUnicodeCharStr, cchUnicodeChar),
});

export const unicodeText = implement(unicodeTextApi, {
  FindNLSString: (_thread, _Locale, flags, source, cchSource, value, cchValue, pcchFound) =>
    find(flags, counted(source, cchSource), counted(value, cchValue), pcchFound),
  FindNLSStringEx: (_thread, _name, flags, source, cchSource, value, cchValue, pcchFound) =>
    find(flags, counted(source, cchSource), counted(value, cchValue), pcchFound),
  FindStringOrdinal(thread, flags, source, cchSource, value, cchValue, bIgnoreCase) {
    thread.lastError = ERROR.SUCCESS;
    return find(flags | (bIgnoreCase ? 1 : 0), counted(source, cchSource), counted(value, cchValue));
  },
  EnumSystemCodePagesA: (thread, lpCodePageEnumProc) => enumerate(thread, lpCodePageEnumProc, "ansi"),
  EnumSystemCodePagesW: (thread, lpCodePageEnumProc) => enumerate(thread, lpCodePageEnumProc, "wide"),
  ResolveLocaleName(_thread, lpNameToResolve, lpLocaleName, cchLocaleName) {
    const given = lpNameToResolve ?? "";
    const language = given.split("-")[0] ?? "";
    const found = findLocaleByName(given) ?? findLocaleByName(language === "en" ? "en-US" : language);
    const name = found === undefined ? "" : found.name;
    if (cchLocaleName === 0) return name.length + 1;
    if (lpLocaleName.write(name, cchLocaleName).needed > cchLocaleName) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return name.length + 1;
  },
  ConvertDefaultLocale: (_thread, Locale) => findLocale(Locale)?.id ?? Locale,
  GetUserGeoID: () => GEO_ID,
  GetGeoInfo(_thread, location, type, buffer, count) {
    if (location !== GEO_ID) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const value = GEO_INFORMATION[type];
    if (value === undefined) throw new Win32Error(ERROR.INVALID_FLAGS);
    if (count === 0) return value.length + 1;
    if (buffer.write(value, count).written === 0) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return value.length + 1;
  },
  VerLanguageName(_thread, wLang, szLang, cchLang) {
    const name = findLocale(wLang === 0 ? DEFAULT_LOCALE : wLang)?.displayName ?? "Language Neutral";
    return szLang.writeTruncated(name, cchLang).written;
  },
});

/** Counted text, or with -1 what a NUL ends, the NUL with it: results then have it too. */
function counted(text: TextBuffer, count: number): string {
  if (text.isNull || count < -1) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return count === -1 ? `${text.read()}\0` : text.text(count);
}

function formOf(form: number): "NFC" | "NFD" | "NFKC" | "NFKD" {
  const name = FORMS[form];
  if (name === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return name;
}

function convertName(
  convert: (name: string) => string | undefined,
  source: TextBuffer,
  count: number,
  target: TextBuffer,
  room: number,
): number {
  const given = counted(source, count);
  const hasEnd = given.endsWith("\0");
  const converted = convert(hasEnd ? given.slice(0, -1) : given);
  if (converted === undefined) throw new Win32Error(ERROR.INVALID_NAME);
  const whole = hasEnd ? `${converted}\0` : converted;
  if (room === 0) return whole.length;
  if (room < whole.length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  return target.writeUnterminated(whole, room);
}

/** Where a value is in a text; -1 where it is not. Letters are compared as they are, or without their case. */
function find(flags: number, source: string, value: string, length?: { set(length: number): void }): number {
  const bare = (text: string): string => text.replace(/\0$/, "");
  const fold = (flags & IGNORES_CASE) !== 0 ? upcase : (text: string): string => text;
  const [text, wanted] = [fold(bare(source)), fold(bare(value))];
  const at = ((): number => {
    switch (flags & FIND_MASK) {
      case FIND.STARTSWITH:
        return text.startsWith(wanted) ? 0 : -1;
      case FIND.ENDSWITH:
        return text.endsWith(wanted) ? text.length - wanted.length : -1;
      case FIND.FROMEND:
        return text.lastIndexOf(wanted);
      case 0:
      case FIND.FROMSTART:
        return text.indexOf(wanted);
      default:
        throw new Win32Error(ERROR.INVALID_FLAGS);
    }
  })();
  if (at >= 0) length?.set(wanted.length);
  return at;
}

/** Calls with the number of each code page as text, until the callback says FALSE. */
function* enumerate(thread: Thread, callback: number, form: "ansi" | "wide"): GuestGenerator<boolean> {
  const { memory, process } = thread;
  const buffer = process.heap.allocate(16, true);
  try {
    for (const id of codePageIds()) {
      memory.write(buffer, encodeText(thread, `${id}\0`, form));
      if ((yield* guestCall(thread, callback, buffer)) === 0) break;
    }
  } finally {
    process.heap.free(buffer);
  }
  return true;
}
