import { ERROR, Win32Error } from "@decant/hook";

const FOLD = { CZONE: 0x10, PRECOMPOSED: 0x20, COMPOSITE: 0x40, DIGITS: 0x80, LIGATURES: 0x2000 } as const;
const ALL = FOLD.CZONE | FOLD.PRECOMPOSED | FOLD.COMPOSITE | FOLD.DIGITS | FOLD.LIGATURES;
/** Letters that are two by look and one by Unicode, which has no decomposition of them. */
const LIGATURES: Readonly<Record<string, string>> = { Æ: "AE", æ: "ae", Œ: "OE", œ: "oe", ß: "ss" };

/** What FoldString makes of a text by its MAP_ flags ("FoldStringW function"). Throws ERROR_INVALID_FLAGS for what goes not together. */
export function foldText(flags: number, text: string): string {
  const isComposite = (flags & FOLD.COMPOSITE) !== 0;
  const isPrecomposed = (flags & FOLD.PRECOMPOSED) !== 0;
  const isExpanded = (flags & FOLD.LIGATURES) !== 0;
  const isExclusive = Number(isComposite) + Number(isPrecomposed) + Number(isExpanded) > 1;
  if (flags === 0 || (flags & ~ALL) !== 0 || isExclusive) throw new Win32Error(ERROR.INVALID_FLAGS);
  let folded = text;
  if ((flags & FOLD.CZONE) !== 0)
    folded = folded.replaceAll(/[\uf900-\ufaff\ufb00-\ufdff\ufe30-\ufe6f\uff00-\uffef]/g, (c) => c.normalize("NFKC"));
  if ((flags & FOLD.DIGITS) !== 0) folded = folded.replaceAll(/[\p{Nd}\p{No}]/gu, digit);
  if (isExpanded)
    folded = folded.replaceAll(/[ÆæŒœß\u0132\u0133\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g, (c) => LIGATURES[c] ?? c.normalize("NFKD"));
  return isComposite ? folded.normalize("NFD") : isPrecomposed ? folded.normalize("NFC") : folded;
}

/** The ASCII digit of a digit, raised or circled ones too. Those of a script lie in a row of ten, and no two rows touch but at multiples of ten. */
function digit(character: string): string {
  if (!/\p{Nd}/u.test(character)) {
    const plain = character.normalize("NFKC");
    return /^[0-9]$/.test(plain) ? plain : character;
  }
  const code = character.codePointAt(0)!;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}
