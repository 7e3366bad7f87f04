import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("a name has the same number until it was deleted as often as it was added, whatever its case", () => {
  const { call, ansi, wide, thread } = guest();
  const atom = call("AddAtomA", ansi("Name"));
  expect(atom).toBe(0xc000);
  expect(call("AddAtomW", wide("NAME"))).toBe(atom);
  expect(call("FindAtomA", ansi("name"))).toBe(atom);
  expect(call("DeleteAtom", atom)).toBe(0);
  expect(call("FindAtomA", ansi("name"))).toBe(atom);
  expect(call("DeleteAtom", atom)).toBe(0);
  expect(call("FindAtomA", ansi("name"))).toBe(0);
  expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
  expect(call("DeleteAtom", atom)).toBe(atom);
  expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
});

test("names come back as they were first given, cut to the buffer", () => {
  const { call, ansi, allocate, memory } = guest();
  const buffer = allocate(64);
  const atom = call("AddAtomA", ansi("First"));
  call("AddAtomA", ansi("FIRST"));
  expect(call("GetAtomNameA", atom, buffer, 64)).toBe(5);
  expect(memory.cstring(buffer)).toBe("First");
  expect(call("GetAtomNameW", atom, buffer, 4)).toBe(3);
  expect(memory.wstring(buffer)).toBe("Fir");
});

test("numbers below 0xC000 are atoms of their own", () => {
  const { call, ansi, allocate, memory, thread } = guest();
  const buffer = allocate(64);
  expect(call("AddAtomA", ansi("#1234"))).toBe(1234);
  expect(call("AddAtomA", 0xbfff)).toBe(0xbfff);
  expect(call("GetAtomNameA", 1234, buffer, 64)).toBe(5);
  expect(memory.cstring(buffer)).toBe("#1234");
  expect(call("AddAtomA", 0xc000)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});

test("a name has 255 characters at most", () => {
  const { call, ansi, thread } = guest();
  expect(call("GlobalAddAtomA", ansi("x".repeat(255)))).toBe(0xc000);
  expect(call("GlobalAddAtomA", ansi("x".repeat(256)))).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
});

test("the process's own table and the global one are apart", () => {
  const { call, ansi } = guest();
  call("AddAtomA", ansi("mine"));
  expect(call("GlobalFindAtomA", ansi("mine"))).toBe(0);
});
