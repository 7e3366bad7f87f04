import { GuestMemory, PAGE } from "@decant/memory";
import { expect, test } from "vitest";
import { virtualUnwind } from "./virtual-unwind.ts";

/** A function at BASE + 0x100 of 0x80 bytes, its unwind data at BASE + 0x800; the stack is written by each test. */
const BASE = 0x40_0000;
const BEGIN = 0x100;
const STACK = 0x60_0000;
const RBX = 3;
const RSP = 4;
const RBP = 5;
const RSI = 6;

/** Unwinds from an offset in the function. `codes` are slots of 16 bits: offset in the prologue, then operation and info. */
function unwound(header: readonly number[], codes: readonly number[], offset: number, stack: Readonly<Record<number, bigint>>, code = "") {
  const memory = new GuestMemory();
  memory.allocate(0x10000, PAGE.READWRITE, { at: BASE });
  memory.allocate(0x10000, PAGE.READWRITE, { at: STACK });
  memory.fill(BASE + BEGIN, 0x90, 0x80);
  memory.write(
    BASE + BEGIN + offset,
    Uint8Array.from(code.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
  );
  memory.write(BASE + 0x800, Uint8Array.from([...header, ...codes]));
  for (const [at, value] of Object.entries(stack)) memory.setU64(STACK + 0x1000 + Number(at), value);
  const gpr = new BigUint64Array(16);
  gpr[RSP] = BigInt(STACK + 0x1000);
  gpr[RBP] = BigInt(STACK + 0x1020);
  const state = { gpr, xmm: new Uint8Array(256), rip: BASE + BEGIN + offset };
  const entry = { begin: BEGIN, end: BEGIN + 0x80, unwindInfo: 0x800 };
  const frame = virtualUnwind(memory, state, { base: BASE, entry, address: BASE + 0x900 });
  return { ...frame, rip: state.rip, rsp: Number(gpr[RSP]) - STACK - 0x1000, gpr, xmm: state.xmm };
}

test("pushes and small allocations are undone, from the last to the first", () => {
  // push rbx (ends at 1); push rsi (2); sub rsp, 16 (6)
  const after = unwound([1, 6, 3, 0], [6, 0x12, 2, 0x60, 1, 0x30], 0x40, { 16: 66n, 24: 33n, 32: 0x1234n });
  expect([after.gpr[RSI], after.gpr[RBX], after.rip, after.rsp]).toEqual([66n, 33n, 0x1234, 40]);
  expect(after.establisher).toBe(STACK + 0x1000);
});

test("in the prologue only what it has done by then is undone", () => {
  const codes = [6, 0x12, 2, 0x60, 1, 0x30];
  expect(unwound([1, 6, 3, 0], codes, 0, { 0: 0x99n })).toMatchObject({ rip: 0x99, rsp: 8 });
  const after = unwound([1, 6, 3, 0], codes, 2, { 0: 66n, 8: 33n, 16: 0x88n });
  expect([after.gpr[RSI], after.gpr[RBX], after.rip]).toEqual([66n, 33n, 0x88]);
});

test("large allocations have one slot of eights, or two of bytes", () => {
  expect(unwound([1, 7, 2, 0], [7, 0x01, 0x20, 0], 0x40, { 256: 0x55n })).toMatchObject({ rip: 0x55, rsp: 264 });
  expect(unwound([1, 7, 3, 0], [7, 0x11, 0x80, 2, 0, 0], 0x40, { 640: 0x56n })).toMatchObject({ rip: 0x56, rsp: 648 });
});

test("a frame register gives the frame, wherever rsp is, and saved registers lie in it", () => {
  // push rbp; sub rsp, 64; lea rbp, [rsp+32]; mov [rsp+40], rbx; movaps [rsp+16], xmm6: the frame starts 32 below rbp, at rsp here.
  const codes = [20, 0x68, 1, 0, 16, 0x34, 5, 0, 10, 0x03, 5, 0x72, 1, 0x50];
  const after = unwound([1, 20, 7, 0x25], codes, 0x40, { 16: 0x77n, 40: 33n, 64: 0xabcn, 72: 0x1111n });
  expect([after.gpr[RBX], after.gpr[RBP], after.rip, after.xmm[6 * 16]]).toEqual([33n, 0xabcn, 0x1111, 0x77]);
  expect(after.establisher).toBe(STACK + 0x1000);
});

test("registers saved far have their offset in two slots", () => {
  const after = unwound([1, 16, 4, 0], [16, 0x35, 0x30, 0, 0, 0, 5, 0x72], 0x40, { 48: 44n, 64: 0x22n });
  expect([after.gpr[RBX], after.rip]).toEqual([44n, 0x22]);
});

test("a machine frame has rip and rsp, below an error code or not", () => {
  for (const [info, at] of [[0x0a, 0], [0x1a, 8]] as const) {
    const after = unwound([1, 0, 1, 0], [0, info, 0, 0], 0x40, { [at]: 0x4242n, [at + 24]: BigInt(STACK + 0x2000) });
    expect([after.rip, after.gpr[RSP]]).toEqual([0x4242, BigInt(STACK + 0x2000)]);
  } // prettier-ignore
});

test("chained data are undone after a fragment's own", () => {
  // push rsi in the fragment; then, at 0x900, the function's: push rbx.
  const words = (...values: number[]) => values.flatMap((value) => [value & 255, (value >> 8) & 255, value >> 16, 0]);
  const chain = words(BEGIN, BEGIN + 0x80, 0x800 + 0x14);
  const after = unwound([0x21, 1, 1, 0], [1, 0x60, 0, 0, ...chain, 1, 1, 1, 0, 1, 0x30, 0, 0], 0x40, { 0: 66n, 8: 33n, 16: 0x77n });
  expect([after.gpr[RSI], after.gpr[RBX], after.rip, after.rsp]).toEqual([66n, 33n, 0x77, 24]);
});

test("in an epilogue what is left of it is run, and no handler is told", () => {
  const codes = [6, 0x12, 2, 0x60, 1, 0x30, 0, 0];
  const handler = [0x50, 3, 0, 0, 7, 0, 0, 0];
  const stack = { 0: 66n, 8: 33n, 16: 0x77n };
  // pop rsi; pop rbx; ret
  const inside = unwound([0x09, 6, 3, 0], [...codes, ...handler], 0x70, stack, "5e5bc3");
  expect([inside.gpr[RSI], inside.gpr[RBX], inside.rip, inside.handler]).toEqual([66n, 33n, 0x77, undefined]);
  // The same bytes, but something else after them: the body.
  const body = unwound([0x09, 6, 3, 0], [...codes, ...handler], 0x70, { 16: 1n, 24: 2n, 32: 0x66n }, "5e5b90");
  expect([body.gpr[RSI], body.gpr[RBX], body.rip]).toEqual([1n, 2n, 0x66]);
  expect(body.handler).toEqual({ address: BASE + 0x350, data: BASE + 0x810, flags: 1 });
});

test("a function without an entry is a leaf", () => {
  const memory = new GuestMemory();
  memory.allocate(0x10000, PAGE.READWRITE, { at: STACK });
  memory.setU64(STACK + 8, 0x5555n);
  const gpr = new BigUint64Array(16);
  gpr[RSP] = BigInt(STACK + 8);
  const state = { gpr, xmm: new Uint8Array(256), rip: 0x1000 };
  expect(virtualUnwind(memory, state, undefined)).toEqual({ establisher: STACK + 8, handler: undefined });
  expect([state.rip, gpr[RSP]]).toEqual([0x5555, BigInt(STACK + 16)]);
});

// As documented ("x64 prolog and epilog"); Wine 8 takes such an end for the function's body.
test("an epilogue may end in a jump out of the function, and not in one within it", () => {
  const codes = [5, 0x32, 1, 0x30];
  const out = unwound([1, 5, 2, 0], codes, 0x40, { 0: 33n, 8: 0x1234n }, "5be900100000");
  expect([out.gpr[RBX], out.rip, out.rsp]).toEqual([33n, 0x1234, 16]);
  const within = unwound([1, 5, 2, 0], codes, 0x40, { 32: 34n, 40: 0x99n }, "5be900000000");
  expect([within.gpr[RBX], within.rip, within.rsp]).toEqual([34n, 0x99, 48]);
});
