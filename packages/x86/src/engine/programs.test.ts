import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE } from "@decant/memory";
import { describe, expect, test } from "vitest";
import { GPR } from "../cpu-block.ts";
import { UNWIND } from "./index.ts";
import { MACHINE, STACK_WINDOW } from "./layout.ts";
import { PROGRAMS } from "./programs.ts";
import { CODE, DATA, STACK_TOP, TestGuest } from "./test-guest.ts";

function guestWith(program: keyof typeof PROGRAMS, options: ConstructorParameters<typeof TestGuest>[0] = {}): TestGuest {
  const guest = new TestGuest({ mode: PROGRAMS[program].mode, ...options });
  guest.load(PROGRAMS[program].bytes);
  return guest;
}

describe("recursion", () => {
  test("fib calls itself", () => {
    expect(guestWith("fib").call(20)).toBe(6765);
  });

  test("a turn of no time at all gets on", () => {
    const guest = guestWith("fib");
    guest.enter(15);
    let turns = 0;
    while (!guest.hasEnded && turns++ < 1_000) guest.machine.run(0);
    expect(guest.machine.cpu.gpr32(GPR.rax)).toBe(610);
  });

  test("a hundred thousand frames of sixteen bytes go far beyond the host's stack, and come back", () => {
    const guest = guestWith("depth");
    expect(guest.call(100_000)).toBe((100_000 * 100_001) / 2 - 2 ** 32);
    // Continuations: both return sites were compiled when the first was.
    expect(guest.machine.statistics.functions).toBeLessThan(8);
  });

  test("where the host's frames are large and the guest's small, the end of the host's stack is survived", () => {
    const guest = guestWith("wide");
    expect(guest.call(20_000)).toBe(20_000);
    for (const register of [GPR.rdx, GPR.rsi, GPR.r15]) expect(guest.machine.cpu.gpr32(register)).toBe((20_000 * 19_999) / 2);
    expect(guest.machine.statistics.stackTrips).toBeGreaterThan(0);
  });

  test("nothing is lost where it would end in a helper that such code calls", () => {
    const guest = guestWith("wideHelper");
    for (let run = 1; run <= 40; run++) {
      expect(guest.call(9_000)).toBe(9_000);
      expect(guest.memory.u32(DATA), "it began so often").toBe(run);
      // As if nothing had been learnt about the host's stack.
      guest.machine.cpu.u32[MACHINE.stackWindow / 4] = STACK_WINDOW;
    }
  });

  test("an API function that is called from deep down finds room on the host's stack", () => {
    const guest = guestWith("deepApi");
    /** Needs a good part of what V8 gives. */
    const nest = (n: number): number => (n === 0 ? 0 : 1 + nest(n - 1));
    guest.memory.setU64(DATA, BigInt(guest.stub(() => nest(4_000))));
    expect(guest.call(20_000)).toBe(4_000 + 20_000);
  });

  test("it is still right with what was learnt about the host's stack, and with cold code", () => {
    const guest = guestWith("depth");
    for (let i = 0; i < 20; i++) expect(guest.call(30_000)).toBe(450_015_000);
  });
});

