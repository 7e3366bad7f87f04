import type { Thread } from "../threads/thread.ts";

/** A wait that is registered with the objects that it waits for. */
export interface Waiter {
  /** Ends the wait if its objects allow it now. Returns whether it ended. */
  poll(): boolean;
}

/** Something that handles refer to. Objects that can be waited for override `isSignaled` and `acquire`, and call `wake` when they change. */
export abstract class KernelObject {
  /** The name that it was created under, for objects that others can open. */
  name: string | undefined;
  readonly #waiters = new Set<Waiter>();
  #references = 0;

  /** What the trace shows beside a handle: the class, and the name if it has one. */
  describe(name: string | undefined = this.name): string {
    // A bundler may have put an underscore before the class's name, or a number behind it.
    const kind = this.constructor.name.replace(/^_|(?:Object)?\d*$/g, "");
    return name === undefined ? kind : `${kind} ${name}`;
  }

  /** Whether a run goes on while a process has a handle to it, also after its first program has ended: where output goes to the host. */
  get keepsRunOpen(): boolean {
    return false;
  }

  /** Whether a wait of this thread would end now. */
  isSignaled(_thread: Thread): boolean {
    return true;
  }

  /** What a wait that ends does to the object. Returns whether the object was abandoned (a mutex whose owner ended). */
  acquire(_thread: Thread): boolean {
    return false;
  }

  /** Runs when the last reference is gone. */
  protected close(): void {}

  /** How many handles, and holders inside the kernel, refer to it. */
  get references(): number {
    return this.#references;
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references === 0) this.close();
  }

  addWaiter(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  removeWaiter(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** Lets waiting threads look again, in the order in which they came. */
  protected wake(): void {
    for (const waiter of Array.from(this.#waiters)) waiter.poll();
  }
}
