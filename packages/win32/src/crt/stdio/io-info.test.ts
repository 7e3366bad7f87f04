import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const O = { RDONLY: 0, RDWR: 2, APPEND: 8, NOINHERIT: 0x80, CREAT: 0x100, TEXT: 0x4000, BINARY: 0x8000 } as const;
/** By the size of a pointer: a handle, flags, a byte read ahead, whether the lock is made, the lock. */
const SIZE = { 8: 56, 4: 36 } as const;
const EBADF = 9;

/** msvcrt's table of descriptors, as a program finds it. What the first two tests expect was printed by the same calls under Wine 8. */
function table(bits: 32 | 64) {
  const machine = guest({ bits });
  const { call, ansi, memory } = machine;
  const module = call("kernel32!LoadLibraryA", "msvcrt.dll");
  const [arrays, none] = ["__pioinfo", "__badioinfo"].map((name) => call("kernel32!GetProcAddress", module, ansi(name))) as [
    number,
    number,
  ];
  const { pointerSize } = memory;
  const at = (fd: number) => memory.pointer(arrays + (fd >> 5) * pointerSize) + (fd & 31) * SIZE[pointerSize];
  return {
    ...machine,
    at,
    flags: (fd: number) => memory.u8(at(fd) + pointerSize),
    setFlags: (fd: number, flags: number) => memory.setU8(at(fd) + pointerSize, flags),
    open: (flags: number) => call("msvcrt!_open", "file", flags, 0x180),
    none,
  };
}

test.each([64, 32] as const)("__pioinfo has a handle and flags for each descriptor (%i bits)", (bits) => {
  const { call, memory, at, flags, open, none } = table(bits);
  const [text, binary] = [open(O.CREAT | O.RDWR | O.TEXT | O.APPEND | O.NOINHERIT), open(O.RDWR | O.BINARY)];
  expect([flags(text), flags(binary), flags(binary + 1)]).toEqual([0xb1, 0x01, 0]);
  expect(memory.i32(at(text))).toBe(call("msvcrt!_get_osfhandle", text));
  expect(call("msvcrt!_setmode", binary, O.TEXT)).toBe(O.BINARY);
  expect(flags(binary)).toBe(0x81);
  call("msvcrt!_close", text);
  expect([memory.i32(at(text)), flags(text)]).toEqual([-1, 0]);
  expect([memory.i32(none), memory.u8(none + memory.pointerSize)]).toEqual([-1, 0x80]);
});

test("an entry's lock can be entered and left", () => {
  const { call, at, open } = table(64);
  const lock = at(open(O.CREAT | O.RDWR)) + 16;
  expect(call("kernel32!TryEnterCriticalSection", lock)).toBe(1);
  call("kernel32!LeaveCriticalSection", lock);
  expect(call("kernel32!TryEnterCriticalSection", lock)).toBe(1);
});

test("more than 32 descriptors have more than one array", () => {
  const { call, memory, at, open } = table(64);
  open(O.CREAT | O.RDWR);
  const fds = Array.from({ length: 32 }, () => open(O.RDONLY));
  const last = Math.max(...fds);
  expect(last).toBeGreaterThanOrEqual(32);
  expect(memory.i32(at(last))).toBe(call("msvcrt!_get_osfhandle", last));
});

test("what a program writes into an entry is what its descriptor is from then on", () => {
  const { call, memory, at, setFlags, open, allocate } = table(64);
  const [fd, other] = [open(O.CREAT | O.RDWR | O.BINARY), open(O.RDWR | O.BINARY)];
  call("msvcrt!_write", fd, "a\r\nb", 4);
  const [own, otherHandle] = [memory.i32(at(fd)), memory.i32(at(other))];
  setFlags(other, 0x81);
  expect(call("msvcrt!_setmode", other, O.BINARY)).toBe(O.TEXT);
  setFlags(other, 0x81);
  const buffer = allocate(8);
  expect(call("msvcrt!_read", other, buffer, 8)).toBe(3);
  expect(memory.cstring(buffer)).toBe("a\nb");
  memory.setWord(at(other), BigInt(own));
  expect(call("msvcrt!_get_osfhandle", other)).toBe(own);
  memory.setWord(at(other), 0xffff_ffff_ffff_ffffn);
  expect(call("msvcrt!_close", other)).toBe(0);
  expect(call("kernel32!CloseHandle", otherHandle)).toBe(1);
  setFlags(fd, 0);
  expect(call("msvcrt!_close", fd)).toBe(-1);
  expect(memory.i32(call("msvcrt!_errno"))).toBe(EBADF);
});
