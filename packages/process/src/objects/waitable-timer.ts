import type { Timers } from "../waits/timers.ts";
import { KernelObject } from "./kernel-object.ts";

/** A waitable timer: one that fires once, or by a period (Waitable Timer Objects, Microsoft Learn). */
export class WaitableTimer extends KernelObject {
  readonly manualReset: boolean;
  readonly #timers: Timers;
  #signaled = false;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers, manualReset: boolean) {
    super();
    this.#timers = timers;
    this.manualReset = manualReset;
  }

  override isSignaled(): boolean {
    return this.#signaled;
  }

  override acquire(): boolean {
    if (!this.manualReset) this.#signaled = false;
    return false;
  }

  /** Starts it anew: first after `delayMs`, then each `periodMs` unless that is 0. `onFire` runs each time, before waits end. */
  set(delayMs: number, periodMs: number, onFire: () => void = () => {}): void {
    this.cancel();
    this.#signaled = false;
    const fire = (): void => {
      this.#cancel = periodMs > 0 ? this.#timers.after(periodMs, fire) : undefined;
      this.#signaled = true;
      onFire();
      this.wake();
    };
    this.#cancel = this.#timers.after(delayMs, fire);
  }

  /** Stops it; its state stays as it is. */
  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  protected override close(): void {
    this.cancel();
  }
}
