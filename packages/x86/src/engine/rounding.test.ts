import { expect, test } from "vitest";
import { CPU, GPR } from "../cpu-block.ts";
import { DATA, TestGuest } from "./test-guest.ts";

const NEAREST = 0x1f80;
const DOWN = 0x3f80;
const UP = 0x5f80;

/** 1/3 and 1/-3 by the rounding in [rcx], then by the one in [rcx+4]; eax is 7 from before the first change, if CF stayed set. */
const DIVIDE =
  "f20f101548000000" + // movsd xmm2, [rip+72] = 3.0
  "f20f100548000000" + // movsd xmm0, [rip+72] = 1.0
  "f20f10c8" + //         movsd xmm1, xmm0
  "6a0758" + //           push 7; pop rax
  "f9" + //               stc
  "0fae11" + //           ldmxcsr [rcx]
  "1400" + //             adc al, 0
  "f20f5ec2" + //         divsd xmm0, xmm2
  "f20f114108" + //       movsd [rcx+8], xmm0
  "0fae5104" + //         ldmxcsr [rcx+4]
  "f20f5eca" + //         divsd xmm1, xmm2
  "f20f114910" + //       movsd [rcx+16], xmm1
  "c3";

function guest(): TestGuest {
  const made = new TestGuest();
  made.load(DIVIDE.padEnd(2 * 80, "90") + "0000000000000840000000000000f03f");
  return made;
}

function divide(made: TestGuest, first: number, second: number): [bigint, bigint] {
  made.memory.setU32(DATA, first);
  made.memory.setU32(DATA + 4, second);
  expect(made.call(DATA)).toBe(8);
  return [made.memory.u64(DATA + 8), made.memory.u64(DATA + 16)];
}

const BELOW = 0x3fd5_5555_5555_5555n;

test("code that loads MXCSR goes on with the rounding that it asks for, registers and flags as they were", () => {
  const made = guest();
  expect(divide(made, NEAREST, NEAREST)).toEqual([BELOW, BELOW]);
  expect(divide(made, UP, NEAREST)).toEqual([BELOW + 1n, BELOW]);
  expect(divide(made, NEAREST, UP)).toEqual([BELOW, BELOW + 1n]);
  expect(divide(made, UP, DOWN)).toEqual([BELOW + 1n, BELOW]);
  expect(divide(made, NEAREST, NEAREST)).toEqual([BELOW, BELOW]);
});

test("a rounding that an API function sets counts when it returns", () => {
  const made = new TestGuest();
  const set = made.stub(() => {
    made.machine.cpu.u32[CPU.mxcsr / 4] = UP;
    return undefined;
  });
  // push rbx; mov rbx,rcx; sub rsp,32; call rdx; movsd xmm0,[rbx]; divsd xmm0,[rbx+8]; movsd [rbx+16],xmm0; add rsp,32; pop rbx; ret
  made.load("534889cb4883ec20ffd2f20f1003f20f5e4308f20f1143104883c4205bc3");
  made.memory.setF64(DATA, 1);
  made.memory.setF64(DATA + 8, 3);
  made.enter(DATA, set);
  made.run();
  expect(made.memory.u64(DATA + 16)).toBe(BELOW + 1n);
  expect(made.machine.cpu.gpr(GPR.rbx)).toBe(0n);
});
