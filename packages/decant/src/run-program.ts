import { realpathSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";
import type { CudaDriver } from "@decant/cuda";
import {
  type Denial,
  type Grant,
  type Host,
  type HostFiles,
  type HostPrograms,
  isWithin,
  loopbackNetwork,
  nodeFiles,
  nodeHost,
  nodeNetwork,
  nodePrograms,
  restrict,
  subtree,
} from "@decant/host";
import { Hooks, trace, traceText, type Registry, type OpenCall, type TracedCall } from "@decant/hook";
import { addCudaDlls } from "@decant/nvcuda/dlls";
import { Kernel, type DllChoice, type Ending, type ProcessOptions } from "@decant/process";
import { FileSystem, prepareProcess, win32Registry } from "@decant/win32";
import type { Statistics } from "@decant/x86";
import { windowsCommandLine } from "./command-line-text.ts";
import { namedPaths, readGuestFile, toGuestPath } from "./guest-paths.ts";
import { programTranslations } from "./program-translations.ts";
import { guestEnvironment, isGuestVariable } from "./guest-environment.ts";

/** What guests run on, and may do. */
export interface MachineOptions {
  /** The file of the program, or of the DLL: its absolute path, on the host unless `files` are given. */
  readonly path: string;
  readonly args: readonly string[];
  /** The guest's current folder on the host; this process's when absent. */
  readonly cwd?: string;
  /** Variables beside those of this process, or in their place. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What the guest may touch besides its current folder, its own folder and what its arguments name. */
  readonly mounts?: readonly Grant[];
  /** Whether it may use this host's network; there are only its own ports otherwise. */
  readonly allowNet?: boolean;
  /** Whether it may start programs of this host: all, or those of a list, by name or path. */
  readonly allowRun?: boolean | readonly string[];
  /** Its disk, in the place of the host's with those grants. */
  readonly files?: HostFiles;
  /** A folder of the host's that is its C:, and stays; a drive in memory when absent. */
  readonly systemDrive?: string;
  /** Where DLLs are read by their Windows paths; its disk when absent. */
  readonly readFile?: (path: string) => Uint8Array | undefined;
  /** Standard streams in the place of this process's. */
  readonly streams?: Pick<Host, "stdin" | "stdout" | "stderr" | "drained">;
  /** The folder in which translations are kept between runs; nowhere when absent. */
  readonly cacheFolder?: string;
  readonly timeoutMs?: number;
  readonly memoryLimitBytes?: number;
  /** Processes that there may be at a time; 256 when absent. */
  readonly maxProcesses?: number;
  /** The longest that guests keep the host's event loop waiting, in milliseconds; 5 when absent. */
  readonly hostTurnMs?: number;
  /** Whether every access is checked against its page's state (docs/faults.md). */
  readonly checked?: boolean;
  /** Functions to trace (`kernel32!*File*,-*Tls*`), and who is told of their calls. */
  readonly trace?: string;
  readonly onTrace?: (call: TracedCall) => void;
  readonly onTraceOpen?: (call: OpenCall) => void;
  /** Sets hooks before the program starts. */
  readonly setHooks?: (hooks: Hooks) => void | Promise<void>;
  /** Results of functions that Decant does not have, by `name` or `dll!name`. */
  readonly stubs?: ReadonlyMap<string, bigint>;
  readonly dllChoices?: ReadonlyMap<string, DllChoice>;
  /** Where CUDA runs. */
  readonly cuda: CudaDriver;
  /** Takes a sentence about what went wrong, or was refused. */
  readonly warn: (sentence: string) => void;
}

/** How to run a program. */
export interface RunProgramOptions extends MachineOptions {
  /** The program's file. */
  readonly bytes: Uint8Array;
  /** Receives what acts on it from outside. */
  readonly onStart?: (control: RunControl) => void;
}

/** What can be done to a program that runs. */
export interface RunControl {
  /** Passes on Ctrl-C. */
  interrupt(): void;
  /** Ends it at once, as TerminateProcess does. */
  terminate(): void;
}

/** Every built-in DLL. */
export function builtInDlls(cuda: CudaDriver, warn: (sentence: string) => void): Registry {
  return addCudaDlls(win32Registry(), { driver: cuda, log: warn });
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

/** A kernel, the machine under it, and what its processes have in common. */
export interface GuestSetup {
  readonly kernel: Kernel;
  readonly host: Host;
  readonly common: Omit<ProcessOptions, "image" | "path" | "commandLine">;
}

/** Makes what guests run on. */
export async function setUpGuests(options: MachineOptions): Promise<GuestSetup> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const denied = new Set<string>();
  const onDenied = ({ path, access }: Denial): void => {
    // A path that was refused is looked for in the folders above it, too.
    const isKnown = [...denied].some((known) => known === path || known.startsWith(`${path}/`));
    if (isKnown || denied.size >= MAX_DENIALS_SHOWN) return;
    denied.add(path);
    options.warn(`the program may not ${access} ${path}; --mount ${dirname(path)}${access === "read" ? ":ro" : ""} would allow it`);
  };
  const grants = grantsFor(options, cwd);
  const files = options.files ?? restrict(nodeFiles(), grants, onDenied);
  const systemDrive = options.systemDrive === undefined ? undefined : subtree(nodeFiles(), options.systemDrive);
  const onUnreachable = (target: string): void => {
    if (denied.has(target) || denied.size >= MAX_DENIALS_SHOWN) return;
    denied.add(target);
    options.warn(`the program may not reach ${target} over the network; --allow-net would allow it`);
  };
  const network = options.allowNet === true ? nodeNetwork() : loopbackNetwork({ hostName: hostname(), onDenied: onUnreachable });
  const programs = options.files === undefined ? hostPrograms(options, grants) : undefined;
  const host: Host = {
    ...nodeHost({ files, network, ...(programs && { programs }), ...(systemDrive && { systemDrive }) }),
    ...options.streams,
    warn: options.warn,
  };
  const hooks = new Hooks({ report: (message) => options.warn(withoutOwnFrames(message)) });
  await options.setHooks?.(hooks);
  const { onTraceOpen: onOpen } = options;
  if (options.trace !== undefined)
    trace(hooks, options.trace, options.onTrace ?? ((call) => options.warn(traceText(call))), { ...(onOpen && { onOpen }) });
  for (const [name, value] of options.stubs ?? []) hooks.stub(name.includes("!") ? name : `*!${name}`, value);
  const translations = programTranslations(options.cacheFolder);
  const kernel = new Kernel({
    host,
    report: options.warn,
    ...(translations && { translations }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    ...(options.maxProcesses !== undefined && { maxProcesses: options.maxProcesses }),
    ...(options.hostTurnMs !== undefined && { hostTurnMs: options.hostTurnMs }),
  });
  const readOther = options.readFile ?? ((path: string) => readGuestFile(files, path));
  // Programs unpack themselves, with their DLLs, to the temporary folder, which is there.
  let system: FileSystem | undefined;
  const common = {
    environment: guestEnvironment(process.env, options.environment ?? {}, host.cpuCount),
    currentDirectory: toGuestPath(cwd),
    registry: builtInDlls(options.cuda, options.warn),
    hooks,
    readFile: (path: string) => (/^c:/i.test(path) ? (system ??= new FileSystem(host)).readFile(path) : readOther(path)),
    ...(options.checked !== undefined && { checked: options.checked }),
    ...(options.dllChoices && { dllChoices: options.dllChoices }),
    ...(options.memoryLimitBytes !== undefined && { memoryLimitBytes: options.memoryLimitBytes }),
  };
  return { kernel, host, common };
}

/** A user's stack less the lines that lead through Decant's own code to it. */
function withoutOwnFrames(stack: string): string {
  const own = fileURLToPath(new URL(".", import.meta.url));
  return stack
    .split("\n")
    .filter((line) => !/^ +at /.test(line) || !(line.includes(own) || line.includes("/decant/dist/")))
    .join("\n");
}

/** The programs of this host that guests may start. With files in memory there are none: those would not be theirs. */
function hostPrograms({ allowRun = false, warn }: MachineOptions, grants: readonly Grant[]): HostPrograms {
  const denied = new Set<string>();
  return nodePrograms({
    allowed: typeof allowRun === "boolean" ? allowRun : allowRun.map((name) => (name.includes("/") ? resolve(name) : name)),
    variables: { ...process.env, DECANT_TOKEN: undefined },
    isOwn: (name) => !isGuestVariable(name),
    isWritable: (program) => grants.some(({ path, access }) => access === "write" && isWithin(program, realPath(path))),
    onDenied: (path, name) => {
      if (denied.has(path) || denied.size >= MAX_DENIALS_SHOWN) return;
      denied.add(path);
      warn(`the program may not start ${path}; --allow-run=${name} would allow it`);
    },
  });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // nothing is there yet
  }
}

/** Runs a Windows program on this machine to its end. Throws PeError or LoadError when it cannot start. */
export async function runProgram(options: RunProgramOptions): Promise<ProgramEnding> {
  const { kernel, host, common } = await setUpGuests(options);
  try {
    const guest = kernel.createProcess({
      ...common,
      image: options.bytes,
      path: toGuestPath(options.path),
      // Whoever starts a program by its path, as shells of Windows and Wine do, names it so in its first argument.
      commandLine: windowsCommandLine([toGuestPath(options.path), ...options.args]),
    });
    prepareProcess(guest);
    options.onStart?.({
      interrupt: () => kernel.interrupt(),
      terminate: () => {
        for (const running of Array.from(kernel.processes)) running.terminate(1);
      },
    });
    const ending = await kernel.run(guest);
    return { ...ending, translation: guest.machine.statistics as Statistics, peakCommittedBytes: guest.memory.peakCommittedBytes };
  } finally {
    host.stdin.close();
  }
}

/** A guest that searches the whole disk should not fill the terminal. */
const MAX_DENIALS_SHOWN = 5;
