import type { GuestGenerator } from "@decant/process";
import type { Shell } from "./shell.ts";
import type { Command } from "./syntax.ts";

/** What internal commands need of the interpreter. */
export interface Interpreter {
  run(shell: Shell, command: Command): GuestGenerator<number>;
  call(shell: Shell, text: string): GuestGenerator<number>;
}

/** Runs an internal command with the text behind its name; returns 0 when it worked. */
export type Body = (shell: Shell, rest: string, interpreter: Interpreter) => GuestGenerator<number>;
