import { describe, expect, test } from "vitest";
import { Screen } from "./screen.ts";

/** What a screen of 10 by 4 shows after some text, without the spaces at the ends of lines. Expected by ECMA-48 and xterm's control sequences. */
function shown(text: string, screen = new Screen(10, 4)) {
  screen.write(text);
  const line = (y: number): string => Array.from({ length: screen.width }, (_, x) => screen.cell(x, y).text).join("").trimEnd(); // prettier-ignore
  return { lines: Array.from({ length: screen.height }, (_, y) => line(y)), at: [screen.x, screen.y], attributes: screen.attributes };
}

describe("text", () => {
  test.each([
    ["ab\r\ncd", ["ab", "cd", "", ""], [2, 1]],
    ["0123456789", ["0123456789", "", "", ""], [9, 0]],
    ["0123456789x", ["0123456789", "x", "", ""], [1, 1]],
    ["a\n\n\n\nb", ["", "", "", "b"], [1, 3]],
    ["ab\bc", ["ac", "", "", ""], [2, 0]],
    ["a\tb", ["a       b", "", "", ""], [9, 0]],
    ["漢字x", ["漢字x", "", "", ""], [5, 0]],
    ["012345678漢", ["012345678", "漢", "", ""], [2, 1]],
    ["😀!", ["😀!", "", "", ""], [3, 0]],
  ])("%j", (text, lines, at) => {
    expect(shown(text)).toMatchObject({ lines, at });
  });
});

describe("sequences", () => {
  const grid = "aaaa\r\nbbbb\r\ncccc\r\ndddd";

  test.each([
    ["\u001b[2;3HX", ["aaaa", "bbXb", "cccc", "dddd"], [3, 1]],
    ["\u001b[2AX", ["aaaa", "bbbbX", "cccc", "dddd"], [5, 1]],
    ["\u001b[2J", ["", "", "", ""], [4, 3]],
    ["\u001b[2;2H\u001b[J", ["aaaa", "b", "", ""], [1, 1]],
    ["\u001b[2;2H\u001b[1J", ["", "  bb", "cccc", "dddd"], [1, 1]],
    ["\u001b[2;2H\u001b[K", ["aaaa", "b", "cccc", "dddd"], [1, 1]],
    ["\u001b[2;2H\u001b[2X", ["aaaa", "b  b", "cccc", "dddd"], [1, 1]],
    ["\u001b[2;2H\u001b[2P", ["aaaa", "bb", "cccc", "dddd"], [1, 1]],
    ["\u001b[2;2H\u001b[2@", ["aaaa", "b  bbb", "cccc", "dddd"], [1, 1]],
    ["\u001b[2;1H\u001b[L", ["aaaa", "", "bbbb", "cccc"], [0, 1]],
    ["\u001b[2;1H\u001b[M", ["aaaa", "cccc", "dddd", ""], [0, 1]],
    ["\u001b[S", ["bbbb", "cccc", "dddd", ""], [4, 3]],
    ["\u001b[2;3r\u001b[3;1H\n", ["aaaa", "cccc", "", "dddd"], [0, 2]],
    ["\u001b[1;1H\u001bM", ["", "aaaa", "bbbb", "cccc"], [0, 0]],
    ["\u001b7\u001b[1;1H\u001b8X", ["aaaa", "bbbb", "cccc", "ddddX"], [5, 3]],
    ["\u001b]0;title\u0007!", ["aaaa", "bbbb", "cccc", "dddd!"], [5, 3]],
    ["\u001b]8;;x\u001b\\!", ["aaaa", "bbbb", "cccc", "dddd!"], [5, 3]],
    ["\u001b(B!", ["aaaa", "bbbb", "cccc", "dddd!"], [5, 3]],
    ["\u001b[99999999;99999999H!", ["aaaa", "bbbb", "cccc", "dddd     !"], [9, 3]],
  ])("%j", (text, lines, at) => {
    expect(shown(grid + text)).toMatchObject({ lines, at });
  });

  test.each([
    ["\u001b[31m", 4],
    ["\u001b[1;32m", 0xa],
    ["\u001b[44;97m", 0x1f],
    ["\u001b[7m", 0x4007],
    ["\u001b[4;31m", 0x8004],
    ["\u001b[38;5;196m", 0xc],
    ["\u001b[38;2;0;0;255m", 9],
    ["\u001b[48;5;2m", 0x27],
    ["\u001b[31;44m\u001b[m", 7],
    ["\u001b[31;44;39m", 0x17],
  ])("%j makes the attributes %d", (text, attributes) => {
    expect(shown(text).attributes).toBe(attributes);
  });

  test("come in pieces too", () => {
    const screen = new Screen(10, 4);
    for (const piece of ["\u001b", "[", "2;", "3", "HX\u001b]0;a", "b", "\u0007Y"]) screen.write(piece);
    expect(shown("", screen)).toMatchObject({ lines: ["", "  XY", "", ""] });
  });
});

test("a smaller window keeps the lines above the cursor", () => {
  const screen = new Screen(10, 4);
  screen.write("a\r\nb\r\nc\r\nd");
  screen.resize(5, 2);
  expect(shown("", screen)).toMatchObject({ lines: ["c", "d"], at: [1, 1] });
  screen.resize(6, 3);
  expect(shown("", screen).lines).toEqual(["c", "d", ""]);
});
