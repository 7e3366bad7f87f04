import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GuestMemory } from "@decant/memory";
import { Heap, HeapError } from "./heap.ts";
import { CLASS_SIZES, classOf, MAX_SMALL } from "./size-classes.ts";

describe("size classes", () => {
  test("hold every size, without wasting more than a quarter and an alignment unit", () => {
    for (let size = 0; size <= MAX_SMALL; size++) {
      const block = CLASS_SIZES[classOf(size)]!;
      expect(block).toBeGreaterThanOrEqual(size);
      expect(block % 16).toBe(0);
      expect(block - size).toBeLessThanOrEqual(size / 4 + 16);
    }
    expect(CLASS_SIZES.at(-1)).toBe(MAX_SMALL);
  });
});

describe("a heap", () => {
  test("gives aligned blocks, remembers their exact sizes, and zeroes when asked", () => {
    const { heap, memory } = make();
    for (const size of [0, 1, 16, 17, 1000, MAX_SMALL, MAX_SMALL + 1, 1 << 20]) {
      const at = heap.allocate(size);
      expect(at % 16).toBe(0);
      expect(heap.size(at)).toBe(size);
      memory.fill(at, 0xff, size);
      heap.free(at);
      const again = heap.allocate(size, true);
      expect(memory.read(again, size).every((byte) => byte === 0)).toBe(true);
    }
  });

  test("refuses what is not a block in use, and stays whole", () => {
    const { heap } = make();
    const small = heap.allocate(40);
    const large = heap.allocate(100_000);
    for (const bad of [0, small + 16, small + 1, large + 0x1000, 0xffff_0000]) {
      expect(() => heap.free(bad)).toThrow(HeapError);
      expect(() => heap.size(bad)).toThrow(HeapError);
      expect(heap.has(bad)).toBe(false);
    }
    heap.free(small);
    heap.free(large);
    expect(() => heap.free(small)).toThrow(/is free already/);
    expect(() => heap.free(large)).toThrow(/is not the address of a heap block/);
    expect(heap.allocate(40)).toBe(small);
  });

  test("gives 0 when the memory limit, the address space or its own maximum is reached", () => {
    const { heap } = make(0x40000);
    expect(heap.allocate(0x30000)).not.toBe(0);
    expect(heap.allocate(0x30000)).toBe(0);
    expect(heap.allocate(100)).not.toBe(0);
    for (const size of [2 ** 32, 2 ** 40, -1, Number.NaN]) expect(make().heap.allocate(size)).toBe(0);
    const bounded = new Heap(new GuestMemory(), 0x10000);
    expect(bounded.allocate(100)).not.toBe(0);
    expect(bounded.allocate(MAX_SMALL)).toBe(0);
  });

  test("moves a block when it grows, keeps it when it can, and never when told not to", () => {
    const { heap, memory } = make();
    const at = heap.allocate(20);
    memory.write(at, Uint8Array.of(1, 2, 3));
    expect(heap.reallocate(at, 32)).toBe(at);
    expect(heap.reallocate(at, 1000, { inPlace: true })).toBe(0);
    const moved = heap.reallocate(at, 100_000, { zero: true });
    expect([...memory.read(moved, 3)]).toEqual([1, 2, 3]);
    expect(heap.has(at)).toBe(false);
    expect(heap.reallocate(moved, 100_001)).toBe(moved);
    expect(() => heap.reallocate(at, 1)).toThrow(HeapError);
  });

  test("gives its memory back when it is destroyed", () => {
    const { heap, memory } = make();
    for (const size of [1, 5000, 100_000, 20_000_000]) heap.allocate(size);
    heap.free(heap.allocate(200_000));
    expect([...heap.blocks()]).toHaveLength(4);
    heap.destroy();
    expect(memory.committedBytes).toBe(0);
  });

  test("never lets two blocks in use overlap, whatever is asked of it", () => {
    const action = fc.record({
      size: fc.oneof(fc.nat(300), fc.nat(70_000)),
      pick: fc.nat(),
      kind: fc.constantFrom("allocate", "free", "reallocate"),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const { heap } = make();
        const live = new Map<number, number>();
        for (const { size, pick, kind } of actions) {
          const victim = [...live.keys()][live.size === 0 ? 0 : pick % live.size];
          if (kind === "allocate" || victim === undefined) live.set(heap.allocate(size), size);
          else if (kind === "free") {
            heap.free(victim);
            live.delete(victim);
          } else {
            live.delete(victim);
            live.set(heap.reallocate(victim, size), size);
          }
        }
        expect(new Map(heap.blocks())).toEqual(live);
        const sorted = [...live].sort(([a], [b]) => a - b);
        for (let i = 1; i < sorted.length; i++) expect(sorted[i]![0]).toBeGreaterThanOrEqual(sorted[i - 1]![0] + sorted[i - 1]![1]);
      }),
      { numRuns: 50 },
    );
  });
});

function make(limitBytes?: number): { heap: Heap; memory: GuestMemory } {
  const memory = new GuestMemory(limitBytes === undefined ? {} : { limitBytes });
  return { heap: new Heap(memory), memory };
}
