import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const ENGLISH_US = 0x409;
const CAL = { ICALINTVALUE: 1, SCALNAME: 2, SDAYNAME1: 7, SMONTHNAME13: 33, ITWODIGITYEARMAX: 48, RETURN_NUMBER: 0x2000_0000 } as const;

test("what a calendar is called comes as text, or as a number where it is one", () => {
  const { call, allocate, memory, out, thread } = guest();
  const [buffer, number] = [allocate(80), out(DWORD)];
  expect(call("GetCalendarInfoW", ENGLISH_US, 1, CAL.SDAYNAME1, buffer, 40, undefined)).toBe(7);
  expect(memory.wstring(buffer)).toBe("Monday");
  expect(call("GetCalendarInfoA", ENGLISH_US, 1, CAL.SCALNAME, 0, 0, undefined)).toBe(19);
  expect(call("GetCalendarInfoEx", "en-US", 1, 0, CAL.SMONTHNAME13, buffer, 40, undefined)).toBe(1);
  expect(call("GetCalendarInfoW", ENGLISH_US, 1, CAL.ITWODIGITYEARMAX | CAL.RETURN_NUMBER, 0, 0, number)).toBe(2);
  expect(number.value).toBe(2049);
  expect(call("GetCalendarInfoW", ENGLISH_US, 1, CAL.SCALNAME, buffer, 5, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INSUFFICIENT_BUFFER);
  expect(call("GetCalendarInfoW", ENGLISH_US, 1, 59, buffer, 40, undefined)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_FLAGS);
});

test("an enumeration calls back with the text, and with the calendar's number where it has room for it", () => {
  const { call, callback, memory, thread } = guest();
  const seen: unknown[] = [];
  const plain = callback((text) => seen.push(memory.wstring(Number(text))));
  const numbered = callback((text, id) => seen.push(memory.wstring(Number(text)), Number(id)));
  expect(call("EnumCalendarInfoW", plain, ENGLISH_US, 0xffff_ffff, CAL.SCALNAME)).toBe(1);
  expect(call("EnumCalendarInfoExW", numbered, ENGLISH_US, 1, CAL.ICALINTVALUE)).toBe(1);
  expect(seen).toEqual(["Gregorian Calendar", "1", 1]);
  expect(call("EnumCalendarInfoW", 0, ENGLISH_US, 1, CAL.SCALNAME)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});
