import { DWORD, E } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { errorReporting } from "./error-reporting.ts";

const NOT_FOUND = 0x8007_0490;
const INSUFFICIENT_BUFFER = 0x8007_007a;
const machine = () => {
  const made = guest({ topics: [errorReporting] });
  return { ...made, result: (...args: Parameters<typeof made.call>) => made.call(...args) >>> 0 };
};

/** Microsoft's "WerRegisterRuntimeExceptionModule", "WerRegisterMemoryBlock", "WerRegisterFile". */
test("what a report is to hold can be registered, and taken back once", () => {
  const { result } = machine();
  for (const [register, unregister, args] of [
    ["WerRegisterRuntimeExceptionModule", "WerUnregisterRuntimeExceptionModule", ["C:\\a.dll", 7n]],
    ["WerRegisterFile", "WerUnregisterFile", ["C:\\a.txt"]],
    ["WerRegisterMemoryBlock", "WerUnregisterMemoryBlock", [0x1000n]],
  ] as const) {
    const more = register === "WerRegisterFile" ? [1, 0] : register === "WerRegisterMemoryBlock" ? [16] : [];
    expect(result(register, ...args, ...more)).toBe(0);
    expect([result(unregister, ...args), result(unregister, ...args)]).toEqual([0, NOT_FOUND]);
  }
});

test("16 modules can be registered, and blocks of up to 64 KiB", () => {
  const { result } = machine();
  for (let i = 0; i < 16; i++) expect(result("WerRegisterRuntimeExceptionModule", `C:\\${i}.dll`, 0n)).toBe(0);
  expect(result("WerRegisterRuntimeExceptionModule", "C:\\16.dll", 0n)).toBe(INSUFFICIENT_BUFFER);
  expect(result("WerRegisterMemoryBlock", 0x1000n, 0x1_0000)).toBe(0);
  expect(result("WerRegisterMemoryBlock", 0x1000n, 0x1_0001)).toBe(E.INVALIDARG);
  expect(result("WerRegisterMemoryBlock", 0n, 16)).toBe(E.INVALIDARG);
});

test("the flags of reports are kept", () => {
  const { call, out } = machine();
  const flags = out(DWORD, 9);
  expect([call("WerGetFlags", -1, flags), flags.value]).toEqual([0, 0]);
  call("WerSetFlags", 4);
  expect([call("WerGetFlags", -1, flags), flags.value]).toEqual([0, 4]);
});
