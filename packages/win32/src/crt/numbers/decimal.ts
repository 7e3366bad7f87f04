/** How a digit that is exactly half way is rounded: away from zero (msvcrt), or to even (C99, the ucrt's standard rounding). */
export type Rounding = "half-away" | "half-even";

/** A number as decimal digits: 0.d1d2d3… × 10^pointPosition. */
interface Decimal {
  readonly digits: string;
  /** How many of the digits stand before the point; negative for leading zeros behind it. */
  readonly pointPosition: number;
}

/** What Number.prototype.toFixed and toExponential take at most. */
const MAX_NATIVE_PLACES = 100;
const MAX_NATIVE_FIXED = 1e21;

/** A finite number that is not negative, with `places` digits behind the point, rounded from its exact decimal expansion. */
export function toFixedDigits(value: number, places: number, rounding: Rounding): string {
  const mayTie = rounding === "half-even" && Number.isInteger(value * 2 ** (places + 1));
  // The language's own rounding is exact, and half goes away from zero.
  if (!mayTie && places <= MAX_NATIVE_PLACES && value < MAX_NATIVE_FIXED) return value.toFixed(places);
  const { digits, pointPosition } = roundAt(expand(value), places, rounding, "fraction");
  const whole = pointPosition > 0 ? digits.slice(0, pointPosition) : "0";
  const fraction = pointPosition > 0 ? digits.slice(pointPosition) : "0".repeat(-pointPosition) + digits;
  return places === 0 ? whole : `${whole}.${fraction.padEnd(places, "0").slice(0, places)}`;
}

/** A finite number that is not negative, as a digit, `places` digits behind it, and a decimal exponent. */
export function toExponentialDigits(value: number, places: number, rounding: Rounding): { mantissa: string; exponent: number } {
  if (places <= MAX_NATIVE_PLACES && (rounding === "half-away" || !mayTieAt(value, places))) {
    const [mantissa = "", exponent = ""] = value.toExponential(places).split("e");
    return { mantissa, exponent: Number(exponent) };
  }
  const { digits, pointPosition } = roundAt(expand(value), places + 1, rounding, "significant");
  const padded = digits.padEnd(places + 1, "0").slice(0, places + 1);
  return { mantissa: places === 0 ? padded : `${padded[0]}.${padded.slice(1)}`, exponent: value === 0 ? 0 : pointPosition - 1 };
}

/** Whether a number may lie exactly between two numbers of `places` digits behind the first. */
function mayTieAt(value: number, places: number): boolean {
  if (places >= MAX_NATIVE_PLACES) return true;
  const longer = value.toExponential(places + 1);
  return longer.includes("5e") && Number(longer) === value;
}

/** The exact digits of a finite number that is not negative. */
function expand(value: number): Decimal {
  const { mantissa, exponent } = splitDouble(value);
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return { digits, pointPosition: digits.length };
  }
  // m / 2^k = m × 5^k / 10^k
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return { digits, pointPosition: digits.length + exponent };
}

/** A double that is not negative as an integer and a power of two. */
export function splitDouble(value: number): { mantissa: bigint; exponent: number } {
  const bits = doubleBits(value);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return biased === 0 ? { mantissa: fraction, exponent: -1074 } : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of a double. */
export function doubleBits(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

/** The double that bits make. */
export function doubleFromBits(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

function roundAt({ digits, pointPosition }: Decimal, places: number, rounding: Rounding, what: "fraction" | "significant"): Decimal {
  const kept = what === "fraction" ? pointPosition + places : places;
  if (kept >= digits.length) return { digits, pointPosition };
  if (kept < 0) return { digits: "0", pointPosition: 1 };
  const head = digits.slice(0, kept);
  const up = roundsUp(digits, kept, rounding);
  if (!up) return head === "" ? { digits: "0", pointPosition: 1 } : { digits: head, pointPosition };
  const next = (BigInt(head === "" ? "0" : head) + 1n).toString().padStart(kept, "0");
  return { digits: next, pointPosition: pointPosition + next.length - kept };
}

function roundsUp(digits: string, kept: number, rounding: Rounding): boolean {
  const first = digits[kept] ?? "0";
  if (first !== "5") return first > "5";
  if (rounding === "half-away" || /[1-9]/.test(digits.slice(kept + 1))) return true;
  return kept > 0 && Number(digits[kept - 1]) % 2 === 1;
}
