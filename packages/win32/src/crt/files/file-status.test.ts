import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** struct _stat64: st_mode at 6, st_size at 24 (x64). */
test("_stat64 tells of what a symbolic link leads to, and fails where it leads nowhere", () => {
  const { call, allocate, memory, thread } = guest({
    bits: 64,
    currentDirectory: "Z:\\w",
    files: { "/w/ten.txt": "0123456789", "/w/sub/": "", "/w/l": { link: "ten.txt" }, "/w/f": { link: "sub" }, "/w/gone": { link: "none" } },
  });
  const status = allocate(64);
  expect(call("ucrtbase!_wstat64", "l", status)).toBe(0);
  expect([memory.u16(status + 6) & 0xf000, memory.u64(status + 24)]).toEqual([0x8000, 10n]);
  expect(call("ucrtbase!_wstat64", "f", status)).toBe(0);
  expect(memory.u16(status + 6) & 0xf000).toBe(0x4000);
  expect(call("ucrtbase!_wstat64", "gone", status)).toBe(-1);
  expect(thread.errno).toBe(2);
});

/** What memory holds before a call. */
const FILL = 0xcc;

test.each([
  { bits: 32, name: "_stat", length: 36 },
  { bits: 32, name: "_stati64", length: 48 },
  { bits: 64, name: "_stat", length: 48 },
  { bits: 64, name: "_stati64", length: 56 },
  { bits: 32, name: "_stat64", length: 56 },
] as const)("msvcrt's $name fills $length bytes for a program of $bits bits", ({ bits, name, length }) => {
  const { call, allocate, memory } = guest({ bits, currentDirectory: "Z:\\w", files: { "/w/ten.txt": "0123456789" } });
  const status = allocate(80);
  const path = allocate(16);
  memory.write(path, new TextEncoder().encode("ten.txt\0"));
  memory.fill(status, FILL, 80);
  expect(call(`msvcrt!${name}`, path, status)).toBe(0);
  expect(memory.u32(status + (name === "_stat" ? 20 : 24))).toBe(10);
  expect([...memory.slice(status + length, 80 - length)].every((byte) => byte === FILL)).toBe(true);
  expect(memory.u32(status + length - 4)).not.toBe(0xcccc_cccc);
});

test.each([
  { bits: 32, bytes: 4 },
  { bits: 64, bytes: 8 },
] as const)("msvcrt's time stores $bytes bytes for a program of $bits bits, and _findfirst times of as many", ({ bits, bytes }) => {
  const { call, allocate, memory } = guest({ bits, currentDirectory: "Z:\\w", files: { "/w/ten.txt": "0123456789" } });
  const room = allocate(400);
  memory.fill(room, FILL, 400);
  call("msvcrt!time", room);
  expect(memory.u8(room + bytes - 1)).not.toBe(FILL);
  expect(memory.u8(room + bytes)).toBe(FILL);
  const path = allocate(16);
  memory.write(path, new TextEncoder().encode("ten.txt\0"));
  call("msvcrt!_findfirst", path, room);
  const sizeAt = bits === 32 ? 16 : 32;
  expect(memory.u32(room + sizeAt)).toBe(10);
  expect(memory.cstring(room + sizeAt + 4)).toBe("ten.txt");
});
