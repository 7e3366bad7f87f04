import { basename, dirname, resolve } from "node:path";
import type { CudaDriver } from "@decant/cuda";
import { nodeFiles, nodeHost, restrict, type Denial, type Grant } from "@decant/host";
import { Hooks, trace, traceText, type Registry, type TracedCall } from "@decant/hook";
import { nvcudaApi } from "@decant/nvcuda";
import { Kernel, type DllChoice, type Ending } from "@decant/process";
import { win32Registry } from "@decant/win32";
import type { Statistics } from "@decant/x86";
import { windowsCommandLine } from "./command-line-text.ts";
import { namedPaths, readGuestFile, toGuestPath } from "./guest-paths.ts";
import { programTranslations } from "./program-translations.ts";
import { guestEnvironment } from "./guest-environment.ts";

/** How to run a program. */
export interface RunProgramOptions {
  /** The program's file: its host path, absolute, and content. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly args: readonly string[];
  /** The guest's current folder on the host; this process's when absent. */
  readonly cwd?: string;
  /** Variables beside those of this process, or in their place. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What the guest may touch besides its current folder, its own folder and what its arguments name. */
  readonly mounts?: readonly Grant[];
  /** The folder in which translations are kept between runs; nowhere when absent. */
  readonly cacheFolder?: string;
  readonly timeoutMs?: number;
  readonly memoryLimitBytes?: number;
  /** Whether every access is checked against its page's state (docs/faults.md). */
  readonly checked?: boolean;
  /** Functions to trace (`kernel32!*File*,-*Tls*`), and who is told of their calls. */
  readonly trace?: string;
  readonly onTrace?: (call: TracedCall) => void;
  /** Sets hooks before the program starts. */
  readonly setHooks?: (hooks: Hooks) => void | Promise<void>;
  /** Results of functions that Decant does not have, by `name` or `dll!name`. */
  readonly stubs?: ReadonlyMap<string, bigint>;
  readonly dllChoices?: ReadonlyMap<string, DllChoice>;
  /** Where CUDA runs. */
  readonly cuda: CudaDriver;
  /** Takes a sentence about what went wrong, or was refused. */
  readonly warn: (sentence: string) => void;
  /** Receives a function that passes on Ctrl-C. */
  readonly onStart?: (interrupt: () => void) => void;
}

/** Every built-in DLL. */
export function builtInDlls(cuda: CudaDriver, warn: (sentence: string) => void): Registry {
  return win32Registry().addLater("nvcuda.dll", () => nvcudaApi({ driver: cuda, log: warn }).implementations);
}

/** What a guest may touch: the current folder, the program's own (read only), what arguments name, and mounts. */
export function grantsFor(options: Pick<RunProgramOptions, "path" | "args" | "mounts">, cwd: string): Grant[] {
  const named = options.args.flatMap((argument) => namedPaths(argument, cwd));
  return [
    { path: cwd, access: "write" },
    { path: dirname(options.path), access: "read" },
    ...(options.mounts ?? []),
    ...[...new Set(named)].map((path): Grant => ({ path, access: "write" })),
  ];
}

/** How a program ended, how much of it was translated, or taken from earlier runs, and the most memory that it had committed at a time, in bytes. */
export interface ProgramEnding extends Ending {
  readonly translation: Statistics;
  readonly peakCommittedBytes: number;
}

/** Runs a Windows program on this machine to its end. Throws PeError or LoadError when it cannot start. */
export async function runProgram(options: RunProgramOptions): Promise<ProgramEnding> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const denied = new Set<string>();
  const onDenied = ({ path, access }: Denial): void => {
    if (denied.has(path) || denied.size >= MAX_DENIALS_SHOWN) return;
    denied.add(path);
    options.warn(`the program may not ${access} ${path}; --mount ${dirname(path)}${access === "read" ? ":ro" : ""} would allow it`);
  };
  const files = restrict(nodeFiles(), grantsFor(options, cwd), onDenied);
  const host = nodeHost({ files });
  const hooks = new Hooks({ report: options.warn });
  await options.setHooks?.(hooks);
  if (options.trace !== undefined) trace(hooks, options.trace, options.onTrace ?? ((call) => options.warn(traceText(call))));
  for (const [name, value] of options.stubs ?? []) hooks.stub(name.includes("!") ? name : `*!${name}`, value);
  const translations = programTranslations(options.cacheFolder);
  const kernel = new Kernel({
    host,
    report: options.warn,
    ...(translations && { translations }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
  try {
    const guest = kernel.createProcess({
      image: options.bytes,
      path: toGuestPath(options.path),
      commandLine: windowsCommandLine([basename(options.path), ...options.args]),
      environment: guestEnvironment(process.env, options.environment ?? {}),
      currentDirectory: toGuestPath(cwd),
      registry: builtInDlls(options.cuda, options.warn),
      hooks,
      readFile: (path) => readGuestFile(files, path),
      ...(options.checked !== undefined && { checked: options.checked }),
      ...(options.dllChoices && { dllChoices: options.dllChoices }),
      ...(options.memoryLimitBytes !== undefined && { memoryLimitBytes: options.memoryLimitBytes }),
    });
    options.onStart?.(() => kernel.interrupt());
    const ending = await kernel.run(guest);
    return { ...ending, translation: guest.machine.statistics as Statistics, peakCommittedBytes: guest.memory.peakCommittedBytes };
  } finally {
    host.stdin.close();
  }
}

/** A guest that searches the whole disk should not fill the terminal. */
const MAX_DENIALS_SHOWN = 5;
