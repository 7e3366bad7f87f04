import { PAGE } from "@decant/memory";
import { describe, expect, test } from "vitest";
import { CPU, GPR } from "../cpu-block.ts";
import { CODE, DATA, STACK_TOP, TestGuest } from "./test-guest.ts";
import type { Fault, MachineOptions } from "./index.ts";

/** Small programs, as an assembler made them; addresses in the comments are offsets of what faults. */
const PROGRAM = {
  /** mov r9d,7; lea r10,[rcx+rdx*8]; cmp r9d,9; movq xmm1,rdx; 13: mov eax,[r10+4]; jb x; mov eax,1; x: ret */
  indexed: "41b9070000004c8d14d14183f90966480f6eca418b42047205b801000000c3",
  /** xor r8d,r8d; l: add r8d,1; 7: mov rax,[rcx+16]; mov rcx,[rcx+8]; jmp l */
  list: "4531c04183c001488b4110488b4908ebf2",
  /** mov rax,[rcx]; mov rdx,[rax+8]; 7: mov byte [rdx+0x123],5; ret */
  chain: "488b01488b5008c6822301000005c3",
  /** 0: rep movsb; mov rax,rcx; ret */
  move: "f3a44889c8c3",
  /** mov r11d,3; mov rax,rcx; xor edx,edx; 11: div r8; ret */
  divide: "41bb030000004889c831d249f7f0c3",
  /** mov r11d,3; mov rax,rcx; cqo; 11: idiv r8; ret */
  divideSigned: "41bb030000004889c8489949f7f8c3",
  /** 0: movaps xmm0,[rcx]; ret */
  aligned: "0f2801c3",
  /** mov ebx,1; 5: add dword [rcx],3; mov eax,ebx; ret */
  add: "bb0100000083010389d8c3",
  /** test edx,edx; jz x; mov r9d,5; x: 10: mov eax,[rcx]; mov r9d,6; ret */
  merge: "85d2740641b9050000008b0141b906000000c3",
  /** mov eax,5; cmp eax,6; 8: int3; ret */
  breakpoint: "b80500000083f806ccc3",
  /** 0: repne scasb; mov rax,rcx; ret */
  scan: "f2ae4889c8c3",
  /** 0: push qword [rcx]; pop rax; ret */
  push: "ff3158c3",
  /** pushfq; or dword [rsp],0x100; popfq; 9: mov ecx,2; 14: dec ecx; 16: jnz 14; 18: call 25; 23: nop; 24: ret; 25: rep stosb; 27: ret */
  steps: "9c810c24000100009db902000000ffc975fce80200000090c3f3aac3",
  /**
   * sub rsp,0x28; mov r9d,7; a: mov eax,[rcx]; call 0x150010; mov r10d,8; b: mov eax,[rdx]; mov r11d,9; c: mov [r8+4],eax; mov [r8],eax; xor r8d,r8d;
   * e: mov [r8],eax; add rsp,0x28; ret
   */
  several: "4883ec2841b9070000008b01e8ffff000041ba080000008b0241bb09000000418940044189004531c04189004883c428c3",
  /** 0: call [rcx+8]; ret */
  callThrough: "ff5108c3",
} as const;

const exact: Partial<MachineOptions> = { ownsHandler: () => true };
const checked: Partial<MachineOptions> = { guarding: "checked" };
const MODES = [["exact", exact], ["checked", checked]] as const; // prettier-ignore

function guestWith(program: keyof typeof PROGRAM, options: Partial<MachineOptions> = {}): TestGuest {
  const guest = new TestGuest(options);
  guest.load(PROGRAM[program]);
  return guest;
}

function fault(guest: TestGuest, ...args: readonly number[]): Fault {
  guest.enter(...args);
  return again(guest);
}

function again(guest: TestGuest): Fault {
  const exit = guest.run();
  if (exit.kind !== "fault") throw new Error(`expected a fault, found ${exit.kind}`);
  return exit.fault;
}

