/**
 * Arithmetic on the x87's 80-bit numbers as a processor does it (Intel SDM volume 1, chapter 8; IEEE 754): rounded to the precision and in the direction of
 * the control word, with the exceptions that it raises and whether it rounded away from zero.
 */

/** sign, 15-bit exponent with its bias of 16383, 64-bit significand whose top bit is the integer bit. */
export interface Extended {
  readonly sign: 0 | 1;
  readonly exponent: number;
  readonly significand: bigint;
  /** It was denormal in memory, in a format in which it is not now. */
  readonly isDenormal?: boolean;
}

/** Bits of the status word: what an operation raised. */
export const RAISED = {
  invalid: 1,
  denormal: 2,
  zeroDivide: 4,
  overflow: 8,
  underflow: 16,
  precision: 32,
  stack: 0x40,
  roundedUp: 0x200,
} as const;

/** The control word's part in an operation, and what the operation adds to the status word. */
export class Rounding {
  /** Bits of the significand that are kept: 24, 53 or 64. */
  precision: number;
  /** To nearest even, down, up, towards zero. */
  readonly direction: number;
  raised = 0;
  /** Overflow or underflow, where the exponent of a result that is out of range comes back into it by 24576 (SDM volume 1, 8.5.4 and 8.5.5). */
  wraps = 0;
  /** Of a result in a format of memory: whether it was tiny, and whether it would lose something if exponents had no limit. */
  isTiny = false;
  isCut = false;

  constructor(control: number) {
    this.precision = [24, 53, 53, 64][(control >> 8) & 3]!;
    this.direction = (control >> 10) & 3;
  }

  raise(flags: number): void {
    this.raised |= flags;
  }

  /** True if a magnitude with this remainder grows by one unit. `half` compares the remainder with half a unit. */
  roundsUp(sign: 0 | 1, isOdd: boolean, half: number): boolean {
    if (this.direction === 0) return half > 0 || (half === 0 && isOdd);
    return this.direction === (sign === 0 ? 2 : 1);
  }
}

export const BIAS = 16383;
export const MAX_EXPONENT = 0x7fff;
export const INTEGER_BIT = 1n << 63n;
const QUIET_BIT = 1n << 62n;

export const INDEFINITE: Extended = { sign: 1, exponent: MAX_EXPONENT, significand: INTEGER_BIT | QUIET_BIT };
export const infinity = (sign: 0 | 1): Extended => ({ sign, exponent: MAX_EXPONENT, significand: INTEGER_BIT });
export const zero = (sign: 0 | 1): Extended => ({ sign, exponent: 0, significand: 0n });

export const isZero = ({ exponent, significand }: Extended): boolean => exponent === 0 && significand === 0n;
export const isInfinite = ({ exponent, significand }: Extended): boolean => exponent === MAX_EXPONENT && significand === INTEGER_BIT;
/** Encodings that processors since the 387 refuse: pseudo-NaNs, pseudo-infinities and unnormals. */
export const isUnsupported = ({ exponent, significand }: Extended): boolean => exponent !== 0 && significand < INTEGER_BIT;
export const isNan = (x: Extended): boolean => x.exponent === MAX_EXPONENT && x.significand > INTEGER_BIT;
export const isSignalling = (x: Extended): boolean => isNan(x) && (x.significand & QUIET_BIT) === 0n;
const isDenormal = (x: Extended): boolean => x.isDenormal === true || isSmallest(x);
const isSmallest = ({ exponent, significand }: Extended): boolean => exponent === 0 && significand !== 0n;
const isFinite = ({ exponent }: Extended): boolean => exponent !== MAX_EXPONENT;

export function quiet(x: Extended): Extended {
  return { ...x, significand: x.significand | QUIET_BIT };
}

/** The value is significand * 2^power. */
export const powerOf = ({ exponent }: Extended): number => Math.max(exponent, 1) - BIAS - 63;

export function bitLength(value: bigint): number {
  let length = 0;
  let rest = value;
  while (rest > 0xffff_ffff_ffff_ffffn) {
    rest >>= 64n;
    length += 64;
  }
  const upper = Number(rest >> 32n);
  return length + (upper > 0 ? 64 - Math.clz32(upper) : 32 - Math.clz32(Number(rest)));
}

