import type { GuestGenerator, Thread } from "@decant/process";
import { builtInName, type BUILT_IN_PROGRAMS } from "./names.ts";

/** A program of Windows' that is built in: what its first thread runs, for its exit code. */
export type BuiltInProgram = (thread: Thread) => GuestGenerator<number>;

type Name = (typeof BUILT_IN_PROGRAMS)[number];

const programs = new Map<Name, BuiltInProgram>();

/** Gives a built-in program its body. They start programs themselves: whoever makes the registry of functions brings them in. */
export function addBuiltInProgram(name: Name, program: BuiltInProgram): void {
  programs.set(name, program);
}

/** The built-in program at a full path; undefined where there is none. */
export function builtInProgram(path: string): BuiltInProgram | undefined {
  const name = builtInName(path);
  return name === undefined ? undefined : programs.get(name);
}
