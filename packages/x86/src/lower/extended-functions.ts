import { arctangent, dd, expm1, LN2, LOG2E, log1p, ONE, PI, sineAndCosine, type DoubleDouble } from "./double-double.ts";
import {
  add, bitLength, exactly, exponentOf, infinity, INTEGER_BIT, invalid, isInfinite, isZero, powerOf, RAISED, round, Rounding, special, zero, type Extended,
} from "./extended.ts"; // prettier-ignore

/**
 * The x87's functions. Worked out to about 100 bits and rounded, whatever the precision control says, as processors do; those are within a unit in the
 * last place of that (Intel SDM volume 1, 8.3.10).
 */

/** What an angle is reduced by: pi cut to 66 bits, as in every processor since the 387 (SDM 8.3.8). In units of 2^-64. */
const PI_66 = 0x3243f6a8885a308d3n;
/** Below 2^-TINY the first term of a series is all of it. */
const TINY = 70;

/** The significand as a number from 1 to 2 (or 0), and the exponent apart. */
function split(x: Extended): { value: DoubleDouble; exponent: number } {
  if (isZero(x)) return { value: [0, 0], exponent: 0 };
  const magnitude = x.significand << BigInt(64 - bitLength(x.significand));
  const sign = x.sign === 0 ? 1 : -1;
  return {
    value: [(sign * Number(magnitude & ~0x7ffn)) / 2 ** 63, (sign * Number(magnitude & 0x7ffn)) / 2 ** 63],
    exponent: exponentOf(x),
  };
}

/** value * 2^exponent, rounded. */
function join([high, low]: DoubleDouble, exponent: number, rounding: Rounding): Extended {
  if (high === 0) return zero(Object.is(high, -0) ? 1 : 0);
  const sign = high < 0 ? 1 : 0;
  const shift = Math.floor(Math.log2(Math.abs(high)));
  const factor = (sign === 0 ? 1 : -1) * 2 ** -shift;
  const magnitude = (BigInt(high * factor * 2 ** 53) << 60n) + BigInt(Math.floor(low * factor * 2 ** 113));
  rounding.precision = 64;
  return round(sign, magnitude, exponent + shift - 113, rounding, true);
}

/** A number that is not too small or large to be a double, as a sum. */
function whole(x: Extended): DoubleDouble {
  const { value, exponent } = split(x);
  return dd.scale(value, 2 ** exponent);
}

/** 2^x - 1, for x from -1 to 1; beyond, x as it is. */
export function f2xm1(x: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x);
  if (known !== undefined) return known;
  if (isInfinite(x)) return x.sign === 0 ? x : exactly(1, 1n, 0);
  if (isZero(x)) return x;
  const { value, exponent } = split(x);
  if (exponent > 0 || (exponent === 0 && value[0] !== -1 && value[0] !== 1)) return x;
  if (exponent === 0) return value[0] === 1 ? x : exactly(1, 1n, -1);
  if (exponent < -TINY) return join(dd.multiply(value, LN2), exponent, rounding);
  return join(expm1(dd.multiply(whole(x), LN2)), 0, rounding);
}

/** y * log2(x). */
export function fyl2x(x: Extended, y: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x, y);
  if (known !== undefined) return known;
  if (x.sign === 1 && !isZero(x)) return invalid(rounding);
  if (isZero(x)) {
    if (isZero(y)) return invalid(rounding);
    if (!isInfinite(y)) rounding.raised = RAISED.zeroDivide;
    return infinity(y.sign === 0 ? 1 : 0);
  }
  if (isInfinite(x)) return isZero(y) ? invalid(rounding) : infinity(y.sign);
  const { value, exponent } = split(x);
  const isOne = exponent === 0 && value[0] === 1 && value[1] === 0;
  if (isInfinite(y)) return isOne ? invalid(rounding) : exponent < 0 ? infinity(y.sign === 0 ? 1 : 0) : y;
  if (isOne || isZero(y)) return zero((y.sign ^ (exponent < 0 ? 1 : 0)) as 0 | 1);
  if (isPowerOfTwo(x)) return multiple(y, exponent, rounding);
  // From half a root of two to a root of two, so that near 1 nothing is lost.
  const isUpper = value[0] > Math.SQRT2;
  const mantissa = isUpper ? dd.scale(value, 0.5) : value;
  const power = isUpper ? exponent + 1 : exponent;
  const logarithm = dd.add(dd.multiply(log1p(dd.subtract(mantissa, ONE)), LOG2E), [power, 0]);
  return product(logarithm, 0, y, rounding);
}

