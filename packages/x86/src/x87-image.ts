import { X87_FORM } from "./cpu-block.ts";

/** The biases' difference between an 80-bit number's exponent and a double's. */
const BIASES = 16383 - 1023;

/** The 80 bits that the x87 register at `at` holds, whichever form it has (`X87_FORM`): significand, and sign with exponent. */
export function x87Image(view: DataView, at: number): { significand: bigint; exponent: number } {
  const bits = view.getBigUint64(at, true);
  const form = view.getUint32(at + 8, true);
  if ((form & X87_FORM.extended) !== 0) return { significand: bits, exponent: form & 0xffff };
  const sign = Number(bits >> 63n) << 15;
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & 0xf_ffff_ffff_ffffn) << 11n;
  if (biased === 0x7ff) return { significand: (1n << 63n) | fraction, exponent: sign | 0x7fff };
  if (biased !== 0) return { significand: (1n << 63n) | fraction, exponent: sign | (biased + BIASES) };
  if (fraction === 0n) return { significand: 0n, exponent: sign };
  const shift = 64 - fraction.toString(2).length;
  return { significand: fraction << BigInt(shift), exponent: sign | (BIASES + 1 - shift) };
}

/** Has the register hold 80 bits: as a double where one can be all of it. It is in use afterwards. */
export function putX87(view: DataView, at: number, significand: bigint, exponent: number): void {
  const biased = (exponent & 0x7fff) - BIASES;
  const isZero = (exponent & 0x7fff) === 0 && significand === 0n;
  const isDouble = (significand & 0x7ffn) === 0n && (isZero || (biased > 0 && biased < 0x7ff && significand >> 63n === 1n));
  view.setUint32(at + 8, isDouble ? 0 : X87_FORM.extended | (exponent & 0xffff), true);
  if (!isDouble) return view.setBigUint64(at, significand, true);
  const sign = BigInt(exponent >> 15) << 63n;
  view.setBigUint64(at, isZero ? sign : sign | (BigInt(biased) << 52n) | ((significand >> 11n) & 0xf_ffff_ffff_ffffn), true);
}

/** The number in a register, as near as a double gets; of a free one, what it last held. */
export function x87Number(view: DataView, at: number): number {
  if ((view.getUint32(at + 8, true) & X87_FORM.extended) === 0) return view.getFloat64(at, true);
  const { significand, exponent } = x87Image(view, at);
  const sign = exponent & 0x8000 ? -1 : 1;
  if ((exponent & 0x7fff) === 0x7fff) return significand << 1n === 1n << 64n ? sign * Infinity : Number.NaN;
  // In two steps, as the power of two alone may be out of range.
  const power = Math.max(exponent & 0x7fff, 1) - 16383 - 63;
  const half = Math.trunc(power / 2);
  return sign * Number(significand) * 2 ** half * 2 ** (power - half);
}