/** `magnitude` * 2^power, rounded. `isSticky`: there is a little more than that, below its lowest bit. */
export function round(sign: 0 | 1, magnitude: bigint, power: number, rounding: Rounding, isSticky = false): Extended {
  if (magnitude === 0n) return zero(sign);
  const length = bitLength(magnitude);
  const exponent = power + length - 1 + BIAS;
  const { precision } = rounding;
  // Tiny as if the exponent had no limit, after rounding.
  const unlimited = cut(sign, magnitude, length - precision, rounding, isSticky);
  const isTiny = exponent < 1 && (exponent < 0 || bitLength(unlimited.kept) <= precision);
  if (isTiny && (rounding.wraps & RAISED.underflow) !== 0) return wrapped(sign, unlimited, exponent + WRAP, rounding, RAISED.underflow);
  const shift = exponent < 1 ? length - precision + (1 - exponent) : length - precision;
  const { kept, isExact, isUp } = exponent < 1 ? cut(sign, magnitude, shift, rounding, isSticky) : unlimited;
  if (!isExact) rounding.raise(RAISED.precision | (isUp ? RAISED.roundedUp : 0) | (isTiny ? RAISED.underflow : 0));
  let significand = kept << BigInt(64 - precision);
  let biased = Math.max(exponent, 1);
  if (significand >> 64n !== 0n) {
    significand >>= 1n;
    biased++;
  }
  if (biased >= MAX_EXPONENT) {
    if ((rounding.wraps & RAISED.overflow) !== 0) return wrapped(sign, unlimited, exponent - WRAP, rounding, RAISED.overflow);
    return overflow(sign, rounding);
  }
  return { sign, exponent: significand < INTEGER_BIT ? 0 : biased, significand };
}

/** What the exponent of a result out of range is moved by. */
const WRAP = 24576;

/** A result whose exponent was moved into range. */
function wrapped(sign: 0 | 1, { kept, isExact, isUp }: Cut, exponent: number, rounding: Rounding, raised: number): Extended {
  const lost = isExact ? 0 : RAISED.precision | (isUp ? RAISED.roundedUp : 0);
  rounding.raised = (rounding.raised & ~(RAISED.precision | RAISED.roundedUp)) | lost | raised;
  const { precision } = rounding;
  const carries = bitLength(kept) > precision;
  // Of fscale it may still be out of range.
  if (exponent >= MAX_EXPONENT) {
    rounding.raise(RAISED.overflow | RAISED.precision | RAISED.roundedUp);
    return infinity(sign);
  }
  if (exponent < 1) {
    rounding.raise(RAISED.precision);
    return zero(sign);
  }
  return { sign, exponent: exponent + (carries ? 1 : 0), significand: kept << BigInt(64 - precision - (carries ? 1 : 0)) };
}

interface Cut {
  readonly kept: bigint;
  readonly isExact: boolean;
  readonly isUp: boolean;
}

/** Cuts `shift` bits off, rounding. A negative shift adds zeros. */
export function cut(sign: 0 | 1, magnitude: bigint, shift: number, rounding: Rounding, isSticky: boolean): Cut {
  if (shift <= 0) {
    const kept = magnitude << BigInt(-shift);
    const isUp = isSticky && rounding.roundsUp(sign, false, -1);
    return { kept: isUp ? kept + 1n : kept, isExact: !isSticky, isUp };
  }
  const below = magnitude & ((1n << BigInt(shift)) - 1n);
  const kept = magnitude >> BigInt(shift);
  if (below === 0n && !isSticky) return { kept, isExact: true, isUp: false };
  const middle = 1n << BigInt(shift - 1);
  const half = below > middle ? 1 : below < middle ? -1 : isSticky ? 1 : 0;
  const isUp = rounding.roundsUp(sign, (kept & 1n) === 1n, half);
  return { kept: isUp ? kept + 1n : kept, isExact: false, isUp };
}

function overflow(sign: 0 | 1, rounding: Rounding): Extended {
  const away = rounding.direction === 0 || rounding.direction === (sign === 0 ? 2 : 1);
  rounding.raised &= ~RAISED.roundedUp;
  rounding.raise(RAISED.overflow | RAISED.precision | (away ? RAISED.roundedUp : 0));
  if (away) return infinity(sign);
  const { precision } = rounding;
  return { sign, exponent: MAX_EXPONENT - 1, significand: ((1n << BigInt(precision)) - 1n) << BigInt(64 - precision) };
}

