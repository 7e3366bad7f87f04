import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("SetThreadLocale changes GetThreadLocale, and takes no locale that there is not", () => {
  const { call, thread } = guest();
  expect(call("GetThreadLocale")).toBe(0x409);
  expect([call("SetThreadLocale", 0x7f), call("GetThreadLocale")]).toEqual([1, 0x7f]);
  // LOCALE_USER_DEFAULT is resolved.
  expect([call("SetThreadLocale", 0x400), call("GetThreadLocale")]).toEqual([1, 0x409]);
  expect([call("SetThreadLocale", 0xf00d), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

test("GetLocaleInfoA counts bytes, four of them for a number", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(32);
  expect([call("GetLocaleInfoA", 0x409, 0x59, buffer, 32), memory.cstring(buffer)]).toEqual([3, "en"]);
  expect([call("GetLocaleInfoA", 0x409, 0x59, 0, 0), call("GetLocaleInfoW", 0x409, 0x59, 0, 0)]).toEqual([3, 3]);
  expect([call("GetLocaleInfoA", 0x409, 0x59, buffer, 2), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  expect([call("GetLocaleInfoA", 0x409, 0x2000_1004, buffer, 4), memory.u32(buffer)]).toEqual([4, 1252]);
  expect([call("GetLocaleInfoA", 0x409, 0x2000_1004, buffer, 3), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  expect(call("GetLocaleInfoW", 0x409, 0x2000_1004, buffer, 2)).toBe(2);
});

test("CompareStringA compares characters of the code page", () => {
  const { call, thread } = guest();
  expect([call("CompareStringA", 0x409, 0, "a", -1, "b", -1), call("CompareStringA", 0x409, 1, "ABC", -1, "abc", -1)]).toEqual([1, 2]);
  expect(call("CompareStringA", 0x409, 0, "abX", 2, "abY", 2)).toBe(2);
  expect(call("CompareStringA", 0x409, 2, "e", -1, "\u00e9", -1)).toBe(2);
  expect([call("CompareStringA", 0x409, 0, 0, -1, "b", -1), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

test("LCMapStringA maps case, with the NUL when it counts it", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(16);
  expect([call("LCMapStringA", 0x409, 0x200, "h\u00e9llo", -1, buffer, 16), [...memory.read(buffer, 6)]]).toEqual([
    6,
    [0x48, 0xc9, 0x4c, 0x4c, 0x4f, 0],
  ]);
  expect(call("LCMapStringA", 0x409, 0x100, "ABC", 2, 0, 0)).toBe(2);
  expect([call("LCMapStringA", 0x409, 0x200, "abc", -1, buffer, 3), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  expect([call("LCMapStringA", 0x409, 0x300, "abc", -1, buffer, 16), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
});

test("GetStringTypeA and GetStringTypeExW give a word for each character", () => {
  const { call, allocate, memory, thread } = guest();
  const types = allocate(8);
  expect(call("GetStringTypeA", 0x409, 1, "A1 ", 3, types)).toBe(1);
  // C1_UPPER, C1_DIGIT, C1_SPACE, with what else they are.
  expect([memory.u16(types) & 0x101, memory.u16(types + 2) & 0x84, memory.u16(types + 4) & 0x48]).toEqual([0x101, 0x84, 0x48]);
  expect([call("GetStringTypeExW", 0x409, 1, "a", 1, types), memory.u16(types) & 0x102]).toEqual([1, 0x102]);
  expect([call("GetStringTypeA", 0x409, 7, "A", 1, types), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

// As a C program had it under Wine 8.
test("FoldStringW folds digits, composes, and expands ligatures", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(32);
  const fold = (flags: number, text: string) => [call("FoldStringW", flags, text, -1, buffer, 16), memory.wstring(buffer)];
  expect(fold(0x80, "\u0661\u0968\u00b2\u2460")).toEqual([5, "1221"]);
  expect(fold(0x20, "e\u0301")).toEqual([2, "\u00e9"]);
  expect(fold(0x40, "\u00e9")).toEqual([3, "e\u0301"]);
  expect(fold(0x2000, "\u00e6\ufb01\u00df\u0132")).toEqual([9, "aefissIJ"]);
  expect(fold(0x10, "\uff21")).toEqual([2, "A"]);
  expect(call("FoldStringW", 0x40, "\u00e9", 1, 0, 0)).toBe(2);
  for (const flags of [0, 0x2040, 0x2020])
    expect([call("FoldStringW", flags, "a", -1, buffer, 16), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
  expect([call("FoldStringW", 0x60, "a", -1, buffer, 16), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
});

test("IsValidLanguageGroup knows the groups from 1 to 17", () => {
  const { call } = guest();
  expect([0, 1, 17, 18].map((group) => call("IsValidLanguageGroup", group, 1))).toEqual([0, 1, 1, 0]);
});

// Lengths and codes as a C program printed them under Wine 8.
test("GetGeoInfo tells of the user's country, and of no other", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(64);
  expect([call("GetGeoInfoW", 244, 4, buffer, 32, 0), memory.wstring(buffer)]).toEqual([3, "US"]);
  expect([call("GetGeoInfoA", 244, 5, buffer, 32, 0), memory.cstring(buffer)]).toEqual([4, "USA"]);
  expect(call("GetGeoInfoW", 244, 4, 0, 0, 0)).toBe(3);
  expect([call("GetGeoInfoW", 244, 4, buffer, 2, 0), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  expect([call("GetGeoInfoW", 99_999, 4, buffer, 32, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("GetGeoInfoW", 244, 99, buffer, 32, 0), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
});
