import { ERROR, Win32Error } from "@decant/hook";

/** How an access ended. */
export type IoOutcome<T> = { readonly value: T } | { readonly error: unknown };

/** An access that goes on after the call that began it: a read of an empty pipe, a write to a full one, a wait for a client. */
export class PendingIo<T> {
  /** Whether something outside of the guests ends it. */
  readonly isOfHost: boolean;
  #outcome: IoOutcome<T> | undefined;
  #listeners: ((outcome: IoOutcome<T>) => void)[] = [];
  readonly #withdraw: () => void;

  /** `withdraw` takes the request back from the device, when it is cancelled. */
  constructor(withdraw: () => void = () => {}, { isOfHost = false } = {}) {
    this.#withdraw = withdraw;
    this.isOfHost = isOfHost;
  }

  /** What waits for the host. Cancelled, its result is lost. */
  static of<T>(promise: Promise<T>): PendingIo<T> {
    const pending = new PendingIo<T>(undefined, { isOfHost: true });
    promise.then(
      (value) => pending.end({ value }),
      (error: unknown) => pending.end({ error }),
    );
    return pending;
  }

  get outcome(): IoOutcome<T> | undefined {
    return this.#outcome;
  }

  /** Ends it; the first end counts. */
  end(outcome: IoOutcome<T>): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(outcome);
  }

  /** Runs when it ends: at once if it has. */
  onEnd(listener: (outcome: IoOutcome<T>) => void): void {
    if (this.#outcome === undefined) this.#listeners.push(listener);
    else listener(this.#outcome);
  }

  /** Ends it with ERROR_OPERATION_ABORTED. */
  cancel(): void {
    if (this.#outcome !== undefined) return;
    this.#withdraw();
    this.end({ error: new Win32Error(ERROR.OPERATION_ABORTED) });
  }
}
