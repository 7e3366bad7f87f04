import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codePage } from "./code-pages.ts";

const page = (id: number) => codePage(id)!;
const strict = { bestFit: false, defaultBytes: Uint8Array.of(0x3f) };
const bytes = (id: number, text: string) => [...page(id).encode(text).bytes];

test.each([437, 850, 866, 1250, 1251, 1252, 1254, 28591, 28605, 20866])("page %d gives back its own bytes", (id) => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => page(id).decode(Uint8Array.of(byte)) !== "\ufffd");
  expect(bytes.length).toBeGreaterThan(240);
  expect([...page(id).encode(page(id).decode(Uint8Array.from(bytes))!, strict).bytes]).toEqual(bytes);
});

test("UTF-8 gives back well-formed text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => page(65001).decode(page(65001).encode(text).bytes, true) === text));
});

describe("what Wine 8 prints for characters that a page lacks", () => {
  test.each([
    [437, "\u00fc", 0x81], [437, "\u0444", 0x3f], [437, "\u0439", 0x3f], [437, "\u0100", 0x41], [437, "\u2026", 0x2e], [437, "\uff21", 0x41],
    [437, "\u2019", 0x27], [437, "\u00a9", 0x63], [437, "\u00d7", 0x78], [437, "\u03b1", 0xe0], [437, "\u20ac", 0x3f], [437, "\u00ad", 0x2d],
    [437, "\u2014", 0x2d], [437, "\u00b3", 0x33], [437, "\u0161", 0x73], [437, "\u00e3", 0x61], [437, "\u00c0", 0x41],
    [1252, "\u0100", 0x41], [1252, "\uff21", 0x41], [1252, "\u2019", 0x92], [1252, "\u20ac", 0x80], [1252, "\u0444", 0x3f],
    [1251, "\u00fc", 0x75], [1251, "\u0444", 0xf4], [1251, "\u0161", 0x73], [850, "\u2026", 0x2e], [20127, "\u00fc", 0x75],
  ])("page %d, %j: %d", (id, text, byte) => {
    expect(bytes(id, text)).toEqual([byte]);
  }); // prettier-ignore

  test("without best fit they are the default", () => {
    expect(page(437).encode("\u0100", strict)).toEqual({ bytes: Uint8Array.of(0x3f), lossy: true });
    expect(page(437).encode("\u00fc", strict).lossy).toBe(false);
  });
});

test("a default of one's own stands for each unit that does not fit", () => {
  const { bytes, lossy } = page(437).encode("\u00fcn\u00ef-\u0444\u0430\u0439\u043b \ud83d\ude00", {
    bestFit: true,
    defaultBytes: Uint8Array.of(0x5f),
  });
  expect([...bytes]).toEqual([0x81, 0x6e, 0x8b, 0x2d, 0x5f, 0x5f, 0x5f, 0x5f, 0x20, 0x5f, 0x5f]);
  expect(lossy).toBe(true);
});

test("bad UTF-8 is replaced, or refused when asked", () => {
  const bad = Uint8Array.of(0x61, 0xc3, 0x62);
  expect(page(65001).decode(bad)).toBe("a\ufffdb");
  expect(page(65001).decode(bad, true)).toBeUndefined();
  expect(page(65001).encode("\ud800a")).toEqual({ bytes: Uint8Array.of(0xef, 0xbf, 0xbd, 0x61), lossy: true });
});

test("pseudo pages are the system's, and others do not exist", () => {
  expect([0, 1, 3].map((id) => page(id).id)).toEqual([1252, 437, 1252]);
  for (const id of [12345, 64999, 99999]) expect(codePage(id)).toBeUndefined();
});
