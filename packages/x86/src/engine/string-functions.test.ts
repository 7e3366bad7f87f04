import { GPR } from "../cpu-block.ts";
import { describe, expect, test } from "vitest";
import type { Intrinsic } from "./stub.ts";
import { CODE, DATA, TestGuest } from "./test-guest.ts";

/** A guest that calls one intrinsic, with texts in its memory. */
function guestOf(name: Intrinsic): { guest: TestGuest; put(at: number, text: string): number } {
  const guest = new TestGuest();
  const stub = guest.stub(() => expect.unreachable("the API was called") as never, name);
  // sub rsp,0x28; call [rip+slot]; add rsp,0x28; ret   with the slot at CODE + 0x100
  guest.load("4883ec28 ff15f6000000 4883c428 c3".replaceAll(" ", ""));
  guest.load(Buffer.from(new BigUint64Array([BigInt(stub)]).buffer).toString("hex"), CODE + 0x100);
  const put = (at: number, text: string): number => {
    guest.memory.write(at, Buffer.from(text, "latin1"));
    return at;
  };
  return { guest, put };
}

/** Texts whose first difference, or whose end, lies at each place of the first three vectors. */
const LENGTHS = [0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 40];

describe("text functions compare as the C library does", () => {
  test.each(LENGTHS)("strcmp and strncmp of texts that differ after %i characters", (length) => {
    const same = "s".repeat(length);
    for (const [a, b, expected] of [
      ["\xe4b", "a", 1],
      ["a", "\xe4", -1],
      ["", "a", -1],
      ["a", "", 1],
      ["", "", 0],
    ] as const) {
      const { guest, put } = guestOf("strcmp");
      const texts = [put(DATA + 3, `${same}${a}\0junk`), put(DATA + 0x205, `${same}${b}\0other`)] as const;
      expect(guest.call(...texts) | 0).toBe(expected);
      const counted = guestOf("strncmp");
      counted.put(DATA + 3, `${same}${a}\0junk`);
      counted.put(DATA + 0x205, `${same}${b}\0other`);
      expect(counted.guest.call(...texts, length) | 0).toBe(0);
      expect(counted.guest.call(...texts, length + 1) | 0).toBe(expected);
      expect(counted.guest.call(...texts, 0xffffffff) | 0).toBe(expected);
    }
  });

  test.each(LENGTHS)("memcmp of bytes that differ after %i, zeros among them", (length) => {
    const { guest, put } = guestOf("memcmp");
    const same = "\0s".repeat(20).slice(0, length);
    put(DATA + 3, `${same}b`);
    put(DATA + 0x205, `${same}\x80`);
    expect(guest.call(DATA + 3, DATA + 0x205, length)).toBe(0);
    expect(guest.call(DATA + 3, DATA + 0x205, length + 1) | 0).toBe(-1);
    expect(guest.call(DATA + 0x205, DATA + 3, length + 20) | 0).toBe(1);
  });
});

describe("text functions find as the C library does", () => {
  test.each(LENGTHS)("a character after %i others, or none", (length) => {
    const text = `${"s".repeat(length)}x${"s".repeat(20)}x`;
    const find = guestOf("strchr");
    find.put(DATA + 5, `${text}\0y`);
    expect(find.guest.call(DATA + 5, 0x178)).toBe(DATA + 5 + length);
    expect(find.guest.call(DATA + 5, 0x79)).toBe(0);
    expect(find.guest.call(DATA + 5, 0)).toBe(DATA + 5 + text.length);
    const counted = guestOf("memchr");
    counted.put(DATA + 5, text);
    expect(counted.guest.call(DATA + 5, 0x78, length + 1)).toBe(DATA + 5 + length);
    expect(counted.guest.call(DATA + 5, 0x78, length)).toBe(0);
  });

  test.each(LENGTHS)("the end of a text of %i characters, narrow and wide", (length) => {
    const narrow = guestOf("strlen");
    narrow.put(DATA + 7, `${"s".repeat(length)}\0ss`);
    expect(narrow.guest.call(DATA + 7)).toBe(length);
    const wide = guestOf("wcslen");
    // A byte of zero is no end: every other is one.
    wide.put(DATA + 6, `${"\0s".repeat(length)}\0\0s`);
    expect(wide.guest.call(DATA + 6)).toBe(length);
  });

  test("strcpy copies the end too, and no more", () => {
    const { guest, put } = guestOf("strcpy");
    put(DATA, "a text of some length\0junk");
    put(DATA + 0x100, "?".repeat(40));
    expect(guest.call(DATA + 0x100, DATA)).toBe(DATA + 0x100);
    expect(Buffer.from(guest.memory.slice(DATA + 0x100, 24)).toString("latin1")).toBe("a text of some length\0??");
  });
});

test("a text that runs into memory that is not there faults at its call", () => {
  const { guest } = guestOf("strlen");
  guest.enter(8);
  expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: CODE + 4 } });
  expect(guest.machine.cpu.gpr32(GPR.rcx)).toBe(8);
});
