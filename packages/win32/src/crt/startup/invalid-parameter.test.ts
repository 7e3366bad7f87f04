import { guest } from "@decant/testing";
import { expect, test } from "vitest";

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

test("without a handler the ucrt ends the program as __fastfail does, and msvcrt goes on", () => {
  const { call, process } = guest();
  call("msvcrt!_invalid_parameter_noinfo");
  expect(process.ending).toBeUndefined();
  expect(() => call("ucrtbase!_invalid_parameter_noinfo")).toThrow(/makes no sense/);
  expect(process.ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0409 });
});

test("the one that does not return ends the program behind its handler, too", () => {
  const { call, callback, process } = guest();
  let calls = 0;
  call(
    "ucrtbase!_set_invalid_parameter_handler",
    callback(() => void calls++),
  );
  expect(() => call("ucrtbase!_invalid_parameter_noinfo_noreturn")).toThrow(/makes no sense/);
  expect([calls, process.ending?.exitCode]).toEqual([1, 0xc000_0409]);
});
