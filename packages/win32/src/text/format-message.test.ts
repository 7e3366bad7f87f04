import { ERROR } from "@decant/hook";
import { describe, expect, test } from "vitest";
import { expandMessage } from "./format-message.ts";

const upper = (index: number, format: string): string => `<${index}${format}>`;

/** As under Wine 8, which says "b" for %b. */
describe("a message without a width", () => {
  test.each([
    ["a %s %1 %2!d! %% %. %! %b|", "a s <1s> <2d> % . !  |"],
    ["one%ntwo%ry%tz%0tail", "one\r\ntwo\ry\tz"],
    ["a\nb\r\nc\rd\n\ne", "a\r\nb\r\nc\r\nd\r\n\r\ne"],
    ["", ""],
  ])("%j", (message, expected) => expect(expandMessage(message, upper)).toBe(expected));

  test.each([
    ["%b%b.%.%!% %% %s %1!d!", "%b%b.%.%!% %% %s %1!d!"],
    ["%n%r%t%0tail", "\r\n\r\t"],
  ])("whose inserts are left: %j", (message, expected) => expect(expandMessage(message, undefined)).toBe(expected));

  test("that ends with a % is no message", () => {
    expect(() => expandMessage("x%", upper)).toThrow(expect.objectContaining({ code: ERROR.INVALID_PARAMETER }));
  });
});

describe("a message with a width", () => {
  test.each([
    [0xff, "one two three four five six seven", "one two three four five six seven"],
    [0xff, "a\nb\r\nc\rd\n\ne%nf", "a b c d  e\r\nf"],
    [0xff, "trail  \r\n", "trail   "],
    [10, "one two three four five six seven", "one two\r\nthree\r\nfour five\r\nsix seven"],
    [10, "averyveryverylongword and another", "averyveryv\r\nerylongwor\r\nd and\r\nanother"],
    [10, "word1   word2    word3", "word1\r\nword2\r\nword3"],
    [10, "tab\there and more words", "tab\there\r\nand more\r\nwords"],
    [10, "a b c d\n\ne", "a b c d\r\ne"],
    [20, "word1   word2    word3", "word1   word2\r\nword3"],
    [20, "one two three four five six seven", "one two three four\r\nfive six seven"],
    [10, "one%ntwo%nthree", "one\r\ntwo\r\nthree"],
  ])("of %d: %j", (width, message, expected) => expect(expandMessage(message, undefined, width)).toBe(expected));
});
