import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { keyboard } from "./keyboard.ts";

// What Wine 8 answers, but for unnamed keys whose character is a control character: Wine gives that for a name.
describe("MapVirtualKey", () => {
  test.each([
    // key, scan code, with prefix, character
    [0x41, 0x1e, 0x1e, 0x41],
    [0xba, 0x27, 0x27, 0x3b],
    [0x0d, 0x1c, 0x1c, 0x0d],
    [0x25, 0x4b, 0x4b, 0],
    [0x64, 0x4b, 0x4b, 0x34],
    [0x13, 0, 0xe11d, 0],
    [0x5b, 0x5b, 0xe05b, 0],
    [0xa3, 0x1d, 0xe01d, 0],
    [0x10, 0x2a, 0x2a, 0],
    [0x07, 0, 0, 0],
    [0, 0, 0, 0],
  ])("key %i", (key, scan, prefixed, character) => {
    const { call } = guest({ topics: [keyboard] });
    expect([0, 4, 2].map((type) => call("MapVirtualKeyW", key, type))).toEqual([scan, prefixed, character]);
    expect(call("MapVirtualKeyExA", key, 4, 0)).toBe(prefixed);
  });

  test.each([
    // scan code, key, key with its side
    [0x1e, 0x41, 0x41],
    [0x36, 0x10, 0xa1],
    [0x1d, 0x11, 0xa2],
    [0xe038, 0x12, 0xa5],
    [0xe04b, 0x25, 0x25],
    [0xe11d, 0x13, 0x13],
    [0x55, 0, 0],
    [0x7f, 0, 0],
  ])("scan code %i", (scan, key, sided) => {
    const { call } = guest({ topics: [keyboard] });
    expect([1, 3].map((type) => call("MapVirtualKeyA", scan, type))).toEqual([key, sided]);
    expect(call("MapVirtualKeyA", scan, 5)).toBe(0);
  });
});

test("VkKeyScan tells the key of a character and what is held with it, or -1", () => {
  const { call } = guest({ topics: [keyboard] });
  const expected = [["a", 0x41], ["A", 0x141], ["@", 0x132], ["\n", 0x20d], ["\b", 8], ["\u0001", 0x241], ["\0", 0x332], ["\u001c", 0x2dc], ["~", 0x1c0], ["é", -1]] as const; // prettier-ignore
  for (const [character, key] of expected) expect(call("VkKeyScanW", character.charCodeAt(0))).toBe(key);
  expect([call("VkKeyScanA", 0xe9), call("VkKeyScanExA", 0x51, 0), call("VkKeyScanExW", 0x20ac, 0)]).toEqual([-1, 0x151, -1]);
});

test("GetKeyNameText names keys by name or character, as much as there is room for", () => {
  const { call, allocate, memory } = guest({ topics: [keyboard] });
  const buffer = allocate(64);
  const name = (scan: number, bits = 0, size = 32) => {
    const length = call("GetKeyNameTextA", (scan << 16) | bits, buffer, size) as number;
    return length === 0 ? "" : memory.cstring(buffer).padEnd(length, "!");
  };
  const [extended, noSides] = [1 << 24, 1 << 25];
  expect([name(0x1c), name(0x1c, extended), name(0x1e), name(0x45, extended)]).toEqual(["Enter", "Num Enter", "A", "Num Lock"]);
  expect([name(0x1d, extended), name(0x1d, extended | noSides), name(0x36), name(0x36, noSides)]).toEqual([
    "Right Ctrl",
    "Ctrl",
    "Right Shift",
    "Shift",
  ]);
  expect([name(0x1c, 0, 3), name(0x1c, 0, 1), name(0x1c, 0, 0), name(0x55), name(0x0f, extended)]).toEqual(["En", "", "", "", ""]);
});
