import { existsSync } from "node:fs";
import { basename, dirname, join, posix, resolve } from "node:path";
import type { CudaDriver } from "@decant/cuda";
import { nodeFiles, restrict, type Grant } from "@decant/host";
import type { Hooks, TracedCall } from "@decant/hook";
import { dllKey, type DllChoice } from "@decant/process";
import { cacheFolder } from "../cache-folder.ts";
import { cudaDriver } from "../cuda-driver.ts";
import { readGuestFile, toGuestPath } from "../guest-paths.ts";
import { hookScriptApi, type HookScript } from "../hook-script.ts";
import { prefixNamed, usePrefix } from "../prefixes.ts";
import type { MachineOptions } from "../run-program.ts";
import { memoryDisk, MEMORY_FOLDER, type FileContents, type MemoryDisk } from "./memory-disk.ts";
import { makeStdio, type Stdio, type StdioOptions } from "./stdio.ts";

/** What may be said of a guest: a program, or a DLL whose functions are called. */
export interface GuestOptions extends StdioOptions {
  /** Its current folder on the host, which it may read and write; this process's when absent. */
  readonly cwd?: string;
  /** Variables beside those of this process, or in their place. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * A disk in memory in the place of the host's: these files, from the current folder "Z:\work", and nothing else. What is on it at the end is in
   * the result's `files`.
   */
  readonly files?: FileContents;
  /** A prefix by name or folder (`decant prefix`): its C: drive stays. In memory when absent. */
  readonly prefix?: string;
  /** What of the host's disk it may touch besides its current folder, its own and what its arguments name: a path, or a path to read only. */
  readonly mounts?: readonly (string | Grant)[];
  /** Whether it may use this machine's network; otherwise it reaches only itself, over 127.0.0.1. */
  readonly allowNet?: boolean;
  /** Whether it may start programs of this machine, which may do all that you may: all, or those named, by name or path. Not with `files`. */
  readonly allowRun?: boolean | readonly string[];
  /** Sets hooks before it starts; what a hook script's default export is. */
  readonly hooks?: HookScript;
  /** Functions to trace ("kernel32!*File*,-*Tls*"), and who is told of each call. */
  readonly trace?: { readonly pattern: string; onCall(call: TracedCall): void };
  /** Results of functions that Decant does not have, by name. */
  readonly stubs?: Readonly<Record<string, number | bigint>>;
  readonly dlls?: Readonly<Record<string, DllChoice>>;
  /** Bytes that it may commit. */
  readonly memoryLimitBytes?: number;
  /** Whether every access to memory is checked (docs/faults.md). */
  readonly checked?: boolean;
  /** Where translations are kept for the next time: a folder, or "off". What the command takes when absent. */
  readonly cache?: string;
  /** Where CUDA runs: a server's address, or a driver. A server of its own when absent, started at the first CUDA call. */
  readonly gpu?: string | CudaDriver;
  /** Takes sentences about what was refused, or went wrong; nobody is told when absent. */
  readonly onWarning?: (sentence: string) => void;
}

/** What options come to. */
export interface Prepared {
  /** Where the program or DLL lies for the guest, as a path of its disk. */
  readonly path: string;
  readonly machine: Omit<MachineOptions, "args" | "path">;
  readonly stdio: Stdio;
  /** Where files are in memory. */
  readonly disk: MemoryDisk | undefined;
  close(): Promise<void>;
}

/** Turns options into what a machine is made of. `path` and `bytes`: the file of the program or DLL, on the host. */
export function prepare(options: GuestOptions, { path: hostPath, bytes }: { path: string; bytes: Uint8Array }): Prepared {
  const {
    env,
    files,
    mounts = [],
    allowNet,
    allowRun,
    hooks,
    trace,
    stubs = {},
    dlls = {},
    memoryLimitBytes,
    checked,
    gpu,
    onWarning = () => {},
  } = options;
  if (files !== undefined && allowRun !== undefined && allowRun !== false)
    throw new TypeError("allowRun and files do not go together: programs of this machine have no files in memory");
  const cwd = files === undefined ? resolve(options.cwd ?? ".") : posix.resolve("/", options.cwd ?? MEMORY_FOLDER);
  // On a disk in memory it lies beside nothing of the host's.
  const path = files === undefined ? hostPath : posix.join(PROGRAM_FOLDER, basename(hostPath));
  const disk = files === undefined ? undefined : memoryDisk({ [path]: bytes, ...files }, cwd);
  const stdio = makeStdio(options);
  const prefix = options.prefix === undefined ? undefined : prefixNamed(options.prefix);
  const use = prefix && usePrefix(prefix);
  const cuda = typeof gpu === "object" ? { driver: gpu, close: () => Promise.resolve() } : cudaDriver(gpu);
  const cache = cacheFolder(options.cache);
  return {
    path,
    stdio,
    disk,
    async close() {
      use?.release();
      await cuda.close();
    },
    machine: {
      cwd,
      mounts: mounts.map((mount): Grant => (typeof mount === "string" ? { path: resolve(mount), access: "write" } : mount)),
      ...(allowNet !== undefined && { allowNet }),
      ...(allowRun !== undefined && { allowRun }),
      streams: stdio.streams,
      cuda: cuda.driver,
      warn: onWarning,
      stubs: new Map(Object.entries(stubs).map(([name, value]) => [name, BigInt.asUintN(64, BigInt(value))])),
      dllChoices: new Map(Object.entries(dlls).map(([name, choice]) => [dllKey(name), choice])),
      ...(prefix && { systemDrive: prefix.drive }),
      ...(env && { environment: env }),
      ...(hooks && { setHooks: async (set: Hooks) => void (await hooks(hookScriptApi(set))) }),
      ...(trace && { trace: trace.pattern, onTrace: (call: TracedCall) => trace.onCall(call) }),
      ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
      ...(checked !== undefined && { checked }),
      ...(cache !== undefined && { cacheFolder: cache }),
      ...(disk !== undefined && {
        files: disk.files,
        readFile: (guestPath) => readGuestFile(disk.files, guestPath) ?? readBeside(hostPath, guestPath),
      }),
    },
  };
}

/** Where a program lies whose files are in memory. */
const PROGRAM_FOLDER = "/program";

/** DLLs that lie beside the program on the host are found from a disk in memory too. */
function readBeside(program: string, guestPath: string): Uint8Array | undefined {
  const [folder, name] = [`${toGuestPath(PROGRAM_FOLDER)}\\`, guestPath.slice(guestPath.lastIndexOf("\\") + 1)];
  if (!existsSync(program) || guestPath.toLowerCase() !== `${folder}${name}`.toLowerCase()) return undefined;
  const beside = restrict(nodeFiles(), [{ path: dirname(program), access: "read" }]);
  return readGuestFile(beside, toGuestPath(join(dirname(program), name)));
}
