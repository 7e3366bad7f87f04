import { GUEST_BASE, MemoryLimitError, PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { CLASS_SIZES, classOf, MAX_SMALL } from "./size-classes.ts";
import { Span } from "./span.ts";

/** Spans of blocks up to this size are one allocation unit long; of larger ones, eight. */
const SHORT_SPAN_BLOCK = 0x800;
const SHORT_SPAN = 0x10000;
const LONG_SPAN = 0x80000;
/** Freed large blocks that are kept for the next allocation of their size. */
const MAX_CACHED_BYTES = 16 << 20;

/** A pointer handed to a heap that it never gave out, or that is free already: the guest's heap is corrupt. */
export class HeapError extends Error {
  readonly address: number;

  constructor(address: number, message: string) {
    super(message);
    this.name = "HeapError";
    this.address = address;
  }
}

interface LargeBlock {
  readonly committed: number;
  size: number;
}

/**
 * A heap in guest memory: blocks of 16-byte alignment whose book-keeping the guest cannot reach. It grows by allocations of its own.
 *
 * Hot path: malloc and free come here 10^6 times a run; a small block costs some 20 ns.
 */
export class Heap {
  readonly #memory: GuestMemory;
  readonly #maximumBytes: number;
  /** By address / 64 KiB. */
  readonly #spans: (Span | undefined)[] = [];
  /** Spans with free blocks, by class; the last one is in use. */
  readonly #available: Span[][] = CLASS_SIZES.map(() => []);
  readonly #large = new Map<number, LargeBlock>();
  readonly #cache = new Map<number, number[]>();
  #cachedBytes = 0;
  #reservedBytes = 0;

  /** `maximumBytes` bounds what the heap holds, as HeapCreate's dwMaximumSize does. */
  constructor(memory: GuestMemory, maximumBytes = Infinity) {
    this.#memory = memory;
    this.#maximumBytes = maximumBytes;
  }

  /** A block of at least `size` bytes; 0 when there is no memory. Its contents are undefined unless `zero`. */
  allocate(size: number, zero = false): number {
    if (size > MAX_SMALL || size !== size >>> 0) return this.#allocateLarge(size, zero);
    const index = classOf(size);
    const available = this.#available[index]!;
    const span = available.length > 0 ? available[available.length - 1]! : this.#addSpan(index);
    if (span === undefined) return 0;
    const address = span.take(size);
    if (span.isFull) available.pop();
    if (zero) this.#memory.bytes.fill(0, address - GUEST_BASE, address - GUEST_BASE + size);
    return address;
  }

  /** A zeroed block for a structure of our own. Throws MemoryLimitError when there is no memory. */
  require(size: number): number {
    const address = this.allocate(size, true);
    if (address === 0) throw new MemoryLimitError(this.#memory.committedBytes);
    return address;
  }

  /** Changes a block's size, moving it if it must; 0 when there is no memory, and the block is as it was. Throws HeapError. */
  reallocate(address: number, size: number, { zero = false, inPlace = false } = {}): number {
    const before = this.size(address);
    if (this.#resizeInPlace(address, size)) {
      if (zero && size > before) this.#memory.fill(address + before, 0, size - before);
      return address;
    }
    if (inPlace) return 0;
    const moved = this.allocate(size, zero);
    if (moved === 0) return 0;
    const { bytes } = this.#memory;
    bytes.copyWithin(moved - GUEST_BASE, address - GUEST_BASE, address - GUEST_BASE + Math.min(size, before));
    this.free(address);
    return moved;
  }

  /** Throws HeapError for an address that is not a block in use. */
  free(address: number): void {
    const span = this.#spans[address >>> 16];
    if (span === undefined) return this.#freeLarge(address);
    if (span.sizeOf(address) === undefined) throw this.#corrupt(address, span.hasBlock(address));
    if (span.isFull) this.#available[span.classIndex]!.push(span);
    span.give(address);
  }

  /** The size that was asked for. Throws HeapError for an address that is not a block in use. */
  size(address: number): number {
    const span = this.#spans[address >>> 16];
    const size = span === undefined ? this.#large.get(address)?.size : span.sizeOf(address);
    if (size === undefined) throw this.#corrupt(address, span?.hasBlock(address) === true);
    return size;
  }

  /** Whether a block in use starts at an address. */
  has(address: number): boolean {
    const span = this.#spans[address >>> 16];
    return span === undefined ? this.#large.has(address) : span.sizeOf(address) !== undefined;
  }

  /** Blocks in use, with the sizes that were asked for. */
  *blocks(): Generator<[address: number, size: number]> {
    for (const span of this.#eachSpan()) yield* span;
    for (const [address, { size }] of this.#large) yield [address, size];
  }

  /** Gives all of the heap's memory back. */
  destroy(): void {
    for (const span of this.#eachSpan()) this.#memory.release(span.base);
    for (const address of this.#large.keys()) this.#memory.release(address);
    for (const addresses of this.#cache.values()) for (const address of addresses) this.#memory.release(address);
    this.#spans.length = 0;
    this.#large.clear();
    this.#cache.clear();
    for (const list of this.#available) list.length = 0;
  }

  *#eachSpan(): Generator<Span> {
    for (const [index, span] of this.#spans.entries()) if (span !== undefined && span.base >>> 16 === index) yield span;
  }

  #addSpan(classIndex: number): Span | undefined {
    const blockSize = CLASS_SIZES[classIndex]!;
    const size = blockSize <= SHORT_SPAN_BLOCK ? SHORT_SPAN : LONG_SPAN;
    const base = this.#map(size);
    if (base === undefined) return undefined;
    const span = new Span(base, size, blockSize, classIndex);
    for (let at = base >>> 16; at < (base + size) >>> 16; at++) this.#spans[at] = span;
    this.#available[classIndex]!.push(span);
    return span;
  }

  #allocateLarge(size: number, zero: boolean): number {
    if (!(size > 0 && size <= 0xffff_ffff)) return 0;
    const committed = Math.ceil(size / 0x1000) * 0x1000;
    const cached = this.#cache.get(committed)?.pop();
    if (cached !== undefined) this.#cachedBytes -= committed;
    const address = cached ?? this.#map(committed);
    if (address === undefined) return 0;
    this.#large.set(address, { committed, size });
    if (zero && cached !== undefined) this.#memory.bytes.fill(0, address - GUEST_BASE, address - GUEST_BASE + size);
    return address;
  }

  #freeLarge(address: number): void {
    const block = this.#large.get(address);
    if (block === undefined) throw this.#corrupt(address, false);
    this.#large.delete(address);
    if (this.#cachedBytes + block.committed <= MAX_CACHED_BYTES) {
      this.#cachedBytes += block.committed;
      const list = this.#cache.get(block.committed);
      if (list === undefined) this.#cache.set(block.committed, [address]);
      else list.push(address);
      return;
    }
    this.#reservedBytes -= block.committed;
    this.#memory.release(address);
  }

  #resizeInPlace(address: number, size: number): boolean {
    const span = this.#spans[address >>> 16];
    if (span !== undefined) {
      if (size > MAX_SMALL || classOf(size) !== span.classIndex) return false;
      span.resize(address, size);
      return true;
    }
    const block = this.#large.get(address)!;
    if (size <= MAX_SMALL || Math.ceil(size / 0x1000) * 0x1000 !== block.committed) return false;
    block.size = size;
    return true;
  }

  #map(size: number): number | undefined {
    if (this.#reservedBytes + size > this.#maximumBytes) return undefined;
    try {
      const base = this.#memory.allocate(size, PAGE.READWRITE);
      if (base !== undefined) this.#reservedBytes += size;
      return base;
    } catch (error) {
      if (error instanceof MemoryLimitError) return undefined;
      throw error;
    }
  }

  #corrupt(address: number, isFree: boolean): HeapError {
    const at = `0x${address.toString(16)}`;
    return new HeapError(address, isFree ? `the heap block at ${at} is free already` : `${at} is not the address of a heap block`);
  }
}
