import { assert, double, pre, property } from "fast-check";
import { expect, test } from "vitest";
import { x87Math } from "./x87-math.ts";

const doubles = double({ noNaN: true });

test("a double survives extended precision", () => {
  assert(property(doubles, (value) => Object.is(x87Math.fld80(x87Math.fst80mantissa(value), x87Math.fst80exponent(value)), value)));
  for (const value of [0, -0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, Infinity, -Infinity]) {
    expect(x87Math.fld80(x87Math.fst80mantissa(value), x87Math.fst80exponent(value))).toBe(value);
  }
  expect(x87Math.fld80(x87Math.fst80mantissa(Number.NaN), x87Math.fst80exponent(Number.NaN))).toBeNaN();
});

test("one in extended precision has its leading bit, and exponent 16383", () => {
  expect(BigInt.asUintN(64, x87Math.fst80mantissa(1))).toBe(1n << 63n);
  expect(x87Math.fst80exponent(1)).toBe(16383);
  expect(x87Math.fst80exponent(-1)).toBe(16383 | 0x8000);
});

test("extended numbers outside a double's range become infinity and zero", () => {
  expect(x87Math.fld80(1n << 63n, 0x7ffe)).toBe(Infinity);
  expect(x87Math.fld80(1n << 63n, 0x8001)).toBe(-0);
});

test("significand and exponent give the number back", () => {
  assert(
    property(doubles, (value) => {
      pre(value !== 0 && Number.isFinite(value));
      const significand = x87Math.fsignificand(value);
      expect(Math.abs(significand)).toBeGreaterThanOrEqual(1);
      expect(Math.abs(significand)).toBeLessThan(2);
      expect(x87Math.fscale(significand, x87Math.fexponent(value))).toBe(value);
    }),
  );
});

test("fprem truncates the quotient, fprem1 rounds it to even", () => {
  expect(x87Math.fprem(7, 2, 0)).toBe(1);
  expect(x87Math.fprem(7, 2, 1)).toBe(-1);
  expect(x87Math.fprem(5, 2, 1)).toBe(1);
  expect(x87Math.fquotient(7, 2, 0)).toBe((1 << 14) | (1 << 9)); // 3: C3 and C1
  expect(x87Math.fquotient(5 * 3, 3, 0)).toBe((1 << 8) | (1 << 9)); // 5: C0 and C1
});
