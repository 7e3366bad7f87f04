import { expect, test } from "vitest";
import { END, scan } from "./scan.ts";

test("reads integers, prefixes, floats and strings in one go", () => {
  expect(read("%d %i %x %o %lf %s", " 12 0x1F ff 17 -2.5e1 word rest")).toEqual([6, 12n, 31n, 255n, 15n, -25, "word"]);
});

test("stops at the first mismatch and leaves the character", () => {
  expect(read("%d,%d", "1;2")).toEqual([1, 1n]);
  expect(read("%d", "abc")).toEqual([0]);
});

test("gives EOF when the input ends before anything is stored", () => {
  expect(read("%d", "   ")).toEqual([END]);
  expect(read("%s %s", "one")).toEqual([1, "one"]);
});

test("a width cuts a conversion", () => {
  expect(read("%2d%3s%c", "12345678")).toEqual([3, 12n, "345", "6"]);
});

test("sets take ranges, a first bracket and an inversion", () => {
  expect(read("%[a-c]%[^]x]", "abcd-]")).toEqual([2, "abc", "d-"]);
  expect(read("%[]a]", "]a]b")).toEqual([1, "]a]"]);
});

test("suppressed conversions store nothing and are not counted", () => {
  expect(read("%*d %d", "1 2")).toEqual([1, 2n]);
});

test("%n stores how much was read, and is not counted", () => {
  expect(read("%d%n", "123 ")).toEqual([1, 123n, 3n]);
});

test("%c does not skip white space and takes its width", () => {
  expect(read("%3c", " ab")).toEqual([1, " ab"]);
});

test("a string that does not fit its size is a mismatch in the secure functions", () => {
  expect(read("%s", "abcdef", { isSecure: true, size: 4 })).toEqual([0, ""]);
  expect(read("%s", "abc", { isSecure: true, size: 4 })).toEqual([1, "abc"]);
});

test("asks for more when the source has nothing ready", () => {
  const pieces = ["1", "2 ", ""];
  let at = 0;
  let current = "";
  const source = {
    read: () => (at < current.length ? current.charCodeAt(at++) : pieces.length === 0 ? END : undefined),
    unread: () => void at--,
  };
  const values: unknown[] = [];
  const steps = scan("%d", { source, target: targetInto(values, 0), isWide: false, wideFollowsFunction: true, isSecure: false });
  let step = steps.next();
  while (step.done !== true) {
    current += pieces.shift() ?? "";
    step = steps.next();
  }
  expect([step.value, ...values]).toEqual([1, 12n]);
});

function read(format: string, input: string, { isSecure = false, size = 0 } = {}): unknown[] {
  let at = 0;
  const source = { read: () => (at < input.length ? input.charCodeAt(at++) : END), unread: () => void at-- };
  const values: unknown[] = [];
  const result = scan(format, { source, target: targetInto(values, size), isWide: false, wideFollowsFunction: true, isSecure }).next();
  return [result.value, ...values];
}

function targetInto(values: unknown[], size: number) {
  return {
    next: () => 0,
    wordBytes: 8 as const,
    nextSize: () => size,
    integer: (_address: number, _bytes: number, value: bigint) => void values.push(value),
    float: (_address: number, _bytes: number, value: number) => void values.push(value),
    text: (_address: number, units: readonly number[]) => void values.push(String.fromCharCode(...units)),
  };
}
