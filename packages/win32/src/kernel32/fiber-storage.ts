import { guestCall, type Fiber, type GuestGenerator, type Process, type Thread } from "@decant/process";

/** What values belong to: a fiber, or a thread that is none. */
type Owner = Thread | Fiber;

/** Fiber-local storage of a process: its indices with their callbacks, and the values of each fiber and thread ("Fibers"). */
export class FiberStorage {
  readonly callbacks = new Map<number, number>();
  readonly values = new Map<Owner, Map<number, bigint>>();
  readonly #fibers = new WeakMap<Thread, Fiber>();

  constructor(process: Process) {
    // Callbacks of what is still stored run when a thread ends by itself, before its DllMains, and when the process does.
    process.onThreadExit((thread) => this.release(thread, this.#owner(thread)));
    process.onDetach((thread) => this.release(thread, this.#owner(thread)));
  }

  static of({ process }: Thread): FiberStorage {
    return process.state(FiberStorage, () => new FiberStorage(process));
  }

  /** The values of what runs. */
  of(thread: Thread): Map<number, bigint> {
    const owner = this.#owner(thread);
    let values = this.values.get(owner);
    if (values === undefined) this.values.set(owner, (values = new Map()));
    return values;
  }

  /** The thread becomes a fiber, or none again: its values stay. */
  convert(thread: Thread, fiber: Fiber | undefined): void {
    const before = this.#owner(thread);
    const values = this.values.get(before);
    this.switchTo(thread, fiber);
    if (values === undefined) return;
    this.values.delete(before);
    this.values.set(this.#owner(thread), values);
  }

  /** The thread goes on in another fiber. */
  switchTo(thread: Thread, fiber: Fiber | undefined): void {
    if (fiber === undefined) this.#fibers.delete(thread);
    else this.#fibers.set(thread, fiber);
  }

  /** Runs the callbacks for what an owner that goes has stored. */
  *release(thread: Thread, owner: Owner): GuestGenerator<void> {
    for (const [index, value] of this.values.get(owner) ?? []) {
      const callback = this.callbacks.get(index) ?? 0;
      this.values.get(owner)?.delete(index);
      if (callback !== 0 && value !== 0n) yield* guestCall(thread, callback, value);
    }
    this.values.delete(owner);
  }

  #owner(thread: Thread): Owner {
    return this.#fibers.get(thread) ?? thread;
  }
}
