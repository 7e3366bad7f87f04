import { DWORD, ERROR, SIZE_T, type AnyType } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { heap } from "./heap.ts";
import { PROCESS_HEAP_ENTRY } from "./heap.api.ts";
import { HEAPENTRY32, HEAPLIST32 } from "./toolhelp.api.ts";
import { toolhelp } from "./toolhelp.ts";

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

/** HeapWalk gives blocks as Wine 8 does, which tells of regions and of free blocks besides. */
test("HeapWalk tells of each block in use once, and then that there is no more", () => {
  const { call, out, thread } = machine();
  const made = call("HeapCreate", 0, 0, 0);
  const sizes = new Map([100, 5000, 2_000_000].map((size) => [call("HeapAlloc", made, 0, size), size]));
  const entry = out(PROCESS_HEAP_ENTRY, { lpData: 0 });
  const walked = new Map<number, number>();
  while (call("HeapWalk", made, entry) === 1) {
    expect(entry.value.wFlags).toBe(4);
    walked.set(entry.value.lpData, entry.value.cbData);
  }
  expect(walked).toEqual(sizes);
  expect(thread.lastError).toBe(ERROR.NO_MORE_ITEMS);
  expect([call("HeapWalk", 0xbad0, out(PROCESS_HEAP_ENTRY, { lpData: 0 })), thread.lastError]).toEqual([0, ERROR.INVALID_HANDLE]);
});

/** Microsoft's "Traversing the Heap List"; Wine 8 has no such functions. */
test("snapshots list heaps, and Heap32First and Heap32Next their blocks", () => {
  const { call, out, thread, process } = guest({ topics: [heap, toolhelp] });
  const made = call("HeapCreate", 0, 0, 0);
  const blocks = [call("HeapAlloc", made, 0, 100), call("HeapAlloc", made, 0, 3_000_000)];
  const sized = (type: AnyType) => ({ dwSize: type.size(8) });
  const list = out(HEAPLIST32, sized(HEAPLIST32));
  const snapshot = call("CreateToolhelp32Snapshot", 1, 0);
  expect(call("Heap32ListFirst", snapshot, list)).toBe(1);
  expect(list.value).toMatchObject({ th32ProcessID: process.id, th32HeapID: call("GetProcessHeap"), dwFlags: 1 });
  expect(call("Heap32ListNext", snapshot, list)).toBe(1);
  expect(list.value).toMatchObject({ th32HeapID: made, dwFlags: 0 });
  expect([call("Heap32ListNext", snapshot, list), thread.lastError]).toEqual([0, ERROR.NO_MORE_FILES]);
  const entry = out(HEAPENTRY32, sized(HEAPENTRY32));
  expect(call("Heap32First", entry, process.id, made)).toBe(1);
  expect(entry.value).toMatchObject({ dwAddress: blocks[0], dwBlockSize: 100, dwFlags: 1, th32HeapID: made });
  expect(call("Heap32Next", entry)).toBe(1);
  expect(entry.value).toMatchObject({ dwAddress: blocks[1], dwBlockSize: 3_000_000 });
  expect([call("Heap32Next", entry), thread.lastError]).toEqual([0, ERROR.NO_MORE_FILES]);
  expect([call("Heap32First", entry, 0xbad, made), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  const short = out(HEAPENTRY32, { dwSize: HEAPENTRY32.size(8) - 1 });
  expect([call("Heap32First", short, process.id, made), thread.lastError]).toEqual([0, ERROR.BAD_LENGTH]);
});
