import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { file } from "./file.ts";

const CLASS = { BASIC: 0, STANDARD: 1, NAME: 2, ATTRIBUTE_TAG: 9, ID: 18 };
const OPEN_EXISTING = 3;
const BACKUP_SEMANTICS = 0x200_0000;

function machine() {
  const made = guest({ topics: [file], currentDirectory: "Z:\\work", files: { "/work/ten.txt": "0123456789", "/work/sub/": "" } });
  const open = (name: string): number => made.call("CreateFileW", name, 0x8000_0000, 1, undefined, OPEN_EXISTING, BACKUP_SEMANTICS, 0);
  const buffer = made.allocate(256);
  const ask = (handle: number, infoClass: number, size: number): number => {
    made.memory.fill(buffer, 0xaa, 256);
    return made.call("GetFileInformationByHandleEx", handle, infoClass, buffer, size);
  };
  return { ...made, open, buffer, ask };
}

describe("GetFileInformationByHandleEx", () => {
  test("tells size, links, and whether it is a folder", () => {
    const { open, ask, memory, buffer } = machine();
    expect(ask(open("ten.txt"), CLASS.STANDARD, 24)).toBe(1);
    expect([memory.u64(buffer), memory.u64(buffer + 8), memory.u32(buffer + 16)]).toEqual([4096n, 10n, 1]);
    expect([memory.u8(buffer + 20), memory.u8(buffer + 21), memory.u8(buffer + 24)]).toEqual([0, 0, 0xaa]);
    expect(ask(open("sub"), CLASS.STANDARD, 24)).toBe(1);
    expect([memory.u64(buffer + 8), memory.u8(buffer + 21)]).toEqual([0n, 1]);
  });

  test("tells attributes, and an identity that tells files apart", () => {
    const { open, ask, memory, buffer } = machine();
    expect(ask(open("ten.txt"), CLASS.BASIC, 40)).toBe(1);
    expect([memory.u32(buffer + 32), memory.u32(buffer + 36)]).toEqual([0x20, 0]);
    expect(ask(open("sub"), CLASS.ATTRIBUTE_TAG, 8)).toBe(1);
    expect([memory.u32(buffer), memory.u32(buffer + 4)]).toEqual([0x10, 0]);
    const identity = (name: string): bigint => (ask(open(name), CLASS.ID, 24), memory.u64(buffer + 8));
    expect(identity("ten.txt")).toBe(identity("ten.txt"));
    expect(identity("ten.txt")).not.toBe(identity("sub"));
  });

  test("tells the name without its drive, as much of it as fits", () => {
    const { open, ask, memory, buffer, thread } = machine();
    const name = "\\work\\ten.txt";
    const opened = open("ten.txt");
    expect(ask(opened, CLASS.NAME, 4 + 2 * name.length)).toBe(1);
    expect(memory.u32(buffer)).toBe(2 * name.length);
    expect(new TextDecoder("utf-16le").decode(memory.read(buffer + 4, 2 * name.length))).toBe(name);
    expect(ask(opened, CLASS.NAME, 4 + 2 * name.length - 1)).toBe(0);
    expect(thread.lastError).toBe(ERROR.MORE_DATA);
    expect([memory.u32(buffer), memory.u16(buffer + 4 + 2 * (name.length - 1))]).toEqual([2 * name.length, 0xaaaa]);
  });

  test.each([
    [CLASS.BASIC, 40],
    [CLASS.STANDARD, 24],
    [CLASS.NAME, 8],
    [CLASS.ATTRIBUTE_TAG, 8],
    [CLASS.ID, 24],
  ])("fails with ERROR_BAD_LENGTH for class %i in less than %i bytes, and writes nothing", (infoClass, size) => {
    const { open, ask, memory, buffer, thread } = machine();
    expect(ask(open("ten.txt"), infoClass, size - 1)).toBe(0);
    expect([thread.lastError, memory.u8(buffer)]).toEqual([ERROR.BAD_LENGTH, 0xaa]);
  });

  test("fails for classes that do not exist, and handles that are not open", () => {
    const { open, ask, thread } = machine();
    expect(ask(open("ten.txt"), 25, 256)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(ask(0xbad0, CLASS.BASIC, 256)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });
});
