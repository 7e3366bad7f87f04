import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { msvcrtFormatted, ucrtFormatted } from "./formatted.ts";

const HASHES = "##############";

/** Prints "hello world" into a buffer of a size; the result, and the buffer up to its NUL or its end, as Wine 8 leaves it. */
function print(options: number, size: number) {
  const { call, ansi, allocate, memory } = guest({ topics: [ucrtFormatted] });
  const [buffer, args] = [ansi(HASHES), allocate(16)];
  memory.setU64(args, BigInt(ansi("hello world")));
  const result = call("__stdio_common_vsprintf", options, buffer, size, ansi("%s"), 0, args);
  return [result, memory.cstring(buffer)];
}

test("the ucrt cuts, ends with a NUL and gives -2 when its options say nothing else", () => {
  expect([print(0, 12), print(0, 11), print(0, 0)]).toEqual([[11, "hello world"], [-2, "hello worl"], [-1, HASHES]]); // prettier-ignore
});

test("with the legacy option there is no NUL where there is no room, and -1", () => {
  expect([print(1, 12), print(1, 11), print(1, 5)]).toEqual([[11, "hello world"], [11, "hello world###"], [-1, "hello#########"]]); // prettier-ignore
  expect(print(3, 5)).toEqual([-1, "hello#########"]);
});

test("with C99's option the result is the length that was wanted", () => {
  expect([print(2, 12), print(2, 5), print(2, 0)]).toEqual([[11, "hello world"], [11, "hell"], [11, HASHES]]); // prettier-ignore
});

test("msvcrt's _snprintf is as the legacy option says", () => {
  const { call, ansi, memory } = guest({ topics: [msvcrtFormatted] });
  const buffer = ansi(HASHES);
  expect([call("_snprintf", buffer, 5, ansi("%s"), ansi("hello world")), memory.cstring(buffer)]).toEqual([-1, "hello#########"]);
  expect([call("sprintf", buffer, ansi("%d-%s"), 7, ansi("x")), memory.cstring(buffer)]).toEqual([3, "7-x"]);
});

test("the secure functions empty a buffer that is too small, or cut it when they may", () => {
  const { call, ansi, memory, thread } = guest({ topics: [msvcrtFormatted] });
  const buffer = ansi(HASHES);
  expect([call("sprintf_s", buffer, 5, ansi("hello")), memory.cstring(buffer), thread.errno]).toEqual([-1, "", 34]);
  expect([call("_snprintf_s", buffer, 10, 3, ansi("hello")), memory.cstring(buffer)]).toEqual([-1, "hel"]);
});
