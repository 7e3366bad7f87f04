import { implement } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { charactersApi } from "./characters.api.ts";
import { asciiLower, asciiUpper } from "./units.ts";

/** The bits of _isctype and of the table behind __pctype_func (ctype.h). */
const TYPE = { UPPER: 1, LOWER: 2, DIGIT: 4, SPACE: 8, PUNCT: 0x10, CONTROL: 0x20, BLANK: 0x40, HEX: 0x80, ALPHA: 0x100 } as const;
const LETTER = TYPE.UPPER | TYPE.LOWER | TYPE.ALPHA;

/** The class bits of a byte in the "C" locale. */
function classOf(c: number): number {
  if (c < 0 || c > 0x7f) return 0;
  let bits = 0;
  if (c < 0x20 || c === 0x7f) bits |= TYPE.CONTROL;
  if ((c >= 9 && c <= 13) || c === 0x20) bits |= TYPE.SPACE;
  if (c === 0x20) bits |= TYPE.BLANK;
  if (c >= 0x30 && c <= 0x39) bits |= TYPE.DIGIT | TYPE.HEX;
  if (c >= 0x41 && c <= 0x5a) bits |= TYPE.UPPER;
  if (c >= 0x61 && c <= 0x7a) bits |= TYPE.LOWER;
  if ((c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)) bits |= TYPE.HEX;
  if (c > 0x20 && c < 0x7f && (bits & (TYPE.UPPER | TYPE.LOWER | TYPE.DIGIT)) === 0) bits |= TYPE.PUNCT;
  return bits;
}

/** The class bits of a UTF-16 unit: Unicode's properties above ASCII. */
function wideClassOf(c: number): number {
  if (c < 0x80) return c >= 0x41 && (classOf(c) & LETTER) !== 0 ? classOf(c) | TYPE.ALPHA : classOf(c);
  const character = String.fromCharCode(c);
  let bits = 0;
  if (/\p{Lu}/u.test(character)) bits |= TYPE.UPPER | TYPE.ALPHA;
  else if (/\p{Ll}/u.test(character)) bits |= TYPE.LOWER | TYPE.ALPHA;
  else if (/[\p{L}\p{Nl}]/u.test(character)) bits |= TYPE.ALPHA;
  if (/\p{Nd}/u.test(character)) bits |= TYPE.DIGIT;
  if (/\s/u.test(character) || c === 0x85) bits |= TYPE.SPACE;
  if (/\p{Zs}/u.test(character)) bits |= TYPE.BLANK;
  if (/[\p{P}\p{S}]/u.test(character)) bits |= TYPE.PUNCT;
  if (/[\p{Cc}\p{Cf}]/u.test(character)) bits |= TYPE.CONTROL;
  return bits;
}

const GRAPH = LETTER | TYPE.DIGIT | TYPE.PUNCT;
const is = (mask: number) => (_: unknown, c: number) => classOf(c) & mask;
const isWide = (mask: number) => (_: unknown, c: number) => wideClassOf(c) & mask;
const isSymbol = (c: number): boolean => c === 0x5f || (classOf(c) & LETTER) !== 0;

/** Bytes of the table: EOF's entry, then one for each byte. */
const TABLE_ENTRIES = 257;

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
  isblank: (_, c) => (c === 9 ? TYPE.BLANK : classOf(c) & TYPE.BLANK),
  __isascii: (_, c) => Number(c >= 0 && c < 0x80),
  __toascii: (_, c) => c & 0x7f,
  __iscsym: (_, c) => Number(isSymbol(c) || (classOf(c) & TYPE.DIGIT) !== 0),
  __iscsymf: (_, c) => Number(isSymbol(c)),
  tolower: (_, c) => asciiLower(c),
  toupper: (_, c) => asciiUpper(c),
  _tolower: (_, c) => c + 0x20,
  _toupper: (_, c) => c - 0x20,
  isleadbyte: () => 0,
  _isctype: (_, c, mask) => classOf(c) & mask,
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
  towlower: (_, c) => asciiLower(c),
  towupper: (_, c) => asciiUpper(c),
  __pctype_func(thread) {
    const runtime = Runtime.of(thread);
    const table = runtime.reserve("ctype table", 2 * TABLE_ENTRIES);
    for (let c = 0; c < 0x80; c++) thread.memory.setU16(table + 2 + 2 * c, classOf(c));
    return table + 2;
  },
});
