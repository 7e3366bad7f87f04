import { PAGE } from "@decant/memory";
import { beforeEach, describe, expect, test } from "vitest";
import { CODE, DATA, TestGuest } from "./test-guest.ts";

let guest: TestGuest;

beforeEach(() => {
  guest = new TestGuest();
});

/** Puts code on pages that are writable and executable. */
function loadChanging(hex: string, at = CODE): void {
  guest.load(hex, at);
  guest.memory.protect(CODE, 0x10000, PAGE.EXECUTE_READWRITE);
}

const patch = (at: number, ...bytes: number[]): void => guest.memory.write(at, Uint8Array.from(bytes));

describe("code that changes itself", () => {
  test("a loop that changes its own addend each turn", () => {
    // xor eax,eax; again: add eax,1; inc byte [again+2]; dec ecx; jnz again; ret
    loadChanging("31c083c001fe05f9ffffffffc975f3c3");
    expect(guest.call(10)).toBe(55);
  });

  test("a store to the very next instruction", () => {
    // mov [next+1],cl; next: mov eax,1; ret
    loadChanging("880d01000000b801000000c3");
    expect(guest.call(1)).toBe(1);
    expect(guest.call(7)).toBe(7);
    expect(guest.call(7)).toBe(7);
    expect(guest.call(9)).toBe(9);
  });

  test("a loop that decrypts what follows it", () => {
    // lea rdx,[body]; mov ecx,6; l: xor byte [rdx],0x5a; inc rdx; dec ecx; jnz l; body: (mov eax,42; ret) xor 0x5a
    loadChanging("488d150f000000b90600000080325a48ffc2ffc975f6e2705a5a5a99");
    expect(guest.call()).toBe(42);
  });

  test("a loop that decrypts four thousand instructions is not translated again each turn", () => {
    // The same with ecx = 8194: 8192 bytes of inc eax, ret
    const body = `${"ffc0".repeat(4096)}c3`;
    const hidden = [...Buffer.from(body, "hex")].map((byte) => (byte ^ 0x5a).toString(16).padStart(2, "0")).join("");
    loadChanging(`488d150f000000b90120000080325a48ffc2ffc975f6${hidden}`);
    guest.machine.cpu.setGpr(0, 0n);
    expect(guest.call()).toBe(4096);
    expect(guest.machine.statistics.functions).toBeLessThan(30);
  });

  test("a jump that becomes conditional sees the flags from before the store", () => {
    // cmp ecx,5; mov byte [j],0x74; j: jmp yes; mov eax,1; ret; yes: mov eax,2; ret
    const code = "83f905c6050000000074eb06b801000000c3b802000000c3";
    loadChanging(code);
    expect(guest.call(5)).toBe(2);
    loadChanging(code);
    expect(guest.call(4)).toBe(1);
  });

  test("rep movsb over what follows", () => {
    // push rsi; push rdi; mov esi,DATA; lea rdi,[after]; mov ecx,6; rep movsb; after: mov eax,1; nop; pop rdi; pop rsi; ret
    loadChanging("5657be00005000488d3d07000000b906000000f3a4b801000000905f5ec3");
    patch(DATA, 0xb8, 0x0d, 0, 0, 0, 0x90);
    expect(guest.call()).toBe(13);
  });

  test("data between the instructions may be written without changing the code", () => {
    // jmp l; data: dd 0; l: inc dword [data]; mov eax,[data]; dec ecx; jnz l; ret
    loadChanging("eb0400000000ff05f6ffffff8b05f0ffffffffc975f0c3");
    expect(guest.call(500)).toBe(500);
    expect(guest.machine.statistics.invalidations).toBe(0);
  });
});

