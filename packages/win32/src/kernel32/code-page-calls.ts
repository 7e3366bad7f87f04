import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { ANSI_CODE_PAGE, codePage, OEM_CODE_PAGE, type CodePage } from "../text/code-pages.ts";
import { codePageApi } from "./code-page-calls.api.ts";

const MB = { PRECOMPOSED: 1, COMPOSITE: 2, USEGLYPHCHARS: 4, ERR_INVALID_CHARS: 8 } as const;
const WC = {
  DISCARDNS: 0x10,
  SEPCHARS: 0x20,
  DEFAULTCHAR: 0x40,
  ERR_INVALID_CHARS: 0x80,
  COMPOSITECHECK: 0x200,
  NO_BEST_FIT_CHARS: 0x400,
} as const;
const ALL_MB = MB.PRECOMPOSED | MB.COMPOSITE | MB.USEGLYPHCHARS | MB.ERR_INVALID_CHARS;
const ALL_WC = WC.DISCARDNS | WC.SEPCHARS | WC.DEFAULTCHAR | WC.ERR_INVALID_CHARS | WC.COMPOSITECHECK | WC.NO_BEST_FIT_CHARS;
const UTF7 = 65_000;
const UTF8 = 65_001;
const DEFAULT_BYTES = Uint8Array.of(0x3f);

/** Conversions between code pages and UTF-16. Programs make 10^6 of them, mostly of ASCII: that needs no code page and no string. */
export const codePageCalls = implement(codePageApi, {
  MultiByteToWideChar({ memory }, page, flags, source, sourceBytes, target, targetChars) {
    const { decode, id } = requirePage(page);
    if (source.isNull || sourceBytes === 0 || sourceBytes < -1 || targetChars < 0 || (targetChars > 0 && target === 0))
      throw new Win32Error(ERROR.INVALID_PARAMETER);
    if ((flags & ~(id === UTF7 ? 0 : ALL_MB)) !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
    const count = sourceBytes === -1 ? memory.cstringLength(source.address) + 1 : sourceBytes;
    const bytes = memory.slice(source.address, count);
    // UTF-7 has a meaning of its own for ASCII.
    if (id !== UTF7 && isAscii(bytes)) {
      if (targetChars === 0) return count;
      const fitting = Math.min(count, targetChars);
      const units = memory.writableSlice(target, 2 * fitting);
      for (let i = 0; i < fitting; i++) {
        units[2 * i] = bytes[i]!;
        units[2 * i + 1] = 0;
      }
      if (count > fitting) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
      return count;
    }
    const text = decode(bytes, (flags & MB.ERR_INVALID_CHARS) !== 0);
    if (text === undefined) throw new Win32Error(ERROR.NO_UNICODE_TRANSLATION);
    if (targetChars === 0) return text.length;
    // What fits is there, also when that is not all.
    memory.setUtf16(target, text.slice(0, targetChars));
    if (text.length > targetChars) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return text.length;
  },
  WideCharToMultiByte({ memory }, page, flags, source, sourceChars, target, targetBytes, defaultChar, usedDefaultChar) {
    const { encode, id } = requirePage(page);
    if (source.isNull || sourceChars === 0 || sourceChars < -1 || targetBytes < 0 || (targetBytes > 0 && target.isNull))
      throw new Win32Error(ERROR.INVALID_PARAMETER);
    if ((flags & ~(id === UTF7 ? 0 : ALL_WC)) !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
    const isUtf8 = id === UTF8;
    if ((isUtf8 || id === UTF7) && (defaultChar !== 0 || !usedDefaultChar.isNull)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const count = sourceChars === -1 ? memory.wstringLength(source.address) + 1 : sourceChars;
    const units = memory.slice(source.address, 2 * count);
    if (id !== UTF7 && isWideAscii(units)) {
      if (!usedDefaultChar.isNull) usedDefaultChar.set(false);
      if (targetBytes === 0) return count;
      if (count > targetBytes) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
      const bytes = target.writable(count);
      for (let i = 0; i < count; i++) bytes[i] = units[2 * i]!;
      return count;
    }
    const { bytes, lossy } = encode(memory.utf16(source.address, count), {
      bestFit: (flags & WC.NO_BEST_FIT_CHARS) === 0,
      defaultBytes: defaultChar === 0 ? DEFAULT_BYTES : Uint8Array.of(memory.u8(defaultChar)),
    });
    if (isUtf8 && lossy && (flags & WC.ERR_INVALID_CHARS) !== 0) throw new Win32Error(ERROR.NO_UNICODE_TRANSLATION);
    if (!usedDefaultChar.isNull) usedDefaultChar.set(lossy);
    if (targetBytes === 0) return bytes.length;
    if (bytes.length > targetBytes) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    target.write(bytes);
    return bytes.length;
  },
  GetACP: () => ANSI_CODE_PAGE,
  GetOEMCP: () => OEM_CODE_PAGE,
  GetCPInfo(_, page, info) {
    const found = requirePage(page);
    info.set({ MaxCharSize: found.maxCharSize, DefaultChar: Uint8Array.of(0x3f, 0), LeadByte: leadBytes(found) });
    return true;
  },
  GetCPInfoEx(_, page, _flags, info) {
    const found = requirePage(page);
    const { maxCharSize, id, name } = found;
    info.set({
      MaxCharSize: maxCharSize,
      DefaultChar: Uint8Array.of(0x3f, 0),
      LeadByte: leadBytes(found),
      UnicodeDefaultChar: id === UTF8 ? 0xfffd : 0x3f,
      CodePage: id,
      CodePageName: name,
    });
    return true;
  },
  IsValidCodePage: (_, page) => page > 3 && codePage(page) !== undefined,
  IsDBCSLeadByte: (_, byte) => isLeadByte(codePage(ANSI_CODE_PAGE)!, byte),
  IsDBCSLeadByteEx: (_, page, byte) => isLeadByte(requirePage(page), byte),
});

function isLeadByte({ leadBytes: ranges = [] }: CodePage, byte: number): boolean {
  return ranges.some(([from, to]) => byte >= from && byte <= to);
}

/** Pairs of first and last, ended by zeros. */
function leadBytes({ leadBytes: ranges = [] }: CodePage): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(ranges.flat());
  return bytes;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

function isWideAscii(units: Uint8Array): boolean {
  for (let i = 0; i < units.length; i += 2) if (units[i + 1] !== 0 || units[i]! >= 0x80) return false;
  return true;
}

function requirePage(id: number): CodePage {
  const page = codePage(id);
  if (page === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return page;
}
