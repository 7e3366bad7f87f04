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

  test("is told of a handle's object: its type, its name, whether children get it", () => {
    const { call, buffer, size, memory } = machine();
    const word = bits / 8;
    const query = (handle: number, infoClass: number, length = 512) => call("NtQueryObject", handle, infoClass, buffer, length, size) >>> 0;
    const text = () => memory.utf16(memory.u32(buffer + word), memory.u16(buffer) / 2);
    const event = call("CreateEventW", 0, 1, 0, "tick");
    const plain = call("CreateMutexW", 0, 0, undefined);
    expect([query(event, 2), text(), size.value]).toEqual([STATUS.SUCCESS, "Event", 2 * word + 88 + 12]);
    expect([query(plain, 2), text()]).toEqual([STATUS.SUCCESS, "Mutant"]);
    expect([query(event, 1), text()]).toEqual([STATUS.SUCCESS, "\\Sessions\\1\\BaseNamedObjects\\tick"]);
    expect([query(plain, 1), size.value, memory.u32(buffer + word)]).toEqual([STATUS.SUCCESS, 2 * word, 0]);
    expect([query(event, 0), size.value, memory.u32(buffer + 4), memory.u32(buffer + 8)]).toEqual([STATUS.SUCCESS, 56, 0x1f_0003, 1]);
    expect([query(event, 4), memory.u16(buffer)]).toEqual([STATUS.SUCCESS, 0]);
    call("SetHandleInformation", event, 3, 1);
    expect([query(event, 4), memory.u8(buffer), memory.u8(buffer + 1)]).toEqual([STATUS.SUCCESS, 1, 0]);
    expect([query(-1, 2), text()]).toEqual([STATUS.SUCCESS, "Process"]);
  });

  test("a handle's object does not go into a buffer too small, and has no other classes", () => {
    const { call, buffer, size } = machine();
    const event = call("CreateEventW", 0, 1, 0, "tick");
    const query = (infoClass: number, length: number) => [call("NtQueryObject", event, infoClass, buffer, length, size) >>> 0, size.value];
    expect(query(0, 55)).toEqual([STATUS.INFO_LENGTH_MISMATCH, 56]);
    expect(query(2, bits / 4 + 99)).toEqual([STATUS.INFO_LENGTH_MISMATCH, bits / 4 + 100]);
    const named = bits / 4 + 2 * "\\Sessions\\1\\BaseNamedObjects\\tick".length + 2;
    expect(query(1, bits / 4 - 1)).toEqual([STATUS.INFO_LENGTH_MISMATCH, named]);
    expect(query(1, named - 1)).toEqual([STATUS.BUFFER_OVERFLOW, named]);
    expect(query(1, named)).toEqual([STATUS.SUCCESS, named]);
    expect(query(77, 512)[0]).toBe(STATUS.INVALID_INFO_CLASS);
    expect(call("NtQueryObject", 0xbad0, 2, buffer, 512, size) >>> 0).toBe(STATUS.INVALID_HANDLE);
  });
});
