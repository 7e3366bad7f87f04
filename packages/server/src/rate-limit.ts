export interface RateLimitOptions {
  /** Failures that an address may have before it has to wait. */
  readonly failures: number;
  /** How long they are remembered, and how long it has to wait. */
  readonly windowMs: number;
}

/** Addresses that are remembered; beyond, the oldest are forgotten. */
const MAX_ADDRESSES = 10_000;

/** Holds off addresses whose clients keep failing to get in: guessing a token costs time. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #failures = new Map<string, number[]>();

  constructor(options: RateLimitOptions = { failures: 10, windowMs: 60_000 }) {
    this.#options = options;
  }

  /** Milliseconds until the address may try again, or 0. */
  waitMs(address: string, now = Date.now()): number {
    const { failures, windowMs } = this.#options;
    const recent = (this.#failures.get(address) ?? []).filter((time) => now - time < windowMs);
    return recent.length < failures ? 0 : (recent.at(-failures) ?? now) + windowMs - now;
  }

  fail(address: string, now = Date.now()): void {
    const { failures, windowMs } = this.#options;
    const recent = (this.#failures.get(address) ?? []).filter((time) => now - time < windowMs);
    recent.push(now);
    this.#failures.delete(address);
    this.#failures.set(address, recent.slice(-failures));
    if (this.#failures.size > MAX_ADDRESSES) this.#failures.delete(this.#failures.keys().next().value!);
  }

  /** A client of the address has got in. */
  succeed(address: string): void {
    this.#failures.delete(address);
  }
}