describe("in ordinary code", () => {
  test("an address that follows from registers as they were at the entry is found", () => {
    const guest = guestWith("indexed");
    expect(fault(guest, 0x100, 3)).toMatchObject({
      code: "access-violation",
      rip: CODE + 0x13,
      address: 0x11c,
      access: "read",
      isExact: false,
    });
    expect(fault(guestWith("callThrough"), 0x20)).toMatchObject({ rip: CODE, address: 0x28, access: "read" });
    expect(fault(guestWith("push"), 0x30)).toMatchObject({ rip: CODE, address: 0x30, access: "read" });
    expect(fault(guestWith("add"), 0x44)).toMatchObject({ rip: CODE + 5, address: 0x44, access: "write" });
  });

  test("an address that was loaded from memory is found there", () => {
    const guest = guestWith("chain");
    guest.memory.setU64(DATA, BigInt(DATA + 0x100));
    guest.memory.setU64(DATA + 0x108, 0x40n);
    expect(fault(guest, DATA)).toMatchObject({ rip: CODE + 7, address: 0x163, access: "write" });
  });

  test("a pointer that was followed round a loop is taken to be null", () => {
    const guest = guestWith("list");
    guest.memory.setU64(DATA + 8, BigInt(DATA + 0x100));
    expect(fault(guest, DATA)).toMatchObject({ rip: CODE + 7, address: 16, access: "read" });
  });

  test("of a string instruction, source and destination are told apart", () => {
    for (const [from, to, address, access] of [[0x200, DATA, 0x200, "read"], [DATA, 0x300, 0x300, "write"]] as const) {
      const guest = guestWith("move");
      guest.enter(4);
      guest.machine.cpu.setGpr(GPR.rsi, BigInt(from));
      guest.machine.cpu.setGpr(GPR.rdi, BigInt(to));
      expect(again(guest)).toMatchObject({ rip: CODE, address, access });
    } // prettier-ignore
  });

  test("division by zero and a quotient that does not fit differ, and all registers are exact", () => {
    for (const program of ["divide", "divideSigned"] as const) {
      const guest = guestWith(program);
      expect(fault(guest, 41, 0, 0)).toMatchObject({ code: "divide-by-zero", rip: CODE + 11, isExact: true });
      expect([guest.machine.cpu.gpr32(GPR.r11), guest.machine.cpu.gpr32(GPR.rax)]).toEqual([3, 41]);
    }
    const guest = guestWith("divideSigned");
    guest.enter();
    guest.machine.cpu.setGpr(GPR.rcx, -(2n ** 63n));
    guest.machine.cpu.setGpr(GPR.r8, -1n);
    expect(again(guest)).toMatchObject({ code: "integer-overflow", rip: CODE + 11 });
  });

  test("a breakpoint leaves registers and flags exact", () => {
    const guest = guestWith("breakpoint");
    expect(fault(guest)).toMatchObject({ code: "breakpoint", rip: CODE + 8, isExact: true });
    const { u32 } = guest.machine.cpu;
    expect([u32[CPU.cf / 4], u32[CPU.zf / 4], u32[CPU.sf / 4], guest.machine.cpu.gpr32(GPR.rax)]).toEqual([1, 0, 1, 5]);
  });
});

