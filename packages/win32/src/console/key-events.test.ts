import { describe, expect, test } from "vitest";
import { KEY_STATE, keyEvents, textEvents, type KeyEvent } from "./key-events.ts";

/** The keys that go down: virtual key, character, state. Virtual-Key Codes and a US keyboard's scan codes are Microsoft's. */
function pressed(text: string) {
  return keyEvents(text)
    .filter((event): event is KeyEvent => event.kind === "key" && event.isDown)
    .map(({ virtualKey, scanCode, unit, state }) => [virtualKey, scanCode, unit, state]);
}

describe("keys of a terminal become records", () => {
  test.each([
    ["a", [0x41, 0x1e, 0x61, 0]],
    ["A", [0x41, 0x1e, 0x41, KEY_STATE.SHIFT]],
    ["1", [0x31, 0x02, 0x31, 0]],
    ["!", [0x31, 0x02, 0x21, KEY_STATE.SHIFT]],
    ["/", [0xbf, 0x35, 0x2f, 0]],
    [" ", [0x20, 0x39, 0x20, 0]],
    ["\r", [0x0d, 0x1c, 0x0d, 0]],
    ["\t", [0x09, 0x0f, 0x09, 0]],
    ["\u007f", [0x08, 0x0e, 0x08, 0]],
    ["\u001b", [0x1b, 0x01, 0x1b, 0]],
    ["\u0003", [0x43, 0x2e, 0x03, KEY_STATE.LEFT_CTRL]],
    ["\u001bx", [0x58, 0x2d, 0x78, KEY_STATE.LEFT_ALT]],
    ["ä", [0, 0, 0xe4, 0]],
    ["\u001b[A", [0x26, 0x48, 0, KEY_STATE.ENHANCED_KEY]],
    ["\u001bOB", [0x28, 0x50, 0, KEY_STATE.ENHANCED_KEY]],
    ["\u001b[1;5C", [0x27, 0x4d, 0, KEY_STATE.ENHANCED_KEY | KEY_STATE.LEFT_CTRL]],
    ["\u001b[3~", [0x2e, 0x53, 0, KEY_STATE.ENHANCED_KEY]],
    ["\u001b[15~", [0x74, 0x3f, 0, 0]],
    ["\u001bOP", [0x70, 0x3b, 0, 0]],
    ["\u001b[24~", [0x7b, 0x58, 0, 0]],
    ["\u001b[Z", [0x09, 0x0f, 0x09, KEY_STATE.SHIFT]],
  ])("%j", (text, key) => {
    expect(pressed(text)).toEqual([key]);
  });

  test("each key goes down and up, in the order in which it was typed", () => {
    expect(keyEvents("ab").map((event) => event.kind === "key" && [event.unit, event.isDown])).toEqual([
      [0x61, true],
      [0x61, false],
      [0x62, true],
      [0x62, false],
    ]);
  });

  test("sequences that mean no key here are swallowed, not typed", () => {
    expect(keyEvents("\u001b[99~")).toEqual([]);
  });

  test("the mouse presses, moves and turns its wheel", () => {
    expect(keyEvents("\u001b[<0;3;5M\u001b[<0;3;5m\u001b[<32;4;5M\u001b[<65;1;1M")).toEqual([
      { kind: "mouse", x: 2, y: 4, buttons: 1, state: 0, flags: 0 },
      { kind: "mouse", x: 2, y: 4, buttons: 0, state: 0, flags: 0 },
      { kind: "mouse", x: 3, y: 4, buttons: 1, state: 0, flags: 1 },
      { kind: "mouse", x: 0, y: 0, buttons: 0xff88_0000, state: 0, flags: 4 },
    ]);
  });

  test("with virtual terminal input every unit is a record of its own", () => {
    expect(textEvents("\u001b[A").map((event) => event.kind === "key" && event.unit)).toEqual([0x1b, 0x5b, 0x41]);
  });
});
