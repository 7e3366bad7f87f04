import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressSpace } from "./address-space.ts";
import { AddressSpaceError } from "./errors.ts";
import { GUEST_BASE, PAGE_SIZE } from "./layout.ts";
import { isCommitted, PAGE, STATE_FREE } from "./protection.ts";

/** Everything happens in the first 64 slots, so that operations meet. */
const pages = fc.integer({ min: 0, max: 64 * 16 });
const count = fc.integer({ min: 1, max: 40 });
const operation = fc.oneof(
  fc.record({ kind: fc.constant("reserve" as const), page: fc.option(pages, { nil: undefined }), count }),
  fc.record({ kind: fc.constantFrom("commit" as const, "decommit" as const, "protect" as const), page: pages, count }),
  fc.record({ kind: fc.constant("release" as const), page: pages, count }),
);

test("an address space agrees with a plain model of its pages after any operations", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const zeroed: number[] = [];
      const space = new AddressSpace(
        { zero: (address, size) => zeroed.push(address, size), publish: () => {} },
        600 * PAGE_SIZE,
      );
      /** Page -> allocation base, and whether it is committed. */
      const model = new Map<number, { base: number; committed: boolean }>();
      for (const { kind, page, count } of operations) {
        const at = page === undefined ? undefined : GUEST_BASE + page * PAGE_SIZE;
        apply(space, model, kind, at, count * PAGE_SIZE);
      }
      const committed = [...model.values()].filter((entry) => entry.committed).length;
      expect(space.committedBytes).toBe(committed * PAGE_SIZE);
      for (let page = 0; page < 0x800; page++) {
        const expected = model.get(page);
        if (expected === undefined && space.states[page] === STATE_FREE) continue;
        expect(isCommitted(space.states[page]!)).toBe(expected!.committed);
        expect(space.query(page * PAGE_SIZE).allocationBase).toBe(expected!.base);
      }
      for (let i = 0; i < zeroed.length; i += 2) expect(zeroed[i + 1]).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});

type Model = Map<number, { base: number; committed: boolean }>;

function apply(space: AddressSpace, model: Model, kind: string, at: number | undefined, size: number): void {
  try {
    if (kind === "reserve") {
      const base = space.reserve(size, at === undefined ? {} : { at });
      if (base === undefined) return;
      const end = (at ?? base) + size;
      for (let a = base; a < end; a += PAGE_SIZE) {
        expect(model.has(a / PAGE_SIZE)).toBe(false);
        model.set(a / PAGE_SIZE, { base, committed: false });
      }
      return;
    }
    const start = at!;
    if (kind === "commit") space.commit(start, size, PAGE.READWRITE);
    if (kind === "decommit") space.decommit(start, size);
    if (kind === "protect") space.protect(start, size, PAGE.READONLY);
    if (kind === "release") space.release(start);
    for (const [page, entry] of model) {
      if (kind === "release" && entry.base === start) model.delete(page);
      if (page * PAGE_SIZE < start || page * PAGE_SIZE >= start + size) continue;
      if (kind === "commit") entry.committed = true;
      if (kind === "decommit") entry.committed = false;
    }
  } catch (error) {
    if (!(error instanceof AddressSpaceError)) throw error;
  }
}