describe("single steps", () => {
  test("follow each instruction from the one after popf, while the trap flag is set again", () => {
    const guest = guestWith("steps");
    guest.enter();
    const { cpu } = guest.machine;
    cpu.setGpr(GPR.rdi, BigInt(DATA));
    const seen: number[] = [];
    for (let exit = guest.run(); exit.kind === "fault" && seen.length < 20; exit = guest.run()) {
      expect(exit.fault).toMatchObject({ code: "single-step", isExact: true });
      seen.push(exit.fault.rip - CODE);
      expect(cpu.u32[CPU.eflags / 4]! & 0x100).toBe(0);
      if (exit.fault.rip !== CODE + 24) cpu.u32[CPU.eflags / 4]! |= 0x100;
    }
    expect(seen).toEqual([14, 16, 14, 16, 18, 25, 27, 23, 24]);
    expect(guest.hasEnded).toBe(true);
  });

  test("end when the trap flag is not set again, and the instruction that faults has its own exception", () => {
    const guest = guestWith("steps");
    guest.enter();
    expect(again(guest)).toMatchObject({ code: "single-step", rip: CODE + 14 });
    expect(guest.run().kind).toBe("suspend");
    const faulty = guestWith("add");
    faulty.enter(0x30);
    faulty.machine.cpu.u32[CPU.eflags / 4]! |= 0x100;
    expect(again(faulty)).toMatchObject({ code: "single-step", rip: CODE + 5 });
    faulty.machine.cpu.u32[CPU.eflags / 4]! |= 0x100;
    expect(again(faulty)).toMatchObject({ code: "access-violation", rip: CODE + 5, address: 0x30, access: "write" });
  });

  test.each([
    ["what has no lowering: lss eax,[rip]", "0fb20500000000c3", {}, 7],
    ["jecxz, which looks at half of rcx", "67e301c3c3", { rcx: 1n << 32n }, 4],
    ["loop by ecx, which clears the other half", "67e2fdc3", { rcx: (1n << 32n) | 2n }, 0],
  ] as const)("run %s", (_, hex, { rcx = 0n }: { rcx?: bigint }, offset) => {
    const guest = new TestGuest();
    guest.load(hex);
    guest.enter();
    guest.machine.cpu.setGpr(GPR.rcx, rcx);
    guest.machine.cpu.u32[CPU.eflags / 4]! |= 0x100;
    const exit = guest.run();
    const isLoad = offset === 7;
    expect(exit).toMatchObject({ kind: "fault", fault: isLoad ? { code: "access-violation", rip: CODE } : { rip: CODE + offset } });
    expect(guest.machine.cpu.gpr(GPR.rcx)).toBe(offset === 0 ? 1n : rcx);
  });
});

describe.each(MODES)("in %s code", (_, options) => {
  test("a fault on the null page has every register and the flags that are read later", () => {
    const guest = guestWith("indexed", options);
    const { cpu } = guest.machine;
    expect(fault(guest, 0x100, 3)).toMatchObject({
      code: "access-violation",
      rip: CODE + 0x13,
      address: 0x11c,
      access: "read",
      isExact: true,
    });
    expect([cpu.gpr32(GPR.r9), cpu.gpr32(GPR.r10), cpu.u32[(CPU.xmm + 16) / 4], cpu.u32[CPU.cf / 4]]).toEqual([7, 0x118, 3, 1]);
    expect(cpu.rsp).toBe(STACK_TOP - 0x108);
  });

  test("what a handler changes counts when the code goes on", () => {
    const guest = guestWith("indexed", options);
    fault(guest, 0x100, 3);
    guest.memory.setU32(DATA + 4, 1234);
    guest.machine.cpu.setGpr(GPR.r10, BigInt(DATA));
    expect(guest.run().kind).toBe("suspend");
    expect(guest.machine.cpu.gpr32(GPR.rax)).toBe(1234);
  });

  test("a loop's registers are those of the turn that faulted", () => {
    const guest = guestWith("list", options);
    for (let n = 0; n < 5; n++) guest.memory.setU64(DATA + 16 * n + 8, n < 4 ? BigInt(DATA + 16 * n + 16) : 0n);
    expect(fault(guest, DATA)).toMatchObject({ rip: CODE + 7, address: 16 });
    expect([guest.machine.cpu.gpr32(GPR.r8), guest.machine.cpu.gpr32(GPR.rcx)]).toEqual([6, 0]);
  });

  test("a register that was set on one of two ways only is right on both", () => {
    for (const [way, r9] of [[0, 77], [1, 5]] as const) {
      const guest = guestWith("merge", options);
      guest.enter(0x10, way);
      guest.machine.cpu.setGpr(GPR.r9, 77n);
      expect(again(guest)).toMatchObject({ rip: CODE + 10, address: 0x10 });
      expect(guest.machine.cpu.gpr32(GPR.r9)).toBe(r9);
    } // prettier-ignore
  });

  test("each of several accesses has the registers of its own place, those that a call has saved among them", () => {
    const at = { a: 0xa, b: 0x17, c: 0x1f, e: 0x29 };
    const pointers = [DATA, DATA, DATA];
    for (const [place, address, bad, registers] of [
      ["a", 0x40, 0, [7, 80, 90, STACK_TOP - 0x130]],
      ["b", 0x50, 1, [7, 8, 90, STACK_TOP - 0x130]],
      ["c", 0x64, 2, [7, 8, 9, STACK_TOP - 0x130]],
      ["e", 0, 3, [7, 8, 9, STACK_TOP - 0x130]],
    ] as const) {
      const guest = guestWith("several", options);
      const { cpu } = guest.machine;
      guest.stub(() => 1);
      guest.enter(...pointers.map((pointer, n) => (n === bad ? (place === "c" ? 0x60 : address) : pointer)));
      cpu.setGpr(GPR.r10, 80n);
      cpu.setGpr(GPR.r11, 90n);
      const found = again(guest);
      expect(found).toMatchObject({ rip: CODE + at[place], address, access: place < "c" ? "read" : "write", isExact: true });
      expect([cpu.gpr32(GPR.r9), cpu.gpr32(GPR.r10), cpu.gpr32(GPR.r11), cpu.rsp]).toEqual(registers);
    }
  });

  test("an instruction that reads and writes faults as a write", () => {
    expect(fault(guestWith("add", options), 0x44)).toMatchObject({ rip: CODE + 5, address: 0x44, access: "write" });
  });

  test("code that does not fault does the same", () => {
    const guest = guestWith("indexed", options);
    guest.memory.setU32(DATA + 4 + 24, 99);
    expect(guest.call(DATA, 3)).toBe(99);
    expect(guestWith("divide", options).call(42, 0, 5)).toBe(8);
  });
});

