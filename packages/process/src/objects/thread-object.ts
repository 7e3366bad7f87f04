import type { Thread } from "../threads/thread.ts";
import { EndingObject } from "./ending-object.ts";

/** What handles to a thread refer to. */
export class ThreadObject extends EndingObject {
  readonly thread: Thread;

  constructor(thread: Thread) {
    super();
    this.thread = thread;
  }
}
