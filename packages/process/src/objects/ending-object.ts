import { KernelObject } from "./kernel-object.ts";

/** STILL_ACTIVE: the exit code of a thread or process that runs. */
export const STILL_ACTIVE = 259;

/** What handles to something that runs refer to; signaled when it has ended. */
export abstract class EndingObject extends KernelObject {
  /** STILL_ACTIVE until it ends. */
  exitCode = STILL_ACTIVE;
  #ended = false;

  override isSignaled(): boolean {
    return this.#ended;
  }

  end(exitCode: number): void {
    this.exitCode = exitCode;
    this.#ended = true;
    this.wake();
  }
}
