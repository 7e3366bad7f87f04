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
  ["sidt [0x21]", "0f010c2521000000", { code: "access-violation", access: "write", address: 0x21 }],
  ["ud2", "0f0b", { code: "illegal-instruction" }],
  ["monitor", "0f01c8", { code: "illegal-instruction" }],
  ["mov rax, cr0", "0f20c0", { code: "privileged-instruction" }],
  ["mov dr7, rax", "0f23f8", { code: "privileged-instruction" }],
  ["wbnoinvd", "f30f09", { code: "privileged-instruction" }],
  ["retf to a selector of no segment", "cb", { code: "access-violation", access: "read", address: NO_ADDRESS }],
  ["iretq to a selector of no segment", "48cf", { code: "access-violation", access: "read", address: NO_ADDRESS }],
  ["jmp far [rsp] to a selector of no segment", "ff2c24", { code: "access-violation", access: "read", address: NO_ADDRESS }],
  ["jmp far [0]", "ff2c2500000000", { code: "access-violation", access: "read", address: 0 }],
  ["nop behind 15 prefixes", "66".repeat(15) + "90", { code: "access-violation", access: "read", address: NO_ADDRESS }],
  // mov dword ptr [rbx+0x12345678], 1, which has 10 bytes.
  ["mov behind six prefixes", "2e".repeat(6) + "c7837856341201000000", { code: "access-violation", access: "read", address: NO_ADDRESS }],
  ["lock of what cannot be locked", "f089c8", { code: "illegal-instruction" }],
  ["sha1msg1", "0f38c9c1", { code: "illegal-instruction", message: expect.stringContaining("as CPUID says") }],
  ["rdrand", "0fc7f0", { code: "illegal-instruction", message: expect.stringContaining("as CPUID says") }],
  ["vaddps ymm0, ymm0, ymm0", "c5fc58c0", { code: "illegal-instruction", message: expect.stringContaining("an AVX instruction") }],
  ["a mask move of AVX-512", "62f17c4810c0", { code: "illegal-instruction", message: expect.stringContaining("an AVX instruction") }],
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
  // To the null page.
  ["a ret of 16 bits", "66c3", { code: "access-violation", access: "execute", rip: 0 }],
  ["vaddps ymm0, ymm0, ymm0", "c5fc58c0", { code: "illegal-instruction", message: expect.stringContaining("an AVX instruction") }],
  // mov ebx,0x50012; mov eax,1; xlatb with an address of 16 bits
  ["xlatb of 16 bits", "bb12000500b80100000067d7", { code: "access-violation", rip: CODE + 10 }],
  // push 0x2b; push 7; lfs eax,[esp]
  ["lfs of a selector that fs does not hold", "6a2b6a070fb40424", { code: "access-violation", address: NO_ADDRESS, rip: CODE + 4 }],
  ["a far call to code of 64 bits", "9a000000003300", { code: "not-translated", rip: CODE }],
  ["a far jump to a selector of no segment", "ea000014000700", { code: "access-violation", address: NO_ADDRESS, rip: CODE }],
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

// Results as the manual has them (Intel SDM volume 2), with Windows' selectors: 0x33 and 0x23 for code, 0x2b for data.
test.each([
  // lea rax,[rip+5]; push 0x33; push rax; retfq; ud2; mov eax,42; ret
  ["retfq", 64, "488d05070000006a335048cb0f0bb82a000000c3", 42],
  // xor eax,eax; push 0x2b; lea rax,[rsp+8]; push rax; pushfq; push 0x33; lea rax,[rip+5]; push rax; iretq; ud2; setz al; movzx eax,al; ret
  ["iretq, with the flags that it is given", 64, "31c06a2b488d442408509c6a33488d05050000005048cf0f0b0f94c00fb6c0c3", 1],
  // push 0x2b; push 7; les eax,[esp]; add esp,8; ret
  ["les", 32, "6a2b6a07c4042483c408c3", 7],
  // The same with 0x53 and lfs, 0x2b and lgs.
  ["lfs", 32, "6a536a070fb4042483c408c3", 7],
  ["lgs", 32, "6a2b6a070fb5042483c408c3", 7],
  // push cs; push CODE+9; retf; ud2; mov eax,42; ret
  ["retf", 32, "0e6809001400cb0f0bb82a000000c3", 42],
  // jmp far 0x23:CODE+9; ud2; mov eax,42; ret
  ["jmp far", 32, "ea0900140023000f0bb82a000000c3", 42],
  // call far 0x23:CODE+10; ret; nop; nop; mov eax,42; retf
  ["call far, and retf", 32, "9a0a0014002300c39090b82a000000cb", 42],
  // mov ebp,esp; push 0x1234; mov bp,sp; leave of 16 bits; add esp,2; movzx eax,bp; ret
  ["leave of 16 bits", 32, "89e568341200006689e566c983c4020fb7c5c3", 0x1234],
  // mov ecx,0x2b; lar eax,ecx; setz dl; cmp eax,0xcff300; jne over; movzx eax,dl; ret; over: xor eax,eax; ret
  ["lar of data", 64, "b92b0000000f02c10f94c23d00f3cf0075040fb6c2c331c0c3", 1],
  // cldemote [rbx]; prefetchit0 [rip]; nop behind 14 prefixes; mov eax,42; ret
  ["hints, and an instruction of 15 bytes", 64, "0f1c030f183d00000000" + "66".repeat(14) + "90b82a000000c3", 42],
  // mov ecx,0x77; lsl eax,ecx; setz al; movzx eax,al; ret
  ["lsl of no segment", 64, "b9770000000f03c10f94c00fb6c0c3", 0],
  // push 0; push -1; push -1; sidt [esp+2]; pop eax; pop edx; pop ecx; add eax,edx; add eax,ecx; ret: a limit of 0, the base, and what is left behind it
  ["sidt of 6 bytes", 32, "6a006aff6aff0f014c2402585a5901d001c8c3", 0xffff_ffff],
  // push -1; smsw [rsp]; pop rax; ret
  ["smsw to memory", 64, "6aff0f01242458c3", 0xffff_0033],
  // or eax,-1; str ax; ret
  ["str of 16 bits", 32, "83c8ff660f00c8c3", 0xffff_0040],
  // mov ecx,0x33; verw cx; setz al; verr cx; setz ah; movzx eax,ax; ret
  ["verw and verr of code", 64, "b9330000000f00e90f94c00f00e10f94c40fb7c0c3", 0x100],
] as const)("%s, in %i-bit mode", (_name, mode, code, result) => {
  const guest = new TestGuest({ mode });
  guest.load(code);
  expect(guest.call()).toBe(result);
});
