import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const UOI_NAME = 2;

test("a process is on the interactive window station, whose name's length is told first", () => {
  const { call, out, allocate, memory, thread } = guest();
  const station = call("GetProcessWindowStation");
  const [needed, buffer] = [out(DWORD), allocate(64)];
  expect(call("GetUserObjectInformationW", station, UOI_NAME, 0, 0, needed)).toBe(0);
  expect([thread.lastError, needed.value]).toEqual([ERROR.INSUFFICIENT_BUFFER, 16]);
  expect(call("GetUserObjectInformationW", station, UOI_NAME, buffer, 16, needed)).toBe(1);
  expect(memory.wstring(buffer)).toBe("WinSta0");
  expect(call("GetUserObjectInformationA", call("GetThreadDesktop", 1), UOI_NAME, buffer, 64, 0)).toBe(1);
  expect(memory.cstring(buffer)).toBe("Default");
});

test("other handles and other questions fail", () => {
  const { call, allocate, thread } = guest();
  expect(call("GetUserObjectInformationA", 0x1234, UOI_NAME, allocate(16), 16, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  expect(call("GetUserObjectInformationA", call("GetProcessWindowStation"), 99, allocate(16), 16, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});
