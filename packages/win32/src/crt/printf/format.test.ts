import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { doubleFromBits } from "../numbers/decimal.ts";
import { formatPrintf, type PrintfArguments, type PrintfMemory } from "./format.ts";
import { MSVCRT_PRINTF, ucrtPrintf, type PrintfFlavour } from "./flavour.ts";

/** Runtime ("m", or "u" and the options word), kind of argument, argument, format, and what Wine 8 printed. */
const recording = readFileSync(new URL("printf.wine.tsv", import.meta.url), "latin1")
  .trimEnd()
  .split("\n");

test(`prints the ${recording.length} recorded formats as Wine's msvcrt and ucrtbase do`, () => {
  const wrong = recording.filter((line) => {
    const [runtime = "", kind = "", argument = "", format = "", expected] = line.split("\t");
    return print(runtime, kind, argument, format) !== expected;
  });
  const shown = wrong.slice(0, 40).map((line) => {
    const [runtime = "", kind = "", argument = "", format = ""] = line.split("\t");
    return `${line} but got ${print(runtime, kind, argument, format)}`;
  });
  expect(shown).toEqual([]);
});

test("%hhd is a char in the ucrt, and a short in msvcrt", () => {
  expect(print("u0", "i", "1ff", "%hhd")).toBe("-1");
  expect(print("m", "i", "1ff", "%hhd")).toBe("511");
});

test("%n stores in msvcrt, and makes no sense to the others until they are told to store", () => {
  expect(count(MSVCRT_PRINTF)).toEqual([[7, 4, 3]]);
  expect(count(ucrtPrintf(0n, true))).toEqual([[7, 4, 3]]);
  expect(() => count(ucrtPrintf(0n))).toThrow("EINVAL");
});

test("a wide function takes a wide %s and a narrow %S, unless the ucrt is told to follow C99", () => {
  expect(printWide(MSVCRT_PRINTF)).toBe("W7 N7");
  expect(printWide(ucrtPrintf(4n))).toBe("W7 N7");
  expect(printWide(ucrtPrintf(0n))).toBe("N7 W7");
});

test("fails when a wide character has no encoding", () => {
  const memory: PrintfMemory = { ...noMemory, wide: () => "\u0416", encode: () => undefined };
  expect(formatPrintf("%ls", { flavour: MSVCRT_PRINTF, isWide: false, args: words(7n), memory })).toBeUndefined();
});

function print(runtime: string, kind: string, argument: string, format: string): string | undefined {
  const flavour = runtime === "m" ? MSVCRT_PRINTF : ucrtPrintf(BigInt(`0x${runtime.slice(1)}`));
  const text = () => argument;
  const memory: PrintfMemory = {
    ...noMemory,
    narrow: (_at, limit) => text().slice(0, limit),
    wide: (_at, limit) => text().slice(0, limit),
  };
  return formatPrintf(format, { flavour, isWide: false, args: argumentsOf(kind, argument), memory });
}

function argumentsOf(kind: string, argument: string): PrintfArguments {
  if (kind === "s" || kind === "w") return words(argument === "NULL" ? 0n : 1n);
  if (kind !== "2") return words(BigInt(`0x${argument}`));
  const [width = "", precision = "", value = ""] = argument.split(",");
  return words(BigInt(width), BigInt(precision), BigInt(`0x${value}`));
}

function words(...values: bigint[]): PrintfArguments {
  const next = () => BigInt.asUintN(64, values.shift() ?? 0n);
  const uint = () => Number(next() & 0xffff_ffffn);
  return { int: () => uint() | 0, uint, uint64: next, word: next, wordBits: 64, pointer: uint, double: () => doubleFromBits(next()) };
}

const noMemory: PrintfMemory = { narrow: () => "", wide: () => "", encode: (text) => text, decode: (text) => text, storeCount() {} };

function count(flavour: PrintfFlavour): number[][] {
  const stored: number[][] = [];
  formatPrintf("abc%n", { flavour, isWide: false, args: words(7n), memory: { ...noMemory, storeCount: (...all) => stored.push(all) } });
  return stored;
}

function printWide(flavour: typeof MSVCRT_PRINTF): string | undefined {
  const memory: PrintfMemory = { ...noMemory, narrow: (at) => `N${at}`, wide: (at) => `W${at}` };
  return formatPrintf("%s %S", { flavour, isWide: true, args: words(7n, 7n), memory });
}
