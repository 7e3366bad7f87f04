import { expect, test } from "vitest";
import { wildcard } from "./wildcard.ts";

test.each([
  ["*", "a.b", true],
  ["*.*", "noext", true],
  ["*.txt", "A.TXT", true],
  ["*.txt", "a.txt.bak", false],
  ["*.txt", "txt", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["a?", "a", true],
  ["a??.x", "a.x", true],
  ["a??.x", "abcd.x", false],
  ["???", "ab", true],
  ["*.", "noext", true],
  ["*.", "a.b", false],
  ["a.*", "a", true],
  ["a.*", "a.b.c", true],
  ["a*.b", "axx.b", true],
  ["one.txt", "ONE.txt", true],
  ["d\u00ef*", "D\u00cfx", true],
  ["a+b(c)", "a+b(c)", true],
  ["a+b", "aab", false],
])("%j on %j: %j", (pattern, name, expected) => {
  expect(wildcard(pattern)(name)).toBe(expected);
});
