import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseFloat32 } from "./parse-double.ts";

const read = (text: string) => parseFloat32(text, { c99: true });

// What glibc 2.36's strtof answers, printed with %a by a C program.
test.each([
  ["1.00000005960464477539062500000000000000001", 1.00000011920928955078125],
  ["1.000000059604644775390625", 1],
  ["1.00000005960464477539062499999999999999999", 1],
  ["-1.00000005960464477539062500000000000000001", -1.00000011920928955078125],
  ["16777217.0000000000000000000001", 16777218],
  ["16777217", 16777216],
  ["1.17549435e-38", 2 ** -126],
  ["3.4028235e38", 3.4028234663852886e38],
  ["3.4028236e38", Infinity],
])("%s is %d, rounded once", (text, expected) => expect(read(text).value).toBe(expected));

test("what a float does not hold is out of range", () => {
  expect(read("1e39")).toMatchObject({ value: Infinity, isOutOfRange: true });
  expect(read("1e-40")).toMatchObject({ value: Math.fround(1e-40), isOutOfRange: true });
  expect(read("1e-50")).toMatchObject({ value: 0, isOutOfRange: true });
  expect(read("3.4e38").isOutOfRange).toBe(false);
  expect(read("0").isOutOfRange).toBe(false);
  expect(read("inf")).toMatchObject({ value: Infinity, isOutOfRange: false });
});

test("a float's own digits give it back", () => {
  // JavaScript writes -0 as 0.
  const digits = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));
  fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => Object.is(read(digits(x)).value, x)));
});
