import { expect, test } from "vitest";
import { DOUBLE, fn, guestCall, HANDLE, INT, LONGLONG, LPARAM, out, PVOID, struct, VOID, type Handle } from "./index.ts";
import { TestThread } from "./test-thread.ts";

const CALLBACK = fn(LONGLONG, ["a", INT], ["b", DOUBLE], ["h", HANDLE], ["l", LPARAM], ["p", out(INT)], ["x", DOUBLE]);

test("arguments go where x64 code looks for them, above an aligned return address", () => {
  const thread = new TestThread();
  const before = thread.stack;
  const call = guestCall(CALLBACK, 8);
  call.enter(thread, 0x5000, [-1, 2.5, -1 as Handle, -2n, 0x1234, 8.5]);
  const { registers, memory, stack } = thread;
  expect([registers[2], registers[16], registers[17], registers[18], registers[19]]).toEqual([
    0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_fffe, 0xffff_ffff,
  ]);
  expect(new Float64Array(registers.buffer, registers.byteOffset + 0x110, 1)[0]).toBe(2.5);
  expect([memory.u64(stack), memory.u64(stack + 40), memory.f64(stack + 48)]).toEqual([0x5000n, 0x1234n, 8.5]);
  expect([(stack + 8) % 16, stack <= before - 56, call.popBytes]).toEqual([0, true, 0]);
  thread.setRegister(0, 2n ** 64n - 3n);
  expect(call.result(thread)).toBe(-3n);
});

test("x86 callbacks have everything on the stack, and stdcall ones pop it", () => {
  const thread = new TestThread(4);
  const call = guestCall(CALLBACK, 4);
  call.enter(thread, 0x5000, [7, 2.5, 1 as Handle, -2n, 0x1234, 8.5]);
  const { memory, stack } = thread;
  expect([
    memory.u32(stack),
    memory.u32(stack + 4),
    memory.f64(stack + 8),
    memory.u32(stack + 16),
    memory.i32(stack + 20),
    memory.u32(stack + 24),
    memory.f64(stack + 28),
  ]).toEqual([0x5000, 7, 2.5, 1, -2, 0x1234, 8.5]);
  expect([call.popBytes, guestCall(CALLBACK, 4, "cdecl").popBytes]).toEqual([32, 0]);
  thread.setRegister(0, 5n);
  thread.setRegister(4, 1n);
  expect(call.result(thread)).toBe((1n << 32n) | 5n);
});

test("doubles come back in xmm0 or on the x87 stack", () => {
  const [wide, narrow] = [new TestThread(), new TestThread(4)];
  wide.setXmm(0, 1.25);
  narrow.pushFloat(1.25);
  expect([guestCall(fn(DOUBLE), 8).result(wide), guestCall(fn(DOUBLE), 4).result(narrow)]).toEqual([1.25, 1.25]);
});

test("a signature with structs by value is refused", () => {
  expect(() => guestCall(fn(VOID, ["s", struct("S", { p: PVOID })]), 8)).toThrow("cannot be called");
});