describe("checked accesses", () => {
  const NEXT = DATA + 0x1000;

  function protectedGuest(program: keyof typeof PROGRAM, protection: number): TestGuest {
    const guest = guestWith(program, checked);
    guest.memory.protect(NEXT, 0x1000, protection);
    return guest;
  }

  test("a page with no access refuses reads, one that is read-only only writes", () => {
    expect(fault(protectedGuest("add", PAGE.NOACCESS), NEXT + 8)).toMatchObject({
      code: "access-violation",
      address: NEXT + 8,
      access: "write",
    });
    expect(fault(protectedGuest("add", PAGE.READONLY), NEXT + 8)).toMatchObject({
      code: "access-violation",
      address: NEXT + 8,
      access: "write",
    });
    expect(fault(protectedGuest("indexed", PAGE.NOACCESS), NEXT)).toMatchObject({ address: NEXT + 4, access: "read" });
    expect(protectedGuest("indexed", PAGE.READONLY).call(NEXT)).toBe(0);
  });

  test("an access across pages names the first byte that is refused", () => {
    expect(fault(protectedGuest("add", PAGE.NOACCESS), NEXT - 2)).toMatchObject({ address: NEXT });
    expect(fault(protectedGuest("add", PAGE.NOACCESS), NEXT + 0xffe)).toMatchObject({ address: NEXT + 0xffe });
    expect(protectedGuest("add", PAGE.NOACCESS).call(NEXT - 4)).toBe(1);
    expect(protectedGuest("add", PAGE.NOACCESS).call(NEXT + 0x1000)).toBe(1);
  });

  test("a guard page faults once", () => {
    const guest = protectedGuest("add", PAGE.READWRITE | PAGE.GUARD);
    expect(fault(guest, NEXT)).toMatchObject({ code: "guard-page", address: NEXT, access: "write" });
    expect(guest.run().kind).toBe("suspend");
    expect(guest.memory.u32(NEXT)).toBe(3);
  });

  test("memory that is reserved or free is refused, and so is what lies above the user space", () => {
    const reserved = guestWith("add", checked);
    reserved.memory.reserve(0x10000, { at: 0x900000 });
    for (const address of [0x900000, 0xa00000, 0xefff0000, 0xf0000000, 0xfffffffe])
      expect(fault(reserved, address)).toMatchObject({ code: "access-violation", address });
  });

  test("a pointer with an upper half is a wild one; one that is not canonical has no address", () => {
    const guest = guestWith("add", checked);
    guest.enter();
    guest.machine.cpu.setGpr(GPR.rcx, 0x7fff_0000_0000n + BigInt(DATA));
    expect(again(guest)).toMatchObject({ address: 0x7fff_0000_0000n + BigInt(DATA), access: "write" });
    guest.enter();
    guest.machine.cpu.setGpr(GPR.rcx, 0xdead_beef_0000_0000n);
    expect(again(guest)).toMatchObject({ address: 0xffff_ffff_ffff_ffffn, access: "read" });
  });

  test("a misaligned operand of movaps has no address either", () => {
    expect(fault(guestWith("aligned", checked), DATA + 8)).toMatchObject({
      code: "access-violation",
      address: 0xffff_ffff_ffff_ffffn,
      access: "read",
    });
    expect(() => guestWith("aligned", checked).call(DATA + 16)).not.toThrow();
  });

  test("a string instruction stops at the element that is refused, and goes on there", () => {
    const guest = protectedGuest("move", PAGE.NOACCESS);
    const { cpu } = guest.machine;
    guest.memory.write(DATA, Uint8Array.of(1, 2, 3, 4, 5));
    guest.enter(5);
    cpu.setGpr(GPR.rsi, BigInt(DATA));
    cpu.setGpr(GPR.rdi, BigInt(NEXT - 3));
    expect(again(guest)).toMatchObject({ rip: CODE, address: NEXT, access: "write" });
    expect([cpu.gpr32(GPR.rcx), cpu.gpr32(GPR.rsi), cpu.gpr32(GPR.rdi)]).toEqual([2, DATA + 3, NEXT]);
    guest.memory.protect(NEXT, 0x1000, PAGE.READWRITE);
    expect(guest.run().kind).toBe("suspend");
    expect(Array.from(guest.memory.read(NEXT - 3, 5))).toEqual([1, 2, 3, 4, 5]);
  });

  test("a scan that runs off its page faults there", () => {
    const guest = protectedGuest("scan", PAGE.NOACCESS);
    const { cpu } = guest.machine;
    guest.memory.fill(DATA, 7, 0x1000);
    guest.enter(-1 >>> 0);
    cpu.setGpr(GPR.rdi, BigInt(DATA));
    expect(again(guest)).toMatchObject({ rip: CODE, address: NEXT, access: "read" });
    expect(cpu.gpr32(GPR.rdi)).toBe(NEXT);
  });

  test("a machine that begins to check drops the code that does not", () => {
    const guest = guestWith("add");
    guest.memory.protect(NEXT, 0x1000, PAGE.READONLY);
    expect(guest.call(NEXT)).toBe(1);
    guest.machine.guard("checked");
    guest.machine.guard("exact");
    expect(guest.machine.guarding).toBe("checked");
    expect(fault(guest, NEXT)).toMatchObject({ code: "access-violation", address: NEXT, access: "write" });
  });
});

