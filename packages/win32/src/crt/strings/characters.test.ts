import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

const LC_ALL = 0;

// What Wine 8's msvcrt answers for these.
describe("character classes above ASCII", () => {
  test("in the C locale bytes have none, and no other case", () => {
    const { call } = guest();
    expect(call("msvcrt!_isctype", 0xe9, 0x1ff)).toBe(0);
    expect(call("msvcrt!toupper", 0xe9)).toBe(0xe9);
    expect(call("msvcrt!towupper", 0xe9)).toBe(0xe9);
  });

  test.each([
    [0x80, 0x000, 0x80, 0x80],
    [0xaa, 0x112, 0xaa, 0xaa],
    [0xb2, 0x014, 0xb2, 0xb2],
    [0xbd, 0x010, 0xbd, 0xbd],
    [0xc9, 0x101, 0xe9, 0xc9],
    [0xe9, 0x102, 0xe9, 0xc9],
    [0xff, 0x102, 0xff, 0x9f],
    [0xd7, 0x010, 0xd7, 0xd7],
  ])("with code page 1252 byte %d has classes %d, and its cases", (c, classes, lower, upper) => {
    const { call, ansi, memory } = guest();
    call("msvcrt!setlocale", LC_ALL, ansi("English_United States.1252"));
    expect(call("msvcrt!_isctype", c, 0x1ff)).toBe(classes);
    expect([call("msvcrt!tolower", c), call("msvcrt!toupper", c)]).toEqual([lower, upper]);
    expect(memory.u16(call("msvcrt!__pctype_func") + 2 * c)).toBe(classes);
  });

  test.each([
    [0x1c5, 0x103],
    [0x2003, 0x008],
    [0x3000, 0x048],
    [0x20ac, 0x000],
    [0x2019, 0x010],
    [0x0660, 0x004],
  ])("U+%d has classes %d", (c, classes) => {
    const { call } = guest();
    expect(
      [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100].filter((bit) => call("msvcrt!iswctype", c, bit) !== 0).reduce((a, b) => a | b, 0),
    ).toBe(classes);
  });
});

test("the variable that msvcrt exports points to the C locale's table", () => {
  const { memory, address } = guest();
  const table = memory.u32(address("msvcrt!_pctype"));
  expect([memory.u16(table - 2), memory.u16(table + 2 * 0x41), memory.u16(table + 2 * 0x20), memory.u16(table + 2 * 0xe9)]).toEqual([
    0, 0x81, 0x48, 0,
  ]);
});
