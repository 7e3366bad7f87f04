import { ERROR, INT } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { commandLine, splitCommandLine } from "./command-line.ts";

// What Wine 8 gives.
test.each([
  ["a b c", ["a", "b", "c"]],
  ['"a b" c', ["a b", "c"]],
  ['a\\"b c', ['a\\"b', "c"]],
  ['a"b c"d e', ['a"b', "cd e"]],
  ['a\\\\"b c" d', ['a\\\\"b', "c d"]],
  ['"" x', ["", "x"]],
  ['a """b""" c', ["a", '"b"', "c"]],
  ["  a b", ["", "a", "b"]],
  ['a "b', ["a", "b"]],
  ["x \\", ["x", "\\"]],
  ["x \\\\ y", ["x", "\\\\", "y"]],
  ["a\tb", ["a", "b"]],
  ['"a"b"c" d', ["a", "bc", "d"]],
  ['x a""b', ["x", "ab"]],
  ['x "a""b" c', ["x", 'a"b c']],
  ['x a\\\\\\"b', ["x", 'a\\"b']],
])("%s is %j", (text, words) => {
  expect(splitCommandLine(text)).toEqual(words);
});

test("the words are one block; an empty line is the program's own path", () => {
  const { call, out, memory, thread } = guest({ topics: [commandLine] });
  const count = out(INT);
  const block = call("CommandLineToArgvW", "x.exe one", count);
  expect([count.value, memory.wstring(memory.u32(block + 8)), memory.u64(block + 16)]).toEqual([2, "one", 0n]);
  expect(memory.wstring(memory.u32(call("CommandLineToArgvW", "", count)))).toBe("C:\\test.exe");
  expect(call("CommandLineToArgvW", undefined, count)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});
