/** A live range of device addresses, in bytes. */
export interface Allocation {
  readonly address: number;
  readonly size: number;
}

/**
 * Live allocations, sorted by address. Finds the one that holds a range, and refuses overlaps.
 * A look-up is a binary search: every copy makes one.
 */
export class AllocationMap {
  readonly #sorted: Allocation[] = [];
  #bytes = 0;

  /** Bytes in all allocations together. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#sorted.length;
  }

  /** Adds an allocation; false when it would overlap another. */
  add(address: number, size: number): boolean {
    const index = this.#position(address);
    const before = this.#sorted[index - 1];
    const after = this.#sorted[index];
    if (before && before.address + before.size > address) return false;
    if (after && address + size > after.address) return false;
    this.#sorted.splice(index, 0, { address, size });
    this.#bytes += size;
    return true;
  }

  /** Takes out the allocation that starts at `address`, or gives undefined. */
  remove(address: number): Allocation | undefined {
    const index = this.#position(address) - 1;
    const found = this.#sorted[index];
    if (found?.address !== address) return undefined;
    this.#sorted.splice(index, 1);
    this.#bytes -= found.size;
    return found;
  }

  /** The allocation that holds all of [address, address + size). */
  find(address: number, size = 1): Allocation | undefined {
    const found = this.#sorted[this.#position(address) - 1];
    return found && address + size <= found.address + found.size ? found : undefined;
  }

  /** True when allocations that follow each other without a gap hold all of the range. */
  covers(address: number, size: number): boolean {
    let at = address;
    for (let index = this.#position(address) - 1; at < address + size; index++) {
      const next = this.#sorted[index];
      if (!next || next.address > at || next.address + next.size <= at) return false;
      at = next.address + next.size;
    }
    return true;
  }

  /** How many allocations start at or below `address`. */
  #position(address: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  [Symbol.iterator](): Iterator<Allocation> {
    return this.#sorted[Symbol.iterator]();
  }
}

/**
 * Chooses device addresses in a range: first fit from the lowest hole, in multiples of `granularity`. It runs on the
 * client, so that cuMemAlloc needs no answer.
 */
export class AddressAllocator {
  readonly allocations = new AllocationMap();
  readonly #granularity: number;
  /** Holes, sorted by address, never adjacent. */
  readonly #holes: { address: number; size: number }[];

  constructor(start: number, end: number, granularity: number) {
    this.#granularity = granularity;
    this.#holes = end > start ? [{ address: start, size: end - start }] : [];
  }

  /** An address for `size` bytes, or undefined when no hole is large enough. */
  allocate(size: number): number | undefined {
    const rounded = this.#rounded(size);
    const index = this.#holes.findIndex((hole) => hole.size >= rounded);
    const hole = this.#holes[index];
    if (!hole) return undefined;
    const { address } = hole;
    if (hole.size === rounded) this.#holes.splice(index, 1);
    else {
      hole.address += rounded;
      hole.size -= rounded;
    }
    this.allocations.add(address, size);
    return address;
  }

  /** Takes `size` bytes at an address of the caller's; false when they are not all free, or the address is no multiple of the granularity. */
  allocateAt(address: number, size: number): boolean {
    if (address % this.#granularity !== 0 || !this.#take(address, this.#rounded(size))) return false;
    this.allocations.add(address, size);
    return true;
  }

  /** Whether `allocateAt` would succeed. */
  isFree(address: number, size: number): boolean {
    const end = address + this.#rounded(size);
    return address % this.#granularity === 0 && this.#holes.some((hole) => hole.address <= address && end <= hole.address + hole.size);
  }

  /** Keeps a range from being allocated, without an allocation in it; false when it is not all free. */
  reserve(address: number, size: number): boolean {
    return this.#take(address, size);
  }

  /** A free range of a size, at a multiple of `alignment` from zero, or undefined. */
  findFree(size: number, alignment: number): number | undefined {
    for (const hole of this.#holes) {
      const address = Math.ceil(hole.address / alignment) * alignment;
      if (address + size <= hole.address + hole.size) return address;
    }
    return undefined;
  }

  #take(address: number, size: number): boolean {
    const index = this.#holes.findIndex((hole) => hole.address <= address && address + size <= hole.address + hole.size);
    const hole = this.#holes[index];
    if (!hole) return false;
    const parts = [
      { address: hole.address, size: address - hole.address },
      { address: address + size, size: hole.address + hole.size - address - size },
    ];
    this.#holes.splice(index, 1, ...parts.filter((part) => part.size > 0));
    return true;
  }

  /** Gives back the allocation that starts at `address`; false when there is none. */
  free(address: number): boolean {
    const allocation = this.allocations.remove(address);
    if (!allocation) return false;
    this.unreserve(address, this.#rounded(allocation.size));
    return true;
  }

  /** Gives back a range that `reserve` took. */
  unreserve(address: number, size: number): void {
    const next = this.#holes.findIndex((hole) => hole.address > address);
    const index = next < 0 ? this.#holes.length : next;
    const before = this.#holes[index - 1];
    const after = this.#holes[index];
    const joinsBefore = before !== undefined && before.address + before.size === address;
    const joinsAfter = after !== undefined && address + size === after.address;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      this.#holes.splice(index, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.address = address;
      after.size += size;
    } else this.#holes.splice(index, 0, { address, size });
  }

  /** The largest free range; one of no bytes where all is taken. */
  get largestHole(): Allocation {
    return this.#holes.reduce((largest, hole) => (hole.size > largest.size ? hole : largest), { address: 0, size: 0 });
  }

  /** The size of the largest hole, in bytes. */
  get largest(): number {
    return this.#holes.reduce((largest, hole) => Math.max(largest, hole.size), 0);
  }

  #rounded(size: number): number {
    return Math.ceil(size / this.#granularity) * this.#granularity;
  }
}
