import { BOOL, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { codePageCalls } from "./code-page-calls.ts";
import { CPINFO, CPINFOEX } from "./code-page-calls.api.ts";

const UTF8 = 65001;
const machine = () => guest({ topics: [codePageCalls] });

describe("MultiByteToWideChar", () => {
  const decode = (page: number, bytes: number[], { flags = 0, room = 100, length = bytes.length } = {}) => {
    const { call, allocate, memory, thread } = machine();
    const target = allocate(200);
    thread.lastError = 0;
    const source = allocate(bytes.length + 1);
    memory.write(source, Uint8Array.from(bytes));
    const chars = call("MultiByteToWideChar", page, flags, source, length, target, room);
    return {
      chars,
      text: memory.utf16(target, Math.max(chars, 0)),
      error: thread.lastError,
      units: [memory.u16(target), memory.u16(target + 2)],
    };
  };

  test.each([
    ["ASCII", 1252, [0x61, 0x62], "ab"],
    ["1252's own", 1252, [0x80, 0xe9], "\u20ac\u00e9"],
    ["437", 437, [0x81, 0xe0], "\u00fc\u03b1"],
    ["1251", 1251, [0xf4], "\u0444"],
    ["UTF-8", UTF8, [0xf0, 0x9f, 0x98, 0x80], "\ud83d\ude00"],
    ["the ANSI page", 0, [0xe9], "\u00e9"],
    ["the OEM page", 1, [0x81], "\u00fc"],
  ])("decodes %s", (_what, page, bytes, text) => {
    expect(decode(page, bytes)).toMatchObject({ chars: text.length, text, error: 0 });
  });

  test("counts without a target, and takes the NUL along with -1", () => {
    expect(decode(UTF8, [0x61, 0xc3, 0xa9], { room: 0 }).chars).toBe(2);
    expect(decode(1252, [0x61, 0x62, 0], { length: -1 })).toMatchObject({ chars: 3, text: "ab\0" });
  });

  test("writes what fits of a text that does not, and fails", () => {
    expect(decode(UTF8, [0x61, 0x62, 0x63], { room: 2 })).toMatchObject({
      chars: 0,
      error: ERROR.INSUFFICIENT_BUFFER,
      units: [0x61, 0x62],
    });
    expect(decode(UTF8, [0x61, 0xc3, 0xa9, 0x63], { room: 2 })).toMatchObject({
      chars: 0,
      error: ERROR.INSUFFICIENT_BUFFER,
      units: [0x61, 0xe9],
    });
    expect(decode(UTF8, [0x61, 0x62, 0x63], { room: 3 }).chars).toBe(3);
  });

  test.each([
    ["bad UTF-8 with MB_ERR_INVALID_CHARS", UTF8, [0x61, 0xc3], { flags: 8 }, ERROR.NO_UNICODE_TRANSLATION],
    ["a flag that is none", 1252, [0x61], { flags: 0x100 }, ERROR.INVALID_FLAGS],
    ["a page that is none", 12345, [0x61], {}, ERROR.INVALID_PARAMETER],
    ["no bytes", 1252, [0x61], { length: 0 }, ERROR.INVALID_PARAMETER],
    ["a negative room", 1252, [0x61], { room: -1 }, ERROR.INVALID_PARAMETER],
  ])("fails for %s", (_what, page, bytes, options, error) => {
    expect(decode(page, bytes, options)).toMatchObject({ chars: 0, error });
  });
});

describe("WideCharToMultiByte", () => {
  const encode = (
    page: number,
    text: string,
    { flags = 0, room = 100, length = text.length, defaultChar = 0 as string | number, used = true } = {},
  ) => {
    const { call, allocate, memory, thread, out } = machine();
    const target = allocate(200);
    thread.lastError = 0;
    const flag = out(BOOL);
    const source = allocate(2 * text.length + 2);
    memory.setWstring(source, text);
    const fallback = typeof defaultChar === "string" ? new TextEncoder().encode(defaultChar) : defaultChar;
    const count = call("WideCharToMultiByte", page, flags, source, length, target, room, fallback, used ? flag : 0);
    return { bytes: count > 0 && room > 0 ? [...memory.read(target, count)] : count, error: thread.lastError, lossy: flag.value };
  };

  test("encodes what the page has, and says when it had not all", () => {
    expect(encode(437, "\u00fcn")).toEqual({ bytes: [0x81, 0x6e], error: 0, lossy: false });
    expect(encode(437, "\u0444", { defaultChar: "_" })).toEqual({ bytes: [0x5f], error: 0, lossy: true });
    expect(encode(437, "\u0100")).toMatchObject({ bytes: [0x41], lossy: false });
    expect(encode(437, "\u0100", { flags: 0x400 })).toMatchObject({ bytes: [0x3f], lossy: true });
    expect(encode(1252, "ab", { length: -1 })).toMatchObject({ bytes: [0x61, 0x62, 0], lossy: false });
  });

  test("counts without a target", () => {
    expect(encode(UTF8, "\u20ac", { room: 0, used: false }).bytes).toBe(3);
    expect(encode(1252, "abc", { room: 0 }).bytes).toBe(3);
  });

  test.each([
    ["too little room", 1252, "abc", { room: 2 }, ERROR.INSUFFICIENT_BUFFER],
    ["a lone surrogate with WC_ERR_INVALID_CHARS", UTF8, "\ud800", { flags: 0x80, used: false }, ERROR.NO_UNICODE_TRANSLATION],
    ["a default character in UTF-8", UTF8, "a", { defaultChar: "?" }, ERROR.INVALID_PARAMETER],
    ["a flag that is none", 1252, "a", { flags: 1 }, ERROR.INVALID_FLAGS],
    ["a page that is none", 99_999, "a", {}, ERROR.INVALID_PARAMETER],
    ["no characters", 1252, "a", { length: 0 }, ERROR.INVALID_PARAMETER],
  ])("fails for %s", (_what, page, text, options, error) => {
    expect(encode(page, text, options)).toMatchObject({ bytes: 0, error });
  });
});

test("pages tell what they are", () => {
  const { call, out } = machine();
  expect([call("GetACP"), call("GetOEMCP")]).toEqual([1252, 437]);
  const info = out(CPINFO);
  expect(call("GetCPInfo", UTF8, info)).toBe(1);
  expect(info.value.MaxCharSize).toBe(4);
  expect(call("GetCPInfo", 99_999, info)).toBe(0);
  const more = out(CPINFOEX.forText(true));
  expect(call("GetCPInfoExW", 1, 0, more)).toBe(1);
  expect(more.value).toMatchObject({ CodePage: 437, CodePageName: "OEM United States" });
  expect([437, 1252, UTF8, 0, 1, 12345].map((page) => call("IsValidCodePage", page))).toEqual([1, 1, 1, 0, 0, 0]);
});
