import type { Hooks, Registry, TextCodec } from "@decant/hook";
import type { LibrarySource } from "./loader/library.ts";
import type { DllChoice } from "./loader/search.ts";

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
  /** CREATE_SUSPENDED: the first thread waits to be resumed. */
  readonly suspended?: boolean;
}