/** y * log2(x + 1). */
export function fyl2xp1(x: Extended, y: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x, y);
  if (known !== undefined) return known;
  if (isInfinite(x)) return x.sign === 1 || isZero(y) ? invalid(rounding) : infinity(y.sign);
  if (isInfinite(y)) return isZero(x) ? invalid(rounding) : infinity((x.sign ^ y.sign) as 0 | 1);
  if (isZero(x) || isZero(y)) return zero((x.sign ^ y.sign) as 0 | 1);
  const exact = new Rounding(0x300);
  const sum = add(x, exactly(0, 1n, 0), exact);
  if (exact.raised === 0 && sum.sign === 0 && isPowerOfTwo(sum)) return multiple(y, exponentOf(sum), rounding);
  const { value, exponent } = split(x);
  if (exponent < -TINY) return product(dd.multiply(value, LOG2E), exponent, y, rounding);
  // Beyond a factor of two the manual defines nothing.
  if (exponent >= 0) return x.sign === 1 ? invalid(rounding) : product([Math.log1p(Math.min(value[0] * 2 ** Math.min(exponent, 1000), 1e300)) / Math.LN2, 0], 0, y, rounding);
  return product(dd.multiply(log1p(whole(x)), LOG2E), 0, y, rounding);
} // prettier-ignore

const isPowerOfTwo = ({ exponent, significand }: Extended): boolean =>
  exponent === 0 ? significand !== 0n && (significand & (significand - 1n)) === 0n : significand === INTEGER_BIT;

/** y * by, rounded. Processors say that it lost something even where it did not. */
function multiple(y: Extended, by: number, rounding: Rounding): Extended {
  rounding.precision = 64;
  const result = round((y.sign ^ (by < 0 ? 1 : 0)) as 0 | 1, y.significand * BigInt(Math.abs(by)), powerOf(y), rounding);
  rounding.raise(RAISED.precision | (result.exponent === 0 ? RAISED.underflow : 0));
  return result;
}

function product(value: DoubleDouble, exponent: number, y: Extended, rounding: Rounding): Extended {
  const factor = split(y);
  return join(dd.multiply(value, factor.value), exponent + factor.exponent, rounding);
}

/** The angle of the point (x, y), from -pi to pi. */
export function fpatan(x: Extended, y: Extended, rounding: Rounding): Extended {
  const known = special(rounding, x, y);
  if (known !== undefined) return known;
  const signed = (angle: DoubleDouble): Extended => join(y.sign === 0 ? angle : [-angle[0], -angle[1]], 0, rounding);
  const part = (quarters: number): Extended => signed(dd.multiply(PI, [quarters / 4, 0]));
  if (isInfinite(y)) return part(!isInfinite(x) ? 2 : x.sign === 0 ? 1 : 3);
  if (isZero(y) || isInfinite(x)) return x.sign === 0 ? zero(y.sign) : part(4);
  if (isZero(x)) return part(2);
  const [a, b] = [split(x), split(y)];
  const distance = b.exponent - a.exponent;
  if (distance < -120 && x.sign === 0) return quotientLessALittle(y, x, rounding);
  if (Math.abs(distance) > 120) return part(distance > 0 ? 2 : 4);
  const absolute = ([high, low]: DoubleDouble, by: number): DoubleDouble =>
    dd.scale([Math.sign(high) * high, Math.sign(high) * low], 2 ** by);
  const [across, up] = [absolute(a.value, 0), absolute(b.value, distance)];
  const isSteep = dd.subtract(up, across)[0] > 0;
  let angle = isSteep ? dd.subtract(dd.scale(PI, 0.5), arctangent(across, up)) : arctangent(up, across);
  if (x.sign === 1) angle = dd.subtract(PI, angle);
  return signed(angle);
}

