import { GuestMemory, PAGE } from "@decant/memory";
import { beforeEach, describe, expect, test } from "vitest";
import { CPU, GPR } from "../cpu-block.ts";
import { Machine, UNWIND, type Exit } from "./index.ts";

const CODE = 0x140000;
const STACK_TOP = 0x400000;
const DONE = 0x150000;
const API = 0x150010;

let memory: GuestMemory;
let machine: Machine;
let ended: boolean;
let api: (index: number) => number;

/** Pops the return address, as the answer of an API call. */
function popReturn(): number {
  const { cpu } = machine;
  const next = memory.u32(cpu.rsp);
  cpu.rsp += 8;
  return next;
}

beforeEach(() => {
  memory = new GuestMemory();
  memory.allocate(0x10000, PAGE.EXECUTE_READ, { at: CODE });
  memory.allocate(0x10000, PAGE.EXECUTE_READ, { at: DONE });
  memory.allocate(0x200000, PAGE.READWRITE, { at: STACK_TOP - 0x200000 });
  memory.allocate(0x10000, PAGE.READWRITE, { at: 0x500000 });
  ended = false;
  api = popReturn;
  machine = new Machine({
    memory,
    api(index) {
      if (index !== 0) return api(index);
      ended = true;
      machine.suspend();
      return UNWIND;
    },
  });
  machine.addStub(DONE, 0);
  machine.addStub(API, 1);
});

/** Puts code (hexadecimal, spaces ignored) into memory, and makes it the next to run, with a return address that ends it. */
function load(hex: string, at = CODE): void {
  const bytes = Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
  memory.protect(CODE, 0x10000, PAGE.READWRITE);
  memory.write(at, bytes);
  memory.protect(CODE, 0x10000, PAGE.EXECUTE_READ);
  machine.cpu.rip = CODE;
  machine.cpu.rsp = STACK_TOP - 0x108;
  memory.setU64(machine.cpu.rsp, BigInt(DONE));
}

function run(turns = 1000): Exit {
  for (let i = 0; i < turns; i++) {
    const exit = machine.run();
    if (exit.kind !== "budget") return exit;
  }
  throw new Error("it does not end");
}

function call(hex: string, ...args: number[]): number {
  load(hex);
  [GPR.rcx, GPR.rdx, GPR.r8].forEach((register, i) => machine.cpu.setGpr(register, BigInt(args[i] ?? 0)));
  expect(run()).toEqual({ kind: "suspend" });
  expect(ended).toBe(true);
  expect(machine.cpu.rsp).toBe(STACK_TOP - 0x100);
  return machine.cpu.gpr32(GPR.rax);
}

// fib: cmp ecx,2; jae rec; mov eax,ecx; ret; rec: push rbx; push rsi; sub rsp,0x28; mov ebx,ecx; lea ecx,[rbx-1]; call fib; mov esi,eax;
// lea ecx,[rbx-2]; call fib; add eax,esi; add rsp,0x28; pop rsi; pop rbx; ret
const FIB = "83f902 7303 89c8 c3 53 56 4883ec28 89cb 8d4bff e8e8ffffff 89c6 8d4bfe e8deffffff 01f0 4883c428 5e 5b c3";

