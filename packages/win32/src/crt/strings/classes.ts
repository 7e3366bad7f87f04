/** The bits of _isctype and of the table behind __pctype_func (ctype.h). */
export const TYPE = { UPPER: 1, LOWER: 2, DIGIT: 4, SPACE: 8, PUNCT: 0x10, CONTROL: 0x20, BLANK: 0x40, HEX: 0x80, ALPHA: 0x100 } as const;
/** Letters of any kind. */
export const LETTER = TYPE.UPPER | TYPE.LOWER | TYPE.ALPHA;

/** The class bits of a byte in the "C" locale. */
export function classOf(c: number): number {
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

/** What Windows says beyond Unicode's properties: ordinals are small letters, superscripts digits, and those and fractions of Latin-1 punctuation. */
const SPECIAL = new Map<number, number>([
  ...[0x295, 0x2071, 0x207f].map((c) => [c, TYPE.LOWER] as const),
  ...[0xaa, 0xba].map((c) => [c, TYPE.LOWER | TYPE.ALPHA | TYPE.PUNCT] as const),
  ...[0xb2, 0xb3, 0xb9].map((c) => [c, TYPE.DIGIT | TYPE.PUNCT] as const),
  ...[0xb5, 0xbc, 0xbd, 0xbe].map((c) => [c, TYPE.PUNCT] as const),
]);

/** What is known already: KNOWN, and the class bits. */
const known = new Uint16Array(0x1_0000);
const KNOWN = 0x8000;

/** The class bits of a UTF-16 unit: Unicode's properties above ASCII. */
export function wideClassOf(c: number): number {
  const found = known[c & 0xffff]!;
  if (found !== 0) return found & ~KNOWN;
  const bits = computeWideClass(c & 0xffff);
  known[c & 0xffff] = KNOWN | bits;
  return bits;
}

function computeWideClass(c: number): number {
  if (c < 0x80) return c >= 0x41 && (classOf(c) & LETTER) !== 0 ? classOf(c) | TYPE.ALPHA : classOf(c);
  const character = String.fromCharCode(c);
  let bits = SPECIAL.get(c) ?? 0;
  if (/\p{Lu}/u.test(character)) bits |= TYPE.UPPER | TYPE.ALPHA;
  else if (/\p{Ll}/u.test(character)) bits |= TYPE.LOWER | TYPE.ALPHA;
  else if (/\p{Lt}/u.test(character)) bits |= LETTER;
  else if (/[\p{L}\p{Nl}]/u.test(character)) bits |= TYPE.ALPHA;
  if (/\p{Nd}/u.test(character)) bits |= TYPE.DIGIT;
  if (/\s/u.test(character) || c === 0x85) bits |= TYPE.SPACE;
  if (c === 0xa0 || c === 0x3000) bits |= TYPE.BLANK;
  if (c < 0x100 ? /[\p{P}\p{S}\u00ad]/u.test(character) : /\p{P}/u.test(character)) bits |= TYPE.PUNCT;
  if (/[\p{Cc}\p{Cf}]/u.test(character)) bits |= TYPE.CONTROL;
  return bits;
}

/** The table of the "C" locale: EOF's entry, then one for each byte. */
export const C_CLASSES: readonly number[] = Array.from({ length: 257 }, (_, index) => classOf(index - 1));
