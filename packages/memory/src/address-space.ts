import { AddressSpaceError } from "./errors.ts";
import { ALLOCATION_GRANULARITY, GUEST_BASE, PAGE_SIZE, USER_END } from "./layout.ts";
import {
  isCommitted,
  isProtection,
  PAGE,
  protectionOf,
  roundUp,
  STATE_FREE,
  STATE_RESERVED,
  stateOf,
} from "./protection.ts";

/** What an allocation holds: VirtualQuery's MEM_PRIVATE, MEM_IMAGE and MEM_MAPPED. */
export type AllocationKind = "private" | "image" | "mapped";

/** Where and how to reserve. */
export interface ReserveOptions {
  /** The address wanted, rounded down to the allocation granularity; the reservation fails when it is taken. */
  at?: number;
  /** The allocation ends at or below this address. */
  below?: number;
  /** Takes the highest free range instead of the lowest. */
  topDown?: boolean;
  kind?: AllocationKind;
  /** What VirtualQuery reports as AllocationProtect. */
  protection?: number;
}

/** A run of pages with the same state, as VirtualQuery reports it. */
export interface MemoryRegion {
  base: number;
  /** 0 when the region is free. */
  allocationBase: number;
  allocationProtect: number;
  /** Bytes from `base` to the end of the run. */
  size: number;
  state: "free" | "reserve" | "commit";
  /** PAGE_*; 0 unless committed. */
  protection: number;
  kind: AllocationKind | undefined;
}

interface Allocation {
  readonly base: number;
  readonly size: number;
  readonly kind: AllocationKind;
  readonly protection: number;
}

const FIRST_SLOT = GUEST_BASE / ALLOCATION_GRANULARITY;
const END_SLOT = USER_END / ALLOCATION_GRANULARITY;

/** What an address space does to the bytes below it. */
export interface Backing {
  /** Zeroes a range whose pages are given back. */
  zero(address: number, size: number): void;
  /** Pages [first, end) now have another state. */
  publish(first: number, end: number): void;
}

/**
 * Which pages are free, reserved and committed: VirtualAlloc's model, without the bytes. Reservations start at multiples of 64 KiB; a page is
 * 4 KiB. `states` is the truth about pages, and lies outside the guest's reach.
 */
export class AddressSpace {
  readonly states: Uint8Array;
  readonly limitBytes: number;
  readonly #backing: Backing;
  /** For each 64 KiB: the allocation that holds it. */
  readonly #slots: (Allocation | undefined)[] = [];
  #firstFreeSlot = FIRST_SLOT;
  #committedPages = 0;
  #peakPages = 0;

  constructor(backing: Backing, limitBytes: number) {
    this.states = new Uint8Array(0x100000);
    this.limitBytes = limitBytes;
    this.#backing = backing;
    this.#slots.length = END_SLOT;
    this.#slots.fill(undefined);
  }

  get committedBytes(): number {
    return this.#committedPages * PAGE_SIZE;
  }

  get peakBytes(): number {
    return this.#peakPages * PAGE_SIZE;
  }

