import { describe, expect, test } from "vitest";
import { AddressSpaceError, GUEST_BASE, GuestMemory, MemoryAccessError, PAGE, PAGE_STATE, USER_END } from "./index.ts";

function withPage(protection: number = PAGE.READWRITE): { memory: GuestMemory; at: number } {
  const memory = new GuestMemory();
  const at = memory.allocate(0x2000, protection)!;
  return { memory, at };
}

describe("accessors", () => {
  test("read back what was written, little-endian, also across a page boundary", () => {
    const { memory, at } = withPage();
    memory.setU32(at, 0x12345678);
    expect([memory.u8(at), memory.u16(at), memory.u32(at)]).toEqual([0x78, 0x5678, 0x12345678]);
    memory.setU64(at + 0xffd, 0xfedc_ba98_7654_3210n);
    expect(memory.u64(at + 0xffd)).toBe(0xfedc_ba98_7654_3210n);
    memory.setI32(at, -2);
    expect([memory.i32(at), memory.u32(at)]).toEqual([-2, 0xffff_fffe]);
    memory.setF64(at, Math.PI);
    memory.setF32(at + 8, 1.5);
    expect([memory.f64(at), memory.f32(at + 8)]).toEqual([Math.PI, 1.5]);
  });

  test("deny the null page, reserved pages, the system area and a scalar that ends in one", () => {
    const { memory, at } = withPage();
    const reserved = memory.reserve(0x1000)!;
    for (const address of [0, 0xffff, reserved, at + 0x2000, at + 0x1ffd, USER_END, PAGE_STATE, 0xffff_ffff]) {
      expect(() => memory.u32(address), address.toString(16)).toThrow(MemoryAccessError);
    }
    expect(memory.u32(at + 0x1ffc)).toBe(0);
    expect(() => memory.u8(Number.NaN)).toThrow(MemoryAccessError);
  });

  test("tell a read from a write, and report where the range breaks", () => {
    const { memory, at } = withPage();
    memory.protect(at + 0x1000, 0x1000, PAGE.READONLY);
    expect(memory.u8(at + 0x1000)).toBe(0);
    const failure = catchError(() => memory.write(at + 0xf00, new Uint8Array(0x200)));
    expect(failure).toMatchObject({ address: at + 0x1000, size: 0x200, kind: "write" });
  });

  test("copy and view ranges", () => {
    const { memory, at } = withPage();
    memory.write(at + 0xffe, Uint8Array.of(1, 2, 3, 4));
    const copy = memory.read(at + 0xffe, 4);
    const view = memory.slice(at + 0xffe, 4);
    memory.fill(at + 0xffe, 9, 4);
    expect([...copy]).toEqual([1, 2, 3, 4]);
    expect([...view]).toEqual([9, 9, 9, 9]);
    expect(memory.read(0, 0)).toHaveLength(0);
    for (const length of [0x2001, 2 ** 32, -1]) expect(() => memory.read(at, length)).toThrow(MemoryAccessError);
  });
});

describe("text", () => {
  test("reads and writes UTF-16 at even and odd addresses, lone surrogates included", () => {
    const { memory, at } = withPage();
    for (const start of [at + 1, at + 0xffb, at]) {
      for (const text of ["", "héllo\ud800", "long ".repeat(100)]) {
        expect(memory.setWstring(start, text)).toBe(text.length);
        expect(memory.wstring(start)).toBe(text);
      }
    }
    expect(memory.wstring(at, 4)).toBe("long");
    expect(memory.utf16(at, 2)).toBe("lo");
  });

  test("reads bytes as Latin-1 or UTF-8", () => {
    const { memory, at } = withPage();
    memory.setCstring(at, "naïve €", "utf-8");
    expect(memory.cstring(at, "utf-8")).toBe("naïve €");
    expect(memory.cstring(at)).toBe("naÃ¯ve â\u0082¬");
    expect(memory.cstring(at, "latin1", 2)).toBe("na");
  });

  test("stops with an access error when no terminator comes before the pages end", () => {
    const { memory, at } = withPage();
    memory.fill(at, 0x41, 0x2000);
    expect(() => memory.cstring(at)).toThrow(MemoryAccessError);
    expect(() => memory.wstring(at)).toThrow(MemoryAccessError);
    expect(memory.cstring(at + 0x1ff0, "latin1", 16)).toBe("A".repeat(16));
    expect(memory.wstring(at + 0x1ff0, 8)).toHaveLength(8);
  });
});

