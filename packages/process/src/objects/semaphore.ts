import { ERROR, Win32Error } from "@decant/hook";
import { KernelObject } from "./kernel-object.ts";

/** A semaphore (Semaphore Objects, Microsoft Learn). */
export class Semaphore extends KernelObject {
  readonly maximum: number;
  #count: number;

  /** Throws ERROR_INVALID_PARAMETER unless 0 <= count <= maximum and maximum > 0. */
  constructor(count: number, maximum: number) {
    super();
    if (!(count >= 0 && maximum > 0 && count <= maximum)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    this.#count = count;
    this.maximum = maximum;
  }

  get count(): number {
    return this.#count;
  }

  override isSignaled(): boolean {
    return this.#count > 0;
  }

  override acquire(): boolean {
    this.#count--;
    return false;
  }

  /** Returns the count before. Throws ERROR_TOO_MANY_POSTS past the maximum, and changes nothing then. */
  post(count: number): number {
    if (!(count > 0)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (this.#count + count > this.maximum) throw new Win32Error(ERROR.TOO_MANY_POSTS);
    const before = this.#count;
    this.#count += count;
    this.wake();
    return before;
  }
}
