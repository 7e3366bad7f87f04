import { BOOL, DWORD, ERROR, PVOID, ULONGLONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const THREAD = -2n;
const PROCESS = -1n;

test("what is set of a thread's information is told again, and only with the size that its class has", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(16);
  expect(call("GetThreadInformation", THREAD, 0, buffer, 4)).toBe(1);
  expect(memory.u32(buffer)).toBe(5); // MEMORY_PRIORITY_NORMAL
  memory.setU32(buffer, 1);
  expect(call("SetThreadInformation", THREAD, 0, buffer, 4)).toBe(1);
  memory.setU32(buffer, 9);
  expect([call("GetThreadInformation", THREAD, 0, buffer, 4), memory.u32(buffer)]).toEqual([1, 1]);
  expect([call("SetThreadInformation", THREAD, 0, buffer, 5), thread.lastError]).toEqual([0, ERROR.BAD_LENGTH]);
  expect([call("SetThreadInformation", THREAD, 99, buffer, 4), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("SetProcessInformation", 0xbad, 0, buffer, 4), thread.lastError]).toEqual([0, ERROR.INVALID_HANDLE]);
});

test("mitigations are told by their sizes, and cannot be set", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(16);
  expect([call("GetProcessMitigationPolicy", PROCESS, 0, buffer, 8), memory.u32(buffer), memory.u8(buffer + 4)]).toEqual([1, 1, 1]);
  expect([call("GetProcessMitigationPolicy", PROCESS, 2, buffer, 4), memory.u32(buffer)]).toEqual([1, 0]);
  expect([call("GetProcessMitigationPolicy", PROCESS, 2, buffer, 8), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("SetProcessMitigationPolicy", 2, buffer, 4), thread.lastError]).toEqual([0, ERROR.NOT_SUPPORTED]);
});

test("hints about pages want whole pages that are there", () => {
  const { call, thread } = guest();
  const page = call("VirtualAlloc", 0, 0x2000, 0x3000, 4) as number;
  expect(call("OfferVirtualMemory", page, 0x2000, 1)).toBe(0);
  expect(call("DiscardVirtualMemory", page, 0x1000)).toBe(0);
  expect(call("ReclaimVirtualMemory", page + 1, 0x1000)).toBe(ERROR.INVALID_PARAMETER);
  expect(call("DiscardVirtualMemory", page, 0x1001)).toBe(ERROR.INVALID_PARAMETER);
  expect(call("DiscardVirtualMemory", page + 0x2000, 0x1000)).toBe(ERROR.INVALID_PARAMETER);
  expect([call("PrefetchVirtualMemory", PROCESS, 0, 0, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

test("file system redirection is only for 32-bit programs", () => {
  const { call, out, thread } = guest();
  expect([call("Wow64DisableWow64FsRedirection", out(PVOID)), thread.lastError]).toEqual([0, ERROR.INVALID_FUNCTION]);
  const small = guest({ bits: 32 });
  expect(small.call("Wow64DisableWow64FsRedirection", small.out(PVOID))).toBe(1);
  const isWow = small.out(BOOL);
  expect([small.call("IsWow64Process", 0xffff_ffff, isWow), isWow.value]).toEqual([1, true]);
});

test("the one group of processors takes no mask of others", () => {
  const { call, out, allocate, memory, thread, host } = guest();
  const affinity = allocate(16);
  expect(call("GetThreadGroupAffinity", THREAD, affinity)).toBe(1);
  expect(memory.u32(affinity)).toBe(2 ** host.cpuCount - 1);
  memory.setU32(affinity, 2 ** host.cpuCount);
  expect([call("SetThreadGroupAffinity", THREAD, affinity, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  memory.setU16(affinity + 8, 1);
  memory.setU32(affinity, 1);
  expect([call("SetThreadGroupAffinity", THREAD, affinity, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  const bytes = out(ULONGLONG);
  expect(call("GetNumaAvailableMemoryNodeEx", 0, bytes)).toBe(1);
  expect([call("GetNumaAvailableMemoryNodeEx", 1, bytes), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

test("a session that is not there has no user", () => {
  const { call, out, memory, thread } = guest();
  const [buffer, size] = [out(PVOID), out(DWORD)];
  expect(call("wtsapi32!WTSQuerySessionInformationW", 0, 1, 5, buffer, size)).toBe(1);
  expect([memory.wstring(buffer.value), size.value]).toEqual(["user", 10]);
  expect([call("wtsapi32!WTSQuerySessionInformationW", 0, 7, 5, buffer, size), thread.lastError]).toEqual([0, ERROR.FILE_NOT_FOUND]);
  expect([call("wtsapi32!WTSQuerySessionInformationW", 0, 1, 99, buffer, size), thread.lastError]).toEqual([0, ERROR.NOT_SUPPORTED]);
});

test("rectangles that only touch have nothing in common", () => {
  const { call, allocate, memory } = guest();
  const [a, b, both] = [allocate(16), allocate(16), allocate(16)];
  call("SetRect", a, 0, 0, 10, 10);
  call("SetRect", b, 5, 5, 20, 20);
  expect(call("IntersectRect", both, a, b)).toBe(1);
  expect([0, 4, 8, 12].map((at) => memory.i32(both + at))).toEqual([5, 5, 10, 10]);
  expect(call("UnionRect", both, a, b)).toBe(1);
  expect([0, 4, 8, 12].map((at) => memory.i32(both + at))).toEqual([0, 0, 20, 20]);
  call("OffsetRect", b, 5, 0);
  expect(call("IntersectRect", both, a, b)).toBe(0);
  expect(call("IsRectEmpty", both)).toBe(1);
});

test("memory is high, and never low", () => {
  const { call, out, thread } = guest();
  const [low, high] = [0, 1].map((type) => call("CreateMemoryResourceNotification", type) as number);
  const state = out(BOOL);
  expect([call("QueryMemoryResourceNotification", low, state), state.value]).toEqual([1, false]);
  expect([call("QueryMemoryResourceNotification", high, state), state.value]).toEqual([1, true]);
  expect(call("WaitForSingleObject", high, 0)).toBe(0);
  expect(call("WaitForSingleObject", low, 0)).toBe(258);
  expect([call("CreateMemoryResourceNotification", 2), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});
