/** An integer found at the start of text. */
export interface ParsedInteger {
  /** The digits' value, without the sign. */
  readonly magnitude: bigint;
  readonly isNegative: boolean;
  /** Characters of the text that belong to it, leading white space included; 0 when there is no number. */
  readonly length: number;
}

/** Reads an integer as strtol does: white space, sign, the prefix of base 16, digits. `base` is 0 (by prefix) or 2 to 36. */
export function parseInteger(text: string, base: number): ParsedInteger {
  let at = 0;
  while (isSpace(text.charCodeAt(at))) at++;
  const isNegative = text[at] === "-";
  if (isNegative || text[at] === "+") at++;
  // A prefix without digits makes the text no number at all.
  const hasPrefix = text[at] === "0" && (text[at + 1] === "x" || text[at + 1] === "X");
  let radix = base;
  if (base === 0) radix = hasPrefix ? 16 : text[at] === "0" ? 8 : 10;
  if (radix === 16 && hasPrefix) at += 2;
  const start = at;
  let small = 0;
  while (digitOf(text.charCodeAt(at)) < radix) {
    small = small * radix + digitOf(text.charCodeAt(at));
    at++;
  }
  if (at === start) return { magnitude: 0n, isNegative: false, length: 0 };
  const magnitude = Number.isSafeInteger(small) ? BigInt(small) : exactMagnitude(text.slice(start, at), radix);
  return { magnitude, isNegative, length: at };
}

/** A parsed integer as a C type of `bits`: the nearest value, and whether it had to be changed (ERANGE). */
export function toInteger(
  { magnitude, isNegative }: ParsedInteger,
  bits: 32 | 64,
  signed: boolean,
): { value: bigint; isOutOfRange: boolean } {
  if (!signed) {
    const maximum = (1n << BigInt(bits)) - 1n;
    if (magnitude > maximum) return { value: maximum, isOutOfRange: true };
    return { value: BigInt.asUintN(bits, isNegative ? -magnitude : magnitude), isOutOfRange: false };
  }
  const limit = 1n << BigInt(bits - 1);
  if (isNegative) return magnitude > limit ? { value: -limit, isOutOfRange: true } : { value: -magnitude, isOutOfRange: false };
  return magnitude >= limit ? { value: limit - 1n, isOutOfRange: true } : { value: magnitude, isOutOfRange: false };
}

/** The value of a digit or letter; 99 for anything else. */
export function digitOf(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 + 10 : 99;
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 9 && unit <= 13);
}

function exactMagnitude(digits: string, radix: number): bigint {
  let value = 0n;
  for (let i = 0; i < digits.length; i++) value = value * BigInt(radix) + BigInt(digitOf(digits.charCodeAt(i)));
  return value;
}
