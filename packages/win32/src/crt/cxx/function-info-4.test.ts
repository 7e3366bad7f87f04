import { GuestMemory, PAGE } from "@decant/memory";
import { expect, test } from "vitest";
import { readFunctionInfo4 } from "./function-info-4.ts";

/** An image with bytes at offsets in it. */
function image(parts: Readonly<Record<number, readonly number[]>>) {
  const memory = new GuestMemory();
  const base = memory.allocate(0x10000, PAGE.READWRITE)!;
  for (const [offset, bytes] of Object.entries(parts)) memory.write(base + Number(offset), Uint8Array.from(bytes));
  return { memory, base, read: (address: number, begin: number) => readFunctionInfo4(memory, base, base + address, base + begin) };
}

const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

// Tables as Microsoft's compiler writes them (seen in programs of its making), and as ehdata4.h describes them.
test("reads a function with objects to destroy, a try block and a clause with one continuation", () => {
  const { base, read } = image({
    0x100: [0x38, ...word(0x200), ...word(0x300), ...word(0x400)],
    // Four states: two funclets, and a try block's two.
    0x200: [4 << 1, (1 << 2) << 1, (1 << 2 | 3) << 1, ...word(0x5000), (5 << 2 | 1) << 1, ...word(0x5100), 0x20 << 1, (13 << 2) << 1],
    0x300: [1 << 1, 1 << 1, 1 << 1, 2 << 1, ...word(0x380)],
    0x380: [1 << 1, 0x11, 64 << 1 | 0, ...word(0x6000), 11 << 1],
    0x400: [3 << 1, 0, 0 << 1, 0x10 << 1, 2 << 1, 0x21 << 1, 1 << 1],
  }); // prettier-ignore
  const info = read(0x100, 0x1000);
  expect(info.isSynchronous).toBe(true);
  expect(info.isNoexcept).toBe(false);
  expect(info.unwindMap).toEqual([
    { toState: -1, action: 0 },
    { toState: 0, action: base + 0x5000 },
    { toState: 1, action: base + 0x5100, object: { offset: 0x20, isPointer: false } },
    { toState: -1, action: 0 },
  ]);
  expect(info.tryBlocks).toEqual([
    {
      low: 1,
      high: 1,
      catchHigh: 2,
      handlers: [{ adjectives: 64, type: 0, objectOffset: 0, funclet: base + 0x6000, frameOffset: 0, continuations: [base + 0x100b] }],
    },
  ]);
  expect(info.states).toEqual([
    { address: base + 0x1000, state: -1 },
    { address: base + 0x1010, state: 1 },
    { address: base + 0x1031, state: 0 },
  ]);
});

test("a catch funclet says where its function's frame is; numbers take one to five bytes", () => {
  const { base, read } = image({
    0x100: [0x41, ...word(0x400), (0x148 << 2 | 1) & 0xff, 0x148 >> 6],
    0x400: [4 << 1, 0, 1 << 1, (0x3fff << 3 | 3) & 0xff, 0x3fff >> 5 & 0xff, 0x3fff >> 13, 0, (0x123456 << 4 | 7) & 0xff, 0x123456 >> 4 & 0xff, 0x123456 >> 12 & 0xff, 0x123456 >> 20, 0, 0x0f, ...word(0x1000_0000), 0],
  }); // prettier-ignore
  const info = read(0x100, 0);
  expect(info.functionFrameOffset).toBe(0x148);
  expect(info.isNoexcept).toBe(true);
  expect(info.states.map(({ address }) => address - base)).toEqual([0, 0x3fff, 0x3fff + 0x123456, 0x3fff + 0x123456 + 0x1000_0000]);
});

test("the parts of a separated function have states of their own", () => {
  const { read } = image({
    0x100: [0x22, ...word(0x200)],
    0x200: [2 << 1, ...word(0x1000), ...word(0x300), ...word(0x2000), ...word(0x340)],
    0x300: [1 << 1, 0, 3 << 1],
    0x340: [1 << 1, 0, 5 << 1],
  });
  expect(read(0x100, 0x1000).states[0]?.state).toBe(2);
  expect(read(0x100, 0x2000).states[0]?.state).toBe(4);
  expect(read(0x100, 0x3000).states).toEqual([]);
});

test("two continuations, by addresses relative to the image", () => {
  const { base, read } = image({
    0x100: [0x10, ...word(0x300), ...word(0x400)],
    0x300: [1 << 1, 0, 0, 1 << 1, ...word(0x380)],
    0x380: [1 << 1, 0x2e, ...word(0x600), 0x20 << 1, ...word(0x6000), ...word(0x1111), ...word(0x2222)],
    0x400: [0],
  });
  expect(read(0x100, 0x1000).tryBlocks[0]?.handlers[0]).toMatchObject({
    type: base + 0x600,
    objectOffset: 0x20,
    continuations: [base + 0x1111, base + 0x2222],
  });
});
