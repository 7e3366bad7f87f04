import { doubleFromBits } from "./decimal.ts";

/** What strtod and scanf accept: the ucrt knows C99's hexadecimal numbers, infinities and NaNs; msvcrt takes "d" for an exponent too. */
export interface DoubleGrammar {
  readonly c99: boolean;
  readonly point?: string;
}

/** A number found at the start of text. */
export interface ParsedDouble {
  readonly value: number;
  /** Characters of the text that belong to it, leading white space included; 0 when there is no number. */
  readonly length: number;
  /** ERANGE: too large, or so small that it became a denormal or zero. */
  readonly isOutOfRange: boolean;
}

const DECIMAL = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[edED]([+-]?\d+))?/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP]([+-]?\d+))?/;
const INFINITY = /^([+-]?)inf(?:inity)?/i;
const NAN = /^([+-]?)nan(?:\([0-9a-zA-Z_]*\))?/i;
const SPACE = /^[ \t-\r]*/;
const SMALLEST_NORMAL = 2 ** -1022;

/** Reads a number as strtod does, correctly rounded. */
export function parseDouble(text: string, { c99 }: DoubleGrammar): ParsedDouble {
  const skipped = SPACE.exec(text)![0].length;
  const rest = text.slice(skipped);
  if (c99) {
    const special = parseSpecial(rest) ?? parseHexadecimal(rest);
    if (special !== undefined) return { ...special, length: skipped + special.length };
  }
  const match = DECIMAL.exec(rest);
  if (match === null) return { value: 0, length: 0, isOutOfRange: false };
  const [all, sign, digits = "", exponent = "0"] = match;
  const magnitude = Number(`${digits}e${exponent}`);
  const isZero = !/[1-9]/.test(digits);
  const isOutOfRange = magnitude === Infinity || (!isZero && magnitude < SMALLEST_NORMAL);
  return { value: sign === "-" ? -magnitude : magnitude, length: skipped + all.length, isOutOfRange };
}

function parseSpecial(text: string): ParsedDouble | undefined {
  const infinity = INFINITY.exec(text);
  if (infinity !== null) return { value: infinity[1] === "-" ? -Infinity : Infinity, length: infinity[0].length, isOutOfRange: false };
  const nan = NAN.exec(text);
  return nan === null ? undefined : { value: NaN, length: nan[0].length, isOutOfRange: false };
}

function parseHexadecimal(text: string): ParsedDouble | undefined {
  const match = HEXADECIMAL.exec(text);
  if (match === null) return undefined;
  const [all, sign, digits = "", exponent = "0"] = match;
  const [whole = "", fraction = ""] = digits.split(".");
  const mantissa = BigInt(`0x0${whole}${fraction}`);
  const magnitude = scale(mantissa, Number(exponent) - 4 * fraction.length);
  const isOutOfRange = magnitude === Infinity || (mantissa !== 0n && magnitude < SMALLEST_NORMAL);
  return { value: sign === "-" ? -magnitude : magnitude, length: all.length, isOutOfRange };
}

/** mantissa × 2^exponent, rounded once, half to even. */
function scale(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1024) return Infinity;
  if (bits + exponent < -1076) return 0;
  // The exponent of the last bit kept: 53 bits of a normal number, fewer of a denormal one.
  const last = Math.max(bits + exponent - 53, -1074);
  const shift = last - exponent;
  let kept = shift <= 0 ? mantissa << BigInt(-shift) : mantissa >> BigInt(shift);
  if (shift > 0) {
    const rest = mantissa & ((1n << BigInt(shift)) - 1n);
    const half = 1n << BigInt(shift - 1);
    if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
  }
  if (last === -1074) return doubleFromBits(kept);
  return Number(kept) * 2 ** Math.max(last, -1022) * 2 ** Math.min(0, last + 1022);
}