/** What is invalid is told before what is denormal (SDM volume 1, 4.9.2). */
export function invalid(rounding: Rounding): Extended {
  rounding.raised = (rounding.raised & ~RAISED.denormal) | RAISED.invalid;
  return INDEFINITE;
}

/** The result where an operand is a NaN or none at all (SDM table 4-7), else undefined. Raises what the operands raise. */
export function special(rounding: Rounding, ...operands: readonly Extended[]): Extended | undefined {
  if (operands.some(isUnsupported)) return invalid(rounding);
  const nans = operands.filter(isNan);
  if (nans.length === 0) {
    if (operands.some(isDenormal)) rounding.raise(RAISED.denormal);
    return undefined;
  }
  if (nans.some(isSignalling)) rounding.raise(RAISED.invalid);
  if (nans.length === 1) return quiet(nans[0]!);
  const [a, b] = nans as [Extended, Extended];
  // A quiet one rather than a signalling one; the larger significand; the positive one.
  if (isSignalling(a) !== isSignalling(b)) return isSignalling(a) ? b : a;
  if (a.significand !== b.significand) return quiet(a.significand > b.significand ? a : b);
  return quiet(a.sign === 0 ? a : b);
}

export function negate(x: Extended): Extended {
  return { ...x, sign: x.sign === 0 ? 1 : 0 };
}

export function add(a: Extended, b: Extended, rounding: Rounding): Extended {
  const known = special(rounding, a, b);
  if (known !== undefined) return known;
  if (isInfinite(a)) return isInfinite(b) && a.sign !== b.sign ? invalid(rounding) : a;
  if (isInfinite(b)) return b;
  const [large, small] = powerOf(a) >= powerOf(b) ? [a, b] : [b, a];
  // Far apart, the smaller one only says that there is something.
  const distance = powerOf(large) - powerOf(small);
  const isFar = distance > 140 && large.significand !== 0n && small.significand !== 0n;
  const shift = isFar ? 140n : BigInt(distance);
  const signed = (x: Extended, magnitude: bigint): bigint => (x.sign === 0 ? magnitude : -magnitude);
  const sum = signed(large, large.significand << shift) + signed(small, isFar ? 1n : small.significand);
  const power = isFar ? powerOf(large) - 140 : powerOf(small);
  if (sum === 0n) return zero(a.sign === b.sign ? a.sign : rounding.direction === 1 ? 1 : 0);
  return round(sum < 0n ? 1 : 0, sum < 0n ? -sum : sum, power, rounding);
}

export function multiply(a: Extended, b: Extended, rounding: Rounding): Extended {
  const known = special(rounding, a, b);
  if (known !== undefined) return known;
  const sign = (a.sign ^ b.sign) as 0 | 1;
  if (isInfinite(a) || isInfinite(b)) return isZero(a) || isZero(b) ? invalid(rounding) : infinity(sign);
  return round(sign, a.significand * b.significand, powerOf(a) + powerOf(b), rounding);
}

export function divide(a: Extended, b: Extended, rounding: Rounding): Extended {
  const known = special(rounding, a, b);
  if (known !== undefined) return known;
  const sign = (a.sign ^ b.sign) as 0 | 1;
  if (isInfinite(a)) return isInfinite(b) ? invalid(rounding) : infinity(sign);
  if (isInfinite(b)) return zero(sign);
  if (isZero(b)) {
    if (isZero(a)) return invalid(rounding);
    rounding.raised = RAISED.zeroDivide;
    return infinity(sign);
  }
  if (isZero(a)) return zero(sign);
  const shift = 66 + Math.max(0, bitLength(b.significand) - bitLength(a.significand));
  const dividend = a.significand << BigInt(shift);
  const quotient = dividend / b.significand;
  return round(sign, quotient, powerOf(a) - shift - powerOf(b), rounding, quotient * b.significand !== dividend);
}

export function squareRoot(x: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x);
  if (known !== undefined) return known;
  if (isZero(x)) return x;
  if (x.sign === 1) return invalid(rounding);
  if (isInfinite(x)) return x;
  const power = powerOf(x);
  // A root of 67 bits or 68, and an even power.
  const room = 136 - bitLength(x.significand);
  const shift = room - ((room + power) & 1);
  const radicand = x.significand << BigInt(shift);
  const root = integerRoot(radicand);
  return round(0, root, (power - shift) / 2, rounding, root * root !== radicand);
}

