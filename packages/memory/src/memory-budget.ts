import { MemoryLimitError } from "./errors.ts";

/** The bytes that several address spaces may commit together. */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #onLimit: () => void;
  #usedBytes = 0;

  /** `onLimit` runs each time when something did not fit. */
  constructor(limitBytes: number, onLimit: () => void = () => {}) {
    this.limitBytes = limitBytes;
    this.#onLimit = onLimit;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Throws MemoryLimitError when there is no room. */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.limitBytes) {
      this.#onLimit();
      throw new MemoryLimitError(this.limitBytes);
    }
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