test("where registers must be exact, the C library's functions are done in place but for null pointers", () => {
  const guest = new TestGuest(exact);
  let calls = 0;
  const memcpy = guest.stub(() => {
    calls++;
    return 7;
  }, "memcpy");
  guest.load(`e8${relative(memcpy - CODE - 5)}c3`); // call memcpy; ret
  guest.memory.setU32(DATA, 0x1234_5678);
  expect(guest.call(DATA + 16, DATA, 4)).toBe(DATA + 16);
  expect([guest.memory.u32(DATA + 16), calls]).toEqual([0x1234_5678, 0]);
  for (const [to, from, bytes] of [
    [8, DATA, 4],
    [DATA, 8, 4],
    [DATA, 0xffff_fff0, 0x20],
  ] as const)
    expect(guest.call(to, from, bytes)).toBe(7);
  expect(calls).toBe(3);
});

function relative(value: number): string {
  return Buffer.from(Int32Array.of(value).buffer).toString("hex");
}

test("flags that are dead before a call and live behind it do not matter where the call's own operand may fault", () => {
  const guest = new TestGuest(exact);
  const stub = guest.stub(() => 5);
  guest.memory.setU64(DATA, BigInt(stub));
  // sub rsp, 40; add edx, 1; cmovz eax, edx; call [rcx]; setc al; add rsp, 40; ret
  guest.load("4883ec2883c2010f44c2ff110f92c04883c428c3");
  guest.machine.cpu.u32[CPU.eflags / 4] = 2;
  expect(guest.call(DATA) & ~0xff).toBe(0);
  guest.enter(0x21);
  expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", address: 0x21 } });
});