describe("jump tables", () => {
  function simulate(turns: number): number {
    let value = 0;
    for (let i = 0, n = 1; i < turns; i++, n++) {
      const effect =
        [(v: number) => v + 1, (v: number) => v + 10, (v: number) => v + 100, (v: number) => v ^ 5, (v: number) => v - 3][n & 7] ??
        ((v: number) => v + 7);
      value = effect(value) | 0;
    }
    return value >>> 0;
  }

  test("gcc's shape is one function, even when its loop is entered in the middle after a turn", () => {
    const guest = guestWith("gccSwitch");
    expect(guest.call(20)).toBe(simulate(20));
    expect(guest.call(3_000_000)).toBe(simulate(3_000_000));
    // The function, its continuation in the loop, and the end: no case is a function of its own.
    expect(guest.machine.statistics.functions).toBeLessThanOrEqual(2);
  });

  test.each(["msvcSwitch", "plainSwitch"] as const)("%s is one function", (name) => {
    const guest = guestWith(name);
    expect([0, 1, 2, 3, 100].map((value) => guest.call(value))).toEqual([100, 101, 102, 7, 7]);
    expect(guest.machine.statistics.functions).toBe(1);
  });

  test("a base register that does not hold what it was known to hold goes where it says", () => {
    const guest = guestWith("gccSwitch");
    guest.call(5);
    // Enters at `again` with another table, whose every case is `ret`.
    const { cpu } = guest.machine;
    const again = CODE + PROGRAMS.gccSwitch.bytes.indexOf("440fb6c2") / 2;
    const ret = CODE + PROGRAMS.gccSwitch.bytes.indexOf("c3") / 2;
    for (let i = 0; i < 5; i++) guest.memory.setI32(DATA + 4 * i, ret - DATA);
    guest.enter(3, 2);
    cpu.rip = again;
    cpu.setGpr(GPR.rax, 77n);
    cpu.setGpr(GPR.r9, BigInt(DATA));
    expect(guest.run().kind).toBe("suspend");
    expect(cpu.gpr32(GPR.rax)).toBe(77);
    expect(cpu.gpr32(GPR.r8)).toBe(ret);
  });
});

describe("loops", () => {
  /** The same jumps in TypeScript. */
  function irreducible(ecx: number, edx: number): number {
    let eax = 0;
    let r8 = 40;
    let at = edx === 1 ? "b" : edx === 2 ? "c" : "a";
    for (;;) {
      if (at === "a") {
        eax = (eax + 3) | 0;
        at = eax & 8 ? "d" : "b";
      } else if (at === "b") {
        eax ^= ecx;
        if (--r8 < 0) return eax >>> 0;
        at = eax & 1 ? "c" : "e";
      } else if (at === "c") {
        eax = (Math.imul(eax, 7) + r8) | 0;
        at = eax & 4 ? "d" : "a";
      } else if (at === "d") {
        eax = (eax + 11) | 0;
        if (--r8 < 0) return eax >>> 0;
        at = eax & 2 ? "c" : "e";
      } else {
        eax = (eax * 3 + 1) | 0;
        if (eax & 16) at = "d";
        else if (--r8 >= 0) at = "a";
        else return eax >>> 0;
      }
    }
  }

  test("loops of several entries inside one another", () => {
    const guest = guestWith("irreducible");
    for (let ecx = 0; ecx < 40; ecx++)
      for (let edx = 0; edx < 3; edx++) expect([ecx, edx, guest.call(ecx, edx)]).toEqual([ecx, edx, irreducible(ecx, edx)]);
  });

  test("loop and jrcxz", () => {
    const guest = guestWith("counts");
    expect([0, 1, 9].map((count) => guest.call(count))).toEqual([0, 2, 18]);
  });

  test("functions that jump to each other for ever give their turn back", () => {
    const guest = guestWith("pingPong");
    guest.memory.setU64(DATA, BigInt(CODE));
    guest.enter();
    for (let i = 0; i < 3; i++) expect(guest.machine.run()).toEqual({ kind: "budget" });
    expect(guest.machine.cpu.gpr32(GPR.rax)).toBeGreaterThan(1000);
  });
});

describe("leaving in the middle", () => {
  test("an API call that waits unwinds, and all registers are there when it goes on", () => {
    const guest = guestWith("saved");
    let waits = 0;
    const wait = guest.stub(() => {
      if (waits++ > 1) return 4;
      guest.machine.cpu.rip = wait;
      guest.machine.suspend();
      return UNWIND;
    });
    guest.memory.setU64(DATA, BigInt(wait));
    guest.enter(50_000);
    for (let i = 0; i < 2; i++) {
      expect(guest.run()).toEqual({ kind: "suspend" });
      expect(guest.hasEnded).toBe(false);
    }
    expect(guest.run()).toEqual({ kind: "suspend" });
    expect(guest.hasEnded).toBe(true);
    expect(guest.machine.cpu.gpr32(GPR.rax)).toBe(51_234);
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x100);
  });

  test("a jump to another stack frame leaves those between", () => {
    expect(guestWith("jump").call()).toBe(42);
  });

  test("a function of more than 5,000 instructions is cut, and flags and registers cross the cut", () => {
    const guest = new TestGuest();
    // xor eax,eax; 4,000 times add ecx,-1 and adc eax,0; ret. The carry crosses wherever it is cut; it is clear in one turn only.
    guest.load(`31c0${"83c1ff83d000".repeat(4000)}c3`);
    expect(guest.call(2500)).toBe(3999);
    expect(guest.machine.statistics.instructions).toBeGreaterThan(8000);
  });
});

