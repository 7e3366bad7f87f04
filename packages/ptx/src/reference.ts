/**
 * Arithmetic by BigInt, for tests: floating point from its definition, with no rounding of its own but the one asked for.
 * Bits in, bits out.
 */
export interface Format {
  readonly bits: number;
  /** Bits of precision, the hidden one included. */
  readonly precision: number;
}

export const single: Format = { bits: 32, precision: 24 };
export const double: Format = { bits: 64, precision: 53 };
export const half: Format = { bits: 16, precision: 11 };

export const bfloat: Format = { bits: 16, precision: 8 };
export const tensorFloat: Format = { bits: 19, precision: 11 };
export const e5m2: Format = { bits: 8, precision: 3 };

export type Mode = "rn" | "rz" | "rm" | "rp";

/** A number as sign, magnitude and exponent; `sticky` says that the true magnitude is a little more. */
interface Exact {
  readonly negative: boolean;
  readonly magnitude: bigint;
  readonly exponent: number;
  readonly sticky?: boolean;
}

type Special = "nan" | "infinite" | "finite";

export function exponentBits(format: Format): number {
  return format.bits - format.precision;
}

function bias(format: Format): number {
  return 2 ** (exponentBits(format) - 1) - 1;
}

export function decode(bits: bigint, format: Format): Exact & { readonly kind: Special } {
  const fraction = BigInt(format.precision - 1);
  const negative = (bits >> BigInt(format.bits - 1)) & 1n;
  const field = Number((bits >> fraction) & ((1n << BigInt(exponentBits(format))) - 1n));
  const low = bits & ((1n << fraction) - 1n);
  const top = 2 ** exponentBits(format) - 1;
  const kind = field === top ? (low === 0n ? "infinite" : "nan") : "finite";
  const lowest = 1 - bias(format) - (format.precision - 1);
  return {
    kind,
    negative: negative === 1n,
    magnitude: field === 0 ? low : low | (1n << fraction),
    exponent: field === 0 ? lowest : lowest + field - 1,
  };
}

const nan = (format: Format): bigint => (1n << BigInt(format.bits - 1)) - 1n;
const infinity = (negative: boolean, format: Format): bigint =>
  (negative ? 1n << BigInt(format.bits - 1) : 0n) | (((1n << BigInt(exponentBits(format))) - 1n) << BigInt(format.precision - 1));

/** The nearest number of a format, as the mode says. */
function round({ negative, magnitude, exponent, sticky = false }: Exact, format: Format, mode: Mode): bigint {
  const sign = negative ? 1n << BigInt(format.bits - 1) : 0n;
  if (magnitude === 0n && !sticky) return sign;
  // More bits than any number needs, so that something is always dropped, and can be compared with a half.
  const lowest = 1 - bias(format) - (format.precision - 1);
  const spare = format.precision + 8;
  const grown = magnitude << BigInt(spare);
  const grownExponent = exponent - spare;
  const length = grown.toString(2).length;
  const drop = Math.max(length - format.precision, lowest - grownExponent, 0);
  let kept = grown >> BigInt(drop);
  const rest = grown - (kept << BigInt(drop));
  const halfway = drop === 0 ? 0n : 1n << BigInt(drop - 1);
  const inexact = rest !== 0n || sticky;
  const up =
    mode === "rn"
      ? drop > 0 && (rest > halfway || (rest === halfway && (sticky || (kept & 1n) === 1n)))
      : mode === "rz"
        ? false
        : inexact && (mode === "rm") === negative;
  if (up) kept++;
  const scaled = grownExponent + drop;
  // Below the least normal number, and at it, the exponent field follows from the bits themselves.
  const field = BigInt(scaled - lowest);
  const result = kept < 1n << BigInt(format.precision - 1) ? kept : kept + (field << BigInt(format.precision - 1));
  const overflow = result >= infinity(false, format);
  if (!overflow) return sign | result;
  const away = mode === "rn" || (mode !== "rz" && (mode === "rm") === negative);
  return sign | (away ? infinity(false, format) : infinity(false, format) - 1n);
}

export function fma(a: bigint, b: bigint, c: bigint, format: Format, mode: Mode = "rn"): bigint {
  const [x, y, z] = [decode(a, format), decode(b, format), decode(c, format)];
  if (x.kind === "nan" || y.kind === "nan" || z.kind === "nan") return nan(format);
  const negative = x.negative !== y.negative;
  if (x.kind === "infinite" || y.kind === "infinite") {
    if ((x.kind === "finite" && x.magnitude === 0n) || (y.kind === "finite" && y.magnitude === 0n)) return nan(format);
    return z.kind === "infinite" && z.negative !== negative ? nan(format) : infinity(negative, format);
  }
  if (z.kind === "infinite") return c;
  return round(sum({ negative, magnitude: x.magnitude * y.magnitude, exponent: x.exponent + y.exponent }, z, mode), format, mode);
}

function sum(x: Exact, y: Exact, mode: Mode): Exact {
  const exponent = Math.min(x.exponent, y.exponent);
  const value = ({ negative, magnitude, exponent: own }: Exact): bigint => (negative ? -1n : 1n) * (magnitude << BigInt(own - exponent));
  const total = value(x) + value(y);
  // An exact zero from unlike signs is +0, or -0 when rounding down.
  const negative = total === 0n ? (x.negative === y.negative ? x.negative : mode === "rm") : total < 0n;
  return { negative, magnitude: total < 0n ? -total : total, exponent };
}

