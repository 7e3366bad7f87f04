import { GUEST_BASE, PAGE_SIZE, type GuestMemory } from "@decant/memory";
import { isWritable } from "./changing-code.ts";
import type { Batch } from "./link.ts";
import type { Stub } from "./stub.ts";

/** A place in a batch's table that stands for a function of another batch. */
export interface Link {
  readonly from: InstalledBatch;
  readonly number: number;
}

/** What tells whether translated code still stands for what is in memory. */
export interface Truth {
  readonly memory: GuestMemory;
  /** The stub at an address, if calling it can be an API call; not one that the guest has patched. */
  stubAt(address: number): Stub | undefined;
}

/**
 * A batch as a module that can run. Its units are awake, with an entry in the code map, or asleep: their bytes are others now, or may not run. What sleeps
 * wakes again when it is wanted and memory is as it was, so changes of protection back and forth translate nothing twice.
 */
export class InstalledBatch {
  readonly batch: Batch;
  readonly table: WebAssembly.Table;
  /** By unit. */
  readonly isAwake: boolean[];
  /** By unit, where there are any: links to it that have been put in place. */
  readonly incoming: (Set<Link> | undefined)[] = [];
  /** By unit, where there are any: batches that have it in their table for indirect calls. */
  readonly boundBy: (Set<InstalledBatch> | undefined)[] = [];
  /** Units of others in this batch's table, by link. */
  readonly linked = new Map<number, { readonly to: InstalledBatch; readonly unit: number; readonly link: Link }>();
  /** Units of others, or its own, in its table for indirect calls, by guest address. */
  readonly bound = new Map<number, { readonly to: InstalledBatch; readonly unit: number; readonly index: number }>();
  /** Places in the table that were bound and no longer are. */
  readonly unused: number[] = [];
  readonly #bytes: readonly Uint8Array[];

  constructor(batch: Batch, table: WebAssembly.Table, memory: GuestMemory) {
    this.batch = batch;
    this.table = table;
    this.isAwake = batch.entries.map(() => false);
    this.#bytes = batch.ranges.map((ranges) => copyOf(ranges, memory));
  }

  /** The guest pages that its units depend on. */
  pages(): Set<number> {
    const { ranges, stubs } = this.batch;
    const pages = new Set<number>();
    for (const [start, end] of ranges.flat()) for (let page = start >>> 12; page * PAGE_SIZE < end; page++) pages.add(page);
    for (const { address } of stubs.flat()) pages.add(address >>> 12);
    return pages;
  }

  touches(start: number, end: number): boolean {
    const { ranges, stubs } = this.batch;
    return (
      ranges.some((unit) => unit.some(([from, to]) => from < end && start < to)) ||
      stubs.some((unit) => unit.some(({ address }) => address < end && start < address + 16))
    );
  }

  /** True when a unit's bytes, the stubs that it calls, and what may be done with its pages are as at its translation. */
  isTrue(unit: number, truth: Truth): boolean {
    return this.mayStay(unit, truth) && (!this.batch.isChanging[unit] || this.hasSameBytes(unit, truth.memory));
  }

  /** The same, leaving to a unit that compares its bytes itself to do so. */
  mayStay(unit: number, { memory, stubAt }: Truth): boolean {
    const { ranges, stubs, isChanging } = this.batch;
    const own = ranges[unit] ?? [];
    if (!(stubs[unit] ?? []).every((stub) => stubAt(stub.address) === stub)) return false;
    if (!memory.accessible(this.batch.entries[unit] as number, 1, "execute")) return false;
    if (isChanging[unit]) return own.every(([start, end]) => memory.accessible(start, end - start, "execute"));
    return own.every((range) => !isWritable(range, memory)) && this.hasSameBytes(unit, memory);
  }

  hasSameBytes(unit: number, { bytes }: GuestMemory): boolean {
    const expected = this.#bytes[unit] as Uint8Array;
    let i = 0;
    for (const [start, end] of this.batch.ranges[unit] ?? []) {
      for (let at = start - GUEST_BASE; at < end - GUEST_BASE; at++) if (bytes[at] !== expected[i++]) return false;
    }
    return true;
  }
}

function copyOf(ranges: Batch["ranges"][number], { bytes }: GuestMemory): Uint8Array {
  const copy = new Uint8Array(ranges.reduce((sum, [start, end]) => sum + end - start, 0));
  let at = 0;
  for (const [start, end] of ranges) {
    copy.set(bytes.subarray(start - GUEST_BASE, end - GUEST_BASE), at);
    at += end - start;
  }
  return copy;
}
