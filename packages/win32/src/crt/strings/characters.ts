import { implement, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { charactersApi } from "./characters.api.ts";
import { C_CLASSES, classOf, LETTER, TYPE, wideClassOf } from "./classes.ts";
import { asciiLower, asciiUpper } from "./units.ts";

/** The class bits of a byte in the locale that is set: above ASCII those of the character that it is in a single-byte code page. */
function byteClass(thread: Thread, c: number): number {
  if (c < 0x80 || c > 0xff) return classOf(c);
  const { codePage } = Runtime.of(thread).locale;
  if (codePage === 0 || codePage === UTF8) return 0;
  return wideClassOf(thread.ansi.decode(Uint8Array.of(c)).charCodeAt(0));
}

/** A byte's other case in the locale that is set; itself where that is no byte. */
function changeByteCase(thread: Thread, c: number, ascii: (c: number) => number, change: (text: string) => string): number {
  if (c < 0x80 || c > 0xff || byteClass(thread, c) === 0) return ascii(c);
  const text = thread.ansi.decode(Uint8Array.of(c));
  const [changed = c, ...more] = thread.ansi.encode(change(text));
  return more.length > 0 || thread.ansi.decode(Uint8Array.of(changed)) !== change(text) ? c : changed;
}

/** Wide characters above ASCII have cases only where a locale is set. */
function changeWideCase(thread: Thread, c: number, ascii: (c: number) => number, change: (text: string) => string): number {
  if (c < 0x80 || Runtime.of(thread).locale.codePage === 0) return ascii(c);
  const changed = change(String.fromCharCode(c));
  return changed.length === 1 ? changed.charCodeAt(0) : c;
}

const lower = (text: string): string => text.toLowerCase();
const upper = (text: string): string => text.toUpperCase();

const GRAPH = LETTER | TYPE.DIGIT | TYPE.PUNCT;
const is = (mask: number) => (thread: Thread, c: number) => byteClass(thread, c) & mask;
const isWide = (mask: number) => (_: unknown, c: number) => wideClassOf(c) & mask;
const isSymbol = (c: number): boolean => c === 0x5f || (classOf(c) & LETTER) !== 0;

const UTF8 = 65001;

export const characters = implement(charactersApi, {
  isalpha: is(LETTER),
  isupper: is(TYPE.UPPER),
  islower: is(TYPE.LOWER),
  isdigit: is(TYPE.DIGIT),
  isxdigit: is(TYPE.HEX),
  isspace: is(TYPE.SPACE),
  ispunct: is(TYPE.PUNCT),
  isalnum: is(LETTER | TYPE.DIGIT),
  isprint: is(GRAPH | TYPE.BLANK),
  isgraph: is(GRAPH),
  iscntrl: is(TYPE.CONTROL),
  isblank: (thread, c) => (c === 9 ? TYPE.BLANK : byteClass(thread, c) & TYPE.BLANK),
  __isascii: (_, c) => Number(c >= 0 && c < 0x80),
  __toascii: (_, c) => c & 0x7f,
  __iscsym: (_, c) => Number(isSymbol(c) || (classOf(c) & TYPE.DIGIT) !== 0),
  __iscsymf: (_, c) => Number(isSymbol(c)),
  tolower: (thread, c) => changeByteCase(thread, c, asciiLower, lower),
  toupper: (thread, c) => changeByteCase(thread, c, asciiUpper, upper),
  _tolower: (_, c) => c + 0x20,
  _toupper: (_, c) => c - 0x20,
  isleadbyte: () => 0,
  _isctype: (thread, c, mask) => byteClass(thread, c) & mask,
  iswalpha: isWide(LETTER),
  iswupper: isWide(TYPE.UPPER),
  iswlower: isWide(TYPE.LOWER),
  iswdigit: isWide(TYPE.DIGIT),
  iswxdigit: isWide(TYPE.HEX),
  iswspace: isWide(TYPE.SPACE),
  iswpunct: isWide(TYPE.PUNCT),
  iswalnum: isWide(LETTER | TYPE.DIGIT),
  iswprint: isWide(GRAPH | TYPE.BLANK),
  iswgraph: isWide(GRAPH),
  iswcntrl: isWide(TYPE.CONTROL),
  iswblank: (_, c) => (c === 9 ? TYPE.BLANK : wideClassOf(c) & TYPE.BLANK),
  iswascii: (_, c) => Number(c < 0x80),
  iswctype: (_, c, type) => wideClassOf(c) & type,
  towlower: (thread, c) => changeWideCase(thread, c, asciiLower, lower),
  towupper: (thread, c) => changeWideCase(thread, c, asciiUpper, upper),
  __pctype_func(thread) {
    writeCharacterClasses(thread);
    return classTable(thread) + 2;
  },
});

/** Writes the table of character classes for the locale that is set. */
export function writeCharacterClasses(thread: Thread): void {
  const table = classTable(thread);
  if (table !== 0) for (let c = 0; c < 0x100; c++) thread.memory.setU16(table + 2 + 2 * c, byteClass(thread, c));
}

/** The table that programs look into: msvcrt's variable points behind its first entry. */
function classTable(thread: Thread): number {
  const runtime = Runtime.of(thread);
  const variable = runtime.exported("_pctype");
  return variable === undefined ? runtime.reserve("ctype table", 2 * C_CLASSES.length) : thread.memory.u32(variable) - 2;
}
