import { guest, type Guest } from "@decant/testing";
import { beforeEach, expect, test } from "vitest";
import { stringsAndMath } from "../strings-and-math.ts";

// Expected values are what a C program built with mingw printed under Wine 8 (msvcrt, and ucrtbase for the _s functions), unless a comment
// names Microsoft's page.

let g: Guest;
beforeEach(() => {
  g = guest({ topics: stringsAndMath });
});

/** The byte string at an address. */
const text = (address: number): string => g.memory.cstring(address);
/** A buffer of '#' characters. */
const buffer = (size: number): number => {
  const address = g.allocate(size);
  g.memory.fill(address, 0x23, size);
  return address;
};
const bytes = (content: string): number => {
  const address = g.allocate(content.length + 1);
  g.memory.write(
    address,
    Uint8Array.from(content, (character) => character.charCodeAt(0)),
  );
  return address;
};

test("comparisons are by unsigned bytes, and fold case in ASCII only", () => {
  expect(g.call("msvcrt!strcmp", bytes("abc"), bytes("abd"))).toBe(-1);
  expect(g.call("msvcrt!strcmp", bytes("\xe4"), bytes("a"))).toBe(1);
  expect(g.call("msvcrt!_stricmp", bytes("HeLLo"), bytes("hEllO"))).toBe(0);
  expect(g.call("msvcrt!_strnicmp", bytes("ABCx"), bytes("abcy"), 3)).toBe(0);
  expect(g.call("msvcrt!_strnicmp", bytes("ABCx"), bytes("abcy"), 4)).toBe(-1);
  expect(g.call("msvcrt!wcscmp", g.wide("\u0100"), g.wide("b"))).toBe(1);
  expect(g.call("msvcrt!_wcsicmp", g.wide("ABC"), g.wide("abc"))).toBe(0);
});

test("spans and searches", () => {
  expect(g.call("msvcrt!strspn", bytes("aabbcc"), bytes("ab"))).toBe(4);
  expect(g.call("msvcrt!strcspn", bytes("hello"), bytes("lo"))).toBe(2);
  expect(text(g.call("msvcrt!strpbrk", bytes("hello"), bytes("ol")))).toBe("llo");
  expect(text(g.call("msvcrt!strrchr", bytes("a/b/c"), 0x2f))).toBe("/c");
  expect(text(g.call("msvcrt!strstr", bytes("hello world"), bytes("o w")))).toBe("o world");
  expect(g.call("msvcrt!strstr", bytes("abc"), bytes("x"))).toBe(0);
  expect(g.call("msvcrt!strpbrk", bytes("abc"), bytes("x"))).toBe(0);
});

test("strncpy pads with NULs to the count, and no further", () => {
  const b = buffer(8);
  g.call("msvcrt!strncpy", b, bytes("ab"), 5);
  expect([...g.memory.read(b, 6)]).toEqual([0x61, 0x62, 0, 0, 0, 0x23]);
});

test("strtok takes runs of delimiters as one, and ends with NULL", () => {
  const delimiters = bytes(",;");
  const words: string[] = [];
  for (let at = g.call("msvcrt!strtok", bytes("a,,b;c"), delimiters); at !== 0; at = g.call("msvcrt!strtok", 0, delimiters))
    words.push(text(at));
  expect(words).toEqual(["a", "b", "c"]);
});

test("strcpy_s empties the buffer and answers ERANGE when the copy does not fit", () => {
  const b = buffer(8);
  expect(g.call("msvcrt!strcpy_s", b, 3, bytes("abc"))).toBe(34);
  expect(text(b)).toBe("");
  expect(g.call("msvcrt!strcpy_s", b, 4, bytes("abc"))).toBe(0);
  expect(text(b)).toBe("abc");
  expect(g.call("msvcrt!strcpy_s", 0, 4, bytes("abc"))).toBe(22);
});

test("strncpy_s with _TRUNCATE cuts and answers STRUNCATE", () => {
  const b = buffer(8);
  expect(g.call("ucrtbase!strncpy_s", b, 3, bytes("abcdef"), -1n)).toBe(80);
  expect(text(b)).toBe("ab");
  expect(g.call("ucrtbase!strncpy_s", b, 8, bytes("abcdef"), 4)).toBe(0);
  expect(text(b)).toBe("abcd");
});

test("strcat_s appends up to the last byte", () => {
  const b = buffer(8);
  g.call("msvcrt!strcpy_s", b, 8, bytes("ab"));
  expect(g.call("msvcrt!strcat_s", b, 5, bytes("cd"))).toBe(0);
  expect(text(b)).toBe("abcd");
  expect(g.call("msvcrt!strcat_s", b, 5, bytes("e"))).toBe(34);
});

test("characters are classified in the C locale", () => {
  const is = (name: string, c: number): boolean => g.call(`msvcrt!${name}`, c) !== 0;
  expect([
    is("isalpha", 0x7a),
    is("isspace", 11),
    is("ispunct", 0x5f),
    is("isprint", 127),
    is("isxdigit", 0x67),
    is("isalpha", 0xe4),
  ]).toEqual([true, true, true, false, false, false]);
});

test("_strrev and _strupr change in place and return the string", () => {
  const word = bytes("abcd");
  expect(g.call("msvcrt!_strrev", word)).toBe(word);
  expect(text(word)).toBe("dcba");
  expect(text(g.call("msvcrt!_strupr", bytes("aZ9\xe4")))).toBe("AZ9\xe4");
});

test("memory functions look past NULs", () => {
  expect(g.call("msvcrt!memcmp", bytes("a\0b"), bytes("a\0c"), 3)).toBe(-1);
  const abc = bytes("abc");
  expect(g.call("msvcrt!memchr", abc, 0x63, 3)).toBe(abc + 2);
  expect(g.call("msvcrt!memchr", abc, 0x64, 3)).toBe(0);
});

test("memcpy_s zeroes a destination that is too small, and answers ERANGE (Microsoft, memcpy_s)", () => {
  const b = buffer(8);
  expect(g.call("msvcrt!memcpy_s", b, 4, bytes("abcdef"), 6)).toBe(34);
  expect([...g.memory.read(b, 5)]).toEqual([0, 0, 0, 0, 0x23]);
});
