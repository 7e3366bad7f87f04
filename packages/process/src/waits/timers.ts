interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

/** The kernel's timers, on its monotonic clock (milliseconds). They fire between time slices, in the order in which they fall due. */
export class Timers {
  readonly #now: () => number;
  /** Sorted by due time, the next one last. */
  readonly #pending: Timer[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Runs `fire` after a delay; the result calls it off. */
  after(delayMs: number, fire: () => void): () => void {
    const timer = { due: this.#now() + Math.max(0, delayMs), fire };
    let low = 0;
    let high = this.#pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pending[middle]!.due > timer.due) low = middle + 1;
      else high = middle;
    }
    this.#pending.splice(low, 0, timer);
    return () => {
      const index = this.#pending.indexOf(timer);
      if (index >= 0) this.#pending.splice(index, 1);
    };
  }

  /** Fires what is due. */
  run(): void {
    if (this.#pending.length === 0) return;
    const now = this.#now();
    while (this.#pending.length > 0 && this.#pending.at(-1)!.due <= now) this.#pending.pop()!.fire();
  }

  /** How many are pending. */
  get count(): number {
    return this.#pending.length;
  }

  /** Milliseconds until the next one; undefined when there is none. */
  untilNext(): number | undefined {
    const next = this.#pending.at(-1);
    return next === undefined ? undefined : Math.max(0, next.due - this.#now());
  }
}
