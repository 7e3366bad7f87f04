const view = new DataView(new ArrayBuffer(8));

/** x = fraction * 2^exponent with 0.5 <= |fraction| < 1; zero, infinities and NaN stay as they are, with exponent 0. */
export function frexp(x: number): [fraction: number, exponent: number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  const exponent = exponentOf(x) + 1;
  return [ldexp(x, -exponent), exponent];
}

/** x * 2^exponent, rounded once. */
export function ldexp(x: number, exponent: number): number {
  const bounded = Math.max(-2200, Math.min(2200, exponent));
  // Steps of at most 2^1000 never round, except the last into the subnormal range, which is made from a normal number in one step.
  let result = x;
  let rest = bounded;
  for (; rest > 1000; rest -= 1000) result *= 2 ** 1000;
  if (rest >= -1000) return rest === 0 ? result : result * 2 ** rest;
  const scaled = exponentOf(x) + rest;
  if (scaled >= -1022) {
    for (; rest < -1000; rest += 1000) result *= 2 ** -1000;
    return result * 2 ** rest;
  }
  return result * 2 ** (rest + 1060) * 2 ** -1060;
}

/** floor(log2|x|) of a finite number that is not zero. */
export function exponentOf(x: number): number {
  view.setFloat64(0, x);
  const biased = (view.getUint32(0) >>> 20) & 0x7ff;
  return biased === 0 ? exponentOf(x * 2 ** 64) - 64 : biased - 1023;
}

/** The next double from x towards y. */
export function nextAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  view.setFloat64(0, x);
  const bits = view.getBigInt64(0);
  view.setBigInt64(0, y > x === x > 0 ? bits + 1n : bits - 1n);
  return view.getFloat64(0);
}

/** The next float from the float x towards y. */
export function nextAfterFloat(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? SMALLEST_FLOAT : -SMALLEST_FLOAT;
  view.setFloat32(0, x);
  view.setInt32(0, view.getInt32(0) + (y > x === x > 0 ? 1 : -1));
  return view.getFloat32(0);
}

const SMALLEST_FLOAT = 2 ** -149;
/** Bits of a significand, and the exponent of the smallest number. */
const FORMATS = { double: { bits: 53, least: -1074 }, float: { bits: 24, least: -149 } } as const;

/** x * y + z, rounded once, to even. */
export function fusedMultiplyAdd(x: number, y: number, z: number, format: keyof typeof FORMATS): number {
  const product = x * y;
  if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z) || x === 0 || y === 0) return product + z;
  const [left, right, addend] = [whole(x), whole(y), whole(z)];
  const exponent = left.exponent + right.exponent;
  const least = Math.min(exponent, addend.exponent);
  const sum = ((left.value * right.value) << BigInt(exponent - least)) + (addend.value << BigInt(addend.exponent - least));
  // A product too small for a double is no zero: only the sum of opposites is one.
  if (sum === 0n) return z === 0 ? product + z : 0;
  const { bits, least: smallest } = FORMATS[format];
  const size = sum < 0n ? -sum : sum;
  const unit = Math.max(least + size.toString(2).length - bits, smallest);
  const rounded = unit <= least ? size << BigInt(least - unit) : shiftToEven(size, BigInt(unit - least));
  const result = ldexp(Number(rounded), unit);
  const inRange = format === "float" ? Math.fround(result) : result;
  return sum < 0n ? -inRange : inRange;
}

/** A finite number as value * 2^exponent. */
function whole(x: number): { value: bigint; exponent: number } {
  const [fraction, exponent] = frexp(x);
  return { value: BigInt(fraction * 2 ** 53), exponent: exponent - 53 };
}

/** value / 2^shift, halves to even. */
function shiftToEven(value: bigint, shift: bigint): bigint {
  const quotient = value >> shift;
  const rest = 2n * (value - (quotient << shift));
  const one = 1n << shift;
  return rest > one || (rest === one && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

/** Halves away from zero: C's round. */
export function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  const result = Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
  return result === 0 && (x < 0 || Object.is(x, -0)) ? -0 : result;
}

/** Halves to even: the processor's own rounding, C's rint in the default mode. */
export function roundHalfEven(x: number): number {
  const whole = Math.floor(x);
  const rest = x - whole;
  if (!Number.isFinite(x)) return x;
  const up = rest > 0.5 || (rest === 0.5 && whole % 2 !== 0);
  const result = up ? whole + 1 : whole;
  return result === 0 && (x < 0 || Object.is(x, -0)) ? -0 : result;
}

/** IEEE remainder: x - n*y with n the nearest integer to x/y, exact. */
export function remainder(x: number, y: number): number {
  if (!Number.isFinite(x) || y === 0 || Number.isNaN(y)) return NaN;
  if (!Number.isFinite(y)) return x;
  const divisor = Math.abs(y);
  // Modulo twice the divisor is exact, and keeps whether the quotient is odd.
  const reduced = divisor < Number.MAX_VALUE / 2 ? Math.abs(x) % (2 * divisor) : Math.abs(x);
  let result = reduced;
  if (2 * reduced > divisor || (reduced > divisor / 2 && divisor / 2 > 0)) {
    result = reduced - divisor;
    if (result >= divisor / 2 && !(result === divisor / 2)) result -= divisor;
    else if (result === divisor / 2) result -= divisor;
  }
  const signed = x < 0 || Object.is(x, -0) ? -result : result;
  return signed === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : signed;
}
