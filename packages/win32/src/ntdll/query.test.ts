import { STATUS, ULONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

/** Sizes and offsets are those of winternl.h and the SDK's ntexapi.h. */
describe.each([64, 32] as const)("a process of %d bits", (bits) => {
  const machine = () => {
    const made = guest({ bits, commandLine: "test.exe one" });
    return { ...made, buffer: made.allocate(512), size: made.out(ULONG) };
  };

  test("is told pages and processors", () => {
    const { call, buffer, size, memory } = machine();
    expect(call("NtQuerySystemInformation", 0, buffer, 512, size) >>> 0).toBe(STATUS.SUCCESS);
    expect(size.value).toBe(bits === 64 ? 64 : 44);
    expect([memory.u32(buffer + 8), memory.u32(buffer + 24), memory.u8(buffer + (bits === 64 ? 56 : 40))]).toEqual([4096, 65536, 2]);
    expect(call("NtQuerySystemInformation", 0, buffer, 8, size) >>> 0).toBe(STATUS.INFO_LENGTH_MISMATCH);
    expect(call("NtQuerySystemInformation", 9999, buffer, 512, size) >>> 0).toBe(STATUS.INVALID_INFO_CLASS);
  });

  test("is told its PEB, its id and its command line", () => {
    const { call, buffer, size, memory, process } = machine();
    expect(call("NtQueryInformationProcess", -1, 0, buffer, 512, size) >>> 0).toBe(STATUS.SUCCESS);
    expect(size.value).toBe(bits === 64 ? 48 : 24);
    const word = bits / 8;
    expect([memory.u32(buffer + word), memory.u32(buffer + 4 * word)]).toEqual([process.peb, process.id]);
    expect(call("NtQueryInformationProcess", -1, 60, buffer, 512, size) >>> 0).toBe(STATUS.SUCCESS);
    expect(memory.utf16(memory.u32(buffer + word), memory.u16(buffer) / 2)).toBe("test.exe one");
    expect(call("NtQueryInformationProcess", -1, 30, buffer, 512, size) >>> 0).toBe(0xc000_0353);
    expect(call("NtQueryInformationProcess", 0xbad0, 0, buffer, 512, size) >>> 0).toBe(STATUS.INVALID_HANDLE);
  });
});
