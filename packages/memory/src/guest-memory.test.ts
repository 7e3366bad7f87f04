import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import {
  CPU_BLOCK,
  GUEST_BASE,
  GuestMemory,
  MemoryAccessError,
  MemoryLimitError,
  PAGE,
  PAGE_STATE,
  SMALL_USER_END,
  USER_END,
} from "./index.ts";

let memory: GuestMemory;
beforeAll(() => {
  memory = new GuestMemory();
});

test("committed memory is zero, and keeps what is written", () => {
  const at = memory.allocate(0x2000, PAGE.READWRITE) ?? 0;
  expect(memory.u32(at)).toBe(0);
  memory.setU32(at + 0xffe, 0x12345678);
  expect(memory.u16(at + 0x1000)).toBe(0x1234);
  expect(memory.u64(at + 0xffe)).toBe(0x12345678n);
  memory.setF64(at, -1.5);
  expect(memory.f64(at)).toBe(-1.5);
});

test.each([
  ["the null page", 0],
  ["reserved memory", "reserved"],
  ["the system area", USER_END],
  ["an address past 4 GiB", 2 ** 32],
  ["a negative address", -8],
])("reading %s throws MemoryAccessError", (_, where) => {
  const address = where === "reserved" ? (memory.reserve(0x1000) ?? 0) : Number(where);
  expect(() => memory.u32(address)).toThrow(MemoryAccessError);
});

test("the last byte of a page can be read, and no more", () => {
  const at = memory.reserve(0x3000) ?? 0;
  memory.commit(at, 0x1000, PAGE.READWRITE);
  expect(memory.u8(at + 0xfff)).toBe(0);
  expect(() => memory.u16(at + 0xfff)).toThrow(MemoryAccessError);
});

test("read-only pages refuse writes, and guard pages refuse both", () => {
  const at = memory.allocate(0x1000, PAGE.READWRITE) ?? 0;
  expect(memory.protect(at, 1, PAGE.READONLY)).toBe(PAGE.READWRITE);
  expect(memory.u8(at)).toBe(0);
  expect(() => memory.setU8(at, 1)).toThrow(/no write access to 1 byte/);
  expect(memory.protect(at, 1, PAGE.READWRITE | PAGE.GUARD)).toBe(PAGE.READONLY);
  expect(() => memory.u8(at)).toThrow(MemoryAccessError);
  expect(memory.query(at).protection).toBe(PAGE.READWRITE | PAGE.GUARD);
});

test("freed memory is zeroed, and its addresses are used again", () => {
  const at = memory.allocate(0x10000, PAGE.READWRITE) ?? 0;
  memory.fill(at, 0xcc, 0x10000);
  expect(memory.release(at + 0x1000)).toBe(false);
  expect(memory.release(at)).toBe(true);
  expect(memory.query(at).state).toBe("free");
  expect(memory.allocate(0x10000, PAGE.READWRITE, { at })).toBe(at);
  expect(memory.u32(at + 0x8000)).toBe(0);
});

test("a taken address is refused, and so is one outside the user space", () => {
  const at = memory.reserve(0x10000) ?? 0;
  expect(memory.reserve(0x1000, { at })).toBeUndefined();
  expect(memory.reserve(0x1000, { at: 0 })).toBeUndefined();
  expect(memory.reserve(0x20000, { at: USER_END - 0x10000 })).toBeUndefined();
  expect(memory.reserve(2 ** 40)).toBeUndefined();
});

test("a user space that ends earlier gives no address behind its end, and tells of none", () => {
  const small = new GuestMemory({ userEnd: SMALL_USER_END });
  expect(small.reserve(0x10000, { at: SMALL_USER_END - 0x10000 })).toBe(SMALL_USER_END - 0x10000);
  expect(small.reserve(0x20000, { at: SMALL_USER_END - 0x20000 })).toBeUndefined();
  expect(small.reserve(0x10000, { topDown: true })).toBe(SMALL_USER_END - 0x20000);
  expect(small.reserve(0x10000, { at: SMALL_USER_END })).toBeUndefined();
  expect(small.reserve(SMALL_USER_END - GUEST_BASE)).toBeUndefined();
  expect(small.query(GUEST_BASE)).toMatchObject({ state: "free", size: SMALL_USER_END - 0x20000 - GUEST_BASE });
});

test("commit fails outside a reservation, and across two", () => {
  const at = memory.reserve(0x10000) ?? 0;
  expect(memory.commit(at, 0x10001, PAGE.READWRITE)).toBe(false);
  expect(memory.commit(at, 0x10000, 0x33)).toBe(false);
  expect(memory.commit(at, 0x10000, PAGE.READWRITE)).toBe(true);
});