describe("code that others change", () => {
  test("a callee changes its caller after the call", () => {
    // sub rsp,0x28; call f; after: mov eax,1; add rsp,0x28; ret; f: mov byte [after+1],7; ret
    loadChanging("4883ec28e80c000000b8010000004883c428c39090c605eeffffff07c3");
    expect(guest.call()).toBe(7);
  });

  test("an API function writes into its caller", () => {
    const api = guest.stub(() => void patch(CODE + 0x0b + 1, 21));
    // sub rsp,0x28; mov eax,api; call rax; after: mov eax,1; add rsp,0x28; ret
    loadChanging(`4883ec28b8${little(api)}ffd0b8010000004883c428c3`);
    expect(guest.call()).toBe(21);
  });

  test("memcpy, done in place, writes into its caller", () => {
    const memcpy = guest.stub(() => expect.unreachable("the API was called"), "memcpy");
    patch(DATA, 33);
    // sub rsp,0x28; lea rcx,[after+1]; mov edx,DATA; mov r8d,1; call [slot]; after: mov eax,1; add rsp,0x28; ret; slot:
    loadChanging(
      `4883ec28488d0d12000000ba0000500041b801000000ff1514000000b8010000004883c428c3662e0f1f840000000000${little(memcpy)}00000000`,
    );
    expect(guest.call()).toBe(33);
  });

  test("flags of an addition live across a return, as decompressors that were written by hand have it", () => {
    // mov eax,f; call rax; adc edx,edx; mov eax,edx; ret; f(+0x20): add ecx,ecx; ret
    loadChanging(`b8${little(CODE + 0x20)}ffd011d289d0c3`);
    patch(CODE + 0x20, 0x01, 0xc9, 0xc3);
    expect(guest.call(0x80000000, 3)).toBe(7);
    expect(guest.call(0x7fffffff, 3)).toBe(6);
  });

  test("a switch whose table changes, in memory that the guest may write", () => {
    // cmp ecx,3; ja d; lea rdx,[table]; movsxd rax,[rdx+rcx*4]; add rax,rdx; jmp rax; c0: mov eax,10; ret; c1: … 11; c2: … 12; d: … 99; table
    const code =
      "83f9037722488d15240000004863048a4801d0ffe0b80a000000c3b80b000000c3b80c000000c3b863000000c30f1f00e5ffffffebfffffff1ffffffe5ffffff";
    loadChanging(code);
    expect([0, 1, 2, 3, 4].map((n) => guest.call(n))).toEqual([10, 11, 12, 10, 99]);
    const { functions } = guest.machine.statistics;
    expect(functions, "the targets are part of the switch's own function").toBe(1);
    guest.memory.setU32(CODE + 0x34, guest.memory.u32(CODE + 0x38));
    expect([0, 1, 2].map((n) => guest.call(n))).toEqual([10, 12, 12]);
  });

  test("a switch through another table than the one that was there, entered elsewhere", () => {
    guest = new TestGuest({ mode: 32 });
    const [one, two] = [CODE + 0x80, CODE + 0x90];
    [one, two, two, one].forEach((target, n) => guest.memory.setU32(DATA + 4 * n, target));
    // jmp [esp+8]; 0x20: nop; mov ecx,[esp+4]; cmp ecx,1; ja 0x80; jmp [DATA+4*ecx]; 0x80: mov eax,1; ret; 0x90: mov eax,2; ret
    loadChanging("ff642408");
    patch(CODE + 0x20, ...Buffer.from(`908b4c240483f9017755ff248d${little(DATA)}`, "hex"));
    patch(one, ...Buffer.from("b801000000c3", "hex"));
    patch(two, ...Buffer.from("b802000000c3", "hex"));
    expect([0, 1].map((n) => guest.call(n, CODE + 0x21))).toEqual([1, 2]);
    patch(CODE + 0x2d, ...Buffer.from(little(DATA + 8), "hex"));
    expect([0, 1].map((n) => guest.call(n, CODE + 0x20))).toEqual([2, 1]);
  });

  test("an instruction that crosses from a page that does not change to one that does", () => {
    // jmp f; f(+0xffe): mov eax,1; ret
    guest.load("e9f90f0000");
    guest.load("b801000000c3", CODE + 0xffe);
    guest.memory.protect(CODE + 0x1000, 0x1000, PAGE.EXECUTE_READWRITE);
    expect(guest.call()).toBe(1);
    patch(CODE + 0x1000, 1);
    expect(guest.call()).toBe(0x101);
  });

  test("a jump that other jumps lead to, on a page that cannot be written to while it runs", () => {
    // test ecx,ecx; jz j; j: jmp one; nop; one: mov eax,1; ret; two: mov eax,2; ret
    guest.load("85c97401c3eb0190b801000000c3b802000000c3");
    expect(guest.call(0)).toBe(1);
    guest.load("85c97401c3eb0790b801000000c3b802000000c3");
    expect(guest.call(0)).toBe(2);
  });

  test("code that is freed, and other code allocated in its place", () => {
    const { memory } = guest;
    const place = 0x900000;
    // mov eax,place; jmp rax
    guest.load(`b8${little(place)}ffe0`);
    for (const value of [1, 2, 3]) {
      memory.allocate(0x1000, PAGE.READWRITE, { at: place });
      patch(place, 0xb8, value, 0, 0, 0, 0xc3);
      memory.protect(place, 0x1000, PAGE.EXECUTE_READ);
      expect(guest.call()).toBe(value);
      memory.release(place);
    }
    guest.enter();
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { code: "access-violation", access: "execute", address: place } });
  });

  test("an import thunk that is patched", () => {
    const one = guest.stub(() => 1);
    const other = CODE + 0x80;
    // sub rsp,0x28; call thunk; add rsp,0x28; ret; thunk(+0x20): jmp [slot]; slot(+0x40); other(+0x80): mov eax,2; ret
    guest.load("4883ec28e8170000004883c428c3");
    guest.load("ff251a000000", CODE + 0x20);
    guest.load(`${little(one)}00000000`, CODE + 0x40);
    guest.load("b802000000c3", other);
    expect(guest.call()).toBe(1);
    guest.load("eb5e9090", CODE + 0x20);
    expect(guest.call()).toBe(2);
  });
});