describe("API functions", () => {
  test("thunks are called, jumped to, and follow their slot when it changes", () => {
    const guest = guestWith("thunks");
    const five = guest.stub(() => 5);
    const seven = guest.stub(() => 7);
    guest.memory.setU64(DATA, BigInt(five));
    expect(guest.call()).toBe(15);
    guest.memory.setU64(DATA, BigInt(seven));
    expect(guest.call()).toBe(21);
    expect(guest.machine.statistics.functions).toBeLessThan(5);
  });

  test("a register that is first read after an intrinsic has its value", () => {
    const guest = guestWith("copy");
    const memcpy = guest.stub(() => expect.unreachable("the API was called") as never, "memcpy");
    guest.memory.setU64(DATA, BigInt(memcpy));
    guest.memory.setU64(DATA + 0x100, 0x1122334455667788n);
    guest.machine.cpu.setGpr(GPR.rbx, 3n);
    expect(guest.call(DATA + 0x200, DATA + 0x100, 8)).toBe(DATA + 0x203);
    expect(guest.memory.u64(DATA + 0x200)).toBe(0x1122334455667788n);
  });

  test("an intrinsic that is taken away calls the API", () => {
    const guest = guestWith("copy");
    let calls = 0;
    const memcpy = guest.stub(() => ++calls, "memcpy");
    guest.memory.setU64(DATA, BigInt(memcpy));
    guest.call(DATA + 0x200, DATA + 0x100, 8);
    guest.machine.removeIntrinsic(memcpy);
    guest.call(DATA + 0x200, DATA + 0x100, 8);
    expect(calls).toBe(1);
  });

  test("a fault in an intrinsic is at its call, and leaves rip there", () => {
    const guest = guestWith("copy");
    guest.memory.setU64(DATA, BigInt(guest.stub(() => 1, "memcpy")));
    guest.enter(DATA, 8, 16);
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: CODE + 4 } });
    expect(guest.machine.cpu.rip).toBe(CODE + 4);
  });
});

describe("faults", () => {
  test("rsp is exact, and so is rbp where it is the frame's", () => {
    const guest = guestWith("frame");
    guest.enter(0);
    const { cpu } = guest.machine;
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: CODE + 15 } });
    expect(cpu.rsp).toBe(STACK_TOP - 0x108 - 8 - 8 - 0x40);
    expect(cpu.gpr32(GPR.rbp)).toBe(STACK_TOP - 0x108 - 16);
    // The same after a call, with another 16 bytes.
    guest.enter(1);
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { rip: CODE + 0x20 } });
    expect(cpu.rsp).toBe(STACK_TOP - 0x108 - 8 - 8 - 0x40 - 16);
  });

  test("a division by zero leaves rsp exact", () => {
    const guest = new TestGuest();
    guest.load("5152f7f0c3"); // push rcx; push rdx; div eax; ret
    guest.enter();
    guest.machine.cpu.setGpr(GPR.rax, 0n);
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "divide-by-zero", rip: CODE + 2 } });
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x108 - 16);
  });
});