  /** The bytes of user space that no allocation holds. */
  get freeBytes(): number {
    let free = 0;
    for (let slot = FIRST_SLOT; slot < END_SLOT; slot++) if (this.#slots[slot] === undefined) free++;
    return free * ALLOCATION_GRANULARITY;
  }

  reserve(size: number, options: ReserveOptions): number | undefined {
    if (!(size > 0) || size > USER_END) return undefined;
    const wanted = options.at;
    const base = wanted === undefined ? this.#find(size, options) : wanted - (wanted % ALLOCATION_GRANULARITY);
    if (base === undefined) return undefined;
    const end = roundUp(wanted === undefined ? base + size : wanted + size);
    if (base < GUEST_BASE || end > Math.min(USER_END, options.below ?? USER_END)) return undefined;
    const first = base / ALLOCATION_GRANULARITY;
    const last = Math.ceil(end / ALLOCATION_GRANULARITY);
    for (let slot = first; slot < last; slot++) if (this.#slots[slot] !== undefined) return undefined;
    const allocation: Allocation = {
      base,
      size: end - base,
      kind: options.kind ?? "private",
      protection: options.protection ?? PAGE.NOACCESS,
    };
    this.#slots.fill(allocation, first, last);
    while (this.#firstFreeSlot < END_SLOT && this.#slots[this.#firstFreeSlot] !== undefined) this.#firstFreeSlot++;
    this.#set(base, end, STATE_RESERVED);
    return base;
  }

  commit(address: number, size: number, protection: number): void {
    const [first, end] = this.#pages(address, size);
    checkProtection(protection);
    this.#needAllocation(first, end);
    let added = 0;
    for (let page = first; page < end; page++) if (this.states[page] === STATE_RESERVED) added++;
    if ((this.#committedPages + added) * PAGE_SIZE > this.limitBytes) {
      throw new AddressSpaceError(
        "limit",
        `committing ${size} bytes would pass the memory limit of ${this.limitBytes} bytes (${this.committedBytes} are in use)`,
      );
    }
    this.#committedPages += added;
    this.#peakPages = Math.max(this.#peakPages, this.#committedPages);
    this.#set(first * PAGE_SIZE, end * PAGE_SIZE, stateOf(protection));
  }

  decommit(address: number, size: number): void {
    const [first, end] = this.#pages(address, size);
    this.#needAllocation(first, end);
    this.#giveBack(first, end, STATE_RESERVED);
  }

  /** Frees the allocation that starts at `address`, and returns its size in bytes. */
  release(address: number): number {
    const allocation = this.#allocationAt(address);
    if (allocation === undefined || allocation.base !== address) {
      throw new AddressSpaceError("invalid", `no allocation starts at ${hex(address)}`);
    }
    const end = allocation.base + allocation.size;
    this.#giveBack(allocation.base / PAGE_SIZE, end / PAGE_SIZE, STATE_FREE);
    const slot = allocation.base / ALLOCATION_GRANULARITY;
    this.#slots.fill(undefined, slot, Math.ceil(end / ALLOCATION_GRANULARITY));
    this.#firstFreeSlot = Math.min(this.#firstFreeSlot, slot);
    return allocation.size;
  }

  /** Changes the protection of committed pages of one allocation, and returns what the first page had. */
  protect(address: number, size: number, protection: number): number {
    const [first, end] = this.#pages(address, size);
    checkProtection(protection);
    this.#needAllocation(first, end);
    for (let page = first; page < end; page++) {
      if (!isCommitted(this.states[page]!)) {
        throw new AddressSpaceError("not-committed", `the page at ${hex(page * PAGE_SIZE)} is not committed`);
      }
    }
    const old = protectionOf(this.states[first]!);
    this.#set(first * PAGE_SIZE, end * PAGE_SIZE, stateOf(protection));
    return old;
  }

  query(address: number): MemoryRegion {
    if (!(address >= 0 && address < USER_END)) {
      throw new AddressSpaceError("invalid", `${hex(address)} is not in the user space`);
    }
    const page = Math.floor(address / PAGE_SIZE);
    const allocation = this.#allocationAt(address);
    // An allocation need not fill its last slot; the rest of the slot is free, and no one else can have it.
    if (allocation === undefined || address >= allocation.base + allocation.size) return this.#freeRegion(page);
    const state = this.states[page]!;
    const last = (allocation.base + allocation.size) / PAGE_SIZE;
    let end = page + 1;
    while (end < last && this.states[end] === state) end++;
    return {
      base: page * PAGE_SIZE,
      allocationBase: allocation.base,
      allocationProtect: allocation.protection,
      size: (end - page) * PAGE_SIZE,
      state: isCommitted(state) ? "commit" : "reserve",
      protection: protectionOf(state),
      kind: allocation.kind,
    };
  }

  #freeRegion(page: number): MemoryRegion {
    let end = page + 1;
    while (end < USER_END / PAGE_SIZE && this.states[end] === STATE_FREE) end++;
    return {
      base: page * PAGE_SIZE,
      allocationBase: 0,
      allocationProtect: 0,
      size: (end - page) * PAGE_SIZE,
      state: "free",
      protection: 0,
      kind: undefined,
    };
  }

  #find(size: number, options: ReserveOptions): number | undefined {
    const count = Math.ceil(size / ALLOCATION_GRANULARITY);
    const ceiling = Math.min(END_SLOT, Math.floor((options.below ?? USER_END) / ALLOCATION_GRANULARITY));
    const slot = options.topDown === true ? this.#findDown(count, ceiling) : this.#findUp(count, ceiling);
    return slot === undefined ? undefined : slot * ALLOCATION_GRANULARITY;
  }

  #findUp(count: number, ceiling: number): number | undefined {
    let run = 0;
    for (let slot = this.#firstFreeSlot; slot < ceiling; slot++) {
      run = this.#slots[slot] === undefined ? run + 1 : 0;
      if (run === count) return slot - count + 1;
    }
    return undefined;
  }

  #findDown(count: number, ceiling: number): number | undefined {
    let run = 0;
    for (let slot = ceiling - 1; slot >= this.#firstFreeSlot; slot--) {
      run = this.#slots[slot] === undefined ? run + 1 : 0;
      if (run === count) return slot;
    }
    return undefined;
  }

  /** The pages that hold any byte of a range. */
  #pages(address: number, size: number): [first: number, end: number] {
    if (!(address >= GUEST_BASE) || !(size > 0) || address + size > USER_END) {
      throw new AddressSpaceError("invalid", `${hex(address)} with ${size} bytes is not a range of the user space`);
    }
    return [Math.floor(address / PAGE_SIZE), Math.ceil((address + size) / PAGE_SIZE)];
  }

  #needAllocation(first: number, end: number): void {
    const allocation = this.#allocationAt(first * PAGE_SIZE);
    if (allocation === undefined || end * PAGE_SIZE > allocation.base + allocation.size) {
      throw new AddressSpaceError("not-reserved", `${hex(first * PAGE_SIZE)} to ${hex(end * PAGE_SIZE)} is not inside one allocation`);
    }
  }

  #allocationAt(address: number): Allocation | undefined {
    return this.#slots[Math.floor(address / ALLOCATION_GRANULARITY)];
  }

  #giveBack(first: number, end: number, state: number): void {
    for (let page = first; page < end; page++) {
      if (!isCommitted(this.states[page]!)) continue;
      const start = page;
      while (page < end && isCommitted(this.states[page]!)) page++;
      this.#committedPages -= page - start;
      this.#backing.zero(start * PAGE_SIZE, (page - start) * PAGE_SIZE);
    }
    this.#set(first * PAGE_SIZE, end * PAGE_SIZE, state);
  }

  #set(start: number, end: number, state: number): void {
    const first = start / PAGE_SIZE;
    const last = end / PAGE_SIZE;
    this.states.fill(state, first, last);
    this.#backing.publish(first, last);
  }
}

function checkProtection(protection: number): void {
  if (!isProtection(protection)) throw new AddressSpaceError("invalid", `${hex(protection)} is not a page protection`);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
