import { DWORD, ERROR, PVOID, ULONGLONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { contexts } from "./contexts.ts";

// What a program prints under Wine 8, of each width; but Wine's processor has AVX.
describe.each([
  [64, { processor: 0x10_0000, length: 1271, flagsAt: 0x30, size: 1232, legacy: 1232, all: 0x1f, ax: 0x78, ip: 0xf8, float: 0x08, features: [[256, 160], [416, 256]] }],
  [32, { processor: 0x1_0000, length: 743, flagsAt: 0, size: 716, legacy: 204, all: 0x3f, ax: 0xb0, ip: 0xb8, float: 0x20, features: [[204, 160], [364, 128]] }],
] as const)("CONTEXT records of %d bits", (bits, form) => {
  function machine() {
    const made = guest({ topics: [contexts], bits });
    const record = (flags: number) => {
      const [at, length] = [made.out(PVOID), made.out(DWORD)];
      made.memory.setU32(length.address, form.length);
      expect(made.call("InitializeContext", made.allocate(form.length), form.processor | flags, at, length)).toBe(1);
      return at.value;
    };
    return { ...made, record };
  }

  test("InitializeContext says how much room it wants, and describes the record behind it", () => {
    const { call, out, allocate, memory, thread } = machine();
    const [at, length] = [out(PVOID), out(DWORD)];
    expect(call("InitializeContext", 0, form.processor | 0xb, at, length)).toBe(0);
    expect([thread.lastError, length.value]).toEqual([ERROR.INSUFFICIENT_BUFFER, form.length]);
    const buffer = allocate(form.length + 3) + 3;
    memory.setU32(length.address, form.length - 1);
    expect(call("InitializeContext", buffer, form.processor | 0xb, at, length)).toBe(0);
    expect([thread.lastError, at.value]).toEqual([ERROR.INSUFFICIENT_BUFFER, 0]);
    memory.setU32(length.address, form.length);
    expect(call("InitializeContext", buffer, form.processor | 0xb, at, length)).toBe(1);
    const alignment = bits === 64 ? 16 : 4;
    expect([at.value % alignment, at.value - buffer < alignment]).toEqual([0, true]);
    expect(memory.u32(at.value + form.flagsAt)).toBe(form.processor | 0xb);
    const extended = [0, 4, 8, 12, 16, 20].map((n) => memory.u32(at.value + form.size + n) | 0);
    expect(extended).toEqual([-form.size, form.size + 24, -form.size, form.legacy, 25, 0]);
  });

  test.each([
    ["no processor", 0xb, ERROR.INVALID_PARAMETER],
    ["another processor", bits === 64 ? 0x1_000b : 0x10_000b, ERROR.INVALID_PARAMETER],
    ["a part that there is not", form.processor | 0x80, ERROR.INVALID_PARAMETER],
    ["what XSAVE saves", form.processor | 0x40, ERROR.NOT_SUPPORTED],
  ])("InitializeContext fails for %s", (_what, flags, error) => {
    const { call, out, thread } = machine();
    expect(call("InitializeContext", 0, flags, out(PVOID), out(DWORD))).toBe(0);
    expect(thread.lastError).toBe(error);
  });

  test("CopyContext copies the parts that are asked for and there", () => {
    const { call, memory, record, thread } = machine();
    const [from, to] = [record(0xb), record(1)];
    memory.setU32(from + form.ax, 1);
    memory.setU32(from + form.ip, 2);
    memory.setU32(to + form.ax, 77);
    expect(call("CopyContext", to, form.processor | 1, from)).toBe(1);
    expect([memory.u32(to + form.ax), memory.u32(to + form.ip)]).toEqual([77, 2]);
    expect(call("CopyContext", to, form.processor | 2, from)).toBe(1);
    expect([memory.u32(to + form.ax), memory.u32(to + form.flagsAt)]).toEqual([1, form.processor | 3]);
    memory.setU32(from + form.flagsAt, form.processor | 1);
    memory.setU32(to + form.ax, 77);
    expect(call("CopyContext", to, form.processor | 3, from)).toBe(1);
    expect(memory.u32(to + form.ax)).toBe(77);
    expect(call("CopyContext", to, 3, from)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  });

  test("features are the two that FXSAVE saves", () => {
    const { call, out, memory, record } = machine();
    const at = record(form.all);
    const length = out(DWORD);
    for (const [feature, [offset, size]] of form.features.entries()) {
      expect(call("LocateXStateFeature", at, feature, length)).toBe(at + offset);
      expect(length.value).toBe(size);
    }
    expect([2, 11].map((feature) => call("LocateXStateFeature", at, feature, length))).toEqual([0, 0]);
    expect(call("GetEnabledXStateFeatures")).toBe(3);
    const [mask, control] = [out(ULONGLONG), record(1)];
    call("GetXStateFeaturesMask", at, mask);
    expect(mask.value).toBe(3n);
    call("GetXStateFeaturesMask", control, mask);
    expect(mask.value).toBe(0n);
    expect(call("SetXStateFeaturesMask", control, 4n)).toBe(0);
    expect(call("SetXStateFeaturesMask", control, 3n)).toBe(1);
    expect(memory.u32(control + form.flagsAt)).toBe(form.processor | 1 | form.float);
    memory.setU32(at + form.flagsAt, 0);
    expect(call("LocateXStateFeature", at, 0, length)).toBe(0);
    expect(call("GetXStateFeaturesMask", at, mask)).toBe(0);
  });
}); // prettier-ignore