describe("code that changes", () => {
  test("a direct call inside a loop reaches code that an API call has changed", () => {
    const guest = guestWith("patched");
    const f = PROGRAMS.patched.bytes.lastIndexOf("b801000000") / 2;
    let calls = 0;
    const patch = guest.stub(() => {
      if (++calls === 3) guest.load("02", CODE + f + 1);
      return 9;
    });
    guest.memory.setU64(DATA, BigInt(patch));
    expect(guest.call(5)).toBe(1 + 1 + 1 + 2 + 2);
    expect(guest.machine.statistics.invalidations).toBeGreaterThan(0);
  });

  test("a function pointer reaches code that was changed after it was bound", () => {
    const guest = guestWith("pointers");
    const functions = [CODE + 0x1000, CODE + 0x1100];
    functions.forEach((address, i) => guest.memory.setU64(DATA + 8 * i, BigInt(address)));
    guest.load("83c001c3", functions[0]); // add eax,1; ret
    guest.load("83c064c3", functions[1]); // add eax,100; ret
    expect(guest.call(1000)).toBe(50_500);
    guest.load("83c002c3", functions[0]);
    expect(guest.call(1000)).toBe(51_000);
  });

  test("code on a writable page that changes itself is seen at its next entry", () => {
    const guest = guestWith("pointers");
    guest.memory.protect(CODE, 0x10000, PAGE.EXECUTE_READWRITE);
    const functions = [CODE + 0x1000, CODE + 0x1100];
    functions.forEach((address, i) => guest.memory.setU64(DATA + 8 * i, BigInt(address)));
    // The first adds a number to eax, and the second adds one to that number in its code: inc byte ptr [0x141002]; ret
    guest.memory.write(functions[0] as number, Uint8Array.of(0x83, 0xc0, 0x00, 0xc3));
    guest.memory.write(functions[1] as number, Uint8Array.of(0xfe, 0x04, 0x25, 0x02, 0x10, 0x14, 0x00, 0xc3));
    expect(guest.call(10)).toBe(0 + 1 + 2 + 3 + 4);
  });
});

test("32-bit code takes its arguments from the stack, and removes them", () => {
  const guest = guestWith("stdcall");
  expect(guest.call(6)).toBe(48);
  expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x100);
});

/** The bytes of a program's source, by GNU as and ld. */
function assemble(source: string, mode: 64 | 32): string {
  const folder = mkdtempSync(join(tmpdir(), "decant-programs-"));
  const at = (name: string): string => join(folder, name);
  try {
    writeFileSync(at("a.s"), `.intel_syntax noprefix\n.text\n.globl start\nstart:\n${source}\n`);
    execFileSync("as", [`--${mode}`, "-o", at("a.o"), at("a.s")]);
    execFileSync("ld", [
      "-m",
      mode === 64 ? "elf_x86_64" : "elf_i386",
      `-Ttext=0x${CODE.toString(16)}`,
      "-e",
      "start",
      "--defsym=slot=0x500000",
      "-o",
      at("a.elf"),
      at("a.o"),
    ]);
    execFileSync("objcopy", ["-O", "binary", "-j", ".text", at("a.elf"), at("a.bin")]);
    return readFileSync(at("a.bin")).toString("hex");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hasAssembler = process.arch === "x64" && ["as", "ld", "objcopy"].every((tool) => spawnSync(tool, ["--version"]).status === 0);

test.skipIf(!hasAssembler)("the bytes are what the sources assemble to", () => {
  for (const { source, mode, bytes } of Object.values(PROGRAMS)) expect(assemble(source, mode)).toBe(bytes);
});

test("flags stay over a call of the next instruction, by which 32-bit code asks where it is", () => {
  const guest = new TestGuest({ mode: 32 });
  const stub = guest.stub(() => 7);
  const callStub = (at: number): string => `e8${Buffer.from(Int32Array.of(stub - (CODE + at + 5)).buffer).toString("hex")}`;
  // mov ecx, [esp+4]; cmp ecx, 5; call next; next: pop edx; je equal; call stub; mov eax, edx; ret; equal: push edx; call stub; pop edx; ret
  guest.load(`8b4c240483f905e8000000005a7408${callStub(15)}89d0c352${callStub(24)}5ac3`);
  expect(guest.call(5)).toBe(7);
  expect(guest.call(4)).toBe(CODE + 12);
});
