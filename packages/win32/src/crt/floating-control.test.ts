import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { floatingControl } from "./floating-control.ts";

const PC = { _24: 0x2_0000, _53: 0x1_0000, _64: 0, MASK: 0x3_0000 } as const;
const RC = { UP: 0x200, CHOP: 0x300, MASK: 0x300 } as const;
/** Word indices in the CPU block. */
const WORD = { mxcsr: 0xb8 / 4, fpControl: 0x288 / 4, fpStatus: 0x28c / 4 } as const;

// A program by mingw under Wine 8 says 8001f, 8021f, 8031f; what the control words are, fnstcw and stmxcsr say there.
test("x64 has no precision, and rounds by MXCSR", () => {
  const { call, thread } = guest({ topics: [floatingControl] });
  expect(call("msvcrt!_controlfp", 0, 0)).toBe(0x8_001f);
  expect(call("msvcrt!_controlfp", PC._24, PC.MASK)).toBe(0x8_001f);
  expect(call("msvcrt!_controlfp", RC.UP | PC._53, RC.MASK | PC.MASK)).toBe(0x8_021f);
  expect(thread.registers[WORD.mxcsr]).toBe(0x5f80);
  expect(call("msvcrt!_control87", RC.CHOP, RC.MASK)).toBe(0x8_031f);
  expect(thread.registers[WORD.fpControl]).toBe(0x27f);
});

// As documented: "_control87, _controlfp, __control87_2".
test("x86's x87 has the precision that is set, and the rounding", () => {
  const { call, thread } = guest({ topics: [floatingControl], bits: 32 });
  expect(call("msvcrt!_controlfp", 0, 0)).toBe(0x9_001f);
  expect(call("msvcrt!_controlfp", PC._64, PC.MASK)).toBe(0x8_001f);
  expect(thread.registers[WORD.fpControl]).toBe(0x33f | 0x40);
  expect(call("msvcrt!_controlfp", PC._24 | RC.UP, PC.MASK | RC.MASK)).toBe(0xa_021f);
  expect(thread.registers[WORD.fpControl]).toBe(0x83f | 0x40);
  expect(call("msvcrt!_controlfp", PC._53, PC.MASK)).toBe(0x9_021f);
});

test("feclearexcept clears what it is asked to, and no more", () => {
  const { call, thread } = guest({ topics: [floatingControl] });
  thread.registers[WORD.mxcsr]! |= 0x25;
  expect(call("ucrtbase!feclearexcept", 0x8)).toBe(0);
  expect(call("ucrtbase!fetestexcept", 0x1f)).toBe(0x11);
});

test("_clearfp gives what either unit raised in x86, and clears both", () => {
  const { call, thread } = guest({ topics: [floatingControl], bits: 32 });
  thread.registers[WORD.fpStatus] = 4;
  thread.registers[WORD.mxcsr]! |= 1;
  expect(call("msvcrt!_statusfp")).toBe(0x18);
  expect(call("msvcrt!_clearfp")).toBe(0x18);
  expect(call("msvcrt!_statusfp")).toBe(0);
});
