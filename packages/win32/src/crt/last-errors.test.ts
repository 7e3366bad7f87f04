import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const UNTOUCHED = 77;

/** As a program of mingw printed them under Wine 8; its readdir tells the end of a folder from a failure by the last error. */
test.each([
  ["_wfindfirst64", ["none\\*"], -1, 2, 3],
  ["_wfopen", ["none\\x", "r"], 0, 2, 3],
  ["_wmkdir", ["sub"], -1, 17, 183],
  ["_close", [99], -1, 9, UNTOUCHED],
] as const)("msvcrt's %s(%j) fails with %i, errno %i and last error %i", (name, given, result, errno, lastError) => {
  const { call, allocate, thread, wide } = guest({ bits: 64, currentDirectory: "Z:\\w", files: { "/w/sub/": "" } });
  const more = name === "_wfindfirst64" ? [allocate(1024)] : [];
  thread.lastError = UNTOUCHED;
  expect(call(`msvcrt!${name}`, ...given.map((value) => (typeof value === "string" ? wide(value) : value)), ...more)).toBe(result);
  expect([thread.errno, thread.lastError]).toEqual([errno, lastError]);
});

test("_wfindnext64 leaves ERROR_NO_MORE_FILES at the end of a folder, and nothing before", () => {
  const { call, allocate, thread, wide } = guest({ bits: 64, currentDirectory: "Z:\\w", files: { "/w/sub/a": "" } });
  const found = allocate(1024);
  thread.lastError = UNTOUCHED;
  const search = call("msvcrt!_wfindfirst64", wide("sub\\a*"), found);
  expect(thread.lastError).toBe(UNTOUCHED);
  expect(call("msvcrt!_wfindnext64", search, found)).toBe(-1);
  expect([thread.errno, thread.lastError]).toEqual([2, 18]);
});