test("commits count against the limit, and give back when they end", () => {
  const small = new GuestMemory({ limitBytes: 0x3000 });
  const at = small.reserve(0x10000) ?? 0;
  small.commit(at, 0x3000, PAGE.READWRITE);
  small.commit(at, 0x3000, PAGE.READONLY);
  expect(small.committedBytes).toBe(0x3000);
  expect(() => small.commit(at + 0x3000, 1, PAGE.READWRITE)).toThrow(MemoryLimitError);
  small.decommit(at, 0x1000);
  expect(small.commit(at + 0x3000, 1, PAGE.READWRITE)).toBe(true);
});

test("the peak stays when memory is given back", () => {
  const memory = new GuestMemory();
  const before = memory.peakCommittedBytes;
  const at = memory.reserve(0x10000) ?? 0;
  memory.commit(at, 0x3000, PAGE.READWRITE);
  memory.decommit(at, 0x3000);
  memory.commit(at, 0x1000, PAGE.READWRITE);
  expect(memory.peakCommittedBytes).toBe(before + 0x3000);
});

test("query tells runs of like pages", () => {
  const at = memory.reserve(0x5000, { protection: PAGE.READONLY }) ?? 0;
  memory.commit(at + 0x1000, 0x2000, PAGE.EXECUTE_READ);
  expect(memory.query(at)).toMatchObject({
    base: at,
    size: 0x1000,
    state: "reserve",
    allocationBase: at,
    allocationProtect: PAGE.READONLY,
  });
  expect(memory.query(at + 0x1234)).toMatchObject({ base: at + 0x1000, size: 0x2000, state: "commit", protection: PAGE.EXECUTE_READ });
});

test("translated code sees the same page states, and API checks do not trust its copy", () => {
  const at = memory.allocate(0x1000, PAGE.READWRITE) ?? 0;
  const mirror = PAGE_STATE - GUEST_BASE + at / 0x1000;
  expect((memory.bytes[mirror] ?? 0) & 3).toBe(3);
  memory.bytes[mirror + 1] = 0xff;
  expect(() => memory.u8(at + 0x1000)).toThrow(MemoryAccessError);
});

test("text goes in and out, at odd addresses and with lone surrogates", () => {
  const at = memory.allocate(0x2000, PAGE.READWRITE) ?? 0;
  for (const address of [at, at + 1, at + 0xffd]) {
    memory.setWstring(address, "h\u00e9 \ud83d\ude00 \ud800");
    expect(memory.wstring(address)).toBe("h\u00e9 \ud83d\ude00 \ud800");
    expect(memory.wstring(address, 2)).toBe("h\u00e9");
  }
  memory.write(at, new TextEncoder().encode("gr\u00fcn\0rest"));
  expect(memory.cstring(at, "utf-8")).toBe("gr\u00fcn");
  expect(memory.cstring(at)).toBe("gr\u00c3\u00bcn");
});

test("a string that runs into memory that is not there throws", () => {
  const at = memory.allocate(0x1000, PAGE.READWRITE) ?? 0;
  memory.fill(at, 0x41, 0x1000);
  expect(() => memory.cstring(at)).toThrow(MemoryAccessError);
  expect(() => memory.wstring(at)).toThrow(MemoryAccessError);
  expect(memory.cstring(at + 0xffc, "latin1", 4)).toBe("AAAA");
});

test("reservations never overlap, and what is released can be had again", () => {
  const size = fc.integer({ min: 1, max: 0x50000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.boolean(), fc.boolean()), { maxLength: 40 }), (steps) => {
      const held: { base: number; size: number }[] = [];
      for (const [bytes, topDown, free] of steps) {
        const base = memory.reserve(bytes, { topDown }) ?? 0;
        if (base % 0x10000 !== 0 || base < GUEST_BASE || base + bytes > USER_END) return false;
        if (held.some((other) => base < other.base + other.size && other.base < base + bytes)) return false;
        held.push({ base, size: bytes });
        if (free) memory.release(held.shift()?.base ?? 0);
      }
      return held.every(({ base }) => memory.release(base));
    }),
    { numRuns: 50 },
  );
});

test("the CPU block's place looks reserved, and cannot be had, committed or given back", () => {
  expect(memory.query(CPU_BLOCK)).toMatchObject({ base: CPU_BLOCK, size: 0x10000, state: "reserve" });
  expect(memory.reserve(0x1000, { at: CPU_BLOCK })).toBeUndefined();
  expect(memory.commit(CPU_BLOCK, 0x1000, PAGE.READWRITE)).toBe(false);
  expect(memory.release(CPU_BLOCK)).toBe(false);
  expect(memory.reserve(0x1000, { at: CPU_BLOCK })).toBeUndefined();
  expect(() => memory.u32(CPU_BLOCK)).toThrow(MemoryAccessError);
});

test("data may be run only where the memory was made so, and no-access pages never", () => {
  for (const executesData of [false, true]) {
    const memory = new GuestMemory({ executesData });
    const data = memory.allocate(0x1000, PAGE.READWRITE)!;
    const nothing = memory.allocate(0x1000, PAGE.NOACCESS)!;
    expect(memory.accessible(data, 4, "execute")).toBe(executesData);
    expect(memory.accessible(nothing, 4, "execute")).toBe(false);
  }
});
