import { ERROR, Win32Error } from "@decant/hook";
import { guestCall, KernelObject, wait, WAIT, type GuestGenerator, type Thread } from "@decant/process";
import { WorkerPool } from "./worker-pool.ts";

/** What a pool calls, and how: the arguments in front of and behind the context. */
interface Callback {
  readonly address: number;
  readonly context: bigint;
  /** Whether it is told of its instance and object, as callbacks since Windows Vista are. */
  readonly isNew: boolean;
}

/** Signaled while no callback of an object is queued or runs. */
export class PoolObject extends KernelObject {
  readonly address: number;
  readonly callback: Callback;
  #pending = 0;
  /** Counts cancellations: callbacks that were queued before do not run. */
  #era = 0;
  #cancelTimer: (() => void) | undefined;
  /** What is registered to be waited for. */
  #waiting = 0;

  constructor(address: number, callback: Callback) {
    super();
    this.address = address;
    this.callback = callback;
  }

  override isSignaled(): boolean {
    return this.#pending === 0;
  }

  get isTimerSet(): boolean {
    return this.#cancelTimer !== undefined;
  }

  /** Queues a call of the callback; `extra` follows its context. */
  submit(thread: Thread, ...extra: readonly number[]): void {
    const { address, context, isNew } = this.callback;
    const era = this.#era;
    this.#pending++;
    const args = isNew ? [this.address, context, this.address, ...extra] : [context, ...extra];
    const isWanted = (): boolean => era === this.#era;
    const done = (): void => {
      this.#pending--;
      this.wake();
    };
    WorkerPool.of(thread).submit(function* (worker: Thread): GuestGenerator<void> {
      try {
        if (isWanted()) yield* guestCall(worker, address, ...args);
        yield* runAfterCallback(worker);
      } finally {
        done();
      }
    });
  }

  /** Calls after a delay, then by a period unless that is 0. */
  setTimer(thread: Thread, delayMs: number, periodMs: number, ...extra: readonly number[]): void {
    this.stopTimer();
    const { timers } = thread.kernel;
    const fire = (): void => {
      this.#cancelTimer = periodMs > 0 ? timers.after(periodMs, fire) : undefined;
      this.submit(thread, ...extra);
    };
    this.#cancelTimer = timers.after(delayMs, fire);
  }

  stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Calls when an object is signaled, or the time is over: once, or again and again. */
  watch(thread: Thread, object: KernelObject, { timeoutMs, isOnce }: { timeoutMs: number | undefined; isOnce: boolean }): void {
    const watch = ++this.#waiting;
    object.retain();
    const isCurrent = (): boolean => watch === this.#waiting;
    const tell = (result: number): void => this.submit(thread, result);
    thread.process.createHostThread(function* (waiter) {
      try {
        while (isCurrent()) {
          const ended = yield* wait(waiter, [object], timeoutMs === undefined ? {} : { timeoutMs });
          if (isCurrent()) tell(ended === WAIT.TIMEOUT ? 1 : 0);
          if (isOnce) break;
        }
      } finally {
        object.release();
      }
      yield { kind: "end", what: "thread", exitCode: 0 };
      throw new Error("a thread that has ended was resumed");
    });
  }

  stopWatching(): void {
    this.#waiting++;
  }

  /** Callbacks that have not begun do not run. */
  cancel(): void {
    this.#era++;
  }

  *waitForCallbacks(thread: Thread): GuestGenerator<void> {
    yield* wait(thread, [this]);
  }
}

/** A process's objects of pools, by their addresses. */
export class PoolObjects {
  readonly #objects = new Map<number, PoolObject>();
  /** The objects of cleanup groups. */
  readonly groups = new Map<number, Set<PoolObject>>();

  static of({ process }: Thread): PoolObjects {
    return process.state(PoolObjects, () => new PoolObjects());
  }

  /** Makes an object, whose address is its own. */
  create(thread: Thread, callback: Callback): PoolObject {
    const object = new PoolObject(newAddress(thread), callback);
    this.#objects.set(object.address, object);
    return object;
  }

  /** Throws ERROR_INVALID_HANDLE for an address that is none's. */
  get(address: number): PoolObject {
    const object = this.#objects.get(address);
    if (object === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
    return object;
  }

  close(thread: Thread, object: PoolObject): void {
    object.stopTimer();
    object.stopWatching();
    if (this.#objects.delete(object.address)) thread.process.heap.free(object.address);
    for (const members of this.groups.values()) members.delete(object);
  }
}

/** What a thread of a pool is to do when its callback has returned. */
class AfterCallback {
  actions: (() => GuestGenerator<void> | void)[] = [];
}

/** Has something done when the callback that runs on this thread returns ("SetEventWhenCallbackReturns" …). */
export function afterCallback(thread: Thread, action: () => GuestGenerator<void> | void): void {
  thread.state(AfterCallback, () => new AfterCallback()).actions.push(action);
}

/** Does what was asked for while a callback ran. */
export function* runAfterCallback(thread: Thread): GuestGenerator<void> {
  const state = thread.state(AfterCallback, () => new AfterCallback());
  const { actions } = state;
  state.actions = [];
  for (const action of actions) {
    const waiting = action();
    if (waiting !== undefined) yield* waiting;
  }
}

/** An address that nobody else has. */
export function newAddress({ process }: Thread): number {
  const address = process.heap.allocate(16, true);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  return address;
}