describe("what a change costs", () => {
  test("only the function that changed is translated again", () => {
    // g: sub rsp,0x28; call f; mov ecx,eax; call h; add rsp,0x28; ret; f(+0x20): mov eax,1; ret; h(+0x30): lea eax,[rcx+100]; ret
    loadChanging("4883ec28e81700000089c1e8200000004883c428c366662e0f1f840000000000b801000000c3662e0f1f8400000000008d4164c3");
    expect(guest.call()).toBe(101);
    const { statistics } = guest.machine;
    for (let value = 2; value < 50; value++) {
      const before = statistics.functions;
      guest.memory.setU8(CODE + 0x21, value);
      expect(guest.call()).toBe(100 + value);
      expect(statistics.functions - before).toBe(1);
    }
  });

  test("protections that change back and forth translate nothing twice", () => {
    guest.load("b801000000c3");
    guest.load("b802000000c3", CODE + 0x100);
    expect(guest.call()).toBe(1);
    const { batches } = guest.machine.statistics;
    for (let i = 0; i < 100; i++) {
      guest.memory.protect(CODE, 0x10000, PAGE.READWRITE);
      guest.memory.setU8(CODE + 0x200, i);
      guest.memory.protect(CODE, 0x10000, PAGE.EXECUTE_READ);
      expect(guest.call()).toBe(1);
    }
    expect(guest.machine.statistics.batches).toBe(batches);
  });

  test("code that changes between a few forms is translated once for each", () => {
    loadChanging("b801000000c3");
    for (let i = 0; i < 60; i++) {
      patch(CODE + 1, i % 3);
      expect(guest.call()).toBe(i % 3);
    }
    expect(guest.machine.statistics.batches).toBe(3);
  });

  test("a page that loses the right to run is not run", () => {
    guest.load("b801000000c3");
    expect(guest.call()).toBe(1);
    guest.memory.protect(CODE, 0x1000, PAGE.READWRITE);
    guest.enter();
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { access: "execute", address: CODE } });
  });

  test("straight-line code that runs on into a page that may not run", () => {
    // nop; nop; and on the next page the rest
    guest.load("9090b801000000c3", CODE + 0xffc);
    guest.load("e9f70f0000");
    guest.memory.protect(CODE + 0x1000, 0x1000, PAGE.READONLY);
    guest.enter();
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { access: "execute", rip: CODE + 0xffe, address: CODE + 0x1000 } });
  });

  test("a program may make new code for ever", { timeout: 60_000 }, () => {
    // f: mov eax,n; ret, made anew 1,100 times on 64 pages that come and go: more batches than sleep at a time.
    const { memory } = guest;
    const place = 0x1000000;
    guest.load(`ffe1`);
    for (let n = 0; n < 1_100; n++) {
      const at = place + (n % 64) * 0x10000;
      memory.allocate(0x1000, PAGE.EXECUTE_READWRITE, { at });
      patch(at, 0xb8, n & 0xff, n >>> 8, 0, 0, 0xc3);
      expect(guest.call(at)).toBe(n);
      memory.release(at);
    }
    expect(guest.machine.moduleCount).toBeLessThan(700);
  });

  test("code in the place of a module that is gone takes none of its indirect calls over", { timeout: 60_000 }, () => {
    // f: mov eax,9; ret. Each caller: push rbx; mov ebx,16; mov r8d,n; l: call rdx; dec ebx; jnz l; pop rbx; ret
    const { memory } = guest;
    const place = 0x1000000;
    guest.load("ffe1");
    guest.load("b809000000c3", CODE + 0x100);
    for (let n = 0; n < 1_100; n++) {
      const at = place + (n % 64) * 0x10000;
      memory.allocate(0x1000, PAGE.EXECUTE_READWRITE, { at });
      patch(at, ...Buffer.from(`53bb1000000041b8${little(n)}ffd2ffcb75fa5bc3`, "hex"));
      expect(guest.call(at, CODE + 0x100)).toBe(9);
      memory.release(at);
    }
  });
});

