import { GuestMemory, PAGE } from "@decant/memory";
import { expect, test } from "vitest";
import { clauseOfFunclet, readFunctionInfo, stateAt, HANDLER } from "./function-info.ts";
import { matchClause, thrownTypeName } from "./thrown-object.ts";

/** An image in memory, and a writer of 32-bit words at offsets in it. */
function image() {
  const memory = new GuestMemory();
  const base = memory.allocate(0x10000, PAGE.READWRITE)!;
  const words = (offset: number, ...values: number[]) => values.forEach((value, index) => memory.setI32(base + offset + 4 * index, value));
  const name = (offset: number, text: string) => memory.write(base + offset + 16, new TextEncoder().encode(`${text}\0`));
  return { memory, base, words, name };
}

/** A function with one try block (states 1 and 2) and one clause, whose funclet is at 0x5000. */
function functionTables() {
  const made = image();
  made.words(0x100, 0x19930522, 4, 0x200, 1, 0x300, 3, 0x400, 0x40, 0, 1);
  made.words(0x200, -1, 0, 0, 0x5100, 1, 0, 0, 0);
  made.words(0x300, 1, 2, 3, 1, 0x380);
  made.words(0x380, HANDLER.REFERENCE, 0x600, -0x20, 0x5000, 0x48);
  made.words(0x400, 0x1000, 0, 0x1010, 2, 0x1020, -1);
  return made;
}

test("reads states, try blocks and clauses, with addresses for offsets", () => {
  const { memory, base } = functionTables();
  const info = readFunctionInfo(memory, base, base + 0x100)!;
  expect(info.unwindMap[1]).toEqual({ toState: 0, action: base + 0x5100 });
  expect(info.unwindMap[0]).toEqual({ toState: -1, action: 0 });
  expect(info.tryBlocks).toEqual([
    {
      low: 1,
      high: 2,
      catchHigh: 3,
      handlers: [{ adjectives: 8, type: base + 0x600, objectOffset: -0x20, funclet: base + 0x5000, frameOffset: 0x48 }],
    },
  ]);
});

test("the state of an address is that of the last entry before it", () => {
  const { memory, base } = functionTables();
  const info = readFunctionInfo(memory, base, base + 0x100)!;
  expect([0xfff, 0x1000, 0x100f, 0x1010, 0x1020].map((offset) => stateAt(info, base + offset))).toEqual([-1, 0, 0, 2, -1]);
});

test("a funclet is known by where it begins", () => {
  const { memory, base } = functionTables();
  const info = readFunctionInfo(memory, base, base + 0x100)!;
  expect(clauseOfFunclet(info, base + 0x5000)?.block.high).toBe(2);
  expect(clauseOfFunclet(info, base + 0x5001)).toBeUndefined();
});

test("other versions of the tables are left alone", () => {
  const { memory, base, words } = functionTables();
  words(0x100, 0x19930523);
  expect(readFunctionInfo(memory, base, base + 0x100)).toBeUndefined();
});

/** A thrown object that can be caught as "derived" and, eight bytes on, as "base". */
function thrownObject() {
  const made = image();
  made.words(0x100, 0, 0, 0, 0x120);
  made.words(0x120, 2, 0x140, 0x180);
  made.words(0x140, 0, 0x200, 0, -1, 0, 24, 0);
  made.words(0x180, 0, 0x240, 8, -1, 0, 16, 0);
  made.name(0x200, ".?AVderived@@");
  made.name(0x240, ".?AVbase@@");
  made.name(0x280, ".?AVbase@@");
  made.name(0x2c0, ".?AVother@@");
  const clause = (type: number, adjectives = 0) => ({
    adjectives,
    type: type === 0 ? 0 : made.base + type,
    objectOffset: 0,
    funclet: 0,
    frameOffset: 0,
  });
  return { ...made, clause, thrown: { object: made.base, info: made.base + 0x100, base: made.base } };
}

test("a clause catches a type by its name, its bases, or anything", () => {
  const { memory, clause, thrown } = thrownObject();
  expect(matchClause(memory, clause(0x200), thrown)).toMatchObject({ memberOffset: 0 });
  expect(matchClause(memory, clause(0x280), thrown)).toMatchObject({ memberOffset: 8 });
  expect(matchClause(memory, clause(0), thrown)).toBe("any");
  expect(matchClause(memory, clause(0x2c0), thrown)).toBeUndefined();
  expect(thrownTypeName(memory, thrown)).toBe(".?AVderived@@");
});

test("what is thrown as const is not caught without const", () => {
  const { memory, base, clause, thrown } = thrownObject();
  memory.setU32(base + 0x100, HANDLER.CONST);
  expect(matchClause(memory, clause(0x200), thrown)).toBeUndefined();
  expect(matchClause(memory, clause(0x200, HANDLER.CONST), thrown)).toBeDefined();
});
