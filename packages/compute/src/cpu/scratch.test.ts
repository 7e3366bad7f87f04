import { expect, test } from "vitest";
import { Scratch } from "./scratch.ts";

test("pieces do not overlap, and are used again when they are given back", () => {
  const scratch = new Scratch(100, 200);
  expect(scratch.isShared).toBe(false);
  expect(scratch.take(1, 20, 2)).toEqual([100, 120]);
  expect(scratch.take(2, 20, 1)).toEqual([140]);
  scratch.release(1);
  expect(scratch.take(3, 30, 1)).toEqual([100]);
  expect(scratch.highest).toBe(160);
});

test("who finds no room for all takes the largest gap, and nothing where none is large enough", () => {
  const scratch = new Scratch(0, 100);
  scratch.take(1, 30, 1);
  scratch.take(2, 10, 1);
  scratch.release(1);
  expect(scratch.take(3, 25, 4)).toEqual([40, 65]);
  expect(scratch.take(4, 40, 1)).toEqual([]);
  expect(scratch.isShared).toBe(true);
});
