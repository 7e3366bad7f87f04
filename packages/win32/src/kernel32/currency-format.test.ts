import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** A guest, and what GetCurrencyFormatW makes of a number by a CURRENCYFMT with the symbol E, three digits and "," for the point. */
function currencies() {
  const made = guest({ bits: 64 });
  const { call, allocate, memory } = made;
  const [buffer, format] = [allocate(128), allocate(64)];
  const text = (value: string): number => {
    const at = allocate(16);
    memory.setWstring(at, value);
    return at;
  };
  const own = (value: string, fields: { grouping?: number; negative?: number; positive?: number }): string => {
    memory.fill(format, 0, 56);
    memory.setU32(format, 3);
    memory.setU32(format + 8, fields.grouping ?? 0);
    memory.setPointer(format + 16, text(","));
    memory.setPointer(format + 24, text("."));
    memory.setU32(format + 32, fields.negative ?? 0);
    memory.setU32(format + 36, fields.positive ?? 0);
    memory.setPointer(format + 40, text("E"));
    expect(call("GetCurrencyFormatW", 0x409, 0, value, format, buffer, 64)).toBeGreaterThan(0);
    return memory.wstring(buffer);
  };
  return { ...made, buffer, format, own };
}

// What a C program printed under Wine 8.
test.each([
  ["1234.5", "$1,234.50"],
  ["-1234.567", "($1,234.57)"],
  ["-0.001", "($0.00)"],
  [".5", "$0.50"],
  ["", "$0.00"],
  ["00012.3", "$12.30"],
])("%s is %s in dollars", (value, expected) => {
  const { call, buffer, memory } = currencies();
  expect(call("GetCurrencyFormatW", 0x409, 0, value, 0, buffer, 64)).toBe(expected.length + 1);
  expect(memory.wstring(buffer)).toBe(expected);
  expect(call("GetCurrencyFormatEx", "en-US", 0, value, 0, buffer, 64)).toBe(expected.length + 1);
});

test("amounts are written in the order that a format says", () => {
  const { own } = currencies();
  expect([0, 5, 8, 12, 15].map((negative) => own("-1.5", { negative }))).toEqual([
    "(E1,500)",
    "-1,500E",
    "-1,500 E",
    "E -1,500",
    "(1,500 E)",
  ]);
  expect([0, 1, 2, 3].map((positive) => own("1.5", { positive }))).toEqual(["E1,500", "1,500E", "E 1,500", "1,500 E"]);
  expect([3, 32].map((grouping) => own("1234567", { grouping }))).toEqual(["E1.234.567,000", "E12.34.567,000"]);
});

test("no number, flags beside a format and a short buffer are refused", () => {
  const { call, buffer, format, own, thread } = currencies();
  expect([call("GetCurrencyFormatW", 0x409, 0, "abc", 0, buffer, 64), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("GetCurrencyFormatW", 0x409, 0, "1", 0, buffer, 2), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  expect(call("GetCurrencyFormatW", 0x409, 0, "1", 0, 0, 0)).toBe(6);
  own("1", {});
  expect([call("GetCurrencyFormatW", 0x409, 0x8000_0000, "1", format, buffer, 64), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
});