/** y / x, and a little nearer to 0: the first term of the arctangent, where it is small. */
function quotientLessALittle(y: Extended, x: Extended, rounding: Rounding): Extended {
  const dividend = y.significand << 192n;
  const quotient = dividend / x.significand;
  const isExact = quotient * x.significand === dividend;
  rounding.precision = 64;
  return round(y.sign, isExact ? quotient - 1n : quotient, powerOf(y) - powerOf(x) - 192, rounding, true);
}

/** What is asked for of an angle: each raises what it raises by itself. */
interface OfAngle {
  sine(): Extended;
  cosine(): Extended;
  tangent(): Extended;
}

/** Sine, cosine and tangent; undefined where the angle is too large (C2). */
export function sincos(x: Extended, rounding: Rounding): OfAngle | undefined {
  const all = (value: Extended): OfAngle => ({ sine: () => value, cosine: () => value, tangent: () => value });
  const known = special(rounding, x);
  if (known !== undefined) return all(known);
  if (isInfinite(x)) return all(invalid(rounding));
  if (isZero(x)) return { sine: () => x, cosine: () => exactly(0, 1n, 0), tangent: () => x };
  const exponent = exponentOf(x);
  if (exponent >= 63) return undefined;
  if (exponent < -TINY) {
    // The first terms: x less a little, 1 less a little, and x and a little more.
    const near = (less: bigint): Extended => {
      rounding.precision = 64;
      return round(x.sign, (x.significand << 64n) - less, powerOf(x) - 64, rounding, true);
    };
    return { sine: () => near(1n), cosine: () => join([1, -(2 ** -105)], 0, rounding), tangent: () => near(0n) };
  }
  const { angle, quarter } = reduce(x, exponent);
  const [sine, cosine] = sineAndCosine(angle);
  const turned = [sine, cosine, opposite(sine), opposite(cosine)];
  const [s, c] = [turned[quarter]!, turned[(quarter + 1) & 3]!];
  return {
    sine: () => join(s, 0, rounding),
    cosine: () => join(c, 0, rounding),
    tangent: () => join(dd.divide(s, c), 0, rounding),
  };
}

const opposite = ([high, low]: DoubleDouble): DoubleDouble => [-high, -low];

/** The angle less `quarter` right angles, from -pi/4 to pi/4. */
function reduce(x: Extended, exponent: number): { angle: DoubleDouble; quarter: number } {
  if (exponent < -1) return { angle: whole(x), quarter: 0 };
  // In units of 2^-65, in which a right angle is PI_66.
  const magnitude = x.significand << BigInt(exponent - 63 + 65);
  const quarters = (2n * magnitude + PI_66) / (2n * PI_66);
  const rest = magnitude - quarters * PI_66;
  const high = Number(BigInt.asIntN(80, rest >> 20n)) * 2 ** 20;
  const low = Number(rest - BigInt(high));
  const turns = Number(quarters & 3n);
  const angle: DoubleDouble = dd.add([high * 2 ** -65, 0], [low * 2 ** -65, 0]);
  return x.sign === 0 ? { angle, quarter: turns } : { angle: opposite(angle), quarter: (4 - turns) & 3 };
}

/** What FLDPI and kin load, by number: 1, log2(10), log2(e), pi, log10(2), ln(2), 0. Rounded in the direction of the control word, not to its precision. */
export function constant(n: number, rounding: Rounding): Extended {
  if (n === 0) return exactly(0, 1n, 0);
  if (n === 6) return zero(0);
  const [high, low] = CONSTANTS[n]!;
  const direct = new Rounding(0x300 | (rounding.direction << 10));
  return round(0, (high << 8n) | low, exponentsOfConstants[n]!, direct, true);
}

/** The first 64 bits, and the eight after them. */
const CONSTANTS: Readonly<Record<number, readonly [bigint, bigint]>> = {
  1: [0xd49a784bcd1b8afen, 0x49n],
  2: [0xb8aa3b295c17f0bbn, 0xben],
  3: [0xc90fdaa22168c234n, 0xc4n],
  4: [0x9a209a84fbcff798n, 0x8fn],
  5: [0xb17217f7d1cf79abn, 0xc9n],
};
const exponentsOfConstants: Readonly<Record<number, number>> = { 1: 1 - 71, 2: -71, 3: 1 - 71, 4: -2 - 71, 5: -1 - 71 };
