import { DWORD, ERROR, SIZE_T } from "@decant/hook";
import { PAGE, SMALL_USER_END, USER_END } from "@decant/memory";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { file } from "./file.ts";
import { fileMapping } from "./file-mapping.ts";
import { handle } from "./handle.ts";
import { MEM, MEMORY_BASIC_INFORMATION, MEMORY_BASIC_INFORMATION32 } from "./virtual.api.ts";
import { virtual } from "./virtual.ts";

const { COMMIT, RESERVE, DECOMMIT, RELEASE, FREE, TOP_DOWN } = MEM;

function machine() {
  const made = guest({
    topics: [virtual, file, fileMapping, handle],
    currentDirectory: "Z:\\w",
    files: { "/w/data": "0123456789", "/w/empty": "" },
  });
  const query = (address: number) => {
    const information = made.out(MEMORY_BASIC_INFORMATION);
    expect(made.call("VirtualQuery", address, information, 48)).toBe(48);
    return information.value;
  };
  const open = (name: string, access = 0xc000_0000) => made.call("CreateFileW", name, access, 7, undefined, 3, 0, 0);
  return { ...made, query, open };
}

const TARGETS_INVALID = 0x4000_0000;

test("what a protection says of Control Flow Guard is taken for pages with code alone, and not kept", () => {
  const { call, query, thread, out } = machine();
  const base = call("VirtualAlloc", 0, 0x1000, COMMIT | RESERVE, PAGE.EXECUTE_READWRITE | TARGETS_INVALID);
  expect(query(base).Protect).toBe(PAGE.EXECUTE_READWRITE);
  expect(call("VirtualProtect", base, 0x1000, PAGE.EXECUTE_READ | TARGETS_INVALID, out(DWORD))).toBe(1);
  expect(query(base).Protect).toBe(PAGE.EXECUTE_READ);
  expect(call("VirtualAlloc", 0, 0x1000, COMMIT | RESERVE, PAGE.READWRITE | TARGETS_INVALID)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});

describe("VirtualAlloc", () => {
  test("reserves by 64 KiB, commits by pages, and gives zeros", () => {
    const { call, query, memory } = machine();
    const base = call("VirtualAlloc", 0, 0x1_2345, RESERVE, PAGE.NOACCESS);
    expect(base % 0x1_0000).toBe(0);
    expect(query(base)).toMatchObject({
      AllocationBase: base,
      AllocationProtect: PAGE.NOACCESS,
      RegionSize: 0x1_3000,
      State: RESERVE,
      Protect: 0,
      Type: MEM.PRIVATE,
    });
    expect(call("VirtualAlloc", base + 0x1001, 1, COMMIT, PAGE.READWRITE)).toBe(base + 0x1000);
    expect(query(base + 0x1000)).toMatchObject({ State: COMMIT, Protect: PAGE.READWRITE, RegionSize: 0x1000, AllocationBase: base });
    expect(memory.u32(base + 0x1ffc)).toBe(0);
    expect(() => memory.u8(base)).toThrow();
  });

  test.each([
    ["no size", 0, 0, RESERVE, PAGE.READWRITE, ERROR.INVALID_PARAMETER],
    ["no type", 0, 1, 0, PAGE.READWRITE, ERROR.INVALID_PARAMETER],
    ["a type that is none", 0, 1, 0x4000, PAGE.READWRITE, ERROR.INVALID_PARAMETER],
    ["no protection", 0, 1, COMMIT, 0, ERROR.INVALID_PARAMETER],
    ["two protections", 0, 1, COMMIT, 6, ERROR.INVALID_PARAMETER],
    ["an address that is not reserved", 0x5000_0000, 1, COMMIT, PAGE.READWRITE, ERROR.INVALID_ADDRESS],
    ["an address above the user space", 0xf000_0000, 1, COMMIT | RESERVE, PAGE.READWRITE, ERROR.INVALID_ADDRESS],
    ["an address of more than 32 bits", 0xc0_0000_0000n, 1, COMMIT | RESERVE, PAGE.READWRITE, ERROR.INVALID_ADDRESS],
    ["more than there is", 0, 0xf000_0000, RESERVE | COMMIT, PAGE.READWRITE, ERROR.NOT_ENOUGH_MEMORY],
  ])("fails for %s", (_what, address, size, type, protection, code) => {
    const { call, thread } = machine();
    expect(call("VirtualAlloc", address, size, type, protection)).toBe(0);
    expect(thread.lastError).toBe(code);
  });

  test("a place that is taken is refused", () => {
    const { call, thread } = machine();
    expect(call("VirtualAlloc", 0x5000_0000, 0x2_0000, RESERVE, PAGE.READWRITE)).toBe(0x5000_0000);
    expect(call("VirtualAlloc", 0x5001_0000, 1, RESERVE, PAGE.READWRITE)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_ADDRESS);
  });
});

test("a large reservation that is nowhere free in one piece is granted, and holds what fits; a smaller one fails", () => {
  const { call, thread } = machine();
  const [first, second] = [0, 1].map(() => call("VirtualAlloc", 0n, 0x5800_0000, RESERVE, PAGE.READWRITE));
  expect([first, second]).not.toContain(0);
  const base = call("VirtualAlloc", 0n, 2 ** 31 - 0x10000, RESERVE, PAGE.READWRITE);
  expect(base).toBeGreaterThan(0);
  expect(call("VirtualAlloc", BigInt(base), 0x10000, COMMIT, PAGE.READWRITE)).toBe(base);
  expect(call("VirtualAlloc", BigInt(base + 2 ** 31 - 0x20000), 0x10000, COMMIT, PAGE.READWRITE)).toBe(0);
  // Who asks for 2 to 8 GiB asks for half of it next.
  for (const size of [2 ** 31, 2 ** 33, 2 ** 34 - 0x10000])
    expect([call("VirtualAlloc", 0n, size, RESERVE, PAGE.READWRITE), thread.lastError]).toEqual([0, ERROR.NOT_ENOUGH_MEMORY]);
  expect([call("VirtualAlloc", 0n, 2 ** 30 - 0x10000, RESERVE, PAGE.READWRITE), thread.lastError]).toEqual([0, ERROR.NOT_ENOUGH_MEMORY]);
});

test("a reservation of more addresses than there are is granted, and holds what fits", () => {
  const { call, thread, memory } = machine();
  const base = call("VirtualAlloc", 0n, 2 ** 40, RESERVE, PAGE.READWRITE);
  const size = memory.allocationAt(base)?.size ?? 0;
  expect(size).toBeGreaterThan(2 ** 29);
  expect(call("VirtualAlloc", BigInt(base), 0x1000, COMMIT, PAGE.READWRITE)).toBe(base);
  expect(call("VirtualAlloc", BigInt(base + size - 0x1000), 0x1000, COMMIT, PAGE.READWRITE)).toBe(base + size - 0x1000);
  for (const at of [base + size - 0x1000, base + size, base + 2 ** 32, base + 2 ** 40 - 0x2000])
    expect([call("VirtualAlloc", BigInt(at), 0x2000, COMMIT, PAGE.READWRITE), thread.lastError]).toEqual([0, ERROR.COMMITMENT_LIMIT]);
  expect([call("VirtualAlloc", BigInt(base + 2 ** 40), 0x1000, COMMIT, PAGE.READWRITE), thread.lastError]).toEqual([
    0,
    ERROR.INVALID_ADDRESS,
  ]);
  // Its end is the end of all addresses, so that a second one, which would have this one behind it, is refused.
  expect(base + size).toBe(USER_END);
  expect([call("VirtualAlloc", 0n, 2 ** 40, RESERVE, PAGE.READWRITE), thread.lastError]).toEqual([0, ERROR.NOT_ENOUGH_MEMORY]);
  expect(call("VirtualAlloc", 0n, 2 ** 40, RESERVE | COMMIT, PAGE.READWRITE)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NOT_ENOUGH_MEMORY);
  // Other memory does not come to lie where the program takes its own reservation to be.
  expect(call("VirtualAlloc", 0n, 2 ** 28, RESERVE, PAGE.READWRITE)).toBeLessThan(base);
  expect(call("VirtualFree", base, 0, RELEASE)).toBe(1);
  expect([call("VirtualAlloc", BigInt(base + size), 0x1000, COMMIT, PAGE.READWRITE), thread.lastError]).toEqual([0, ERROR.INVALID_ADDRESS]);
  expect(call("VirtualAlloc", 0n, 2 ** 40, RESERVE, PAGE.READWRITE)).toBe(base);
});

test("an x86 program that is not aware of large addresses has those below 2 GiB", () => {
  const { call, thread, out } = guest({ topics: [virtual], bits: 32 });
  const reserve = (at: bigint, size: number, type: number = RESERVE) => {
    const base = call("VirtualAlloc", at, size, type, PAGE.NOACCESS);
    return base === 0 ? thread.lastError : base;
  };
  expect(reserve(0n, 0x10000, RESERVE | TOP_DOWN)).toBeLessThan(SMALL_USER_END);
  expect(reserve(BigInt(SMALL_USER_END), 0x10000)).toBe(ERROR.INVALID_ADDRESS);
  expect(reserve(0x9000_0000n, 0x10000)).toBe(ERROR.INVALID_ADDRESS);
  expect([reserve(0n, SMALL_USER_END), reserve(0n, SMALL_USER_END + 1)]).toEqual([ERROR.NOT_ENOUGH_MEMORY, ERROR.INVALID_PARAMETER]);
  const information = out(MEMORY_BASIC_INFORMATION32);
  expect(call("VirtualQuery", SMALL_USER_END - 1, information, 28)).toBe(28);
  expect([call("VirtualQuery", SMALL_USER_END, information, 28), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});

test("a reservation of more addresses than there are is refused where the end of the addresses is taken", () => {
  const { call, thread } = machine();
  expect(call("VirtualAlloc", 0n, 0x10000, RESERVE | COMMIT | TOP_DOWN, PAGE.READWRITE)).toBe(USER_END - 0x10000);
  expect([call("VirtualAlloc", 0n, 2 ** 40, RESERVE, PAGE.READWRITE), thread.lastError]).toEqual([0, ERROR.NOT_ENOUGH_MEMORY]);
});

test("what was refused at an address is refused anywhere, once: Go up to 1.10 then makes do with less", () => {
  const { call, thread } = machine();
  expect(call("VirtualAlloc", 0xc0_0000_0000n, 2 ** 35, RESERVE, PAGE.READWRITE)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_ADDRESS);
  expect(call("VirtualAlloc", 0n, 2 ** 35, RESERVE, PAGE.READWRITE)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NOT_ENOUGH_MEMORY);
  expect(call("VirtualAlloc", 0n, 2 ** 35, RESERVE, PAGE.READWRITE)).not.toBe(0);
});

describe("VirtualFree", () => {
  test("releases a whole reservation by its base, with size 0", () => {
    const { call, query, thread } = machine();
    const base = call("VirtualAlloc", 0, 0x2_0000, COMMIT | RESERVE, PAGE.READWRITE);
    expect(query(base).State).toBe(COMMIT);
    expect(call("VirtualFree", base, 1, RELEASE)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(call("VirtualFree", base + 0x1000, 0, RELEASE)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_ADDRESS);
    expect(call("VirtualFree", base, 0, RELEASE)).toBe(1);
    expect(query(base)).toMatchObject({ State: FREE, AllocationBase: 0, Protect: PAGE.NOACCESS });
    expect(call("VirtualFree", base, 0, RELEASE)).toBe(0);
  });

  test("decommits pages, which come back as zeros", () => {
    const { call, query, memory } = machine();
    const base = call("VirtualAlloc", 0, 0x2000, COMMIT | RESERVE, PAGE.READWRITE);
    memory.setU32(base, 7);
    expect(call("VirtualFree", base, 0x1000, DECOMMIT)).toBe(1);
    expect(query(base).State).toBe(RESERVE);
    call("VirtualAlloc", base, 0x1000, COMMIT, PAGE.READWRITE);
    expect(memory.u32(base)).toBe(0);
    expect(call("VirtualFree", base, 0, DECOMMIT | RELEASE)).toBe(0);
  });
});

describe("VirtualProtect", () => {
  test("gives the old protection of the first page", () => {
    const { call, out, memory } = machine();
    const base = call("VirtualAlloc", 0, 0x3000, COMMIT | RESERVE, PAGE.READWRITE);
    const old = out(DWORD);
    expect(call("VirtualProtect", base + 0x1800, 0x1000, PAGE.READONLY, old)).toBe(1);
    expect(old.value).toBe(PAGE.READWRITE);
    expect(() => memory.setU8(base + 0x1000, 1)).toThrow();
    expect(() => memory.setU8(base + 0x2fff, 1)).toThrow();
    memory.setU8(base, 1);
  });

  test("fails for pages that are not committed, protections that are none, and no place for the old one", () => {
    const { call, out, thread } = machine();
    const base = call("VirtualAlloc", 0, 0x1000, RESERVE, PAGE.READWRITE);
    expect(call("VirtualProtect", base, 0x1000, PAGE.READONLY, out(DWORD))).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_ADDRESS);
    expect(call("VirtualProtect", base, 0x1000, 3, out(DWORD))).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(call("VirtualProtect", base, 0x1000, PAGE.READONLY, undefined)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NOACCESS);
  });
});

test("VirtualQuery answers 32-bit programs with 28 bytes", () => {
  const { call, allocate, memory } = guest({ topics: [virtual], bits: 32 });
  const [place, block] = [allocate(32), call("VirtualAlloc", 0, 0x3000, MEM.COMMIT | MEM.RESERVE, 4)];
  expect(call("VirtualQuery", block + 0x1000, place, 27)).toBe(0);
  expect(call("VirtualQuery", block + 0x1000, place, 28)).toBe(28);
  expect([0, 4, 8, 12, 16, 20, 24].map((at) => memory.u32(place + at))).toEqual([block + 0x1000, block, 4, 0x2000, 0x1000, 4, 0x2_0000]);
});

test("VirtualQuery wants room for its structure", () => {
  const { call, out, thread } = machine();
  expect(call("VirtualQuery", 0x1_0000, out(MEMORY_BASIC_INFORMATION), 47)).toBe(0);
  expect(thread.lastError).toBe(ERROR.BAD_LENGTH);
});

describe("file mappings", () => {
  test("a view shows the file, and what is written there is in the file after unmapping", () => {
    const { call, open, memory, host } = machine();
    const section = call("CreateFileMappingW", open("data"), undefined, PAGE.READWRITE, 0, 0, undefined);
    const view = call("MapViewOfFile", section, 6, 0, 0, 0);
    expect(memory.cstring(view)).toBe("0123456789");
    memory.setU8(view, 0x58);
    expect(call("FlushViewOfFile", view, 0)).toBe(1);
    memory.setU8(view + 1, 0x59);
    expect(call("UnmapViewOfFile", view)).toBe(1);
    const bytes = new Uint8Array(10);
    host.files.open("/w/data").read(bytes, 0);
    expect(new TextDecoder().decode(bytes)).toBe("XY23456789");
  });

  test("a read-only view cannot be written, and a copy stays the guest's own", () => {
    const { call, open, memory, host } = machine();
    const section = call("CreateFileMappingW", open("data", 0x8000_0000), undefined, PAGE.READONLY, 0, 0, undefined);
    const view = call("MapViewOfFile", section, 4, 0, 0, 0);
    expect(() => memory.setU8(view, 1)).toThrow();
    expect(call("MapViewOfFile", section, 2, 0, 0, 0)).toBe(0);
    const copy = call("MapViewOfFile", section, 1, 0, 0, 0);
    memory.setU8(copy, 1);
    call("UnmapViewOfFile", copy);
    const bytes = new Uint8Array(1);
    host.files.open("/w/data").read(bytes, 0);
    expect(bytes[0]).toBe(0x30);
  });

  test("a second view of a range is the same address, until both are gone", () => {
    const { call, memory } = machine();
    const section = call("CreateFileMappingW", -1, undefined, PAGE.READWRITE, 0, 0x2000, "Local\\shared");
    const [first, second] = [call("MapViewOfFile", section, 6, 0, 0, 0), call("MapViewOfFile", section, 6, 0, 0, 0)];
    expect(second).toBe(first);
    memory.setU32(first, 42);
    expect(call("UnmapViewOfFile", first)).toBe(1);
    expect(memory.u32(second)).toBe(42);
    call("UnmapViewOfFile", second);
    const again = call("MapViewOfFile", section, 4, 0, 0, 0);
    expect(memory.u32(again)).toBe(42);
  });

  test("a view of part of a mapped range is the same memory, which is writable while one of them may write", () => {
    const { call, memory, out } = machine();
    const section = call("CreateFileMappingW", -1, undefined, PAGE.EXECUTE_READWRITE, 0, 0x3_0000, undefined);
    const code = call("MapViewOfFile", section, 0x24, 0, 0, 0x2_0000);
    const data = call("MapViewOfFile", section, 6, 0, 0x1_0000, 0x8000);
    expect(data).toBe(code + 0x1_0000);
    memory.setU8(data, 0xc3);
    expect(memory.accessible(data, 0x8000, "execute")).toBe(true);
    expect(memory.accessible(data + 0x8000, 1, "write")).toBe(false);
    const old = out(DWORD);
    expect(call("VirtualProtect", code, 0x2_0000, PAGE.EXECUTE_READ, old)).toBe(1);
    expect(memory.accessible(code, 0x2_0000, "write")).toBe(true);
    expect(call("UnmapViewOfFile", data)).toBe(1);
    expect(call("UnmapViewOfFile", data)).toBe(0);
    expect(memory.u8(code + 0x1_0000)).toBe(0xc3);
    expect(call("VirtualProtect", code, 0x2_0000, PAGE.EXECUTE_READ, old)).toBe(1);
    expect(memory.accessible(code, 0x2_0000, "write")).toBe(false);
    const larger = call("MapViewOfFile", section, 6, 0, 0, 0x3_0000);
    expect([code, data]).not.toContain(larger);
    expect(memory.u8(larger + 0x1_0000)).toBe(0xc3);
  });

  test("a view of a range that is mapped goes where it is wanted, and sees what was written there once that is flushed", () => {
    const { call, memory } = machine();
    const section = call("CreateFileMappingW", -1, undefined, PAGE.READWRITE, 0, 0x2_0000, undefined);
    const first = call("MapViewOfFile", section, 6, 0, 0, 0);
    const second = call("MapViewOfFileEx", section, 6, 0, 0, 0, first + 0x100_0000);
    expect(second).toBe(first + 0x100_0000);
    memory.setU8(first, 1);
    expect(call("FlushViewOfFile", first, 0)).toBe(1);
    expect(memory.u8(second)).toBe(1);
  });

  test.each([
    ["an empty file", "empty", PAGE.READWRITE, 0, ERROR.FILE_INVALID],
    ["a larger one than the file, read-only", "data", PAGE.READONLY, 100, ERROR.NOT_ENOUGH_MEMORY],
    ["a protection that is none", "data", 0x3, 0, ERROR.INVALID_PARAMETER],
  ])("%s is refused", (_what, name, protection, size, code) => {
    const { call, open, thread } = machine();
    expect(call("CreateFileMappingW", open(name), undefined, protection, 0, size, undefined)).toBe(0);
    expect(thread.lastError).toBe(code);
  });

  test("a larger one makes the file longer", () => {
    const { call, open, host } = machine();
    call("CreateFileMappingW", open("data"), undefined, PAGE.READWRITE, 0, 100, undefined);
    expect(host.files.stat("/w/data").size).toBe(100);
  });

  test("offsets must lie at 64 KiB, and views inside the section", () => {
    const { call, thread } = machine();
    const section = call("CreateFileMappingW", -1, undefined, PAGE.READWRITE, 0, 0x2_0000, undefined);
    expect(call("MapViewOfFile", section, 6, 0, 0x1000, 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.MAPPED_ALIGNMENT);
    expect(call("MapViewOfFile", section, 6, 0, 0x1_0000, 0x1_0001)).toBe(0);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
    expect(call("MapViewOfFile", section, 6, 0, 0x1_0000, 0x1_0000)).not.toBe(0);
  });
});

test("ReadProcessMemory reads all or nothing", () => {
  const { call, out, allocate, thread, ansi, memory } = machine();
  const to = allocate(16);
  const count = out(SIZE_T);
  expect(call("ReadProcessMemory", -1, ansi("hello"), to, 6, count)).toBe(1);
  expect([memory.cstring(to), count.value]).toEqual(["hello", 6]);
  expect(call("ReadProcessMemory", -1, 0x10, to, 6, count)).toBe(0);
  expect([thread.lastError, count.value]).toEqual([ERROR.PARTIAL_COPY, 0]);
});

describe("WriteProcessMemory", () => {
  const SELF = -1;

  test.each([
    ["may be written", PAGE.READWRITE],
    ["may only be read", PAGE.READONLY],
    ["holds code", PAGE.EXECUTE_READ],
  ])("writes to a page that %s, and leaves its protection", (_what, protection) => {
    const { call, out, memory, query } = machine();
    const page = call("VirtualAlloc", 0, 0x2000, COMMIT | RESERVE, PAGE.READWRITE);
    memory.protect(page, 0x2000, protection);
    const written = out(SIZE_T);
    expect(call("WriteProcessMemory", SELF, page + 0xffe, Uint8Array.of(1, 2, 3, 4), 4, written)).toBe(1);
    expect(written.value).toBe(4);
    expect([...memory.read(page + 0xffe, 4)]).toEqual([1, 2, 3, 4]);
    expect(query(page)).toMatchObject({ Protect: protection, RegionSize: 0x2000 });
  });

  test("fails with ERROR_NOACCESS where part is not committed, and writes nothing", () => {
    const { call, out, memory, thread, query } = machine();
    const page = call("VirtualAlloc", 0, 0x2000, RESERVE, PAGE.READWRITE);
    memory.commit(page, 0x1000, PAGE.READONLY);
    const written = out(SIZE_T);
    expect(call("WriteProcessMemory", SELF, page + 0xffe, Uint8Array.of(1, 2, 3, 4), 4, written)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NOACCESS);
    expect(memory.u16(page + 0xffe)).toBe(0);
    expect(query(page)).toMatchObject({ Protect: PAGE.READONLY });
  });
});
