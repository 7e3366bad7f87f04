import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { jump } from "./jump.ts";

const RSP = 8;
const RBX = 6;

test("setjmp stores the caller's registers, stack and return address, and gives 0", () => {
  const { call, allocate, memory, thread } = guest({ topics: [jump] });
  const env = allocate(256);
  thread.registers[RBX] = 0x1234;
  const before = thread.registers[RSP];
  expect(call("msvcrt!_setjmp", env, 0x77)).toBe(0);
  expect([memory.u64(env), memory.u64(env + 8)]).toEqual([0x77n, 0x1234n]);
  expect(memory.u32(env + 0x10)).toBeLessThan(before!);
  expect(memory.u32(env + 0x58)).toBe(0x1f80);
});

test("longjmp returns there again with the registers back, and never gives 0", () => {
  const { call, allocate, thread } = guest({ topics: [jump] });
  const env = allocate(256);
  thread.registers[RBX] = 0x1234;
  call("msvcrt!_setjmp", env, 0);
  thread.registers[RBX] = 0x9999;
  expect(call("msvcrt!longjmp", env, 7)).toBe(7);
  expect(thread.registers[RBX]).toBe(0x1234);
  expect(call("msvcrt!longjmp", env, 0)).toBe(1);
});
