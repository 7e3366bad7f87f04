import { ERROR, PVOID, UCHAR, ULONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("there is one NUMA node, with every processor", () => {
  const { call, out, allocate, memory, thread, host } = guest();
  const highest = out(ULONG);
  expect([call("GetNumaHighestNodeNumber", highest), highest.value]).toEqual([1, 0]);
  const affinity = allocate(16);
  expect(call("GetNumaNodeProcessorMaskEx", 0, affinity)).toBe(1);
  expect([memory.u32(affinity), memory.u16(affinity + 8)]).toEqual([2 ** host.cpuCount - 1, 0]);
  expect([call("GetNumaNodeProcessorMaskEx", 1, affinity), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  const node = out(UCHAR);
  expect([call("GetNumaProcessorNode", host.cpuCount - 1, node), node.value]).toEqual([1, 0]);
  expect([call("GetNumaProcessorNode", host.cpuCount, node), node.value, thread.lastError]).toEqual([0, 0xff, ERROR.INVALID_PARAMETER]);
});

test("a thread's stack lies between its limits", () => {
  const { call, out, thread } = guest();
  const [low, high] = [out(PVOID), out(PVOID)];
  call("GetCurrentThreadStackLimits", low, high);
  expect([low.value < thread.rsp, thread.rsp < high.value]).toEqual([true, true]);
});
