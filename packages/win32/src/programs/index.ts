import type { GuestGenerator, Thread } from "@decant/process";
import { builtInName } from "./names.ts";

/** A program of Windows' that is built in: what its first thread runs, for its exit code. */
type BuiltInProgram = (thread: Thread) => GuestGenerator<number>;

const PROGRAMS: Readonly<Record<string, BuiltInProgram>> = {};

/** The built-in program at a full path; undefined where there is none. */
export function builtInProgram(path: string): BuiltInProgram | undefined {
  const name = builtInName(path);
  return name === undefined ? undefined : PROGRAMS[name];
}
