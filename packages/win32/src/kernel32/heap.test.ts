import { DWORD, ERROR, SIZE_T } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { heap } from "./heap.ts";

const ZERO = 8;
const IN_PLACE = 0x10;

function machine() {
  const made = guest({ topics: [heap] });
  return { ...made, process: made.process, processHeap: made.call("GetProcessHeap") };
}

test("a block is aligned, has the size that was asked for, and is zero on demand", () => {
  const { call, memory, processHeap } = machine();
  const block = call("HeapAlloc", processHeap, 0, 100);
  expect(block % 16).toBe(0);
  expect(call("HeapSize", processHeap, 0, block)).toBe(100);
  memory.fill(block, 0xff, 100);
  expect(call("HeapFree", processHeap, 0, block)).toBe(1);
  const again = call("HeapAlloc", processHeap, ZERO, 100);
  expect(memory.read(again, 100).every((byte) => byte === 0)).toBe(true);
});

test("no bytes are a block too, and freeing NULL works", () => {
  const { call, processHeap } = machine();
  const block = call("HeapAlloc", processHeap, 0, 0);
  expect(block).not.toBe(0);
  expect(call("HeapSize", processHeap, 0, block)).toBe(0);
  expect(call("HeapFree", processHeap, 0, 0)).toBe(1);
});

test("HeapReAlloc keeps the contents, zeroes what is new, and refuses NULL", () => {
  const { call, memory, processHeap } = machine();
  const block = call("HeapAlloc", processHeap, ZERO, 10);
  memory.fill(block, 7, 10);
  const moved = call("HeapReAlloc", processHeap, ZERO, block, 5000);
  expect([...memory.read(moved, 12)]).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0]);
  expect(call("HeapReAlloc", processHeap, IN_PLACE, moved, 500_000)).toBe(0);
  expect(call("HeapSize", processHeap, 0, moved)).toBe(5000);
  expect(call("HeapReAlloc", processHeap, 0, 0, 10)).toBe(0);
});

test("a heap of one's own has its maximum, and goes as a whole", () => {
  const { call, thread, process } = machine();
  const own = call("HeapCreate", 0, 0, 0x10_0000);
  const before = process.memory.committedBytes;
  expect(call("HeapAlloc", own, 0, 0x8_0000)).not.toBe(0);
  expect(call("HeapAlloc", own, 0, 0x10_0000)).toBe(0);
  expect(call("HeapDestroy", own)).toBe(1);
  expect(process.memory.committedBytes).toBeLessThanOrEqual(before);
  expect(call("HeapAlloc", own, 0, 1)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  expect(call("HeapDestroy", call("GetProcessHeap"))).toBe(0);
});

test("a pointer that is no block ends the guest", () => {
  const { call, processHeap } = machine();
  expect(() => call("HeapFree", processHeap, 0, 0x1234_5670)).toThrow(/heap/);
});

test("Local and Global memory come from the same heap", () => {
  const { call, thread, memory, out } = machine();
  const block = call("LocalAlloc", 0x40, 20);
  expect([memory.u8(block), call("LocalSize", block)]).toEqual([0, 20]);
  const moved = call("LocalReAlloc", block, 4000, 0x42);
  expect(call("LocalSize", moved)).toBe(4000);
  expect(call("LocalFree", moved)).toBe(0);
  expect(call("LocalFree", 0)).toBe(0);
  expect(call("LocalFree", 0x1234_5670)).toBe(0x1234_5670);
  expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  expect(call("LocalSize", 0)).toBe(0);
  expect(call("LocalReAlloc", 0, 10, 0)).toBe(0);
  const movable = call("GlobalAlloc", 2, 8);
  expect(call("GlobalLock", movable)).toBe(movable);
  expect(call("GlobalFree", movable)).toBe(0);
  const information = out(DWORD);
  expect(call("HeapQueryInformation", call("GetProcessHeap"), 0, information, 4, out(SIZE_T))).toBe(1);
  expect(information.value).toBe(2);
});

test("more than there can be is refused", () => {
  const { call, thread, processHeap } = machine();
  expect(call("HeapAlloc", processHeap, 0, 0xf000_0000)).toBe(0);
  expect(call("LocalAlloc", 0, 0xf000_0000)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NOT_ENOUGH_MEMORY);
});
