import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

test("the ucrt calls the thread's handler, or the program's, and goes on", () => {
  const { call, callback } = guest();
  const told: string[] = [];
  const [global, own] = [callback(() => void told.push("global")), callback(() => void told.push("own"))];
  expect(call("ucrtbase!_set_invalid_parameter_handler", global)).toBe(0);
  call("ucrtbase!_invalid_parameter_noinfo");
  expect(call("ucrtbase!_set_thread_local_invalid_parameter_handler", own)).toBe(0);
  call("ucrtbase!_invalid_parameter_noinfo");
  expect(call("ucrtbase!_set_thread_local_invalid_parameter_handler", 0)).toBe(own);
  call("ucrtbase!_invalid_parameter_noinfo");
  expect(told).toEqual(["global", "own", "global"]);
});

test("without a handler the ucrt ends the program, and msvcrt goes on", () => {
  const { call, process } = guest();
  call("msvcrt!_invalid_parameter_noinfo");
  expect(process.ending).toBeUndefined();
  expect(() => call("ucrtbase!_invalid_parameter_noinfo")).toThrow(/makes no sense/);
  expect(process.ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0417 });
});

test("the one that does not return ends the program behind its handler, too", () => {
  const { call, callback, process } = guest();
  let calls = 0;
  call(
    "ucrtbase!_set_invalid_parameter_handler",
    callback(() => void calls++),
  );
  expect(() => call("ucrtbase!_invalid_parameter_noinfo_noreturn")).toThrow(/makes no sense/);
  expect([calls, process.ending?.exitCode]).toEqual([1, 0xc000_0417]);
});

describe("functions with a parameter that makes no sense", () => {
  const senseless: [name: string, args: (of: ReturnType<typeof guest>) => number[], result: number, errno: number][] = [
    ["fopen", ({ ansi }) => [0, ansi("r")], 0, 22],
    ["fopen", ({ ansi }) => [ansi("x"), ansi("q")], 0, 22],
    ["strcpy_s", ({ allocate, ansi }) => [allocate(4), 2, ansi("long")], 34, 34],
    ["_close", () => [77], -1, 9],
    ["_itoa_s", ({ allocate }) => [1, allocate(8), 8, 99], 22, 22],
    ["_access", () => [0, 0], -1, 22],
  ];

  test.each(senseless)("%s tells the handler first, and fails when that returns", (name, args, result, errno) => {
    for (const dll of ["ucrtbase", "msvcrt"]) {
      const of = guest();
      let told = 0;
      of.call(
        `${dll}!_set_invalid_parameter_handler`,
        of.callback(() => void told++),
      );
      expect([of.call(`${dll}!${name}`, ...args(of)) | 0, told, of.thread.errno]).toEqual([result, 1, errno]);
    }
  });

  test.each(senseless)("%s ends a program of the ucrt that has no handler, and fails in msvcrt", (name, args, result) => {
    const newer = guest();
    expect(() => newer.call(`ucrtbase!${name}`, ...args(newer))).toThrow(/makes no sense/);
    expect(newer.process.ending?.exitCode).toBe(0xc000_0417);
    const older = guest();
    expect(older.call(`msvcrt!${name}`, ...args(older)) | 0).toBe(result);
  });

  test("what is no such parameter only fails", () => {
    const { call, ansi, thread } = guest();
    expect(call("ucrtbase!fopen", ansi("missing"), ansi("r"))).toBe(0);
    expect(thread.errno).toBe(2);
    expect(call("ucrtbase!signal", 99, 0) | 0).toBe(-1);
  });
});
