import type { HostInput, HostOutput } from "./host.ts";

/** Programs of the host's, those of them that guests may start. */
export interface HostPrograms {
  /** The path of a program by its bare name. Undefined where there is none, or guests may not start it, which the user is told then. */
  find(name: string): string | undefined;
  /** Whether guests may start the file at a path. It is no program of the host's, or the user is told, when they may not. */
  allows(path: string): boolean;
  /** Starts a program. Throws HostError. */
  start(request: HostStart): RunningProgram;
}

/** What one of a program's three standard streams is: one of the host's own by its descriptor, nothing, or a pipe. */
export type HostStream = number | "nothing" | "pipe";

/** How to start a program of the host's. */
export interface HostStart {
  readonly path: string;
  /** Without the program's name. */
  readonly args: readonly string[];
  readonly folder: string;
  /** The guest's variables; those that are the host's own affair stay as they are on the host. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly streams: readonly [input: HostStream, output: HostStream, error: HostStream];
  /** Errors go where output goes, which is a pipe, in the order in which they were written. */
  readonly joinsErrors: boolean;
}

/** A program of the host's that runs. */
export interface RunningProgram {
  /** The far side of its input where that is a pipe. */
  readonly input: PipedInput | undefined;
  /** What it writes, where that is a pipe. */
  readonly output: HostInput | undefined;
  readonly error: HostInput | undefined;
  /** Ends with its exit code: 128 and the signal's number where a signal ended it. */
  readonly ended: Promise<number>;
  /** Ends it at once. */
  kill(): void;
}

/** What a program of the host's reads. */
export interface PipedInput extends HostOutput {
  /** What ends when it takes more; undefined while it does. */
  drained(): Promise<void> | undefined;
  /** The end of the input. */
  end(): void;
}
