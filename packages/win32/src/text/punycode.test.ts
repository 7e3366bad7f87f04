import { domainToASCII, domainToUnicode as unicodeByNode } from "node:url";
import { expect, test } from "vitest";
import { domainToAscii, domainToUnicode } from "./punycode.ts";

test("encodes names as the platform's URLs do, and back", () => {
  for (const name of [
    "bücher.example",
    "日本語.jp",
    "ñ.com",
    "пример.испытание",
    "a.b.c",
    "faß.de".normalize("NFKC").replace("ß", "ss"),
    "abcé.org",
  ]) {
    const ascii = domainToAscii(name);
    expect([name, ascii]).toEqual([name, domainToASCII(name)]);
    expect(domainToUnicode(ascii!)).toBe(unicodeByNode(ascii!));
  }
});

test("refuses labels that are no names", () => {
  expect(domainToAscii("a..b")).toBeUndefined();
  expect(domainToAscii("a".repeat(64))).toBeUndefined();
  expect(domainToAscii("a".repeat(63))).toBe("a".repeat(63));
  expect(domainToUnicode("xn--!")).toBeUndefined();
});
