import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const ICON = 1;
const CURSOR = 2;
const LOAD_FROM_FILE = 0x10;
const SHARED = 0x8000;

// Windows' answer to predefined ones that are not there is ERROR_RESOURCE_NAME_NOT_FOUND; Wine 8 says that the type is not.
test("predefined icons and cursors are shared, others are not there", () => {
  const { call, thread } = guest();
  const icon = call("LoadIconA", 0, 32512) as number;
  expect([icon === 0, call("LoadIconW", 0, 32512), call("LoadImageW", 0, 32512, ICON, 0, 0, SHARED)]).toEqual([false, icon, icon]);
  expect([0, icon]).not.toContain(call("LoadCursorW", 0, 32512));
  for (const number of [32511, 32519]) expect([call("LoadIconW", 0, number), thread.lastError]).toEqual([0, ERROR.RESOURCE_NAME_NOT_FOUND]);
  expect([call("LoadCursorA", 0, 99), thread.lastError]).toEqual([0, ERROR.RESOURCE_NAME_NOT_FOUND]);
});

test("a module without resources has no icons", () => {
  const { call, thread } = guest();
  const program = call("GetModuleHandleA", 0);
  for (const call_ of ["LoadIconA", "LoadCursorA"] as const)
    expect([call(call_, program, "x"), thread.lastError]).toEqual([0, ERROR.RESOURCE_DATA_NOT_FOUND]);
  expect([call("LoadImageA", program, "x", ICON, 0, 0, 0), thread.lastError]).toEqual([0, ERROR.RESOURCE_DATA_NOT_FOUND]);
  expect([call("LoadImageA", 0, 32512, 3, 0, 0, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

test("what a program loads for itself it can destroy once; what is shared stays", () => {
  const { call, thread } = guest();
  const own = call("LoadImageA", 0, 32512, ICON, 0, 0, 0);
  expect(call("LoadImageA", 0, 32512, CURSOR, 0, 0, 0)).not.toBe(own);
  expect(call("DestroyIcon", own)).toBe(1);
  expect([call("DestroyIcon", own), thread.lastError]).toEqual([0, ERROR.INVALID_CURSOR_HANDLE]);
  const shared = call("LoadCursorA", 0, 32512);
  expect([call("DestroyCursor", shared), call("DestroyCursor", shared), call("LoadCursorA", 0, 32512)]).toEqual([1, 1, shared]);
});

test("files are looked into", () => {
  const { call, thread } = guest({
    files: { "/good.ico": "\0\0\u0001\0\u0001\0", "/empty.ico": "\0\0\u0001\0\0\0", "/short.ico": "\0\0\u0001" },
  });
  const load = (name: string) => call("LoadImageA", 0, `Z:\\${name}`, ICON, 0, 0, LOAD_FROM_FILE);
  expect([load("good.ico") !== 0, thread.lastError]).toEqual([true, 0]);
  for (const name of ["empty.ico", "short.ico"]) expect([load(name), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([load("missing.ico"), thread.lastError]).toEqual([0, ERROR.FILE_NOT_FOUND]);
});
