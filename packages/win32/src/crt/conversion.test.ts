import { guest } from "@decant/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { conversion, msvcrtConversion, ucrtConversion } from "./conversion.ts";
import { formatPrintf } from "./printf/format.ts";
import { ucrtPrintf } from "./printf/flavour.ts";
import { parseDouble } from "./numbers/parse-double.ts";
import { toExponentialDigits, toFixedDigits } from "./numbers/decimal.ts";

function runtime() {
  const machine = guest({ topics: [conversion, msvcrtConversion, ucrtConversion] });
  const { call, call64, ansi, allocate, memory, thread } = machine;
  const strtol = (name: string, text: string, base: number) => {
    const [source, end] = [ansi(text), allocate(8)];
    thread.errno = 0;
    const value = /64|ll$/.test(name) ? call64(name, source, end, base) : call(name, source, end, base);
    return [value, memory.cstring(memory.u32(end)), thread.errno];
  };
  return { ...machine, strtol };
}

test("strtol takes signs, prefixes and bases, and says where it stopped", () => {
  const { strtol } = runtime();
  expect(strtol("strtol", "  -0x1fz", 16)).toEqual([-31, "z", 0]);
  expect(strtol("strtol", "077 ", 0)).toEqual([63, " ", 0]);
  expect(strtol("strtol", "abc", 10)).toEqual([0, "abc", 0]);
  expect(strtol("strtol", "0x", 0)).toEqual([0, "0x", 0]);
  expect(strtol("strtoul", "-1", 10)).toEqual([0xffff_ffff, "", 0]);
});

test("strtol gives the nearest value and ERANGE on both sides of its limits", () => {
  const { strtol } = runtime();
  expect(strtol("strtol", "2147483647", 10)).toEqual([2147483647, "", 0]);
  expect(strtol("strtol", "2147483648", 10)).toEqual([2147483647, "", 34]);
  expect(strtol("strtol", "-2147483648", 10)).toEqual([-2147483648, "", 0]);
  expect(strtol("strtol", "-2147483649", 10)).toEqual([-2147483648, "", 34]);
  expect(strtol("_strtoi64", "-9223372036854775809", 10)).toEqual([-(2n ** 63n), "", 34]);
  expect(strtol("ucrtbase!strtoull", "18446744073709551616", 10)).toEqual([2n ** 64n - 1n, "", 34]);
});

test("atoi keeps the low bits in msvcrt and the nearest value in the ucrt", () => {
  const { call, ansi } = runtime();
  expect(call("msvcrt!atoi", ansi("99999999999"))).toBe(1215752191);
  expect(call("ucrtbase!atoi", ansi("99999999999"))).toBe(2147483647);
});

test("_itoa prints negative numbers with a sign in base 10 only", () => {
  const { call, allocate, memory } = runtime();
  const buffer = allocate(64);
  expect(memory.cstring(call("_itoa", -255, buffer, 10))).toBe("-255");
  expect(memory.cstring(call("_itoa", -255, buffer, 16))).toBe("ffffff01");
  expect([call("_itoa_s", 1234, buffer, 4, 10), memory.cstring(buffer)]).toEqual([34, ""]);
  expect([call("_itoa_s", 1234, buffer, 5, 10), memory.cstring(buffer)]).toEqual([0, "1234"]);
});

test("rand gives Microsoft's sequence", () => {
  const { call } = runtime();
  call("srand", 42);
  expect([call("rand"), call("rand"), call("rand")]).toEqual([175, 400, 17869]);
});

test.each([
  ["1e400", Infinity, 5, true],
  ["4.9e-324", 5e-324, 8, true],
  ["1e", 1, 1, false],
  ["1d5", 1e5, 3, false],
  ["0x8p1", 16, 5, false],
  ["0x", 0, 1, false],
  ["0x.8p-3x", 0.0625, 7, false],
  ["infinit", Infinity, 3, false],
  ["-", 0, 0, false],
  ["  +.5x", 0.5, 5, false],
])("strtod of %s", (text, value, length, isOutOfRange) => {
  expect(parseDouble(text, { c99: true })).toEqual({ value, length, isOutOfRange });
});

test("seventeen digits bring every double back", () => {
  const args = (value: number) => ({
    int: () => 0,
    uint: () => 0,
    uint64: () => 0n,
    word: () => 0n,
    wordBits: 64 as const,
    pointer: () => 0,
    double: () => value,
  });
  const memory = { narrow: () => "", wide: () => "", encode: () => "", decode: () => "", storeCount() {} };
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = formatPrintf("%.17g", { flavour: ucrtPrintf(0n), isWide: false, args: args(value), memory });
      return Object.is(parseDouble(text ?? "", { c99: true }).value, value);
    }),
  );
});

test("rounding to even differs from rounding away only at exact halves", () => {
  expect([0.5, 1.5, 2.5, 0.125].map((value) => toFixedDigits(value, value < 0.2 ? 2 : 0, "half-even"))).toEqual(["0", "2", "2", "0.12"]);
  expect([0.5, 1.5, 2.5, 0.125].map((value) => toFixedDigits(value, value < 0.2 ? 2 : 0, "half-away"))).toEqual(["1", "2", "3", "0.13"]);
  fc.assert(fc.property(fc.double({ min: 1e-5, max: 1e15, noNaN: true }), fc.integer({ min: 0, max: 20 }), (value, places) => {
    const scaled = value * 2 ** (places + 1);
    return Number.isInteger(scaled) || toFixedDigits(value, places, "half-even") === value.toFixed(places);
  })); // prettier-ignore
});

test("more digits than the language prints are exact", () => {
  expect(toFixedDigits(0.1, 120, "half-away")).toBe(`0.1000000000000000055511151231257827021181583404541015625${"0".repeat(65)}`);
  expect(toFixedDigits(1e23, 0, "half-away")).toBe("99999999999999991611392");
  expect(toExponentialDigits(9.5, 0, "half-even")).toEqual({ mantissa: "1", exponent: 1 });
});
