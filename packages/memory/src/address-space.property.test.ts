import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GUEST_BASE, GuestMemory, MemoryLimitError, PAGE, PAGE_SIZE } from "./index.ts";

/** Everything happens in the first 64 allocation units, so that operations meet. */
const FIRST = 0x100_0000;
const pages = fc.integer({ min: 0, max: 64 * 16 });
const count = fc.integer({ min: 1, max: 40 });
const operation = fc.record({
  kind: fc.constantFrom("reserve", "reserve", "commit", "commit", "decommit", "protect", "release"),
  page: pages,
  count,
});

test("an address space agrees with a plain model of its pages after any operations", () => {
  const memory = new GuestMemory({ limitBytes: 400 * PAGE_SIZE });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const model: Model = new Map();
      for (const { kind, page, count } of operations) apply(memory, model, kind, FIRST + page * PAGE_SIZE, count * PAGE_SIZE);
      const committed = [...model.values()].filter((entry) => entry.committed).length;
      expect(memory.committedBytes).toBe(committed * PAGE_SIZE);
      for (const [address, { base, committed, value }] of model) {
        expect(memory.query(address)).toMatchObject({ allocationBase: base, state: committed ? "commit" : "reserve" });
        expect(memory.bytes[address - GUEST_BASE]).toBe(committed ? value : 0);
      }
      for (const base of new Set([...model.values()].map((entry) => entry.base))) expect(memory.release(base)).toBe(true);
      expect(memory.committedBytes).toBe(0);
    }),
    { numRuns: 60 },
  );
});

/** By page address: the reservation's base, whether the page is committed, and its first byte. */
type Model = Map<number, { base: number; committed: boolean; value: number }>;

function apply(memory: GuestMemory, model: Model, kind: string, at: number, size: number): void {
  if (kind === "reserve") {
    const base = memory.reserve(size, { at });
    if (base === undefined) return;
    for (let address = base; address < at + size; address += PAGE_SIZE) {
      if (model.has(address)) throw new Error("a page was given out twice");
      model.set(address, { base, committed: false, value: 0 });
    }
    return;
  }
  const inside = [...model].filter(([address]) => address >= at && address < at + size);
  if (kind === "release") {
    if (memory.release(at)) for (const [address, { base }] of model) if (base === at) model.delete(address);
    return;
  }
  if (!perform(memory, kind, at, size)) return;
  expect(inside).toHaveLength(size / PAGE_SIZE);
  for (const [address, entry] of inside) {
    if (kind === "decommit") Object.assign(entry, { committed: false, value: 0 });
    if (kind !== "commit") continue;
    if (!entry.committed && memory.u8(address) !== 0) throw new Error("a committed page was not zero");
    entry.committed = true;
    entry.value = 7;
    memory.setU8(address, 7);
  }
}

function perform(memory: GuestMemory, kind: string, at: number, size: number): boolean {
  try {
    if (kind === "commit") return memory.commit(at, size, PAGE.READWRITE);
    return kind === "decommit" ? memory.decommit(at, size) : memory.protect(at, size, PAGE.READWRITE) !== undefined;
  } catch (error) {
    if (error instanceof MemoryLimitError) return false;
    throw error;
  }
}
