import type { Thread } from "../threads/thread.ts";
import { KernelObject } from "./kernel-object.ts";

/** STILL_ACTIVE: the exit code of a thread or process that runs. */
export const STILL_ACTIVE = 259;

/** What handles to a thread refer to; signaled when the thread has ended. */
export class ThreadObject extends KernelObject {
  readonly thread: Thread;
  /** STILL_ACTIVE until it ends. */
  exitCode = STILL_ACTIVE;
  #ended = false;

  constructor(thread: Thread) {
    super();
    this.thread = thread;
  }

  override isSignaled(): boolean {
    return this.#ended;
  }

  end(exitCode: number): void {
    this.exitCode = exitCode;
    this.#ended = true;
    this.wake();
  }
}