describe("API functions that the guest patches", () => {
  const PLACE = 0x900000;
  let calls: number;
  let api: number;

  beforeEach(() => {
    calls = 0;
    api = guest.stub(() => ++calls);
    guest.memory.allocate(0x1000, PAGE.EXECUTE_READWRITE, { at: PLACE });
    // sub rsp,0x28; call [slot]; add rsp,0x28; ret; slot(+0x40)
    guest.load("4883ec28ff15360000004883c428c3");
    guest.load(`${little(api)}00000000`, CODE + 0x40);
    // Translated once with the function untouched.
    guest.call();
  });

  /** Overwrites code on a page that cannot be written to, as hooking libraries do. */
  function overwrite(at: number, ...bytes: number[]): void {
    const page = at - (at % 0x1000);
    guest.memory.protect(page, 0x1000, PAGE.EXECUTE_READWRITE);
    patch(at, ...bytes);
    guest.memory.protect(page, 0x1000, PAGE.EXECUTE_READ);
  }

  test("the patch runs, and no longer when it is taken back", () => {
    const before = [...guest.memory.read(api, 16)];
    overwrite(api, 0xb8, 55, 0, 0, 0, 0xc3); // mov eax,55; ret
    expect(guest.call()).toBe(55);
    expect(calls).toBe(1);
    overwrite(api, ...before);
    expect(guest.call()).toBe(2);
  });

  test("a patch on a page that stays writable runs too", () => {
    guest.memory.protect(api - (api % 0x1000), 0x1000, PAGE.EXECUTE_READWRITE);
    expect(guest.call()).toBe(2);
    patch(api, 0xb8, 56, 0, 0, 0, 0xc3);
    expect(guest.call()).toBe(56);
    patch(api, 0x66, 0x90, 0x0f, 0x1f, 0x80, guest.memory.u8(api + 5));
    expect(guest.call()).toBe(3);
  });

  test("a copy of the whole code, or of its beginning with a jump to the rest, calls the function", () => {
    const code = [...guest.memory.read(api, 11)];
    patch(PLACE, ...code);
    // the first two instructions, then jmp to the third
    patch(PLACE + 0x20, ...code.slice(0, 9), 0xe9, ...Buffer.from(little((api + 9 - (PLACE + 0x20 + 14)) >>> 0), "hex"));
    overwrite(api, 0xe9, ...Buffer.from(little(PLACE + 0x100 - (api + 5)), "hex")); // jmp PLACE+0x100
    patch(PLACE + 0x100, 0xb8, ...Buffer.from(little(PLACE), "hex"), 0xff, 0xe0); // hook: mov eax,PLACE; jmp rax
    expect(guest.call()).toBe(2);
    patch(PLACE + 0x101, ...Buffer.from(little(PLACE + 0x20), "hex"));
    expect(guest.call()).toBe(3);
  });

  test("a patched function that is called through its copy from deep in the stack is still called once each time", () => {
    const code = [...guest.memory.read(api, 11)];
    patch(PLACE, ...code);
    overwrite(api, 0xe9, ...Buffer.from(little(PLACE + 0x100 - (api + 5)), "hex"));
    patch(PLACE + 0x100, 0xff, 0x04, 0x25, 0, 0, 0x50, 0, 0xb8, ...Buffer.from(little(PLACE), "hex"), 0xff, 0xe0); // inc [DATA]; mov eax,PLACE; jmp rax
    // f: sub rsp,0x88; dec ecx; jz z; call f; z: call [slot]; add rsp,0x88; ret
    guest.load("4881ec88000000ffc97405e8f0ffffffff152a0000004881c488000000c3");
    guest.enter(600);
    expect(guest.run().kind).toBe("suspend");
    expect(calls).toBe(601);
    expect(guest.memory.u32(DATA)).toBe(600);
  });

  test("a syscall that is no stub's is a fault at its place", () => {
    guest.load("b8010000000f05c3");
    guest.enter();
    expect(guest.run()).toMatchObject({ kind: "fault", fault: { rip: CODE + 5 } });
  });
});

function little(value: number): string {
  return Buffer.from(Uint32Array.of(value).buffer).toString("hex");
}
