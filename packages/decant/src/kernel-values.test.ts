import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseValues, parseZeros, valuesForJson, valuesText } from "./kernel-values.ts";

const bits = (text: string): number[] => [...parseValues("in", text).bytes];

test.each([
  ["s32:-1,0x7fffffff,0b101,1_000", "s32:-1,2147483647,5,1000"],
  ["u64:18446744073709551615,1", "u64:18446744073709551615,1"],
  ["s8:0xff,127,-128", "s8:-1,127,-128"],
  ["f32:nan,-inf,0x3f800000,0.1,-0,1e-45,3.4028235e38", "f32:nan,-inf,1,0.1,-0,1e-45,3.4028235e+38"],
  ["f64:inf,0.1,-infinity,NaN", "f64:inf,0.1,-inf,nan"],
  ["f16:0x3c00,0b1", "f16:0x3c00,0x0001"],
  ["bf16:16256", "bf16:0x3f80"],
  ["e4m3:56,0xff", "e4m3:0x38,0xff"],
  ["e5m2:0", "e5m2:0x00"],
  ["b64:-1", "b64:0xffffffffffffffff"],
])("%s is shown as %s", (given, shown) => {
  const values = parseValues("in", given);
  expect(`${values.type}:${valuesText(values)}`).toBe(shown);
});

test("values lie in memory as CUDA has them", () => {
  expect(bits("u16:513,1")).toEqual([1, 2, 1, 0]);
  expect(bits("f32:1")).toEqual([0, 0, 0x80, 0x3f]);
  expect(bits("f64:0x3ff0000000000000")).toEqual(bits("f64:1"));
  expect(parseZeros("out", "f32:16").bytes).toEqual(new Uint8Array(64));
});

test("every float comes back with the same bits", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      const bytes = new Uint8Array(Float32Array.of(value).buffer);
      expect(bits(`f32:${valuesText({ type: "f32", bytes })}`)).toEqual([...bytes]);
    }),
  );
});

test("JSON has integers of 64 bits and what is no number as text", () => {
  expect(valuesForJson(parseValues("in", "u64:9007199254740993"))).toEqual(["9007199254740993"]);
  expect(valuesForJson(parseValues("in", "f32:nan,inf,2.5"))).toEqual(["nan", "inf", 2.5]);
  expect(valuesForJson(parseValues("in", "u8:7"))).toEqual([7]);
});

describe("refuses with a sentence:", () => {
  test.each([
    ["f99:1", "begins with a type"],
    ["1,2", "begins with a type"],
    ["u8:256", "does not fit in u8"],
    ["u8:-129", "does not fit in u8"],
    ["u8:1.5", "is no u8"],
    ["f32:1,,2", '"" is no f32'],
    ["f32:0x1ffffffff", "does not fit in f32"],
    ["f32:one", '"one" is no f32'],
    ["u8:@/nowhere/file", "cannot be read"],
  ])("%s", (text, says) => {
    expect(() => parseValues("in", text)).toThrow(says);
  });

  test.each(["f32:none", "f32:0", "u8:1e99", "f32"])("zeros of %s", (text) => {
    expect(() => parseZeros("out", text)).toThrow(/TYPE:COUNT|a type/);
  });
});