describe("control flow", () => {
  test("a loop adds up", () => {
    // xor eax,eax; again: add eax,ecx; dec ecx; jnz again; ret
    expect(call("31c0 01c8 ffc9 75fa c3", 100)).toBe(5050);
  });

  test("nested loops run through many turns of the budget and stay exact", () => {
    // xor eax,eax; o: mov edx,3000; i: inc eax; dec edx; jnz i; dec ecx; jnz o; ret
    load("31c0 bab80b0000 ffc0 ffca 75fa ffc9 75f1 c3");
    machine.cpu.setGpr(GPR.rcx, 5000n);
    let turns = 0;
    let exit = machine.run();
    for (; exit.kind === "budget"; exit = machine.run()) turns++;
    expect(turns).toBeGreaterThan(1);
    expect(machine.cpu.gpr32(GPR.rax)).toBe(15_000_000);
  });

  test("a spin on a flag gives its turn back, and ends when the flag is set", () => {
    // spin: cmp byte [0x500000],0; je spin; mov eax,7; ret
    load("803c250000500000 74f6 b807000000 c3");
    expect(machine.run().kind).toBe("budget");
    expect(machine.run().kind).toBe("budget");
    memory.setU8(0x500000, 1);
    expect(run().kind).toBe("suspend");
    expect(machine.cpu.gpr32(GPR.rax)).toBe(7);
  });

  test("a turn whose time API calls take ends, though they use little of the budget", () => {
    // push rbx; again: mov eax,[API]; call rax; jmp again
    load("53 b810001500 ffd0 ebf7");
    let calls = 0;
    api = () => {
      for (const start = performance.now(); performance.now() - start < 1;);
      if (++calls === 1000) throw new Error("the turn does not end");
      return popReturn();
    };
    expect(machine.run(2).kind).toBe("budget");
  });

  test("recursive fib", () => {
    expect(call(FIB, 24)).toBe(46368);
  });

  test("recursion far deeper than the host's stack", () => {
    // f: test ecx,ecx; jz z; sub rsp,0x28; dec ecx; call f; inc eax; add rsp,0x28; ret; z: xor eax,eax; ret
    expect(call("85c9 7412 4883ec28 ffc9 e8f1ffffff ffc0 4883c428 c3 31c0 c3", 30_000)).toBe(30_000);
  });

  test("recursion with frames of eight bytes and no end is a stack overflow of the guest", () => {
    load("e8fbffffff c3");
    machine.cpu.u32[CPU.stackEnd / 4] = STACK_TOP - 0x1f0000;
    const exit = run();
    expect(exit).toMatchObject({ kind: "fault", fault: { code: "stack-overflow" } });
  });

  test("a loop entered in its middle", () => {
    // test ecx,1; jnz b; a: inc eax; b: add eax,10; dec ecx; jns a; ret   (two entries, irreducible once the jump in is taken)
    const code = "31c0 f6c101 7502 ffc0 83c00a ffc9 79f7 c3";
    expect(call(code, 3)).toBe(43);
    expect(call(code, 2)).toBe(33);
  });

  test("an indirect call and a tail jump through a register", () => {
    // mov eax,f; call rax; inc eax; ret; nop…; f(0x140010): mov edx,g; jmp rdx; g(0x140020): mov eax,41; ret
    load("b810001400 ffd0 ffc0 c3");
    load("ba20001400 ffe2", CODE + 0x10);
    load("b829000000 c3", CODE + 0x20);
    expect(run().kind).toBe("suspend");
    expect(machine.cpu.gpr32(GPR.rax)).toBe(42);
  });

  test("a callee that returns elsewhere unwinds to there", () => {
    // call f; mov eax,1; ret; f: pop rdx; mov edx,other; push rdx; ret; other(0x140020): mov eax,9; ret
    load("e806000000 b801000000 c3 5a ba20001400 52 c3");
    load("b809000000 c3", CODE + 0x20);
    expect(run().kind).toBe("suspend");
    expect(machine.cpu.gpr32(GPR.rax)).toBe(9);
  });

  test("flags set by a comparison live across a return", () => {
    // call f; setb al; movzx eax,al; ret; f: cmp ecx,edx; ret
    const code = "e807000000 0f92c0 0fb6c0 c3 39d1 c3";
    expect(call(code, 1, 2)).toBe(1);
    expect(call(code, 2, 1)).toBe(0);
  });
});

describe("API calls", () => {
  test("a call of a stub reaches api with rsp at the return address", () => {
    api = () => {
      machine.cpu.setGpr(GPR.rax, machine.cpu.gpr(GPR.rcx) * 2n);
      return popReturn();
    };
    // mov ebx,ecx; mov eax,API; sub rsp,0x28; call rax; add eax,ebx; add rsp,0x28; ret
    expect(call("89cb b810001500 4883ec28 ffd0 01d8 4883c428 c3", 5)).toBe(15);
  });

  test("a call that waits unwinds, and goes on where it was, several frames deep", () => {
    let waits = 0;
    api = () => {
      if (waits++ === 0) {
        machine.cpu.rip = API;
        machine.suspend();
        return UNWIND;
      }
      machine.cpu.setGpr(GPR.rax, 30n);
      return popReturn();
    };
    // call f; inc eax; ret; f: sub rsp,8; mov eax,API; call rax; inc eax; add rsp,8; ret
    load("e803000000 ffc0 c3 4883ec08 b810001500 ffd0 ffc0 4883c408 c3");
    expect(run()).toEqual({ kind: "suspend" });
    expect(ended).toBe(false);
    expect(run()).toEqual({ kind: "suspend" });
    expect(ended).toBe(true);
    expect(machine.cpu.gpr32(GPR.rax)).toBe(32);
  });

  test("an intrinsic does the API's work without it, and memcpy returns its destination", () => {
    machine.addStub(API + 0x10, 2, { intrinsic: "memcpy" });
    api = () => expect.unreachable("the API was called");
    memory.setU64(0x500000, 0x1122334455667788n);
    // sub rsp,0x28; call [rip+slot]; add rsp,0x28; ret   with the slot at 0x140100
    load("4883ec28 ff15f6000000 4883c428 c3");
    load("2000150000000000", CODE + 0x100);
    [0x500100, 0x500000, 8].forEach((value, i) => machine.cpu.setGpr([GPR.rcx, GPR.rdx, GPR.r8][i] ?? 0, BigInt(value)));
    expect(run().kind).toBe("suspend");
    expect(memory.u64(0x500100)).toBe(0x1122334455667788n);
    expect(machine.cpu.gpr32(GPR.rax)).toBe(0x500100);
  });
});

