import { ERROR, Win32Error, type ValueOf } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { resourcesOf } from "../kernel32/resource.ts";
import { ANSI_CODE_PAGE, codePage, OEM_CODE_PAGE } from "../text/code-pages.ts";
import { downcase, upcase } from "../text/upcase.ts";
import { charactersApi, type MSGBOXPARAMS } from "./characters.api.ts";

/** Characters, OEM text, and the little of user32 that works without windows. */
export const characters = implement(charactersApi, {
  CharUpperBuff(thread, lpsz, cchLength) {
    changeBuffer(thread, lpsz, cchLength, upcase);
    return cchLength;
  },
  CharLowerBuff(thread, lpsz, cchLength) {
    changeBuffer(thread, lpsz, cchLength, downcase);
    return cchLength;
  },
  // No code page here has characters of two bytes.
  CharNextExA: ({ memory }, _CodePage, lpCurrentChar) => (memory.u8(lpCurrentChar) === 0 ? lpCurrentChar : lpCurrentChar + 1),

  IsCharAlphaA: (thread, ch) => /\p{L}/u.test(thread.ansi.decode(Uint8Array.of(ch))),
  IsCharAlphaW: (_thread, ch) => /\p{L}/u.test(String.fromCharCode(ch)),
  IsCharAlphaNumericA: (thread, ch) => /[\p{L}\p{Nd}]/u.test(thread.ansi.decode(Uint8Array.of(ch))),
  IsCharAlphaNumericW: (_thread, ch) => /[\p{L}\p{Nd}]/u.test(String.fromCharCode(ch)),
  IsCharUpperA: (thread, ch) => /\p{Lu}/u.test(thread.ansi.decode(Uint8Array.of(ch))),
  IsCharUpperW: (_thread, ch) => /\p{Lu}/u.test(String.fromCharCode(ch)),
  IsCharLowerA: (thread, ch) => /\p{Ll}/u.test(thread.ansi.decode(Uint8Array.of(ch))),
  IsCharLowerW: (_thread, ch) => /\p{Ll}/u.test(String.fromCharCode(ch)),

  CharToOemA: (thread, pSrc, pDst) => recode(thread, pSrc, pDst, ANSI_CODE_PAGE, OEM_CODE_PAGE),
  CharToOemW({ memory }, pSrc, pDst) {
    memory.write(pDst, codePage(OEM_CODE_PAGE)!.encode(`${memory.wstring(pSrc)}\0`).bytes);
    return true;
  },
  OemToCharA: (thread, pSrc, pDst) => recode(thread, pSrc, pDst, OEM_CODE_PAGE, ANSI_CODE_PAGE),
  OemToCharW({ memory }, pSrc, pDst) {
    memory.setWstring(pDst, codePage(OEM_CODE_PAGE)!.decode(memory.slice(pSrc, memory.cstringLength(pSrc)))!);
    return true;
  },
  CharToOemBuffA: (thread, lpszSrc, lpszDst, cchDstLength) => recode(thread, lpszSrc, lpszDst, ANSI_CODE_PAGE, OEM_CODE_PAGE, cchDstLength),
  OemToCharBuffA: (thread, lpszSrc, lpszDst, cchDstLength) => recode(thread, lpszSrc, lpszDst, OEM_CODE_PAGE, ANSI_CODE_PAGE, cchDstLength),

  MessageBox: (thread, _hWnd, lpText, lpCaption) => showMessage(thread, lpText, lpCaption),
  MessageBoxEx: (thread, _hWnd, lpText, lpCaption) => showMessage(thread, lpText, lpCaption),
  MessageBoxIndirectA: (thread, parameters) => showIndirectly(thread, parameters, (at) => ansiText(thread, at)),
  MessageBoxIndirectW: (thread, parameters) => showIndirectly(thread, parameters, (at) => thread.memory.wstring(at)),
  LoadString(thread, hInstance, uID, lpBuffer, cchBufferMax) {
    const text = loadString(thread, hInstance, uID);
    // "If this parameter is 0, then lpBuffer receives a read-only pointer to the string resource itself."
    if (cchBufferMax === 0 && lpBuffer.charSize === 2) {
      thread.memory.setPointer(lpBuffer.address, text.address);
      return text.text.length;
    }
    if (cchBufferMax <= 0) return lpBuffer.charSize === 2 ? 0 : -1;
    return lpBuffer.writeTruncated(text.text, cchBufferMax).written;
  },
});

/** There are no windows: what the program wanted to say goes to the user as a line, and the call fails. */
function showMessage(thread: Thread, message: string | undefined, caption: string | undefined): number {
  thread.process.host.warn(`${thread.process.name} shows a message box: ${[caption, message].filter(Boolean).join(": ")}`);
  thread.lastError = ERROR.INVALID_WINDOW_HANDLE;
  return 0;
}

function showIndirectly(
  thread: Thread,
  { hInstance, lpszText, lpszCaption }: ValueOf<typeof MSGBOXPARAMS>,
  textAt: (address: number) => string,
): number {
  const [message, caption] = [lpszText, lpszCaption].map((place) => {
    if (place === 0) return undefined;
    return place > MAX_RESOURCE_ID ? textAt(place) : loadString(thread, hInstance, place).text;
  });
  return showMessage(thread, message, caption);
}

function ansiText({ memory, ansi }: Thread, address: number): string {
  return ansi.decode(memory.slice(address, memory.cstringLength(address)));
}

/** A text of a module: sixteen lie in each resource, each with its length in front ("STRINGTABLE resource"). */
function loadString(thread: Thread, module: number, id: number): { text: string; address: number } {
  const block = ((id & 0xffff) >> 4) + 1;
  const { address, size } = resourcesOf(thread, module).find(RT_STRING, block, 0);
  let at = address;
  for (let i = 0; i < (id & 15) && at + 2 <= address + size; i++) at += 2 + 2 * thread.memory.u16(at);
  const length = at + 2 <= address + size ? thread.memory.u16(at) : 0;
  if (length === 0) throw new Win32Error(ERROR.RESOURCE_NAME_NOT_FOUND);
  return { text: thread.memory.utf16(at + 2, length), address: at + 2 };
}

const RT_STRING = 6;
/** Pointers up to this are numbers of resources (MAKEINTRESOURCE). */
const MAX_RESOURCE_ID = 0xffff;

function changeBuffer(
  { memory, ansi }: Thread,
  buffer: { address: number; charSize: 1 | 2; text(chars: number): string },
  chars: number,
  change: (text: string) => string,
): void {
  const changed = change(buffer.text(chars));
  if (buffer.charSize === 2) memory.setUtf16(buffer.address, changed);
  else memory.write(buffer.address, ansi.encode(changed));
}

function recode({ memory }: Thread, from: number, to: number, fromPage: number, toPage: number, length?: number): boolean {
  const bytes = memory.slice(from, length ?? memory.cstringLength(from) + 1);
  memory.write(to, codePage(toPage)!.encode(codePage(fromPage)!.decode(bytes)!).bytes);
  return true;
}
