import type { Thread } from "../threads/thread.ts";
import { KernelObject } from "./kernel-object.ts";

/** An event: manual-reset events stay signaled, auto-reset events let one wait end (Event Objects, Microsoft Learn). */
export class Event extends KernelObject {
  readonly manualReset: boolean;
  #signaled: boolean;

  constructor(manualReset: boolean, signaled: boolean) {
    super();
    this.manualReset = manualReset;
    this.#signaled = signaled;
  }

  override isSignaled(_thread?: Thread): boolean {
    return this.#signaled;
  }

  override acquire(): boolean {
    if (!this.manualReset) this.#signaled = false;
    return false;
  }

  /** Signals it; returns whether it was signaled before. */
  set(): boolean {
    const before = this.#signaled;
    this.#signaled = true;
    this.wake();
    return before;
  }

  /** Returns whether it was signaled. */
  reset(): boolean {
    const before = this.#signaled;
    this.#signaled = false;
    return before;
  }

  /** Ends the waits that are there now, and is not signaled afterwards. */
  pulse(): boolean {
    const before = this.set();
    this.#signaled = false;
    return before;
  }
}
