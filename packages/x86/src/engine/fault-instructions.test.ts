import { expect, test } from "vitest";
import { CODE, TestGuest } from "./test-guest.ts";
import type { Fault } from "./index.ts";

function fault(code: string, mode: 64 | 32 = 64): Fault {
  const guest = new TestGuest({ mode });
  guest.load(code);
  guest.enter();
  const exit = guest.run();
  if (exit.kind !== "fault") throw new Error(`expected a fault, found ${exit.kind}`);
  return exit.fault;
}

const NO_ADDRESS = 0xffff_ffff_ffff_ffffn;

// What Windows makes of each: Intel SDM volume 3, 6.15, and the status codes of ntstatus.h.
test.each([
  ["int3", "cc", { code: "breakpoint" }],
  ["int 3", "cd03", { code: "breakpoint" }],
  ["int1", "f1", { code: "single-step" }],
  ["int 0x29", "cd29", { code: "fast-fail" }],
  ["int 0x2c", "cd2c", { code: "assertion" }],
  ["int 0x2d", "cd2d", { code: "breakpoint" }],
  ["int 0x80", "cd80", { code: "access-violation", access: "read", address: NO_ADDRESS }],
  ["hlt", "f4", { code: "privileged-instruction" }],
  ["sidt [rsp]", "0f010c24", { code: "privileged-instruction" }],
  ["ud2", "0f0b", { code: "illegal-instruction" }],
  ["monitor", "0f01c8", { code: "illegal-instruction" }],
  ["retf", "cb", { code: "not-translated" }],
  ["leave of 16 bits", "66c9", { code: "not-translated" }],
  ["jmp far [rsp]", "ff2c24", { code: "not-translated" }],
  ["vaddps ymm0, ymm0, ymm0", "c5fc58c0", { code: "not-translated", message: expect.stringContaining("an AVX instruction") }],
  ["a mask move of AVX-512", "62f17c4810c0", { code: "not-translated", message: expect.stringContaining("an AVX instruction") }],
  ["mov ds, eax (5)", "b8050000008ed8", { code: "access-violation", rip: CODE + 5 }],
] as const)("%s", (_name, code, expected) => {
  expect(fault(code)).toMatchObject({ rip: CODE, ...expected });
});

test.each([
  ["aam 0 divides by zero", "d400", { code: "divide-by-zero", rip: CODE }],
  // mov eax,0x7fffffff; inc eax; into
  ["into after an overflow", "b8ffffff7f40ce", { code: "integer-overflow", rip: CODE + 6 }],
  // push 9; push 1; mov eax,10; bound eax,[esp]
  ["bound beyond the upper limit", "6a096a01b80a000000620424", { code: "array-bounds", rip: CODE + 9 }],
  ["a ret of 16 bits", "66c3", { code: "not-translated", rip: CODE }],
  ["vaddps ymm0, ymm0, ymm0", "c5fc58c0", { code: "not-translated", message: expect.stringContaining("an AVX instruction") }],
  // call far 0x33:0
  ["a far call", "9a000000003300", { code: "not-translated", rip: CODE }],
] as const)("%s, in 32-bit mode", (_name, code, expected) => {
  expect(fault(code, 32)).toMatchObject(expected);
});

test("a segment register may be written with what it holds", () => {
  const guest = new TestGuest();
  guest.load("8cd88ed8b82a000000c3"); // mov eax,ds; mov ds,eax; mov eax,42; ret
  expect(guest.call()).toBe(42);
});

test("rdsspq leaves its register, as where there are no shadow stacks", () => {
  const guest = new TestGuest();
  guest.load("b807000000f3480f1ec8c3"); // mov eax,7; rdsspq rax; ret
  expect(guest.call()).toBe(7);
});
