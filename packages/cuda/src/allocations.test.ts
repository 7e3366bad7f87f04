import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AddressAllocator, AllocationMap } from "./allocations.ts";

describe("an allocation map", () => {
  test("finds the allocation that holds all of a range", () => {
    const map = new AllocationMap();
    map.add(100, 10);
    map.add(110, 5);
    expect(map.find(100, 10)).toEqual({ address: 100, size: 10 });
    expect(map.find(109)).toEqual({ address: 100, size: 10 });
    expect(map.find(105, 6)).toBeUndefined();
    expect(map.find(99)).toBeUndefined();
    expect(map.find(115)).toBeUndefined();
  });

  test("refuses overlaps on either side", () => {
    const map = new AllocationMap();
    map.add(100, 10);
    expect([map.add(109, 1), map.add(91, 10), map.add(100, 1), map.add(50, 100)]).toEqual([false, false, false, false]);
    expect([map.add(110, 1), map.add(90, 10)]).toEqual([true, true]);
    expect(map.bytes).toBe(21);
  });
});

describe("an address allocator", () => {
  test("gives aligned addresses and joins holes", () => {
    const allocator = new AddressAllocator(0x1000, 0x2000, 0x100);
    const [a, b, c] = [allocator.allocate(1), allocator.allocate(0x101), allocator.allocate(0x100)];
    expect([a, b, c]).toEqual([0x1000, 0x1100, 0x1300]);
    expect(allocator.allocate(0xc01)).toBeUndefined();
    allocator.free(a!);
    allocator.free(c!);
    allocator.free(b!);
    expect(allocator.largest).toBe(0x1000);
    expect(allocator.free(b!)).toBe(false);
  });

  test("never gives an address twice, and gets everything back", () => {
    const step = fc.oneof(fc.record({ allocate: fc.integer({ min: 1, max: 5000 }) }), fc.record({ free: fc.nat(50) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const allocator = new AddressAllocator(0, 64 * 1024, 256);
        const live: { address: number; size: number }[] = [];
        let failures = 0;
        for (const action of steps) {
          if ("free" in action) {
            const [gone] = live.splice(action.free % Math.max(live.length, 1), 1);
            failures += Number(gone !== undefined && !allocator.free(gone.address));
            continue;
          }
          const size = action.allocate;
          const address = allocator.allocate(size);
          if (address === undefined) continue;
          const overlaps = live.some((other) => other.address + other.size > address && address + size > other.address);
          failures += Number(overlaps || address % 256 !== 0);
          live.push({ address, size });
        }
        expect(failures).toBe(0);
        expect(allocator.allocations.count).toBe(live.length);
        for (const { address } of live) allocator.free(address);
        expect(allocator.largest).toBe(64 * 1024);
      }),
    );
  });
});
