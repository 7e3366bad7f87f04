import { BOOL, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codePageCalls } from "../kernel32/code-page-calls.ts";
import { utf7 } from "./utf7.ts";

const UTF7 = 65000;
const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

// What Wine 8 answers.
describe("UTF-7", () => {
  test.each([
    ["abc", "abc"],
    ["+AGE-", "a"],
    ["+AGE", "a"],
    ["+AGE-b", "ab"],
    ["a+-b", "a+b"],
    ["+", ""],
    ["+AG", ""],
    ["+2D3cqQ-", "\ud83d\udca9"],
    ["+2D0-", "\ud83d"],
    ["+AGE?x", "a?x"],
    ["a\u0080z", "a\u0080z"],
    ["+AGE\u0080", "a\u0080"],
    ["+AGE+AGI-", "a\u3e00"],
    ["+!", "!"],
    ["+AG-x", "x"],
    ["+AGEA-x", "ax"],
  ])("%j is %j", (encoded, text) => {
    expect(utf7.decode(bytesOf(encoded))).toBe(text);
  });

  test.each([
    ["a+b", "a+-b"],
    ["\u20ac-", "+IKw--"],
    ["\u20aca", "+IKw-a"],
    ["\u20ac!", "+IKwAIQ-"],
    ["\u20ac+", "+IKw-+-"],
    ["A\u2262\u0391.", "A+ImIDkQ-."],
    ["\t\r\n \u0001\u007f", "\t\r\n +AAEAfw-"],
    ["'(),-./:?", "'(),-./:?"],
    ["~\\", "+AH4AXA-"],
    ["\ud83d", "+2D0-"],
  ])("%j becomes %j", (text, encoded) => {
    expect(String.fromCharCode(...utf7.encode(text).bytes)).toBe(encoded);
  });

  test("gives every text back", () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes));
    fc.assert(fc.property(units, (text) => utf7.decode(utf7.encode(text).bytes) === text));
  });
});

test("conversions take no flags, no default character and no word of one", () => {
  const { call, allocate, memory, out, thread } = guest({ topics: [codePageCalls] });
  const [source, target] = [allocate(16), allocate(16)];
  memory.write(source, bytesOf("+AGE-"));
  expect([call("MultiByteToWideChar", UTF7, 0, source, 5, target, 8), memory.u16(target)]).toEqual([1, 0x61]);
  expect([call("MultiByteToWideChar", UTF7, 8, source, 5, target, 8), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
  memory.setWstring(source, "~");
  expect([call("WideCharToMultiByte", UTF7, 0, source, -1, target, 16, 0, 0), memory.cstring(target)]).toEqual([6, "+AH4-"]);
  expect([call("WideCharToMultiByte", UTF7, 0, source, 1, target, 4, 0, 0), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  for (const flags of [0x400, 0x80])
    expect([call("WideCharToMultiByte", UTF7, flags, source, 1, target, 16, 0, 0), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
  expect([call("WideCharToMultiByte", UTF7, 0, source, 1, target, 16, source, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect(call("WideCharToMultiByte", UTF7, 0, source, 1, target, 16, 0, out(BOOL))).toBe(0);
});