export function add(a: bigint, b: bigint, format: Format, mode: Mode = "rn"): bigint {
  const one = round({ negative: false, magnitude: 1n, exponent: 0 }, format, "rn");
  return fma(a, one, b, format, mode);
}

export function multiply(a: bigint, b: bigint, format: Format, mode: Mode = "rn"): bigint {
  const sign = 1n << BigInt(format.bits - 1);
  return fma(a, b, (a ^ b) & sign, format, mode);
}

export function divide(a: bigint, b: bigint, format: Format, mode: Mode = "rn"): bigint {
  const [x, y] = [decode(a, format), decode(b, format)];
  const negative = x.negative !== y.negative;
  const zero = (value: Exact): boolean => value.magnitude === 0n;
  if (x.kind === "nan" || y.kind === "nan") return nan(format);
  if (x.kind === "infinite") return y.kind === "infinite" ? nan(format) : infinity(negative, format);
  if (y.kind === "infinite") return round({ negative, magnitude: 0n, exponent: 0 }, format, mode);
  if (zero(y)) return zero(x) ? nan(format) : infinity(negative, format);
  const shift = 200n;
  const quotient = (x.magnitude << shift) / y.magnitude;
  const sticky = quotient * y.magnitude !== x.magnitude << shift;
  return round({ negative, magnitude: quotient, exponent: x.exponent - y.exponent - Number(shift), sticky }, format, mode);
}

export function squareRoot(a: bigint, format: Format, mode: Mode = "rn"): bigint {
  const x = decode(a, format);
  if (x.kind === "nan") return nan(format);
  if (x.magnitude === 0n && x.kind === "finite") return a;
  if (x.negative) return nan(format);
  if (x.kind === "infinite") return a;
  // An even exponent, and enough bits.
  const shift = 200 + (Math.abs(x.exponent) % 2);
  const scaled = x.magnitude << BigInt(shift);
  const root = integerRoot(scaled);
  return round({ negative: false, magnitude: root, exponent: (x.exponent - shift) / 2, sticky: root * root !== scaled }, format, mode);
}

function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** A float of one format in another. */
export function convert(a: bigint, from: Format, to: Format, mode: Mode = "rn"): bigint {
  const x = decode(a, from);
  if (x.kind === "nan") return nan(to);
  return x.kind === "infinite" ? infinity(x.negative, to) : round(x, to, mode);
}

export function fromInteger(value: bigint, format: Format, mode: Mode = "rn"): bigint {
  return round({ negative: value < 0n, magnitude: value < 0n ? -value : value, exponent: 0 }, format, mode);
}

/** Rounds to an integer, clamped to a range; NaN gives `whenNaN`. */
export function toInteger(a: bigint, from: Format, mode: Mode, low: bigint, high: bigint, whenNaN: bigint): bigint {
  const x = decode(a, from);
  if (x.kind === "nan") return whenNaN;
  if (x.kind === "infinite") return x.negative ? low : high;
  let value: bigint;
  if (x.exponent >= 0) value = x.magnitude << BigInt(x.exponent);
  else {
    const drop = BigInt(-x.exponent);
    value = x.magnitude >> drop;
    const rest = x.magnitude - (value << drop);
    const halfway = 1n << (drop - 1n);
    if (
      mode === "rn"
        ? rest > halfway || (rest === halfway && (value & 1n) === 1n)
        : rest !== 0n && mode !== "rz" && (mode === "rm") === x.negative
    )
      value++;
  }
  if (x.negative) value = -value;
  return value < low ? low : value > high ? high : value;
}

/** Subnormals made zero, of the same sign. */
export function flush(a: bigint, format: Format): bigint {
  const x = decode(a, format);
  const subnormal = x.kind === "finite" && x.magnitude < 1n << BigInt(format.precision - 1);
  return subnormal ? a & (1n << BigInt(format.bits - 1)) : a;
}

export function isNaNBits(a: bigint, format: Format): boolean {
  return decode(a, format).kind === "nan";
}

/** Numbers at which floating point goes wrong: zeros, ones, the ends of every range, infinities, NaN; then random bits. */
export function floatSamples(format: Format, random: number, seed = 1): bigint[] {
  const fraction = BigInt(format.precision - 1);
  const one = fromInteger(1n, format);
  const top = infinity(false, format);
  const positive = [
    0n,
    1n,
    2n,
    (1n << fraction) - 1n,
    1n << fraction,
    (1n << fraction) + 1n,
    one - 1n,
    one,
    one + 1n,
    one + (1n << fraction),
    one + (1n << (fraction - 1n)),
    fromInteger(3n, format),
    one - (1n << fraction),
    top - 1n,
    top,
    top + 1n,
    fromInteger(1n << 31n, format),
    fromInteger((1n << 31n) - 1n, format),
    fromInteger(1n << 63n, format),
  ];
  const out = positive.flatMap((bits) => [bits, bits | (1n << BigInt(format.bits - 1))]);
  const next = randomBits(seed);
  for (let i = 0; i < random; i++) out.push(next(format.bits));
  return out;
}

/** A small generator, so that a failure can be repeated (Steele and others, "Fast Splittable Pseudorandom Number Generators"). */
export function randomBits(seed: number): (bits: number) => bigint {
  let state = BigInt(seed);
  return (bits) => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return (z ^ (z >> 31n)) & ((1n << BigInt(bits)) - 1n);
  };
}
