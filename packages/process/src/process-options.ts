import type { Handle, Hooks, Registry, TextCodec } from "@decant/hook";
import type { LibrarySource } from "./loader/library.ts";
import type { DllChoice } from "./loader/search.ts";
import type { Process } from "./process.ts";
import type { Thread } from "./threads/thread.ts";
import type { GuestGenerator } from "./waits/suspension.ts";

/** What a parent says in STARTUPINFO ("STARTUPINFO structure"). */
export interface StartupDetails {
  /** Handles for input, output and errors, in the child's numbers; 0 for none. */
  readonly standardHandles: readonly [input: number, output: number, error: number];
  readonly title?: string | undefined;
  readonly desktop?: string | undefined;
  /** dwFlags, then dwX to dwFillAttribute, and wShowWindow. */
  readonly flags: number;
  readonly window: readonly number[];
  readonly showWindow: number;
  /** lpReserved2: what the C run-time library passes on. */
  readonly runtimeData: Uint8Array;
}

/** What a process is started with. */
export interface ProcessOptions {
  /** The program's file. */
  readonly image: Uint8Array;
  /** Its full Windows path. */
  readonly path: string;
  readonly commandLine: string;
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** A full Windows path. */
  readonly currentDirectory: string;
  /** The built-in DLLs: mappings, or libraries that are ready to be mapped. */
  readonly registry: Registry | LibrarySource;
  /** A user's hooks on their functions. */
  readonly hooks?: Hooks;
  /** `--dll`, by lower-case names with ".dll". */
  readonly dllChoices?: ReadonlyMap<string, DllChoice>;
  /** A file's bytes by its Windows path; undefined when there is none. For DLLs. */
  readonly readFile?: (path: string) => Uint8Array | undefined;
  /** Bytes that may be committed. */
  readonly memoryLimitBytes?: number;
  /** Whether every access of the guest's code is checked against its page's state from the start. */
  readonly checked?: boolean;
  /** The ANSI code page; 1252 when absent. */
  readonly ansi?: TextCodec;
  /** Who started it; the host when absent. */
  readonly parent?: Process;
  /** Handles of the parent's that it gets under the same numbers: all that can be inherited, or those of a list. */
  readonly inherits?: "all" | ReadonlySet<Handle>;
  /** What STARTUPINFO said. */
  readonly startup?: StartupDetails;
  /** What the first thread runs in the place of the image's entry point: for programs of the host's. Its result is the exit code. */
  readonly hostMain?: (thread: Thread) => GuestGenerator<number>;
  /** CREATE_SUSPENDED: the first thread waits to be resumed. */
  readonly suspended?: boolean;
}
