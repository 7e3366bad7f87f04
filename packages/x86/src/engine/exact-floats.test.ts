import { describe, expect, test } from "vitest";
import { CPU, GPR } from "../cpu-block.ts";
import { CODE, DATA, TestGuest } from "./test-guest.ts";

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

/** Calls code with 1.0 at [rcx], 3.0 or 0.0 at [rcx+8], and a control word at [rcx+16]. */
function enter(hex: string, divisor: number, control = 0): TestGuest {
  const made = new TestGuest();
  made.load(hex);
  made.memory.setF64(DATA, 1);
  made.memory.setF64(DATA + 8, divisor);
  made.memory.setU32(DATA + 16, control);
  made.enter(DATA);
  return made;
}

/** movsd xmm0,[rcx]; divsd xmm0,[rcx+8]; stmxcsr [rcx+16]. */
const DIVIDE_AND_STORE = "f20f1001f20f5e41080fae5910";
const PRECISION = 0x20;

describe("what division by 3 has raised", () => {
  const flags = (hex: string): number => {
    const made = enter(hex, 3);
    made.run();
    return made.machine.cpu.u32[CPU.mxcsr / 4]! & 0x3f;
  };

  test("is in MXCSR where the code looks at it: mov eax,[rcx+16]", () => expect(flags(DIVIDE_AND_STORE + "8b4110c3")).toBe(PRECISION));
  test("is there where nobody knows who looks", () => expect(flags(DIVIDE_AND_STORE + "c3")).toBe(PRECISION));
  test("is there where the code clears it: and eax,-64", () => expect(flags(DIVIDE_AND_STORE + "8b411083e0c0c3")).toBe(PRECISION));
  test("costs nothing where MXCSR is loaded back: ldmxcsr [rcx+16]", () => expect(flags(DIVIDE_AND_STORE + "0fae5110c3")).toBe(0));
  test("costs nothing where MXCSR is saved with the x87's control word: fnstcw [rcx+20]", () =>
    expect(flags(DIVIDE_AND_STORE + "d97914c3")).toBe(0));
  test("costs nothing where control bits are taken out of it: mov eax,[rcx+16]; shr eax,13; and eax,3", () =>
    expect(flags(DIVIDE_AND_STORE + "8b4110c1e80d83e003c3")).toBe(0));

  // fld [rcx]; fdiv [rcx+8]; fstp st(0); fnstsw ax; and eax,63, or and ah,69.
  const X87 = "dd01dc7108ddd8dfe0";
  test("is in the x87's status word where code looks at its flags, as at conditions", () => {
    const made = enter(X87 + "83e03fc3", 3);
    made.run();
    expect(made.machine.cpu.gpr32(GPR.rax) & 0x3f).toBe(PRECISION);
    const other = enter(X87 + "80e445c3", 3);
    other.run();
    expect(other.machine.cpu.u32[CPU.fpStatus / 4]! & 0x3f).toBe(0);
  });
});

test("an exception that is not masked is raised at its instruction, with all registers as they were, and once more when that runs again", () => {
  // mov edx,7; push rdx; stc; ldmxcsr [rcx+16]; movsd xmm0,[rcx]; mov r8d,5; divsd xmm0,[rcx+8]; adc r8d,0; pop rdx; ret
  const hex = "ba0700000052f90fae5110f20f100141b805000000f20f5e41084183d0005ac3";
  const made = enter(hex, 0, 0x1d80);
  const { cpu } = made.machine;
  const rsp = cpu.rsp;
  for (let turn = 0; turn < 2; turn++) {
    expect(made.run()).toMatchObject({ kind: "fault", fault: { code: "float-zero-divide", raised: 4, isExact: true } });
    expect([cpu.rip - CODE, cpu.rsp - rsp, cpu.gpr32(GPR.rdx), cpu.gpr32(8), cpu.u32[CPU.cf / 4]]).toEqual([0x15, -8, 7, 5, 1]);
    expect([made.memory.f64(DATA), cpu.u32[CPU.mxcsr / 4]]).toEqual([1, 0x1d84]);
  }
  made.memory.setF64(DATA + 8, 4);
  expect(made.run().kind).toBe("suspend");
  expect(cpu.gpr32(8)).toBe(6);
});

test("what the x87 raises and does not mask is raised at its next instruction that waits, and keeps its operands", () => {
  // fldcw [rcx+16]; fld [rcx]; fdiv [rcx+8]; nop; fstp st(0); ret
  const made = enter("d96910dd01dc710890ddd8c3", 0, 0x37b);
  const { cpu } = made.machine;
  expect(made.run()).toMatchObject({ kind: "fault", fault: { code: "float-zero-divide", isExact: true } });
  expect([cpu.rip - CODE, cpu.u32[CPU.fpStatus / 4], cpu.u32[CPU.fpInstruction / 4]! - CODE]).toEqual([9, 0x8084, 5]);
  cpu.u32[CPU.fpStatus / 4] = 0;
  expect(made.run().kind).toBe("suspend");
});

test("fscale that overflows by more than the exponent is moved by, unmasked, gives infinity and says that it rounded up, in each direction", () => {
  // fldcw [rcx+16]; fld [rcx+8]; fld [rcx]; fscale; fnstsw ax; ret
  for (const direction of [0x000, 0x400, 0x800, 0xc00]) {
    const made = enter("d96910dd4108dd01d9fddfe0c3", 65536, 0x377 | direction);
    made.run();
    expect(made.machine.cpu.gpr32(GPR.rax) & 0x2ff).toBe(0x2a8);
  }
});

test.each([
  ["0", 0, 4],
  ["a negative number", -1, 1],
  ["a positive one", 3, 0x32],
])("of the logarithm of %s times a denormal number is raised what comes first", (_name, x, raised) => {
  // fldcw [rcx+16]; fld tbyte [rcx+24]; fld [rcx]; fyl2x; fnstsw ax; ret
  const made = enter("d96910db6918dd01d9f1dfe0c3", 0, 0x37f);
  made.memory.setF64(DATA, x);
  made.memory.setU64(DATA + 24, 0x1234_5678n);
  made.run();
  expect(made.machine.cpu.gpr32(GPR.rax) & 0x3f).toBe(raised);
});
