import type { Process } from "../process.ts";
import { EndingObject } from "./ending-object.ts";

/** What handles to a process refer to. */
export class ProcessObject extends EndingObject {
  readonly process: Process;

  constructor(process: Process) {
    super();
    this.process = process;
  }
}
