import { guest } from "@decant/testing";
import { expect, test } from "vitest";

// C11 7.22.6.2: the quotient is truncated, and quotient × denominator + remainder is the numerator.
test.each([
  [7, 2, 3, 1],
  [-7, 2, -3, -1],
  [7, -2, -3, 1],
  [-0x8000_0000, 3, -715827882, -2],
  [0, 5, 0, 0],
])("%d by %d is %d, rest %d", (numer, denom, quotient, remainder) => {
  const { call64 } = guest({ bits: 64 });
  const answer = call64("msvcrt!div", numer, denom);
  expect([Number(BigInt.asIntN(32, answer)), Number(BigInt.asIntN(32, answer >> 32n))]).toEqual([quotient, remainder]);
});

test("a division by zero is the processor's exception", () => {
  expect(() => guest({ bits: 64 }).call("msvcrt!ldiv", 1, 0)).toThrow(/zero/);
});
