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

const SMALLEST_NORMAL_FLOAT = 2 ** -126;

/** Reads a number as strtof does, rounded once to a float. */
export function parseFloat32(text: string, grammar: DoubleGrammar): ParsedDouble {
  const parsed = parseDouble(text, grammar);
  const { value, length } = parsed;
  const nearest = Math.fround(value);
  // The double was rounded itself: where it lies half between two floats, the text says which is nearer.
  const other = nearest > value ? nextFloat(nearest, -1) : nextFloat(nearest, 1);
  const isHalfway = nearest !== value && Math.abs(value - nearest) === Math.abs(other - value);
  const direction = isHalfway ? compareToDecimal(text.slice(0, length), value) : 0;
  const float = direction === 0 ? nearest : direction > 0 ? Math.max(nearest, other) : Math.min(nearest, other);
  const isTooLarge = Math.abs(float) === Infinity && Math.abs(value) !== Infinity;
  const isTooSmall = value !== 0 && Math.abs(float) < SMALLEST_NORMAL_FLOAT;
  return { value: float, length, isOutOfRange: parsed.isOutOfRange || isTooLarge || isTooSmall };
}

const floatBits = new Int32Array(1);
const floats = new Float32Array(floatBits.buffer);

/** The next float up or down from a finite one. */
function nextFloat(value: number, direction: 1 | -1): number {
  floats[0] = value;
  if (value === 0) return direction * 2 ** -149;
  floatBits[0]! += value > 0 === direction > 0 ? 1 : -1;
  return floats[0]!;
}

/** The sign of a decimal text's exact value less a double. */
function compareToDecimal(text: string, value: number): number {
  const [, sign, digits = "", exponent = "0"] = DECIMAL.exec(text.trimStart()) ?? [];
  const [whole = "", fraction = ""] = digits.split(".");
  const scale10 = Number(exponent) - fraction.length;
  // A double is an integer times a power of two, above 2 ** -1074.
  let numerator = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, scale10));
  let double = BigInt(Math.abs(value) >= 2 ** 53 ? Math.abs(value) : 0);
  if (double === 0n) {
    double = BigInt(Math.abs(value) * 2 ** 200);
    numerator <<= 200n;
  }
  double *= 10n ** BigInt(Math.max(0, -scale10));
  const order = numerator > double ? 1 : numerator < double ? -1 : 0;
  return sign === "-" ? -order : order;
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
