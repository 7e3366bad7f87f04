import { expect, test } from "vitest";
import { fpatan, fyl2x, fyl2xp1 } from "./extended-functions.ts";
import { BIAS, exactly, negate, Rounding, type Extended } from "./extended.ts";

/** What an AMD EPYC (family 26, model 2) makes of functions whose results are exact, or a little less than exact numbers. */

type Function = (x: Extended, y: Extended, rounding: Rounding) => Extended;

const number = (value: number): Extended => exactly(value < 0 ? 1 : 0, BigInt(Math.abs(value) * 2 ** 8), -8);
const MAX: Extended = { sign: 0, exponent: 2 * BIAS, significand: (1n << 64n) - 1n };
const MIN: Extended = { sign: 0, exponent: 1, significand: 1n << 63n };
const DENORMAL: Extended = { sign: 0, exponent: 0, significand: 1n };
const THIRD: Extended = { sign: 0, exponent: BIAS - 2, significand: 0xaaaa_aaaa_aaaa_aaabn };

/** Sign and exponent, significand, and what was raised (with 0x200 for having been rounded up), in each direction of rounding. */
function inAllDirections(compute: Function, x: Extended, y: Extended): string[] {
  return [0, 1, 2, 3].map((direction) => {
    const rounding = new Rounding(0x300 | (direction << 10));
    const { sign, exponent, significand } = compute(x, y, rounding);
    return [(sign << 15) | exponent, significand, rounding.raised].map((part) => part.toString(16)).join(" ");
  });
}

test.each<[string, Function, Extended, Extended, string]>([
  ["the largest number times log2(2)", fyl2x, number(2), MAX, "7ffe ffffffffffffffff 20"],
  ["less that, times log2(1/2)", fyl2x, number(0.5), negate(MAX), "7ffe ffffffffffffffff 20"],
  ["pi's double times log2(8)", fyl2x, number(8), exactly(0, 0xc90fdaa22168cn, -50), "4002 96cbe3f9990e9000 20"],
  ["a denormal number times log2(2)", fyl2x, number(2), DENORMAL, "0 1 32"],
  ["half the smallest normal number times log2(4)", fyl2x, number(4), { ...DENORMAL, significand: 1n << 62n }, "1 8000000000000000 22"],
  ["the largest number times log2(1 - 1/2)", fyl2xp1, number(-0.5), MAX, "fffe ffffffffffffffff 20"],
  ["a denormal number times log2(1 - 1/2)", fyl2xp1, number(-0.5), DENORMAL, "8000 1 32"],
])("%s is exact, but said to be rounded", (_name, compute, x, y, result) => {
  expect(inAllDirections(compute, x, y)).toEqual([result, result, result, result]);
});

test.each<[string, Function, Extended, Extended, string[]]>([
  ["a third times log2(8)", fyl2x, number(8), THIRD, ["3fff 8000000000000000 20", "3fff 8000000000000000 20", "3fff 8000000000000001 220", "3fff 8000000000000000 20"]],
  ["the arctangent of the smallest normal number", fpatan, number(1), MIN, ["1 8000000000000000 220", "0 7fffffffffffffff 30", "1 8000000000000000 220", "0 7fffffffffffffff 30"]],
  ["that of the smallest number", fpatan, number(1), DENORMAL, ["0 1 232", "0 0 32", "0 1 232", "0 0 32"]],
])("%s is rounded in each direction", (_name, compute, x, y, results) => {
  expect(inAllDirections(compute, x, y)).toEqual(results);
}); // prettier-ignore
