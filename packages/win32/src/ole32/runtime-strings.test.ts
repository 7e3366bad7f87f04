import { E, INT, PVOID, UINT } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { runtimeStrings } from "./runtime-strings.ts";

const CLASS_NOT_REGISTERED = 0x8004_0154;

function machine(bits: 32 | 64 = 64) {
  const made = guest({ topics: [runtimeStrings], bits });
  const { call, out, wide, memory } = made;
  const code = (name: string, ...args: (number | undefined)[]): number => call(name, ...args) >>> 0;
  const string = (name: string, ...args: number[]): number => {
    const place = out(PVOID, 1);
    expect(code(name, ...args, place.address)).toBe(0);
    return place.value;
  };
  const create = (text: string): number => string("WindowsCreateString", wide(text), text.length);
  const text = (handle: number): string => {
    const length = out(UINT, 99);
    const at = call("WindowsGetStringRawBuffer", handle, length);
    expect(length.value).toBe(call("WindowsGetStringLen", handle));
    expect(memory.u16(at + 2 * length.value)).toBe(0);
    return memory.utf16(at, length.value);
  };
  return { ...made, code, string, create, text };
}

test.each([32, 64] as const)("keeps text of %d-bit programs, a NUL in it too, until its last owner lets go", (bits) => {
  const { code, string, create, text } = machine(bits);
  const made = create("a\0b");
  expect(text(made)).toBe("a\0b");
  expect(string("WindowsDuplicateString", made)).toBe(made);
  expect(code("WindowsDeleteString", made)).toBe(0);
  // Its memory is not yet another's.
  expect([create("xyz") === made, text(made)]).toEqual([false, "a\0b"]);
  expect([code("WindowsDeleteString", made), create("xyz")]).toEqual([0, made]);
});

test("the empty string is NULL, and has text all the same", () => {
  const { create, text, code, string, out } = machine();
  expect([create(""), text(0), code("WindowsIsStringEmpty", 0), code("WindowsDeleteString", 0)]).toEqual([0, "", 1, 0]);
  expect([string("WindowsDuplicateString", 0), string("WindowsConcatString", 0, 0)]).toEqual([0, 0]);
  expect(code("WindowsCreateString", 0, 0, out(PVOID).address)).toBe(0);
});

test("a reference lies in the program's memory, and a duplicate of it does not", () => {
  const { code, string, text, wide, allocate, memory } = machine();
  const [source, header] = [wide("text"), allocate(24)];
  const made = string("WindowsCreateStringReference", source, 4, header);
  expect([made, text(made)]).toEqual([header, "text"]);
  const copy = string("WindowsDuplicateString", made);
  memory.setU16(source, 0x54);
  expect([text(made), text(copy), code("WindowsDeleteString", made), text(made)]).toEqual(["Text", "text", 0, "Text"]);
});

test("joins, parts and compares", () => {
  const { create, text, string, out, code } = machine();
  const [a, b] = [create("ab"), create("abc")];
  const compare = (x: number, y: number) => {
    const result = out(INT);
    expect(code("WindowsCompareStringOrdinal", x, y, result.address)).toBe(0);
    return result.value;
  };
  expect([compare(a, b), compare(b, a), compare(a, create("ab")), compare(0, a)]).toEqual([-1, 1, 0, -1]);
  expect(text(string("WindowsConcatString", a, b))).toBe("ababc");
  expect([text(string("WindowsSubstring", b, 1)), string("WindowsSubstring", b, 3)]).toEqual(["bc", 0]);
  expect(text(string("WindowsSubstringWithSpecifiedLength", b, 1, 1))).toBe("b");
  const nul = out(INT);
  expect([code("WindowsStringHasEmbeddedNull", create("x\0"), nul.address), nul.value]).toEqual([0, 1]);
  expect([code("WindowsStringHasEmbeddedNull", a, nul.address), nul.value]).toEqual([0, 0]);
});

test("fails as documented", () => {
  const { code, create, out, wide, allocate } = machine();
  const [place, string] = [out(PVOID).address, create("abc")];
  expect(code("WindowsCreateString", 0, 1, place)).toBe(E.POINTER);
  expect(code("WindowsCreateString", wide("x"), 1, 0)).toBe(E.INVALIDARG);
  expect(code("WindowsCreateStringReference", wide("xy"), 1, allocate(24), place)).toBe(E.INVALIDARG);
  expect(code("WindowsCreateStringReference", wide("xy"), 2, 0, place)).toBe(E.INVALIDARG);
  expect(code("WindowsDuplicateString", string, 0)).toBe(E.INVALIDARG);
  expect(code("WindowsSubstring", string, 4, place)).toBe(E.BOUNDS);
  expect(code("WindowsSubstringWithSpecifiedLength", string, 2, 2, place)).toBe(E.BOUNDS);
  expect(code("RoGetActivationFactory", string, allocate(16), place)).toBe(CLASS_NOT_REGISTERED);
  expect(code("RoActivateInstance", string, 0)).toBe(E.INVALIDARG);
});
