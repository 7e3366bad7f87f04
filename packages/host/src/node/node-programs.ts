import type { ChildProcess, spawn as spawnChild, SpawnOptions, StdioOptions } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { constants as systemConstants } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import type { Writable } from "node:stream";
import { HostError } from "../host-error.ts";
import type { HostPrograms, HostStart, PipedInput, RunningProgram } from "../programs.ts";
import { childOutput, isTerminal, streamOutput } from "./node-streams.ts";

/** What of the host's programs guests may start. */
export interface NodeProgramsOptions {
  /** None, all, or those of a list: by a name that is looked up on the PATH, or by a path. */
  readonly allowed: boolean | readonly string[];
  /** The host's own variables, PATH among them. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether a variable is the host's affair: a program gets the host's, whatever the guest has. */
  readonly isOwn: (name: string) => boolean;
  /** Whether guests may write to a file: one that a name of the list would lead to is passed over then. */
  readonly isWritable: (path: string) => boolean;
  /** Is told of a program that is there and that guests may not start, and by what a list would name it. */
  readonly onDenied: (path: string, name: string) => void;
}

/** This machine's programs. */
export function nodePrograms(options: NodeProgramsOptions): HostPrograms {
  return new NodePrograms(options);
}

class NodePrograms implements HostPrograms {
  readonly #options: NodeProgramsOptions;
  /** Of a list: paths by the names that they go by. What they are is settled before the first guest runs. */
  readonly #listed: ReadonlyMap<string, string>;

  constructor(options: NodeProgramsOptions) {
    this.#options = options;
    const { allowed } = options;
    this.#listed = new Map(typeof allowed === "boolean" ? [] : allowed.flatMap((name) => this.#resolve(name)));
  }

  find(name: string): string | undefined {
    if (name === "" || name.includes("/") || name.includes("\0")) return undefined;
    if (this.#options.allowed === true) return this.#onPath(name);
    const listed = this.#listed.get(name);
    if (listed !== undefined) return listed;
    const there = this.#onPath(name);
    if (there !== undefined) this.#options.onDenied(there, name);
    return undefined;
  }

  allows(path: string): boolean {
    if (!isProgram(path)) return false;
    if (this.#options.allowed === true) return true;
    const real = realpathSync(path);
    if ([...this.#listed.values()].includes(real)) return true;
    this.#options.onDenied(path, path);
    return false;
  }

  start({ path, args, folder, environment, streams, joinsErrors }: HostStart): RunningProgram {
    const stdio: StdioOptions = streams.map((stream) => (stream === "nothing" ? "ignore" : stream));
    // Node cannot give a child one pipe twice; a shell can.
    const [program, ...rest] = joinsErrors ? ["/bin/sh", "-c", 'exec "$0" "$@" 2>&1', path, ...args] : [path, ...args];
    // A group of its own can be killed with all that it starts. On a terminal it stays in ours, which Ctrl-C reaches.
    const detached = !streams.some((stream) => typeof stream === "number" && isTerminal(stream));
    const options: SpawnOptions = { cwd: folder, env: this.#environment(environment), stdio, detached };
    const child = spawnNow(program!, rest, options);
    // What is wrong is told by an event; that it is wrong is seen at once.
    child.on("error", () => {});
    if (child.pid === undefined) throw new HostError("ENOEXEC", `${path} could not be started`);
    return running(child, detached);
  }

  #resolve(name: string): [name: string, path: string][] {
    const { isWritable } = this.#options;
    const named = isProgram(name) ? name : undefined;
    const path = name.includes("/") ? named : this.#onPath(name, (found) => !isWritable(realpathSync(found)));
    return path === undefined ? [] : [[basename(name), realpathSync(path)]];
  }

  #onPath(name: string, takes: (path: string) => boolean = () => true): string | undefined {
    const folders = (this.#options.variables["PATH"] ?? "").split(":").filter((folder) => isAbsolute(folder));
    return folders.map((folder) => join(folder, name)).find((path) => isProgram(path) && takes(path));
  }

  #environment(given: HostStart["environment"]): Record<string, string> {
    const { variables, isOwn } = this.#options;
    const own = Object.entries(variables).filter((entry): entry is [string, string] => isOwn(entry[0]) && entry[1] !== undefined);
    return Object.fromEntries([...given.filter(([name]) => !isOwn(name)), ...own]);
  }
}

/** node:child_process takes milliseconds to load, and few guests start programs of the host's. */
function spawnNow(path: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const { spawn } = createRequire(import.meta.url)("node:child_process") as { spawn: typeof spawnChild };
  return spawn(path, args, options);
}

function running(child: ChildProcess, isGroup: boolean): RunningProgram {
  const kill = (): void => {
    // What it left behind when it ended by itself may go on.
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    if (isGroup) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  };
  if (isGroup) endWithUs(child, kill);
  return {
    input: child.stdin === null ? undefined : pipedInput(child.stdin),
    output: child.stdout === null ? undefined : childOutput(child.stdout),
    error: child.stderr === null ? undefined : childOutput(child.stderr),
    ended: new Promise((resolve) =>
      child.on("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : systemConstants.signals[signal]))),
    ),
    kill,
  };
}

/** What ends the groups that run. */
const groups = new Set<() => void>();

/** A group of its own does not hear of the end of ours: signals that end us, and our own end, are passed on, by one listener for all that run. */
function endWithUs(child: ChildProcess, kill: () => void): void {
  if (groups.size === 0) process.once("exit", endGroups).once("SIGTERM", passOn).once("SIGHUP", passOn);
  groups.add(kill);
  child.once("exit", () => {
    groups.delete(kill);
    if (groups.size === 0) process.off("exit", endGroups).off("SIGTERM", passOn).off("SIGHUP", passOn);
  });
}

function endGroups(): void {
  for (const kill of groups) kill();
}

function passOn(signal: NodeJS.Signals): void {
  endGroups();
  process.kill(process.pid, signal);
}

function pipedInput(stream: Writable): PipedInput {
  const output = streamOutput(stream);
  return { ...output, end: () => void stream.end() };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