describe("the address space", () => {
  test("reserves at multiples of 64 KiB, lowest first, or top down below an address", () => {
    const memory = new GuestMemory();
    expect(memory.reserve(1)).toBe(GUEST_BASE);
    expect(memory.reserve(0x10001)).toBe(0x20000);
    expect(memory.reserve(1)).toBe(0x40000);
    expect(memory.reserve(0x20000, { topDown: true, below: 0x8000_0000 })).toBe(0x7ffe_0000);
    expect(memory.reserve(0x1000, { topDown: true })).toBe(USER_END - 0x10000);
  });

  test("gives an address that was asked for when it is free, and never outside the user space", () => {
    const memory = new GuestMemory();
    expect(memory.reserve(0x2000, { at: 0x40_1234 })).toBe(0x40_0000);
    expect(memory.query(0x40_0000).size).toBe(0x4000);
    expect(memory.reserve(0x1000, { at: 0x40_8000 })).toBeUndefined();
    for (const at of [0, 0x8000, USER_END, USER_END - 0x1000 + 1, 0x1_4000_0000]) expect(memory.reserve(0x1000, { at })).toBeUndefined();
    expect(memory.reserve(0x1000, { at: USER_END - 0x1000 })).toBe(USER_END - 0x10000);
    for (const size of [0, -1, Number.NaN, 2 ** 32]) expect(memory.reserve(size)).toBeUndefined();
  });

  test("commits, decommits with zeros, and releases", () => {
    const memory = new GuestMemory();
    const at = memory.reserve(0x10000)!;
    memory.commit(at + 0x1800, 0x1000, PAGE.READWRITE);
    expect(memory.committedBytes).toBe(0x2000);
    memory.setU8(at + 0x1000, 7);
    memory.commit(at, 0x10000, PAGE.READWRITE);
    expect(memory.u8(at + 0x1000)).toBe(7);
    memory.decommit(at + 0x1000, 0x1000);
    expect(() => memory.u8(at + 0x1000)).toThrow(MemoryAccessError);
    memory.commit(at + 0x1000, 1, PAGE.READWRITE);
    expect(memory.u8(at + 0x1000)).toBe(0);
    memory.release(at);
    expect([memory.committedBytes, memory.peakBytes]).toEqual([0, 0x10000]);
    expect(memory.reserve(0x10000)).toBe(at);
  });

  test("refuses what VirtualAlloc and VirtualProtect refuse, and changes nothing", () => {
    const memory = new GuestMemory({ limitBytes: 0x3000 });
    const at = memory.reserve(0x10000)!;
    const next = memory.reserve(0x10000)!;
    expect(reason(() => memory.commit(0x40_0000, 1, PAGE.READWRITE))).toBe("not-reserved");
    expect(reason(() => memory.commit(next - 1, 2, PAGE.READWRITE))).toBe("not-reserved");
    expect(reason(() => memory.commit(at, 0x1000, 0))).toBe("invalid");
    expect(reason(() => memory.commit(at, 0x1000, PAGE.READONLY | PAGE.READWRITE))).toBe("invalid");
    expect(reason(() => memory.commit(at, 0x4000, PAGE.READWRITE))).toBe("limit");
    expect(memory.committedBytes).toBe(0);
    memory.commit(at, 0x3000, PAGE.READWRITE);
    expect(reason(() => memory.protect(at, 0x4000, PAGE.READONLY))).toBe("not-committed");
    expect(reason(() => memory.release(at + 0x1000))).toBe("invalid");
    expect(reason(() => memory.query(USER_END))).toBe("invalid");
    expect(reason(() => memory.allocate(0x1000, PAGE.READWRITE))).toBe("limit");
    expect(memory.query(next + 0x10000).state).toBe("free");
  });

  test("describes runs of alike pages as VirtualQuery does", () => {
    const memory = new GuestMemory();
    const at = memory.reserve(0x8000, { at: 0x40_0000, kind: "image", protection: PAGE.EXECUTE_WRITECOPY })!;
    memory.commit(at + 0x1000, 0x3000, PAGE.READWRITE);
    expect(memory.protect(at + 0x2000, 0x1000, PAGE.EXECUTE_READ)).toBe(PAGE.READWRITE);
    const common = { allocationBase: at, allocationProtect: PAGE.EXECUTE_WRITECOPY, kind: "image" };
    expect(memory.query(at + 5)).toEqual({ ...common, base: at, size: 0x1000, state: "reserve", protection: 0 });
    expect(memory.query(at + 0x2fff)).toEqual({ ...common, base: at + 0x2000, size: 0x1000, state: "commit", protection: PAGE.EXECUTE_READ });
    expect(memory.query(at + 0x3000)).toMatchObject({ size: 0x1000, protection: PAGE.READWRITE });
    expect(memory.query(at + 0x8000)).toMatchObject({ base: at + 0x8000, state: "free", size: USER_END - at - 0x8000 });
    expect(memory.query(0)).toMatchObject({ base: 0, state: "free", size: at });
  });

  test("keeps every protection, and lets nothing touch a guard page", () => {
    const { memory, at } = withPage();
    for (const protection of [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, PAGE.GUARD | PAGE.READWRITE]) {
      memory.protect(at, 0x1000, protection);
      expect(memory.query(at).protection).toBe(protection);
    }
    expect(memory.accessible(at, 1, "read")).toBe(false);
    memory.protect(at, 0x1000, PAGE.EXECUTE_READ);
    expect((["read", "write", "execute"] as const).map((kind) => memory.accessible(at, 1, kind))).toEqual([true, false, true]);
  });

  test("publishes page states where translated code reads them, and ignores what a guest writes there", () => {
    const { memory, at } = withPage();
    const published = PAGE_STATE - GUEST_BASE + (at >>> 12);
    expect(memory.bytes[published]! & 3).toBe(3);
    memory.bytes[published] = 0;
    expect(memory.u8(at)).toBe(0);
  });

  test("reports changes of protection by whole pages", () => {
    const { memory, at } = withPage();
    const seen: number[][] = [];
    memory.onProtectionChange = (start, end) => seen.push([start - at, end - at]);
    memory.protect(at + 0x10, 0x1000, PAGE.READONLY);
    memory.release(at);
    expect(seen).toEqual([
      [0, 0x2000],
      [0, 0x2000],
    ]);
  });
});

function catchError(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function reason(action: () => void): string {
  const error = catchError(action);
  expect(error).toBeInstanceOf(AddressSpaceError);
  return (error as AddressSpaceError).reason;
}
