import type { KernelObject, Waiter } from "../objects/kernel-object.ts";
import type { Thread } from "../threads/thread.ts";
import type { BlockSuspension, GuestGenerator } from "./suspension.ts";

/** How a wait ended: WAIT.OBJECT_0 or WAIT.ABANDONED_0 plus an index, WAIT.TIMEOUT, or WAIT.IO_COMPLETION after guest APCs. */
export type WaitResult = number;

/** The values that the Windows wait functions return. */
export const WAIT = { OBJECT_0: 0, ABANDONED_0: 0x80, IO_COMPLETION: 0xc0, TIMEOUT: 0x102, FAILED: 0xffff_ffff } as const;

/** INFINITE of the Windows wait functions. */
export const INFINITE = 0xffff_ffff;

/** How to wait. */
export interface WaitOptions {
  /** All objects at once, not any of them. */
  all?: boolean;
  /** INFINITE or undefined: for ever. 0: only look. */
  timeoutMs?: number;
  /** Guest APCs that are queued to the thread run, and end the wait. */
  alertable?: boolean;
}

/** Waits for kernel objects, as WaitForMultipleObjectsEx does. */
export function* wait(thread: Thread, objects: readonly KernelObject[], options: WaitOptions = {}): GuestGenerator<WaitResult> {
  if (options.alertable === true && thread.apcs.length > 0) return yield* runApcs(thread);
  const result = acquire(thread, objects, options.all === true);
  if (result !== undefined) return result;
  if (options.timeoutMs === 0) return WAIT.TIMEOUT;
  const ended = (yield new ObjectWait(thread, objects, options)) as WaitResult;
  return ended === WAIT.IO_COMPLETION ? yield* runApcs(thread) : ended;
}

/** Waits until a time has passed. 0 lets the other threads that can run go first. */
export function* sleep(thread: Thread, timeoutMs: number, alertable = false): GuestGenerator<WaitResult> {
  if (alertable && thread.apcs.length > 0) return yield* runApcs(thread);
  const ended = (yield new ObjectWait(thread, [], { timeoutMs, alertable })) as WaitResult;
  return ended === WAIT.IO_COMPLETION ? yield* runApcs(thread) : ended;
}

/** Waits for something of the host's; throws what the promise rejects with. Other guest threads run meanwhile. */
export function* waitFor<T>(promise: Promise<T>): GuestGenerator<T> {
  const outcome = (yield {
    kind: "block",
    waitsForHost: true,
    begin(resume) {
      let active = true;
      const end = (value: Outcome<T>): void => {
        if (active) resume(value);
      };
      promise.then(
        (value) => end({ value }),
        (error: unknown) => end({ error }),
      );
      return () => (active = false);
    },
  }) as Outcome<T>;
  if ("value" in outcome) return outcome.value;
  throw outcome.error;
}

type Outcome<T> = { value: T } | { error: unknown };

function* runApcs(thread: Thread): GuestGenerator<WaitResult> {
  for (let apc = thread.apcs.shift(); apc !== undefined; apc = thread.apcs.shift()) yield* apc();
  return WAIT.IO_COMPLETION;
}

/** Takes the objects if the wait can end now. */
function acquire(thread: Thread, objects: readonly KernelObject[], all: boolean): WaitResult | undefined {
  if (!all) {
    const index = objects.findIndex((object) => object.isSignaled(thread));
    if (index < 0) return undefined;
    return index + (objects[index]!.acquire(thread) ? WAIT.ABANDONED_0 : WAIT.OBJECT_0);
  }
  if (!objects.every((object) => object.isSignaled(thread))) return undefined;
  let abandoned = false;
  for (const object of objects) if (object.acquire(thread)) abandoned = true;
  return abandoned ? WAIT.ABANDONED_0 : WAIT.OBJECT_0;
}

class ObjectWait implements BlockSuspension, Waiter {
  readonly kind = "block";
  readonly #thread: Thread;
  readonly #objects: readonly KernelObject[];
  readonly #options: WaitOptions;
  #finish: (result: WaitResult) => void = () => {};

  constructor(thread: Thread, objects: readonly KernelObject[], options: WaitOptions) {
    this.#thread = thread;
    this.#objects = objects;
    this.#options = options;
  }

  begin(resume: (value: unknown) => void): () => void {
    const { timeoutMs, alertable } = this.#options;
    const timed = timeoutMs !== undefined && timeoutMs !== INFINITE;
    const cancelTimer = timed ? this.#thread.kernel.timers.after(timeoutMs, () => this.#finish(WAIT.TIMEOUT)) : () => {};
    const cancel = (): void => {
      cancelTimer();
      for (const object of this.#objects) object.removeWaiter(this);
      this.#thread.onApc = undefined;
    };
    this.#finish = (result) => {
      cancel();
      resume(result);
    };
    for (const object of this.#objects) object.addWaiter(this);
    if (alertable === true) this.#thread.onApc = () => this.#finish(WAIT.IO_COMPLETION);
    return cancel;
  }

  poll(): boolean {
    const result = this.#objects.length === 0 ? undefined : acquire(this.#thread, this.#objects, this.#options.all === true);
    if (result === undefined) return false;
    this.#finish(result);
    return true;
  }
}