/** The root, rounded down, of a number below 2^1000: a step of Newton's method from a double's doubles its bits. */
function integerRoot(value: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(value))));
  root = (root + value / root) >> 1n;
  while (root * root > value) root--;
  while ((root + 1n) * (root + 1n) <= value) root++;
  return root;
}

/** -1, 0 or 1 as a is less, equal or greater; undefined where they have no order. A quiet NaN is invalid unless `isQuiet`. */
export function order(a: Extended, b: Extended, isQuiet: boolean, rounding: Rounding): number | undefined {
  if (isUnsupported(a) || isUnsupported(b) || isNan(a) || isNan(b)) {
    if (!isQuiet || [a, b].some((x) => isUnsupported(x) || isSignalling(x))) rounding.raise(RAISED.invalid);
    return undefined;
  }
  if (isDenormal(a) || isDenormal(b)) rounding.raise(RAISED.denormal);
  const key = (x: Extended): bigint => {
    const magnitude = (BigInt(isSmallest(x) ? 1 : x.exponent) << 64n) | x.significand;
    return isZero(x) ? 0n : x.sign === 0 ? magnitude : -magnitude;
  };
  const [left, right] = [key(a), key(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The nearest integer by the rounding direction, as an extended number. */
export function roundToInteger(x: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x);
  if (known !== undefined) return known;
  if (isInfinite(x) || isZero(x) || powerOf(x) >= 0) return x;
  const { kept, isExact, isUp } = cut(x.sign, x.significand, -powerOf(x), rounding, false);
  if (!isExact) rounding.raise(RAISED.precision | (isUp ? RAISED.roundedUp : 0));
  return exactly(x.sign, kept, 0);
}

/** The integer of `bits` that x rounds to; the smallest one, and an invalid operation, where it does not fit. */
export function toInteger(x: Extended, bits: number, rounding: Rounding): bigint {
  const limit = 1n << BigInt(bits - 1);
  const fails = (): bigint => {
    rounding.raised = RAISED.invalid;
    return -limit;
  };
  if (!isFinite(x) || isUnsupported(x)) return fails();
  const power = powerOf(x);
  if (power > 64) return fails();
  const { kept, isExact, isUp } = cut(x.sign, x.significand, -power, rounding, false);
  const value = x.sign === 0 ? kept : -kept;
  if (value < -limit || value >= limit) return fails();
  if (!isExact) rounding.raise(RAISED.precision | (isUp ? RAISED.roundedUp : 0));
  return value;
}

/** A number that needs no rounding: at most 64 significant bits, and an exponent in range. */
export function exactly(sign: 0 | 1, magnitude: bigint, power: number): Extended {
  if (magnitude === 0n) return zero(sign);
  const shift = 64 - bitLength(magnitude);
  const exponent = power - shift + 63 + BIAS;
  const significand = shift >= 0 ? magnitude << BigInt(shift) : magnitude >> BigInt(-shift);
  return exponent >= 1 ? { sign, exponent, significand } : { sign, exponent: 0, significand: significand >> BigInt(1 - exponent) };
}

/** What fprem (`isNearest` false) and fprem1 leave, the quotient's low bits, and whether a further step is needed. */
export function remainder(
  a: Extended,
  b: Extended,
  isNearest: boolean,
  rounding: Rounding,
): { rest: Extended; quotient: number; isPartial: boolean } {
  const done = (rest: Extended, quotient = 0): { rest: Extended; quotient: number; isPartial: boolean } => ({
    rest,
    quotient,
    isPartial: false,
  });
  const known = special(rounding, a, b);
  if (known !== undefined) return done(known);
  if (isInfinite(a) || isZero(b)) return done(invalid(rounding));
  if (isZero(a)) return done(a);
  // A pseudo-denormal dividend comes back with the exponent that it stands for.
  if (isInfinite(b)) return done(settle(a.sign, a.significand, powerOf(a), rounding));
  const distance = exponentOf(a) - exponentOf(b);
  const [powerA, powerB] = [powerOf(a), powerOf(b)];
  const common = Math.min(powerA, powerB);
  if (distance < 64) {
    if (distance < -1) return done(settle(a.sign, a.significand, powerA, rounding));
    const dividend = a.significand << BigInt(powerA - common);
    const divisor = b.significand << BigInt(powerB - common);
    let quotient = dividend / divisor;
    let rest = dividend - quotient * divisor;
    let { sign } = a;
    if (isNearest && (2n * rest > divisor || (2n * rest === divisor && (quotient & 1n) === 1n))) {
      quotient++;
      rest = divisor - rest;
      sign = sign === 0 ? 1 : 0;
    }
    if (rest === 0n) return done(zero(a.sign), Number(quotient & 7n));
    return done(settle(sign, rest, common, rounding), Number(quotient & 7n));
  }
  // As far as the processors recorded go in one step: the distance comes down to below 64 by multiples of 32.
  const step = distance - (32 + (distance % 32));
  const divisor = b.significand << BigInt(powerB + step - Math.min(powerA, powerB + step));
  const dividend = a.significand << BigInt(powerA - Math.min(powerA, powerB + step));
  const rest = dividend % divisor;
  return { rest: settle(a.sign, rest, Math.min(powerA, powerB + step), rounding), quotient: 0, isPartial: true };
}

/** A remainder is exact, whatever the precision; it may be denormal. */
function settle(sign: 0 | 1, magnitude: bigint, power: number, rounding: Rounding): Extended {
  if (magnitude === 0n) return zero(sign);
  rounding.precision = 64;
  return round(sign, magnitude, power, rounding);
}

/** The exponent as if there were no lowest one, without its bias. */
export function exponentOf(x: Extended): number {
  return powerOf(x) + bitLength(x.significand) - 1;
}

/** x * 2^trunc(by). */
export function scale(x: Extended, by: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x, by);
  if (known !== undefined) return known;
  if (isInfinite(by)) {
    if (by.sign === 0) return isZero(x) ? invalid(rounding) : infinity(x.sign);
    return isInfinite(x) ? invalid(rounding) : zero(x.sign);
  }
  if (isInfinite(x) || isZero(x)) return x;
  const power = powerOf(by);
  const size = power >= 0 ? 0x20000 : Number(by.significand >> BigInt(Math.min(-power, 64)));
  const steps = Math.min(size, 0x20000) * (by.sign === 0 ? 1 : -1);
  rounding.precision = 64;
  return round(x.sign, x.significand, powerOf(x) + steps, rounding);
}

/** Exponent and significand of x as numbers (FXTRACT). */
export function extract(x: Extended, rounding: Rounding): { exponent: Extended; significand: Extended } {
  const known = special(rounding, x);
  if (known !== undefined) return { exponent: known, significand: known };
  if (isInfinite(x)) return { exponent: infinity(0), significand: x };
  if (isZero(x)) {
    rounding.raise(RAISED.zeroDivide);
    return { exponent: infinity(1), significand: x };
  }
  return { exponent: fromInteger(BigInt(exponentOf(x))), significand: { ...exactly(x.sign, x.significand, 0), exponent: BIAS } };
}

export function fromInteger(value: bigint): Extended {
  return exactly(value < 0n ? 1 : 0, value < 0n ? -value : value, 0);
}

interface Format {
  readonly bits: number;
  readonly fraction: number;
  readonly bias: number;
}
const DOUBLE: Format = { bits: 64, fraction: 52, bias: 1023 };
const SINGLE: Format = { bits: 32, fraction: 23, bias: 127 };

/** A float or double, which may be denormal. */
export function fromFormat(raw: bigint, bits: number): Extended {
  const format = bits === 64 ? DOUBLE : SINGLE;
  const x = unpack(raw, format);
  const isDenormal = x.significand !== 0n && x.exponent <= BIAS - format.bias;
  return isDenormal ? { ...x, isDenormal } : x;
}

export const toDouble = (x: Extended, rounding: Rounding): bigint => toFormat(x, DOUBLE, rounding);
export const toSingle = (x: Extended, rounding: Rounding): bigint => toFormat(x, SINGLE, rounding);

/** A NaN stays signalling, and a denormal raises nothing: that is for whoever loads it. */
function unpack(raw: bigint, { bits, fraction, bias }: Format): Extended {
  const sign = raw >> BigInt(bits - 1) === 1n ? 1 : 0;
  const largest = 2 * bias + 1;
  const exponent = Number(raw >> BigInt(fraction)) & largest;
  const low = raw & ((1n << BigInt(fraction)) - 1n);
  const shift = BigInt(63 - fraction);
  if (exponent === largest) return { sign, exponent: MAX_EXPONENT, significand: INTEGER_BIT | (low << shift) };
  if (exponent === 0) return exactly(sign, low, 1 - bias - fraction);
  return { sign, exponent: exponent - bias + BIAS, significand: INTEGER_BIT | (low << shift) };
}

function toFormat(x: Extended, { bits, fraction, bias }: Format, rounding: Rounding): bigint {
  const largest = BigInt(2 * bias + 1);
  const put = (sign: 0 | 1, exponent: bigint, low: bigint): bigint =>
    (BigInt(sign) << BigInt(bits - 1)) | (exponent << BigInt(fraction)) | low;
  if (isUnsupported(x)) {
    rounding.raise(RAISED.invalid);
    return put(1, largest, 1n << BigInt(fraction - 1));
  }
  const mask = (1n << BigInt(fraction)) - 1n;
  if (isNan(x)) {
    if (isSignalling(x)) rounding.raise(RAISED.invalid);
    return put(x.sign, largest, (quiet(x).significand >> BigInt(63 - fraction)) & mask);
  }
  if (isInfinite(x)) return put(x.sign, largest, 0n);
  if (isZero(x)) return put(x.sign, 0n, 0n);
  const length = bitLength(x.significand);
  const exponent = powerOf(x) + length - 1 + bias;
  const unlimited = cut(x.sign, x.significand, length - 1 - fraction, rounding, false);
  const isTiny = exponent < 1 && (exponent < 0 || bitLength(unlimited.kept) <= fraction + 1);
  const { kept, isExact, isUp } =
    exponent < 1 ? cut(x.sign, x.significand, length - 1 - fraction + Math.min(1 - exponent, 200), rounding, false) : unlimited;
  rounding.isTiny = isTiny;
  rounding.isCut = !unlimited.isExact;
  if (!isExact) rounding.raise(RAISED.precision | (isUp ? RAISED.roundedUp : 0) | (isTiny ? RAISED.underflow : 0));
  // A carry out of the fraction runs into the exponent, where it belongs.
  const packed = (BigInt(Math.max(exponent, 1) - 1) << BigInt(fraction)) + kept;
  if (packed >> BigInt(fraction) >= largest) {
    const { sign, exponent: over } = overflow(x.sign, rounding);
    return over === MAX_EXPONENT ? put(sign, largest, 0n) : put(sign, largest - 1n, mask);
  }
  return (BigInt(x.sign) << BigInt(bits - 1)) | packed;
}

/** FXAM's C3, C2, C0 and the sign in C1, as bits of the status word; `isEmpty` for a register that is free. */
export function classify(x: Extended, isEmpty: boolean): number {
  const sign = x.sign === 0 ? 0 : 0x0200;
  if (isEmpty) return sign | 0x4100;
  if (isUnsupported(x)) return sign;
  if (isNan(x)) return sign | 0x0100;
  if (isInfinite(x)) return sign | 0x0500;
  if (isZero(x)) return sign | 0x4000;
  return sign | (isSmallest(x) ? 0x4400 : 0x0400);
}

/** Packed decimal (FBSTP): 18 digits, two a byte, lowest first, and the sign; what does not fit is the indefinite. */
export function toDecimal(x: Extended, rounding: Rounding): Uint8Array {
  const value = toInteger(x, 65, rounding);
  const magnitude = value < 0n ? -value : value;
  const bytes = new Uint8Array(10);
  if (rounding.raised & RAISED.invalid || magnitude >= 10n ** 18n) {
    rounding.raised = RAISED.invalid;
    bytes.set([0xc0, 0xff, 0xff], 7);
    return bytes;
  }
  const digits = magnitude.toString().padStart(18, "0");
  for (let n = 0; n < 9; n++) bytes[n] = Number.parseInt(digits.slice(16 - 2 * n, 18 - 2 * n), 16);
  if (x.sign === 1) bytes[9] = 0x80;
  return bytes;
}

/** Packed decimal (FBLD). Digits beyond 9 count as what they are. */
export function fromDecimal(bytes: Uint8Array): Extended {
  let magnitude = 0n;
  for (let n = 8; n >= 0; n--) magnitude = magnitude * 100n + BigInt((bytes[n]! >> 4) * 10 + (bytes[n]! & 15));
  return exactly((bytes[9]! >> 7) as 0 | 1, magnitude, 0);
}
