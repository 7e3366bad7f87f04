import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { ANSI_CODE_PAGE, codePage, OEM_CODE_PAGE, type CodePage } from "../text/code-pages.ts";
import { codePageApi } from "./code-page-calls.api.ts";

const MB_ERR_INVALID_CHARS = 8;
const WC_ERR_INVALID_CHARS = 0x80;
const WC_NO_BEST_FIT_CHARS = 0x400;
const UTF8 = 65_001;
const DEFAULT_BYTES = Uint8Array.of(0x3f);

export const codePageCalls = implement(codePageApi, {
  MultiByteToWideChar({ memory }, page, flags, source, sourceBytes, target, targetChars) {
    const { decode } = requirePage(page);
    if (source.isNull || sourceBytes === 0 || sourceBytes < -1 || targetChars < 0 || (targetChars > 0 && target === 0)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const count = sourceBytes === -1 ? memory.cstringLength(source.address) + 1 : sourceBytes;
    const text = decode(memory.slice(source.address, count), (flags & MB_ERR_INVALID_CHARS) !== 0);
    if (text === undefined) throw new Win32Error(ERROR.NO_UNICODE_TRANSLATION);
    if (targetChars === 0) return text.length;
    if (text.length > targetChars) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    memory.setUtf16(target, text);
    return text.length;
  },
  WideCharToMultiByte({ memory }, page, flags, source, sourceChars, target, targetBytes, defaultChar, usedDefaultChar) {
    const { encode, id } = requirePage(page);
    if (source.isNull || sourceChars === 0 || sourceChars < -1 || targetBytes < 0 || (targetBytes > 0 && target.isNull)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const isUtf8 = id === UTF8;
    if (isUtf8 && (defaultChar !== 0 || !usedDefaultChar.isNull)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const text = memory.utf16(source.address, sourceChars === -1 ? memory.wstringLength(source.address) + 1 : sourceChars);
    const { bytes, lossy } = encode(text, {
      bestFit: (flags & WC_NO_BEST_FIT_CHARS) === 0,
      defaultBytes: defaultChar === 0 ? DEFAULT_BYTES : Uint8Array.of(memory.u8(defaultChar)),
    });
    if (isUtf8 && lossy && (flags & WC_ERR_INVALID_CHARS) !== 0) throw new Win32Error(ERROR.NO_UNICODE_TRANSLATION);
    if (!usedDefaultChar.isNull) usedDefaultChar.set(lossy);
    if (targetBytes === 0) return bytes.length;
    if (bytes.length > targetBytes) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    target.write(bytes);
    return bytes.length;
  },
  GetACP: () => ANSI_CODE_PAGE,
  GetOEMCP: () => OEM_CODE_PAGE,
  GetCPInfo(_, page, info) {
    info.set({ MaxCharSize: requirePage(page).maxCharSize, DefaultChar: Uint8Array.of(0x3f, 0) });
    return true;
  },
  GetCPInfoExW(_, page, _flags, info) {
    const { maxCharSize, id, name } = requirePage(page);
    info.set({ MaxCharSize: maxCharSize, DefaultChar: Uint8Array.of(0x3f, 0), UnicodeDefaultChar: id === UTF8 ? 0xfffd : 0x3f, CodePage: id, CodePageName: name });
    return true;
  },
  IsValidCodePage: (_, page) => page > 3 && codePage(page) !== undefined,
  // None of the pages that Decant has is a double-byte one.
  IsDBCSLeadByte: () => false,
  IsDBCSLeadByteEx(_, page) {
    requirePage(page);
    return false;
  },
});

function requirePage(id: number): CodePage {
  const page = codePage(id);
  if (page === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return page;
}
