import type { Process } from "../process.ts";
import { KernelObject } from "./kernel-object.ts";
import { STILL_ACTIVE } from "./thread-object.ts";

/** What handles to a process refer to; signaled when the process has ended. */
export class ProcessObject extends KernelObject {
  readonly process: Process;
  /** STILL_ACTIVE until it ends. */
  exitCode = STILL_ACTIVE;
  #ended = false;

  constructor(process: Process) {
    super();
    this.process = process;
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
