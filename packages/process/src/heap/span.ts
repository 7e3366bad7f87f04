const FREE = 0xffff_ffff;

/** A run of equal blocks of guest memory. What is known about them is kept here, where the guest cannot reach it. */
export class Span {
  readonly base: number;
  readonly blockSize: number;
  readonly classIndex: number;
  /** The size that was asked for, by block; FREE for a free one. */
  readonly #sizes: Uint32Array;
  readonly #freeBlocks: Uint16Array;
  #freeCount: number;

  constructor(base: number, size: number, blockSize: number, classIndex: number) {
    this.base = base;
    this.blockSize = blockSize;
    this.classIndex = classIndex;
    const count = Math.floor(size / blockSize);
    this.#sizes = new Uint32Array(count).fill(FREE);
    this.#freeBlocks = new Uint16Array(count);
    for (let i = 0; i < count; i++) this.#freeBlocks[i] = count - 1 - i;
    this.#freeCount = count;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  get isEmpty(): boolean {
    return this.#freeCount === this.#sizes.length;
  }

  /** Takes a free block; there is one. */
  take(size: number): number {
    const block = this.#freeBlocks[--this.#freeCount]!;
    this.#sizes[block] = size;
    return this.base + block * this.blockSize;
  }

  /** The size that was asked for; undefined when no block in use starts at the address. */
  sizeOf(address: number): number | undefined {
    const block = (address - this.base) / this.blockSize;
    const size = this.#sizes[block];
    return size === undefined || size === FREE ? undefined : size;
  }

  /** Changes what a block in use is said to hold. */
  resize(address: number, size: number): void {
    this.#sizes[(address - this.base) / this.blockSize] = size;
  }

  /** Whether a block starts at the address, in use or not. */
  hasBlock(address: number): boolean {
    return this.#sizes[(address - this.base) / this.blockSize] !== undefined;
  }

  /** Gives back a block in use. */
  give(address: number): void {
    const block = (address - this.base) / this.blockSize;
    this.#sizes[block] = FREE;
    this.#freeBlocks[this.#freeCount++] = block;
  }

  /** Blocks in use, by address. */
  *[Symbol.iterator](): Generator<[address: number, size: number]> {
    for (const [block, size] of this.#sizes.entries()) if (size !== FREE) yield [this.base + block * this.blockSize, size];
  }
}