describe("a row of stubs", () => {
  const ROW = 0x160000;
  const FIRST = 100;
  const STUBS = 300;
  let asked: number[];

  beforeEach(() => {
    memory.allocate(0x10000, PAGE.EXECUTE_READ, { at: ROW });
    asked = [];
    machine.addStubs(ROW, FIRST, STUBS, (n) => {
      asked.push(n);
      return { name: `row.dll!f${n}` };
    });
    api = (index) => {
      machine.cpu.setGpr(GPR.rax, BigInt(index));
      return popReturn();
    };
  });

  /** sub rsp,0x28; mov eax,address; call rax; add rsp,0x28; ret */
  function callAt(address: number): number {
    const low = [address, address >>> 8, address >>> 16, address >>> 24]
      .map((byte) => (byte & 0xff).toString(16).padStart(2, "0"))
      .join("");
    return call(`4883ec28 b8${low} ffd0 4883c428 c3`);
  }

  test("each calls its index, on every page, and nothing is asked of those that are not called", () => {
    expect([0, 7, 255, 256, STUBS - 1].map((n) => callAt(ROW + 16 * n))).toEqual([100, 107, 355, 356, 399]);
    expect(new Set(asked)).toEqual(new Set([0, 7, 255, 256, STUBS - 1]));
  });

  test("behind the last there is none", () => {
    api = () => expect.unreachable("the API was called");
    machine.cpu.rip = ROW + 16 * STUBS;
    expect(run().kind).toBe("fault");
    expect(asked).toEqual([]);
  });

  test("what the guest puts in the place of one runs, the others stay, and its own code makes it a call again", () => {
    const patched = ROW + 16 * 5;
    const original = memory.read(patched, 16);
    const write = (bytes: Uint8Array): void => {
      memory.protect(ROW, 0x10000, PAGE.READWRITE);
      memory.write(patched, bytes);
      memory.protect(ROW, 0x10000, PAGE.EXECUTE_READ);
    };
    expect(callAt(patched)).toBe(105);
    write(Uint8Array.of(0xb8, 7, 0, 0, 0, 0xc3)); // mov eax,7; ret
    expect([callAt(patched), callAt(patched + 16), callAt(patched - 16)]).toEqual([7, 106, 104]);
    write(original);
    expect(callAt(patched)).toBe(105);
  });

  test("a copy of one calls the same", () => {
    memory.protect(CODE, 0x10000, PAGE.READWRITE);
    memory.write(CODE + 0x200, memory.read(ROW + 16 * 9, 16));
    memory.protect(CODE, 0x10000, PAGE.EXECUTE_READ);
    expect(callAt(CODE + 0x200)).toBe(109);
  });
});

describe("faults", () => {
  test("a read of the null page names the instruction", () => {
    // nop; mov eax,[rcx]; ret
    load("90 8b01 c3");
    machine.cpu.setGpr(GPR.rcx, 0n);
    expect(run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", rip: CODE + 1 } });
  });

  test("division by zero", () => {
    load("31d2 f7f1 c3");
    machine.cpu.setGpr(GPR.rcx, 0n);
    expect(run()).toMatchObject({ kind: "fault", fault: { code: "divide-by-zero", rip: CODE + 2 } });
  });

  test("bytes that are no instruction fail only when they are reached", () => {
    // test ecx,ecx; jz x; mov eax,1; ret; x: ud2
    expect(call("85c9 7406 b801000000 c3 0f0b", 1)).toBe(1);
    load("85c9 7406 b801000000 c3 0f0b");
    machine.cpu.setGpr(GPR.rcx, 0n);
    expect(run()).toMatchObject({ kind: "fault", fault: { code: "illegal-instruction", rip: CODE + 10 } });
  });

  test("an instruction that the processor does not have is named, with its bytes", () => {
    load("90 0f01d0 c4e27dc0c1");
    memory.protect(CODE, 0x1000, PAGE.READWRITE);
    memory.write(CODE, Uint8Array.of(0xc5, 0xfc, 0x58, 0xc1)); // vaddps ymm0, ymm0, ymm1
    memory.protect(CODE, 0x1000, PAGE.EXECUTE_READ);
    const exit = run();
    expect(exit).toMatchObject({ kind: "fault", fault: { code: "illegal-instruction", rip: CODE } });
    expect(JSON.stringify(exit)).toMatch(/c5 fc 58 c1.*vaddps/);
  });

  test("a jump to where no code may run", () => {
    load("31c0 ffe0");
    expect(run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", access: "execute", address: 0 } });
    load("b800005000 ffe0");
    expect(run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", access: "execute", address: 0x500000 } });
  });
});

describe("code that changes", () => {
  test("code rewritten after VirtualProtect is translated again", () => {
    expect(call("b801000000 c3")).toBe(1);
    expect(call("b802000000 c3")).toBe(2);
  });

  test("code on writable pages is compared at every entry", () => {
    load("b801000000 c3");
    memory.protect(CODE, 0x10000, PAGE.EXECUTE_READWRITE);
    for (const value of [1, 2, 2, 3]) {
      memory.setU8(CODE + 1, value);
      machine.cpu.rip = CODE;
      machine.cpu.rsp = STACK_TOP - 0x108;
      expect(run().kind).toBe("suspend");
      expect(machine.cpu.gpr32(GPR.rax)).toBe(value);
    }
  });
});
