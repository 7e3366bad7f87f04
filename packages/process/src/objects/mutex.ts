import { ERROR, Win32Error } from "@decant/hook";
import type { Thread } from "../threads/thread.ts";
import { KernelObject } from "./kernel-object.ts";

/** A mutex: owned by a thread, any number of times; abandoned when its owner ends (Mutex Objects, Microsoft Learn). */
export class Mutex extends KernelObject {
  #owner: Thread | undefined;
  #count = 0;
  #abandoned = false;

  constructor(owner?: Thread) {
    super();
    if (owner !== undefined) this.acquire(owner);
  }

  get owner(): Thread | undefined {
    return this.#owner;
  }

  override isSignaled(thread: Thread): boolean {
    return this.#owner === undefined || this.#owner === thread;
  }

  override acquire(thread: Thread): boolean {
    const abandoned = this.#abandoned;
    this.#abandoned = false;
    if (this.#count++ === 0) {
      this.#owner = thread;
      thread.ownedMutexes.add(this);
    }
    return abandoned;
  }

  /** Throws ERROR_NOT_OWNER for any other thread than the owner. Returns how often it was held before. */
  unlock(thread: Thread): number {
    if (this.#owner !== thread) throw new Win32Error(ERROR.NOT_OWNER);
    const before = this.#count--;
    if (before === 1) this.#free(thread);
    return before;
  }

  /** Its owner ended. */
  abandon(thread: Thread): void {
    this.#count = 0;
    this.#abandoned = true;
    this.#free(thread);
  }

  #free(thread: Thread): void {
    thread.ownedMutexes.delete(this);
    this.#owner = undefined;
    this.wake();
  }
}
