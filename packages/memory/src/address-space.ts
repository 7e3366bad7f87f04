import { MemoryLimitError } from "./errors.ts";
import { ALLOCATION_GRANULARITY, CPU_BLOCK, GUEST_BASE, PAGE_SIZE, PAGE_STATE, USER_END } from "./layout.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { PAGE, pageProtection, pageState } from "./protection.ts";

/** What an allocation holds: VirtualQuery's MEM_PRIVATE, MEM_IMAGE, MEM_MAPPED. */
export type AllocationKind = "private" | "image" | "mapped";

/** What VirtualQuery tells of a range of like pages. */
export interface MemoryInformation {
  base: number;
  /** 0 for free memory. */
  allocationBase: number;
  allocationProtect: number;
  size: number;
  state: "free" | "reserve" | "commit";
  /** 0 unless committed. */
  protection: number;
  kind: AllocationKind;
}

export interface ReserveOptions {
  /** The address wanted; rounded down to the allocation granularity. Fails when it is taken. */
  at?: number;
  /** Exclusive upper bound of the whole range. */
  below?: number;
  /** Search from the top down, as images and MEM_TOP_DOWN do. */
  topDown?: boolean;
  kind?: AllocationKind;
  /** The protection that VirtualQuery reports as the allocation's. */
  protection?: number;
}

/** Somebody besides the budget who bounds what an address space commits, as a job of its process. */
export interface CommitBound {
  readonly limitBytes: number;
  /** Whether so many bytes more are within the bound. */
  fits(bytes: number): boolean;
}

interface Allocation {
  base: number;
  size: number;
  kind: AllocationKind;
  protection: number;
}

const FIRST_GRANULE = GUEST_BASE / ALLOCATION_GRANULARITY;

/** Nobody's, and never given back. */
const SYSTEM: Allocation = { base: CPU_BLOCK, size: ALLOCATION_GRANULARITY, kind: "private", protection: PAGE.NOACCESS };

/**
 * Who owns which part of the user space, and each page's state: VirtualAlloc's model. The truth is kept outside the guest's memory; the
 * page-state table in the system area mirrors it for translated code.
 */
export class AddressSpace {
  /** A state byte a page (see protection.ts), by guest page number. */
  readonly states = new Uint8Array(2 ** 20);
  readonly #owners: (Allocation | undefined)[] = new Array<Allocation | undefined>(USER_END / ALLOCATION_GRANULARITY).fill(undefined);
  readonly bounds = new Set<CommitBound>();
  readonly #bytes: Uint8Array;
  readonly #budget: MemoryBudget;
  /** The end of the process's addresses: a granule's number. */
  readonly #end: number;
  #committedBytes = 0;
  #peakCommittedBytes = 0;
  #cursor = FIRST_GRANULE + 1;

