import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ending } from "@decant/process";
import { checkedImage, readProgram, requireRunnable, type ProgramFile } from "../program-file.ts";
import { runProgram, type RunControl } from "../run-program.ts";
import { prepare, type GuestOptions } from "./guest-options.ts";

/** How to run a program. */
export interface RunOptions extends GuestOptions {
  /** The file name of a program that is given as bytes; "program.exe" when absent. */
  readonly name?: string;
  /** The program is ended after this long; the result's `ending` is "timeout" then. */
  readonly timeoutMs?: number;
  /** Ends the program; the promise is rejected with the signal's reason then. */
  readonly signal?: AbortSignal;
}

/** What a program left. */
export interface RunResult {
  /** All 32 bits of it, unsigned. */
  readonly exitCode: number;
  /** Why it ended: "exit" where it did so by itself. */
  readonly ending: Ending["kind"];
  /** A sentence about it, when it ended badly. */
  readonly message: string | undefined;
  /** Of an exception that nobody handled: where and how. */
  readonly report: Ending["report"];
  /** What it wrote, where that was kept. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** What is on its disk, where that was in memory. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * Runs a Windows program in this process to its end. `program` is a file's path, or the file's content. A program that ends badly is a result like any other; the promise
 * is rejected when it cannot be started, with a sentence that says why, or when it was aborted.
 */
export async function run(program: string | URL | Uint8Array, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const file = programFile(program, options);
  requireRunnable(file.path, file.image);
  const { path, machine, stdio, disk, close } = prepare(options, file);
  let control: RunControl | undefined;
  const abort = (): void => control?.terminate();
  signal?.addEventListener("abort", abort);
  try {
    const onStart = (started: RunControl): void => {
      control = started;
      if (signal?.aborted) abort();
    };
    const { exitCode, kind, message, report } = await runProgram({
      ...machine,
      path,
      bytes: file.bytes,
      args,
      onStart,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    signal?.throwIfAborted();
    const files = disk?.contents(path) ?? new Map<string, Buffer>();
    return { exitCode, ending: kind, message, report, stdout: stdio.kept.stdout(), stderr: stdio.kept.stderr(), files };
  } finally {
    signal?.removeEventListener("abort", abort);
    await close();
  }
}

/** A program by its path, or as bytes under a name in the current folder. */
function programFile(program: string | URL | Uint8Array, { name = "program.exe", cwd }: RunOptions): ProgramFile {
  if (!(program instanceof Uint8Array)) return readProgram(program instanceof URL ? fileURLToPath(program) : program);
  return { path: resolve(cwd ?? ".", name), bytes: program, image: checkedImage(name, program) };
}
