import { PVOID, STATUS, ULONG_PTR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("a growable table's functions are found as far as it has grown, until it is deleted", () => {
  const { call, out, allocate, memory } = guest({ bits: 64 });
  const [table, dynamic, base] = [allocate(24), out(PVOID), out(ULONG_PTR)];
  const code = allocate(0x100);
  [0x10, 0x20, 0, 0x20, 0x30, 0].forEach((value, i) => memory.setU32(table + 4 * i, value));
  const found = (offset: number) => call("RtlLookupFunctionEntry", BigInt(code + offset), base, 0);
  expect(call("RtlAddGrowableFunctionTable", dynamic, table, 1, 2, BigInt(code), BigInt(code + 0x100))).toBe(STATUS.SUCCESS);
  expect([found(0x18), found(0x28)]).toEqual([table, 0]);
  call("RtlGrowFunctionTable", dynamic.value, 2);
  expect(found(0x28)).toBe(table + 12);
  call("RtlDeleteGrowableFunctionTable", dynamic.value);
  expect(found(0x18)).toBe(0);
  expect(call("RtlAddGrowableFunctionTable", dynamic, table, 3, 2, BigInt(code), BigInt(code + 0x100)) >>> 0).toBe(
    STATUS.INVALID_PARAMETER,
  );
});
