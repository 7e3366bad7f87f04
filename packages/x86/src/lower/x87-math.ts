/** What the x87 lowerings call for: conversions of extended precision, and the functions that wasm lacks. Each is a double's worth exact. */
export const x87Math = {
  fld80(mantissa: bigint, exponent: number): number {
    const magnitude = BigInt.asUintN(64, mantissa);
    const sign = exponent & 0x8000 ? -1 : 1;
    const biased = exponent & 0x7fff;
    if (biased === 0x7fff) return magnitude << 1n === 1n << 64n ? sign * Infinity : nan(sign, magnitude);
    // In two steps, as the power of two alone may be out of range.
    const power = biased - 16383 - 63;
    const half = Math.trunc(power / 2);
    return sign * Number(magnitude) * 2 ** half * 2 ** (power - half);
  },
  fst80mantissa(value: number): bigint {
    const { mantissa } = extended(value);
    return BigInt.asIntN(64, mantissa);
  },
  fst80exponent: (value: number): number => extended(value).exponent,
  fprem: (a: number, b: number, rounds: number): number => remainder(a, b, rounds === 1).rest,
  /** The quotient's low bits as C0 (bit 2), C3 (bit 1) and C1 (bit 0) of the status word. */
  fquotient(a: number, b: number, rounds: number): number {
    const { quotient } = remainder(a, b, rounds === 1);
    return ((quotient & 4) << 6) | ((quotient & 2) << 13) | ((quotient & 1) << 9);
  },
  fxam(value: number): number {
    const sign = value < 0 || Object.is(value, -0) ? 0x0200 : 0;
    if (Number.isNaN(value)) return 0x0100 | nanSign(value);
    if (!Number.isFinite(value)) return sign | 0x0500;
    if (value === 0) return sign | 0x4000;
    // A denormal double is a normal number in extended precision.
    return sign | 0x0400;
  },
  fexponent(value: number): number {
    if (value === 0) return -Infinity;
    return Number.isFinite(value) ? exponentOf(value) : Math.abs(value);
  },
  fsignificand: (value: number): number => (value === 0 || !Number.isFinite(value) ? value : scale(value, -exponentOf(value))),
  fscale: (value: number, power: number): number => {
    if (Number.isNaN(power)) return Number.isNaN(value) ? value : power;
    if (!Number.isFinite(power)) return value * (power > 0 ? Infinity : 0);
    return scale(value, Math.max(-5000, Math.min(5000, Math.trunc(power))));
  },
  f2xm1: (value: number): number => (value === 0 ? value : Math.expm1(value * Math.LN2)),
  fyl2x: (x: number, y: number): number => y * Math.log2(x),
  fyl2xp1: (x: number, y: number): number => y * (Math.log1p(x) / Math.LN2),
  fpatan: (x: number, y: number): number => Math.atan2(y, x),
  fsin: Math.sin,
  fcos: Math.cos,
  ftan: Math.tan,
};

const bits = new DataView(new ArrayBuffer(8));

function extended(value: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const sign = raw >> 63n === 1n ? 0x8000 : 0;
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xf_ffff_ffff_ffffn;
  if (biased === 0x7ff) return { mantissa: (1n << 63n) | (fraction << 11n), exponent: sign | 0x7fff };
  if (biased !== 0) return { mantissa: (1n << 63n) | (fraction << 11n), exponent: sign | (biased - 1023 + 16383) };
  if (fraction === 0n) return { mantissa: 0n, exponent: sign };
  const shift = 64 - fraction.toString(2).length;
  return { mantissa: fraction << BigInt(shift), exponent: sign | (16383 - 1022 - 52 + 63 - shift) };
}

function nan(sign: number, magnitude: bigint): number {
  bits.setBigUint64(0, (sign < 0 ? 1n << 63n : 0n) | (0x7ffn << 52n) | (1n << 51n) | ((magnitude >> 11n) & 0x7_ffff_ffff_ffffn));
  return bits.getFloat64(0);
}

function nanSign(value: number): number {
  bits.setFloat64(0, value);
  return bits.getUint8(0) & 0x80 ? 0x0200 : 0;
}

/** The remainder and the low three bits of the quotient, which is truncated (fprem) or rounded to nearest even (fprem1). */
function remainder(a: number, b: number, rounds: boolean): { rest: number; quotient: number } {
  let rest = a % b;
  if (Number.isNaN(rest) || !Number.isFinite(b)) return { rest, quotient: 0 };
  const cycle = a % (8 * b);
  let quotient = Math.abs(Number.isFinite(8 * b) ? Math.round((cycle - rest) / b) : 0);
  const size = Math.abs(b);
  if (rounds) {
    const twice = Math.abs(rest) - (size - Math.abs(rest));
    if (twice > 0 || (twice === 0 && quotient & 1)) {
      rest -= Math.sign(rest) * size;
      quotient++;
      if (rest === 0) rest = a < 0 ? -0 : 0;
    }
  }
  return { rest, quotient: quotient & 7 };
}

function exponentOf(value: number): number {
  bits.setFloat64(0, value);
  const biased = (bits.getUint16(0) >> 4) & 0x7ff;
  return biased === 0 ? exponentOf(value * 2 ** 64) - 64 : biased - 1023;
}

/** value * 2^power, rounded once. */
function scale(value: number, power: number): number {
  if (power > 1000) return scale(value * 2 ** 1000, power - 1000);
  if (power >= -1000) return value * 2 ** power;
  // Down to the smallest normal number first, so that only the last step rounds.
  const exponent = value === 0 || !Number.isFinite(value) ? 0 : exponentOf(value);
  const exact = Math.max(-1000, -1022 - exponent);
  return exact >= 0 ? value * 2 ** -1000 * 2 ** Math.max(power + 1000, -1074) : scale(value * 2 ** exact, power - exact);
}
