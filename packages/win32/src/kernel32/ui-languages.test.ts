import { ERROR, ULONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("the language of the interface is English, by name or by number", () => {
  const { call, out, allocate, memory, thread } = guest();
  const [count, size, buffer] = [out(ULONG), out(ULONG, 0), allocate(40)];
  expect(call("GetThreadPreferredUILanguages", 8, count, 0, size)).toBe(1);
  expect([count.value, size.value]).toEqual([1, 7]);
  expect(call("GetUserPreferredUILanguages", 8, count, buffer, size)).toBe(1);
  expect(memory.utf16(buffer, 7)).toBe("en-US\0\0");
  expect(call("GetSystemPreferredUILanguages", 4, count, buffer, size)).toBe(1);
  expect(memory.utf16(buffer, 6)).toBe("0409\0\0");
  memory.setU32(size.address, 3);
  expect(call("GetProcessPreferredUILanguages", 8, count, buffer, size)).toBe(0);
  expect([thread.lastError, size.value]).toEqual([ERROR.INSUFFICIENT_BUFFER, 7]);
  expect(call("GetUserPreferredUILanguages", 0x38, count, buffer, size)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});
