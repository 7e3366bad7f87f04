import { doubleBits, toExponentialDigits, toFixedDigits } from "../numbers/decimal.ts";
import type { PrintfFlavour } from "./flavour.ts";

/** How to print a floating-point number. */
export interface FloatingFormat {
  /** e, f, g or a, in either case. */
  readonly letter: string;
  /** Undefined for the conversion's own. */
  readonly precision: number | undefined;
  readonly alternate: boolean;
}

const HEX_PLACES = 13;

/** A number's magnitude as printf's %e, %f, %g and %a print it, and whether it may be padded with zeros. */
export function formatFloating(value: number, format: FloatingFormat, flavour: PrintfFlavour): { text: string; canPadWithZeros: boolean } {
  const magnitude = Math.abs(value);
  const lower = format.letter.toLowerCase();
  const isUpper = format.letter !== lower;
  const text = Number.isFinite(value)
    ? formatFinite(magnitude, lower, format, flavour)
    : formatSpecial(value, lower, format.precision, flavour);
  // "1.#INF" has capitals of its own, and its exponent follows the letter.
  return { text: isUpper ? text.toUpperCase() : text, canPadWithZeros: Number.isFinite(value) || flavour.legacyInfinity };
}

function formatFinite(value: number, lower: string, { precision, alternate }: FloatingFormat, flavour: PrintfFlavour): string {
  switch (lower) {
    case "f":
      return withPoint(toFixedDigits(value, precision ?? 6, flavour.rounding), alternate);
    case "e":
      return exponential(value, precision ?? 6, alternate, flavour);
    case "a":
      return hexadecimal(value, precision ?? HEX_PLACES, alternate, flavour);
    default:
      return general(value, precision === 0 ? 1 : (precision ?? 6), alternate, flavour);
  }
}

function exponential(value: number, places: number, alternate: boolean, flavour: PrintfFlavour): string {
  const { mantissa, exponent } = toExponentialDigits(value, places, flavour.rounding);
  return withPoint(mantissa, alternate) + exponentText(exponent, flavour);
}

function exponentText(exponent: number, { exponentDigits }: PrintfFlavour): string {
  return `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(exponentDigits, "0")}`;
}

function general(value: number, significant: number, alternate: boolean, flavour: PrintfFlavour): string {
  const { mantissa, exponent } = toExponentialDigits(value, significant - 1, flavour.rounding);
  if (exponent < -4 || exponent >= significant)
    return (alternate ? withPoint(mantissa, true) : stripZeros(mantissa)) + exponentText(exponent, flavour);
  const fixed = toFixedDigits(value, significant - 1 - exponent, flavour.rounding);
  return alternate ? withPoint(fixed, true) : stripZeros(fixed);
}

function hexadecimal(value: number, places: number, alternate: boolean, { rounding }: PrintfFlavour): string {
  const bits = doubleBits(value);
  const biased = Number((bits >> 52n) & 0x7ffn);
  let digits = (bits & 0xf_ffff_ffff_ffffn) | (biased === 0 ? 0n : 1n << 52n);
  if (places < HEX_PLACES) {
    const shift = BigInt(4 * (HEX_PLACES - places));
    const rest = digits & ((1n << shift) - 1n);
    digits >>= shift;
    const half = 1n << (shift - 1n);
    if (rest > half || (rest === half && (rounding === "half-away" || (digits & 1n) === 1n))) digits++;
  }
  const kept = Math.min(places, HEX_PLACES);
  const whole = (digits >> BigInt(4 * kept)).toString();
  const fraction = kept === 0 ? "" : (digits & ((1n << BigInt(4 * kept)) - 1n)).toString(16).padStart(kept, "0").padEnd(places, "0");
  const exponent = value === 0 ? 0 : (biased === 0 ? 1 : biased) - 1023;
  return `0x${whole}${fraction === "" && !alternate ? "" : "."}${fraction}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

/** Old runtimes print infinities and NaNs as "1.#INF", and treat the part behind the point as if it were digits: cut, rounded, padded. */
function formatSpecial(value: number, lower: string, precision: number | undefined, flavour: PrintfFlavour): string {
  const isNan = Number.isNaN(value);
  if (!flavour.legacyInfinity) return isNan ? (isIndefinite(value) ? "nan(ind)" : "nan") : "inf";
  const digits = isNan ? (isIndefinite(value) ? "#IND" : "#QNAN") : "#INF";
  if (lower === "g") {
    const places = precision === undefined || precision === 0 ? digits.length : precision - 1;
    return joinDigits("1", roundLetters(digits, places));
  }
  const places = precision ?? 6;
  const fraction = roundLetters(digits, places).padEnd(places, "0");
  return joinDigits(lower === "a" ? "0x1" : "1", fraction) + (lower === "e" ? exponentText(0, flavour) : lower === "a" ? "p+0" : "");
}

function joinDigits(whole: string, fraction: string): string {
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

function roundLetters(digits: string, places: number): string {
  if (places >= digits.length) return digits;
  const head = digits.slice(0, places);
  if (places === 0 || digits.charCodeAt(places) < 0x35) return head;
  return head.slice(0, -1) + String.fromCharCode(head.charCodeAt(places - 1) + 1);
}

/** The NaN that invalid operations make: negative, quiet, no payload. */
function isIndefinite(value: number): boolean {
  return doubleBits(value) === 0xfff8_0000_0000_0000n;
}

function withPoint(digits: string, alternate: boolean): string {
  return alternate && !digits.includes(".") ? `${digits}.` : digits;
}

function stripZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
