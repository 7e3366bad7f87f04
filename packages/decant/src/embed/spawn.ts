import { spawn as spawnProcess, type ChildProcess, type SpawnOptions as NodeSpawnOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Grant } from "@decant/host";
import type { DllChoice } from "@decant/process";
import { commandPath } from "../command-path.ts";
import { isGuestVariable } from "../guest-environment.ts";

/** How to start a program: child_process' options, and what `decant run` takes. */
export interface SpawnOptions extends Omit<NodeSpawnOptions, "shell" | "argv0" | "windowsVerbatimArguments"> {
  /** What it may touch besides its current folder, its own and what its arguments name. */
  readonly mounts?: readonly (string | Grant)[];
  /** Whether it may use this machine's network. */
  readonly allowNet?: boolean;
  /** Whether it may start programs of this machine: all, or those named. */
  readonly allowRun?: boolean | readonly string[];
  /** A prefix by name or folder: its C: drive stays. */
  readonly prefix?: string;
  /** Hook scripts, by their paths. */
  readonly hookScripts?: readonly string[];
  /** Functions to trace ("kernel32!*File*"), on its standard error or in a file. */
  readonly trace?: string;
  readonly traceFile?: string;
  readonly traceFormat?: "text" | "json" | "chrome";
  readonly stubs?: Readonly<Record<string, number | bigint>>;
  readonly dlls?: Readonly<Record<string, DllChoice>>;
  readonly memoryLimitBytes?: number;
  readonly checked?: boolean;
  readonly cache?: string;
  /** A server's address. */
  readonly gpu?: string;
}

/**
 * Starts a Windows program in a process of its own, as child_process.spawn does: the same events, streams, `kill` and options. `kill("SIGINT")` is Ctrl-C for the program, other
 * signals end it. The exit code has 8 bits, as a process of this host's has no more. Use `run` for all 32, for files in memory, and for hooks that are functions.
 */
export function spawn(program: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
  const {
    mounts,
    allowNet,
    allowRun = false,
    prefix,
    hookScripts,
    trace,
    traceFile,
    traceFormat,
    stubs,
    dlls,
    memoryLimitBytes,
    checked,
    cache,
    gpu,
    ...own
  } = options;
  const path = resolve(program);
  // As for any program that is not there: "error", with ENOENT.
  if (!existsSync(path)) return spawnProcess(path, [...args], own);
  const mount = (given: string | Grant): string =>
    typeof given === "string" ? given : `${given.path}${given.access === "read" ? ":ro" : ""}`;
  const flags = [
    ...(mounts ?? []).flatMap((given) => ["--mount", mount(given)]),
    ...(allowNet === true ? ["--allow-net"] : []),
    ...(allowRun === false || (allowRun !== true && allowRun.length === 0)
      ? []
      : [allowRun === true ? "--allow-run" : `--allow-run=${allowRun.join(",")}`]),
    ...(prefix === undefined ? [] : ["--prefix", prefix]),
    ...(hookScripts ?? []).flatMap((script) => ["--hook", resolve(script)]),
    ...(trace === undefined ? [] : [`--trace=${trace}`]),
    ...(traceFile === undefined ? [] : ["--trace-file", resolve(traceFile)]),
    ...(traceFormat === undefined ? [] : ["--trace-format", traceFormat]),
    ...Object.entries(stubs ?? {}).flatMap(([name, value]) => ["--stub", `${name}=${value}`]),
    ...Object.entries(dlls ?? {}).flatMap(([name, choice]) => ["--dll", `${name}=${choice}`]),
    ...(memoryLimitBytes === undefined ? [] : ["--memory", String(memoryLimitBytes / 2 ** 20)]),
    ...(checked === true ? ["--checked"] : []),
    ...(cache === undefined ? [] : ["--cache", cache]),
    ...(gpu === undefined ? [] : ["--gpu", gpu]),
    // Variables that mean something else on this host are given to the guest only where they were meant for it.
    ...Object.entries(own.env ?? {}).flatMap(([name, value]) =>
      value === undefined || isGuestVariable(name) || value === process.env[name] ? [] : ["--env", `${name}=${value}`],
    ),
  ];
  return spawnProcess(process.execPath, [commandPath, "run", ...flags, "--", path, ...args], own);
}
