import type { Process } from "@decant/process";
import { holdCurrentDirectory } from "./kernel32/current-directory.ts";
import { ProcessState } from "./process-state.ts";

/** Opens the standard handles and the current folder of a process before it starts, so that it finds them in its parameters too. */
export function prepareProcess(process: Process): void {
  ProcessState.of({ process }).standardHandle(-10);
  holdCurrentDirectory(process);
}
