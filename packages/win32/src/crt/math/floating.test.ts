import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  exponentOf,
  frexp,
  fusedMultiplyAdd,
  ldexp,
  nextAfter,
  nextAfterFloat,
  remainder,
  roundHalfAway,
  roundHalfEven,
} from "./floating.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

test("frexp and ldexp undo each other, and the fraction is in [0.5, 1)", () => {
  fc.assert(
    fc.property(finite, (x) => {
      const [fraction, exponent] = frexp(x);
      if (x !== 0) {
        expect(Math.abs(fraction)).toBeGreaterThanOrEqual(0.5);
        expect(Math.abs(fraction)).toBeLessThan(1);
      }
      expect(ldexp(fraction, exponent)).toBe(x);
    }),
  );
});

// The values of glibc 2.36's ldexp, remainder, nextafter, round, rint and logb, printed with %a by a C program.
test.each([
  [1, -1074, Number.MIN_VALUE],
  [1, -1075, 0],
  [1.5, -1074, 2 * Number.MIN_VALUE],
  [3, -1075, 2 * Number.MIN_VALUE],
  [1, 1023, 2 ** 1023],
  [1, 1024, Infinity],
  [Number.MIN_VALUE, 2097, 2 ** 1023],
  [-1.25, 3, -10],
])("ldexp(%d, %d) is %d", (x, exponent, expected) => {
  expect(ldexp(x, exponent)).toBe(expected);
});

test.each([
  [5, 3, -1],
  [4, 3, 1],
  [4.5, 3, -1.5],
  [1.5, 3, 1.5],
  [7.5, 3, 1.5],
  [-5, 3, 1],
  [6, 3, 0],
  [-6, 3, -0],
  [1, Infinity, 1],
  [10, 0.3, 0.10000000000000037],
])("remainder(%d, %d) is %d", (x, y, expected) => {
  expect(remainder(x, y)).toBe(expected);
});

test("remainder of no number, or by zero, is NaN", () => {
  for (const [x, y] of [[Infinity, 1], [1, 0], [NaN, 1]] as const) expect(remainder(x, y)).toBeNaN(); // prettier-ignore
});

test.each([
  [0.5, 1, 0],
  [1.5, 2, 2],
  [2.5, 3, 2],
  [-0.5, -1, -0],
  [-2.5, -3, -2],
  [0.49999999999999994, 0, 0],
  [2251799813685248.5, 2251799813685249, 2251799813685248],
  [-0.2, -0, -0],
])("round(%d) is %d, rint is %d", (x, away, even) => {
  expect(roundHalfAway(x)).toBe(away);
  expect(roundHalfEven(x)).toBe(even);
});

test("nextAfter goes one step, across zero and to infinity", () => {
  expect(nextAfter(1, 2)).toBe(1 + Number.EPSILON);
  expect(nextAfter(0, -1)).toBe(-Number.MIN_VALUE);
  expect(nextAfter(Number.MAX_VALUE, Infinity)).toBe(Infinity);
  expect(nextAfter(-Number.MIN_VALUE, 1)).toBe(-0);
  expect(nextAfter(3, 3)).toBe(3);
});

test("exponentOf is exact next to powers of two, and for subnormal numbers", () => {
  expect(exponentOf(8)).toBe(3);
  expect(exponentOf(nextAfter(8, 0))).toBe(2);
  expect(exponentOf(Number.MIN_VALUE)).toBe(-1074);
});

// The values of glibc 2.36's fma and fmaf, printed with %a by a C program.
test.each([
  ["double", 1 + 2 ** -30, 1 + 2 ** -30, -1, 2 ** -29 + 2 ** -60],
  ["double", 0.1, 10, -1, 2 ** -54],
  ["double", 2 ** -1074, 0.5, 2 ** -1074, 2 ** -1073],
  ["double", 2 ** -1074, 0.75, 0, 2 ** -1074],
  ["double", 2 ** 1023, 2, -(2 ** 1023), 2 ** 1023],
  ["double", 2 ** 1023, 2, 0, Infinity],
  ["double", 3, -2, 6, 0],
  ["double", Infinity, 0, 1, NaN],
  ["double", -0, 5, -0, -0],
  ["float", 1 + 2 ** -23, 1 + 2 ** -23, 2 ** -60, Math.fround(1 + 2 ** -22 + 2 ** -46)],
  ["float", 1 + 2 ** -12, 1 + 2 ** -12, 2 ** -80, 1 + 2 ** -11 + 2 ** -23],
  ["float", 2 ** -149, 0.5, 2 ** -149, 2 ** -148],
] as const)("a fused %s multiplication of %d by %d, and %d added, is %d", (format, x, y, z, expected) => {
  expect(fusedMultiplyAdd(x, y, z, format)).toBe(expected);
});

test("the float after a float is the next one", () => {
  expect([nextAfterFloat(1, 2), nextAfterFloat(1, 0), nextAfterFloat(0, -1), nextAfterFloat(-1, 0)]).toEqual([
    1 + 2 ** -23,
    1 - 2 ** -24,
    -(2 ** -149),
    -1 + 2 ** -24,
  ]);
});