  constructor(bytes: Uint8Array, budget: MemoryBudget, userEnd: number) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#end = userEnd / ALLOCATION_GRANULARITY;
    this.#owners[CPU_BLOCK / ALLOCATION_GRANULARITY] = SYSTEM;
  }

  /** Bytes committed now, what `--memory` limits. */
  get committedBytes(): number {
    return this.#committedBytes;
  }

  /** The most bytes that were committed at a time. */
  get peakCommittedBytes(): number {
    return this.#peakCommittedBytes;
  }

  /** Reserves a range, and returns its address; undefined when there is no room, or the place is taken. */
  reserve(
    size: number,
    { at, below = Infinity, topDown = false, kind = "private", protection = PAGE.READWRITE }: ReserveOptions = {},
  ): number | undefined {
    if (!(size > 0) || size > USER_END) return undefined;
    const start = at === undefined ? undefined : Math.floor(at / ALLOCATION_GRANULARITY);
    const end = at === undefined ? size : (at % ALLOCATION_GRANULARITY) + size;
    const count = Math.ceil(end / ALLOCATION_GRANULARITY);
    const limit = Math.min(this.#end, Math.floor(below / ALLOCATION_GRANULARITY));
    const granule = start === undefined ? this.#search(count, limit, topDown) : this.#isFree(start, count, limit) ? start : undefined;
    if (granule === undefined) return undefined;
    const base = granule * ALLOCATION_GRANULARITY;
    const allocation = { base, size: Math.ceil(end / PAGE_SIZE) * PAGE_SIZE, kind, protection };
    this.#owners.fill(allocation, granule, granule + count);
    return base;
  }

  /** The longest run of addresses that nobody has reserved, in bytes. */
  get longestFreeBytes(): number {
    let longest = 0;
    let run = 0;
    for (let granule = FIRST_GRANULE + 1; granule < this.#end; granule++) {
      run = this.#owners[granule] === undefined ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest * ALLOCATION_GRANULARITY;
  }

  /** Commits pages of one reservation; pages that are committed already only change protection. False when part is not reserved. */
  commit(address: number, size: number, protection: number): boolean {
    const state = pageState(protection);
    if (state === undefined || !this.#withinOne(address, size)) return false;
    const [first, last] = pages(address, size);
    let fresh = 0;
    for (let page = first; page < last; page++) if (this.states[page] === 0) fresh++;
    if (fresh > 0) for (const bound of this.bounds) if (!bound.fits(fresh * PAGE_SIZE)) throw new MemoryLimitError(bound.limitBytes);
    this.#budget.take(fresh * PAGE_SIZE);
    this.#committedBytes += fresh * PAGE_SIZE;
    this.#peakCommittedBytes = Math.max(this.#peakCommittedBytes, this.#committedBytes);
    this.#setStates(first, last, state);
    return true;
  }

  /** Gives pages back to the reservation, zeroed. False when part is not reserved. */
  decommit(address: number, size: number): boolean {
    if (!this.#withinOne(address, size)) return false;
    this.#clear(...pages(address, size));
    return true;
  }

  /** Frees a whole reservation by its base address. False when it is not one. */
  release(base: number): boolean {
    const allocation = this.allocationAt(base);
    if (allocation?.base !== base || allocation === SYSTEM) return false;
    this.#clear(...pages(base, allocation.size));
    const granule = base / ALLOCATION_GRANULARITY;
    const count = Math.ceil(allocation.size / ALLOCATION_GRANULARITY);
    this.#owners.fill(undefined, granule, granule + count);
    this.#cursor = Math.min(this.#cursor, granule);
    return true;
  }

  /** Changes the protection of committed pages, and returns the first page's old one; undefined when some page is not committed. */
  protect(address: number, size: number, protection: number): number | undefined {
    const state = pageState(protection);
    if (state === undefined || !this.#withinOne(address, size)) return undefined;
    const [first, last] = pages(address, size);
    for (let page = first; page < last; page++) if (this.states[page] === 0) return undefined;
    const old = pageProtection(this.states[first] ?? 0);
    this.#setStates(first, last, state);
    return old;
  }

  query(address: number): MemoryInformation {
    const page = Math.floor(address / PAGE_SIZE);
    const allocation = this.#allocationAt(address);
    if (allocation === undefined) {
      let granule = Math.floor(address / ALLOCATION_GRANULARITY);
      const base = page * PAGE_SIZE;
      while (granule < this.#end && this.#owners[granule] === undefined) granule++;
      const end = Math.max(granule * ALLOCATION_GRANULARITY, base + PAGE_SIZE);
      return { base, allocationBase: 0, allocationProtect: 0, size: end - base, state: "free", protection: 0, kind: "private" };
    }
    const state = this.states[page];
    const end = (allocation.base + allocation.size) / PAGE_SIZE;
    let last = page + 1;
    while (last < end && this.states[last] === state) last++;
    return {
      base: page * PAGE_SIZE,
      allocationBase: allocation.base,
      allocationProtect: allocation.protection,
      size: (last - page) * PAGE_SIZE,
      state: state === 0 ? "reserve" : "commit",
      protection: pageProtection(state ?? 0),
      kind: allocation.kind,
    };
  }

  /** The allocation that holds an address. */
  allocationAt(address: number): { readonly base: number; readonly size: number; readonly kind: AllocationKind } | undefined {
    return this.#allocationAt(address);
  }

  #allocationAt(address: number): Allocation | undefined {
    const allocation = this.#owners[Math.floor(address / ALLOCATION_GRANULARITY)];
    return allocation !== undefined && address < allocation.base + allocation.size ? allocation : undefined;
  }

  #search(count: number, limit: number, topDown: boolean): number | undefined {
    if (topDown) {
      for (let granule = limit - count; granule > FIRST_GRANULE; granule--) if (this.#isFree(granule, count, limit)) return granule;
      return undefined;
    }
    let run = 0;
    let allTaken = true;
    for (let granule = this.#cursor; granule < limit; granule++) {
      run = this.#owners[granule] === undefined ? run + 1 : 0;
      if (run > 0 && allTaken) {
        allTaken = false;
        this.#cursor = granule;
      }
      if (run === count) return granule - count + 1;
    }
    return undefined;
  }

  #isFree(granule: number, count: number, limit: number): boolean {
    if (granule < FIRST_GRANULE || granule + count > limit) return false;
    for (let i = granule; i < granule + count; i++) if (this.#owners[i] !== undefined) return false;
    return true;
  }

  #withinOne(address: number, size: number): boolean {
    const allocation = this.allocationAt(address);
    return allocation !== undefined && allocation !== SYSTEM && size > 0 && address + size <= allocation.base + allocation.size;
  }

  #clear(first: number, last: number): void {
    for (let page = first; page < last; page++) {
      if (this.states[page] === 0) continue;
      let end = page + 1;
      while (end < last && this.states[end] !== 0) end++;
      this.#bytes.fill(0, page * PAGE_SIZE - GUEST_BASE, end * PAGE_SIZE - GUEST_BASE);
      this.#committedBytes -= (end - page) * PAGE_SIZE;
      this.#budget.give((end - page) * PAGE_SIZE);
      this.#setStates(page, end, 0);
      page = end;
    }
  }

  #setStates(first: number, last: number, state: number): void {
    this.states.fill(state, first, last);
    const mirror = PAGE_STATE - GUEST_BASE;
    this.#bytes.fill(state, mirror + first, mirror + last);
  }
}

/** The pages [first, last) that a range touches. */
function pages(address: number, size: number): [first: number, last: number] {
  return [Math.floor(address / PAGE_SIZE), Math.ceil((address + size) / PAGE_SIZE)];
}
