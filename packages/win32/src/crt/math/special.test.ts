import { expect, test } from "vitest";
import { erf, erfc, gamma, logGamma } from "./special.ts";

/** Values from tables of 20 digits, as doubles: "Abramowitz and Stegun, 6.1, 7.1", and gamma's known ones at halves. */
const KNOWN: readonly [name: string, f: (x: number) => number, x: number, value: number][] = [
  ["erf", erf, 0.5, 0.5204998778130465],
  ["erf", erf, 1.5, 0.9661051464753108],
  ["erf", erf, 1.6, 0.976348383344644],
  ["erf", erf, -2, -0.9953222650189527],
  ["erfc", erfc, 0.5, 0.4795001221869535],
  ["erfc", erfc, 3, 2.209049699858544e-5],
  ["erfc", erfc, 10, 2.088487583762545e-45],
  ["gamma", gamma, 0.5, 1.772453850905516],
  ["gamma", gamma, -0.5, -3.544907701811032],
  ["gamma", gamma, 1 / 3, 2.6789385347077475],
  ["gamma", gamma, 5, 24],
  ["gamma", gamma, 171, 7.257415615307999e306],
  ["logGamma", logGamma, 0.5, 0.5723649429247001],
  ["logGamma", logGamma, 1.5, -0.12078223763524522],
  ["logGamma", logGamma, 100, 359.1342053695754],
  ["logGamma", logGamma, 12, 17.502307845873887],
  ["logGamma", logGamma, -0.5, 1.2655121234846454],
];

test.each(KNOWN)("%s at %$", (_, f, x, value) => {
  expect(Math.abs(f(x) / value - 1)).toBeLessThan(16 * 2 ** -53);
});

test("zeros, poles and ends", () => {
  expect([erf(0), erf(-0), erf(Infinity), erf(-7), erfc(-Infinity), erfc(28)]).toEqual([0, -0, 1, -1, 2, 0]);
  expect([gamma(0), gamma(-0), gamma(-3), gamma(171.7), gamma(171.8), gamma(-Infinity)]).toEqual([
    Infinity,
    -Infinity,
    NaN,
    Infinity,
    Infinity,
    NaN,
  ]);
  expect(gamma(171.6)).toBeLessThan(Infinity);
  expect([gamma(-200.5), gamma(-201.5)]).toEqual([-0, 0]);
  expect([logGamma(1), logGamma(2), logGamma(0), logGamma(-4), logGamma(-Infinity)]).toEqual([0, 0, Infinity, Infinity, Infinity]);
  expect([erf(NaN), erfc(NaN), gamma(NaN), logGamma(NaN)]).toEqual([NaN, NaN, NaN, NaN]);
});
