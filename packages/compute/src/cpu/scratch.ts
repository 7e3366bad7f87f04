/** Room that launches running side by side share: each takes a piece, and gives it back when it has ended. */
export class Scratch {
  readonly #start: number;
  readonly #end: number;
  readonly #taken = new Map<number, { readonly start: number; readonly end: number }>();
  /** Up to where anything has been taken. */
  highest: number;

  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
    this.highest = start;
  }

  /** True when somebody has a piece, so that waiting would make more room. */
  get isShared(): boolean {
    return this.#taken.size > 0;
  }

  /** Takes room for up to `most` records of `size` bytes, in the first gap that holds them all or else in the largest: where they lie. */
  take(owner: number, size: number, most: number): number[] {
    let best = { start: this.#start, count: 0 };
    let at = this.#start;
    for (const { start, end } of [...this.#taken.values(), { start: this.#end, end: this.#end }].toSorted((a, b) => a.start - b.start)) {
      const count = Math.min(most, Math.floor((start - at) / size));
      if (count > best.count) best = { start: at, count };
      at = end;
    }
    if (best.count === 0) return [];
    const end = best.start + best.count * size;
    this.#taken.set(owner, { start: best.start, end });
    this.highest = Math.max(this.highest, end);
    return Array.from({ length: best.count }, (_, index) => best.start + index * size);
  }

  release(owner: number): void {
    this.#taken.delete(owner);
  }
}
