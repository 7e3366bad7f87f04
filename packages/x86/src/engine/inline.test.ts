import { PAGE } from "@decant/memory";
import { describe, expect, test } from "vitest";
import { CPU, GPR } from "../cpu-block.ts";
import { PROGRAMS } from "./programs.ts";
import { CODE, DATA, STACK_TOP, TestGuest } from "./test-guest.ts";

function guestWith(program: keyof typeof PROGRAMS): TestGuest {
  const guest = new TestGuest();
  guest.load(PROGRAMS[program].bytes);
  return guest;
}

/** Where the function that `leaf` calls begins. */
const LEAF = CODE + PROGRAMS.leaf.bytes.indexOf("0302") / 2;

describe("a small function in the place of its call", () => {
  test("returns to where it was called, and is no function of its own", () => {
    const guest = guestWith("leaf");
    guest.memory.setU32(DATA, 5);
    expect(guest.call(10, DATA)).toBe(50);
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x100);
    expect(guest.machine.statistics.functions).toBe(1);
    // The return address is on the guest's stack all the same.
    expect(guest.memory.u32(STACK_TOP - 0x108 - 8 - 0x20 - 8)).toBe(CODE + PROGRAMS.leaf.bytes.indexOf("ffcb") / 2);
  });

  test("returns elsewhere when it changes its return address", () => {
    const guest = guestWith("leaf");
    guest.memory.setU32(DATA, 5);
    guest.memory.setU32(DATA + 4, 1);
    guest.machine.cpu.setGpr(GPR.rbx, 77n);
    expect(guest.call(10, DATA)).toBe(1005);
    expect(guest.machine.cpu.gpr32(GPR.rbx)).toBe(77);
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x100);
  });

  test("faults at its own instruction, with its rsp", () => {
    const guest = guestWith("leaf");
    guest.enter(10, 0);
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: LEAF } });
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x108 - 8 - 0x20 - 8);
  });

  test("is left and entered again when the budget ends in its loop", () => {
    const guest = guestWith("leafLoop");
    guest.machine.cpu.setGpr(GPR.rbx, 77n);
    guest.enter(60_000_000);
    let turns = 0;
    for (let exit = guest.machine.run(); exit.kind === "budget"; exit = guest.machine.run()) turns++;
    expect(turns).toBeGreaterThan(2);
    expect(guest.machine.cpu.gpr32(GPR.rax)).toBe(180_000_007);
    expect(guest.machine.cpu.gpr32(GPR.rbx)).toBe(77);
  });

  test("gives its flags to its caller", () => {
    const guest = guestWith("leafFlags");
    expect(guest.call(1, 2)).toBe(0xffffffff);
    expect(guest.call(2, 1)).toBe(0);
  });

  test("is translated again with its caller when its bytes change", () => {
    const guest = guestWith("leaf");
    guest.memory.setU32(DATA, 5);
    expect(guest.call(3, DATA)).toBe(15);
    guest.load("2b02", LEAF); // sub eax, [rdx]
    expect(guest.call(3, DATA)).toBe(2 ** 32 - 15);
  });

  test("stays a function where its page is writable, and may change between two calls", () => {
    const guest = guestWith("leaf");
    guest.memory.protect(CODE, 0x10000, PAGE.EXECUTE_READWRITE);
    guest.memory.setU32(DATA, 5);
    expect(guest.call(3, DATA)).toBe(15);
    expect(guest.machine.statistics.functions).toBe(2);
  });
});

describe("a function that calls itself, in the place of its own calls", () => {
  test("computes what it did, with calls on every third level only", () => {
    const guest = guestWith("fib");
    expect(guest.call(22)).toBe(17711);
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x100);
  });

  test("finds the stack used up at the first entry below its end, whichever level that is", () => {
    for (let end = STACK_TOP - 0x1000; end < STACK_TOP - 0x1000 + 64; end += 8) {
      const guest = guestWith("depth");
      guest.machine.cpu.u32[CPU.stackEnd / 4] = end;
      guest.machine.cpu.setGpr(GPR.rbx, 5n);
      guest.enter(100_000);
      expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "stack-overflow", rip: CODE } });
      const { cpu } = guest.machine;
      expect(end - cpu.rsp).toBeGreaterThan(0);
      // A level takes 16 bytes: its return address, and rbx, which here is what the caller has in ecx and one more.
      expect(end - cpu.rsp).toBeLessThanOrEqual(16);
      const level = (STACK_TOP - 0x108 - cpu.rsp) / 16;
      expect(cpu.gpr32(GPR.rcx)).toBe(100_000 - level);
      expect(cpu.gpr32(GPR.rbx)).toBe(100_000 - level + 1);
      expect(guest.memory.u32(cpu.rsp + 8)).toBe(level === 1 ? 5 : 100_000 - level + 2);
    }
  });
});

describe("a call through a pointer", () => {
  const bytes = PROGRAMS.guesses.bytes;
  const one = CODE + bytes.indexOf("83c001") / 2;
  const hundred = CODE + bytes.indexOf("83c064") / 2;
  const other = CODE + bytes.indexOf("90051027") / 2 + 1;

  test.each([
    ["the first guess", one, 1],
    ["the second guess", hundred, 100],
    ["none of the guesses", other, 10_000],
  ])("reaches %s", (_, address, value) => {
    const guest = guestWith("guesses");
    guest.memory.setU64(DATA, BigInt(address));
    expect(guest.call(7, DATA)).toBe(7 * value);
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x100);
    expect(guest.machine.statistics.functions).toBe(address === other ? 2 : 1);
  });

  test("to nowhere faults there, with the return address pushed", () => {
    const guest = guestWith("guesses");
    guest.enter(7, DATA);
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: 0, access: "execute" } });
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x108 - 16 - 0x28 - 8);
  });

  test("that cannot be read faults at the call, with nothing pushed", () => {
    const guest = guestWith("guesses");
    guest.enter(7, 8);
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: CODE + bytes.indexOf("ff16") / 2 } });
    expect(guest.machine.cpu.rsp).toBe(STACK_TOP - 0x108 - 16 - 0x28);
  });

  test("reaches a guess whose code was changed", () => {
    const guest = guestWith("guesses");
    guest.memory.setU64(DATA, BigInt(one));
    expect(guest.call(7, DATA)).toBe(7);
    guest.load("83c002", one);
    expect(guest.call(7, DATA)).toBe(14);
  });
});
