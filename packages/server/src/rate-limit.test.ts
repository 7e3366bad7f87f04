import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

test("an address waits after so many failures, until the oldest of them is forgotten", () => {
  const limit = new RateLimit({ failures: 3, windowMs: 1000 });
  limit.fail("a", 0);
  limit.fail("a", 100);
  expect(limit.waitMs("a", 100)).toBe(0);
  limit.fail("a", 200);
  expect(limit.waitMs("a", 200)).toBe(800);
  expect(limit.waitMs("a", 999)).toBe(1);
  expect(limit.waitMs("a", 1000)).toBe(0);
  expect(limit.waitMs("b", 200)).toBe(0);
});

test("one that gets in starts anew", () => {
  const limit = new RateLimit({ failures: 1, windowMs: 1000 });
  limit.fail("a", 0);
  limit.succeed("a");
  expect(limit.waitMs("a", 1)).toBe(0);
});

test("only so many addresses are remembered", () => {
  const limit = new RateLimit({ failures: 1, windowMs: 1000 });
  for (let address = 0; address <= 10_000; address++) limit.fail(String(address), 0);
  expect([limit.waitMs("0", 1), limit.waitMs("1", 1), limit.waitMs("10000", 1)]).toEqual([0, 999, 999]);
});
