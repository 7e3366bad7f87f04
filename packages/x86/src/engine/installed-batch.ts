import { PAGE_SIZE, type GuestMemory } from "@decant/memory";
import type { Batch, HashRanges } from "./batch.ts";
import { isWritable } from "./changing-code.ts";
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
  readonly hash: HashRanges;
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

  constructor(batch: Batch, table: WebAssembly.Table) {
    this.batch = batch;
    this.table = table;
    this.isAwake = Array.from(batch.entries, () => false);
  }

  /** The guest pages that its units depend on. */
  pages(): Set<number> {
    const { spans, stubs } = this.batch;
    const pages = new Set<number>();
    for (const [start, end] of spans) for (let page = start >>> 12; page * PAGE_SIZE < end; page++) pages.add(page);
    for (const { address } of stubs) pages.add(address >>> 12);
    return pages;
  }

  touches(start: number, end: number): boolean {
    const { spans, stubs } = this.batch;
    return spans.some(([from, to]) => from < end && start < to) || stubs.some(({ address }) => address < end && start < address + 16);
  }

  /** True when a unit's bytes, the stubs that it calls, and what may be done with its pages are as at its translation. */
  isTrue(unit: number, truth: Truth): boolean {
    return this.mayStay(unit, truth) && (!this.batch.isChanging(unit) || this.hasSameBytes(unit, truth));
  }

  /** The same, leaving to a unit that compares its bytes itself to do so. */
  mayStay(unit: number, truth: Truth): boolean {
    const { memory, stubAt } = truth;
    const own = this.batch.rangesOf(unit);
    if (!this.batch.stubsOf(unit).every((stub) => stubAt(stub.address) === stub)) return false;
    if (!memory.accessible(this.batch.entries[unit] as number, 1, "execute")) return false;
    if (this.batch.isChanging(unit)) return own.every(([start, end]) => memory.accessible(start, end - start, "execute"));
    return own.every((range) => !isWritable(range, memory)) && this.hasSameBytes(unit, truth);
  }

  hasSameBytes(unit: number, { hash }: Truth): boolean {
    return hash(this.batch.rangesOf(unit)) === this.batch.sources[unit];
  }
}
