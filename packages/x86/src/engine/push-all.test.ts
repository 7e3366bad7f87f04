import { expect, test } from "vitest";
import { GPR } from "../cpu-block.ts";
import { TestGuest } from "./test-guest.ts";

test("pusha stores the eight registers with esp as it was before, and popa loads all but esp", () => {
  const guest = new TestGuest({ mode: 32 });
  // pusha; mov eax,[esp+12]; mov [esp+28],eax; mov ebx,0; popa; ret: eax becomes the esp that was pushed
  guest.load("608b44240c8944241cbb0000000061c3");
  guest.enter();
  const { cpu } = guest.machine;
  const { rsp } = cpu;
  cpu.setGpr(GPR.rbx, 0x1234n);
  cpu.setGpr(GPR.rdi, 0x5678n);
  expect(guest.run()).toEqual({ kind: "suspend" });
  expect(cpu.gpr32(GPR.rax)).toBe(rsp);
  expect(cpu.gpr32(GPR.rbx)).toBe(0x1234);
  expect(cpu.gpr32(GPR.rdi)).toBe(0x5678);
  expect([GPR.rax, GPR.rcx, GPR.rdx, GPR.rbx].map((_register, n) => guest.memory.u32(rsp - 4 * (n + 1)))).toEqual([rsp, 0, 0, 0x1234]);
});
