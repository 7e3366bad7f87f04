import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const ERANGE = 34;

test("wcrtomb_s stores a character's bytes and says how many", () => {
  const { call, allocate, memory } = guest({ bits: 64 });
  const [count, room] = [allocate(8), allocate(8)];
  expect(call("ucrtbase!wcrtomb_s", count, room, 8, 0x41, 0)).toBe(0);
  expect([memory.u64(count), memory.u8(room)]).toEqual([1n, 0x41]);
  expect(call("ucrtbase!wcrtomb_s", count, 0, 0, 0x41, 0)).toBe(0);
  expect(memory.u64(count)).toBe(1n);
});

test.each([
  { size: 4, count: 100, result: 0, text: "abc" },
  { size: 4, count: 2, result: 0, text: "ab" },
  { size: 3, count: 0xffff_ffff_ffff_ffffn, result: 80, text: "ab" },
])("wcsrtombs_s into $size bytes, at most $count, is $result with '$text'", ({ size, count, result, text }) => {
  const { call, allocate, memory } = guest({ bits: 64 });
  const [source, pointer, room, converted] = [allocate(16), allocate(8), allocate(16), allocate(8)];
  memory.setWstring(source, "abc");
  memory.setPointer(pointer, source);
  expect(call("ucrtbase!wcsrtombs_s", converted, room, size, pointer, count, 0)).toBe(result);
  expect(memory.cstring(room)).toBe(text);
  expect(memory.u64(converted)).toBe(BigInt(text.length + 1));
  expect(memory.pointer(pointer)).toBe(text === "abc" ? 0 : source);
});

test("functions with a locale are the others", () => {
  const { call } = guest({ bits: 64 });
  expect(call("ucrtbase!___mb_cur_max_l_func", 0)).toBe(1);
  expect(call("ucrtbase!_isctype_l", 0x39, 4, 0)).toBe(4);
  expect(call("ucrtbase!_isctype_l", 0x41, 4, 0)).toBe(0);
});

test("wcrtomb_s refuses a room that is too small with ERANGE", () => {
  const { call, allocate, memory } = guest({ bits: 64 });
  const room = allocate(8);
  memory.setU8(room, 0x55);
  expect(call("msvcrt!wcrtomb_s", allocate(8), room, 0, 0x41, 0)).toBe(ERANGE);
  expect(memory.u8(room)).toBe(0x55);
});
