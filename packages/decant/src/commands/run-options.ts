import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Grant } from "@decant/host";
import { dllKey, type DllChoice } from "@decant/process";
import { cacheFolder } from "../cache-folder.ts";
import { describeOptions, numberOption, parseBeforeProgram, splitWords, type OptionValues } from "../command-line.ts";
import { compilerOption } from "../compiler-option.ts";
import { requireServerUrl } from "../cuda-driver.ts";
import { prefixNamed, type Prefix } from "../prefixes.ts";
import type { MachineOptions } from "../run-program.ts";
import { UsageError } from "../terminal.ts";
import { TRACE_FORMATS, type TraceFilter, type TraceFormat } from "../trace-output.ts";

const options = {
  timeout: { type: "string", value: "SECONDS", help: "end the program after this long (exit code 124)" },
  memory: { type: "string", value: "MIB", help: "memory that it and the programs that it starts may use" },
  processes: { type: "string", value: "N", help: "programs that may run at a time (256)" },
  mount: { type: "string", multiple: true, value: "PATH[:ro]", help: "let it touch this folder or file too (:ro to read only)" },
  "allow-net": { type: "boolean", help: "let it use this machine's network; otherwise it reaches only itself, over 127.0.0.1" },
  "allow-run": {
    type: "string",
    multiple: true,
    value: "[=NAME,…]",
    help: "let it start programs of this machine: all, or those named, by name or path; they may do all that you may",
  },
  prefix: {
    type: "string",
    value: "NAME|FOLDER",
    help: "a C: drive that stays between runs (`decant prefix`); DECANT_PREFIX says the same.\nWithout it C: is in memory",
  },
  cwd: { type: "string", value: "FOLDER", help: "its current folder" },
  env: { type: "string", multiple: true, value: "NAME=VALUE", help: "a variable of its environment" },
  gpu: {
    type: "string",
    value: "ws://HOST:PORT",
    help: "where CUDA runs (`decant serve`); the token comes from DECANT_TOKEN.\nWithout it a server is started for the run, on the processor",
  },
  compute: {
    type: "string",
    value: "vector|reference",
    help: "how the processor runs CUDA kernels: by SIMD (default), or one thread after the other in plain code",
  },
  checked: { type: "boolean", help: "check every access to memory, so that each bad pointer faults; slower (docs/faults.md)" },
  trace: { type: "string", multiple: true, value: "PATTERN", help: "print calls of functions, as 'kernel32!*File*,-*Tls*'" },
  "trace-format": { type: "string", value: "text|json|chrome", help: "how: lines, JSON lines, or a timeline for https://ui.perfetto.dev" },
  "trace-file": { type: "string", value: "FILE", help: "where to, in the place of standard error" },
  "trace-thread": { type: "string", value: "ID", help: "only the calls of one thread" },
  "trace-failed": { type: "boolean", help: "only calls that failed" },
  "trace-result": { type: "string", value: "GLOB", help: "only calls with such a result or last error, as FALSE or 'ERROR_*'" },
  stats: { type: "boolean", help: "end with a table on standard error: calls and time by function" },
  hook: {
    type: "string",
    multiple: true,
    value: "SCRIPT",
    help: "a .js or .ts file that sets hooks: export default ({ hook, replace, fail, ERROR }) => { … }",
  },
  stub: { type: "string", multiple: true, value: "NAME=VALUE", help: "let a function that Decant lacks return a value" },
  dll: { type: "string", multiple: true, value: "NAME=builtin|native", help: "which copy of a DLL to take" },
  cache: {
    type: "string",
    value: "FOLDER|off",
    help: "where translations are kept for the next run; DECANT_CACHE says the same (see `decant cache --help`)",
  },
  "explain-access": { type: "boolean", help: "print what the program may touch, and do not run it" },
  json: { type: "boolean", help: "end with a line of JSON on standard error: the whole exit code, why it ended, memory" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

export const runHelp = `Usage: decant [run] [options] program.exe [arguments…]

Runs a Windows program (x86-64 or x86). Standard streams, the current folder and the environment are those of this terminal; the exit code is the program's.
It may touch the current folder, its own folder (read only), and the files that its arguments name.

Options
${describeOptions(options)}

Examples
  decant tool.exe --version
  decant run --mount /data:ro --timeout 60 convert.exe Z:\\\\data\\\\in.dat out.dat
  decant run --trace 'kernel32!*File*' tool.exe
  decant run --trace '*' --trace-format chrome --trace-file trace.json tool.exe
  decant run --hook faults.ts --stats tool.exe

Options in DECANT_OPTIONS come before those given, for programs that start decant themselves: DECANT_OPTIONS="--mount /data --prefix build".
`;

/** What `decant run` was asked for. */
export interface RunRequest {
  /** The program as it was named. */
  readonly program: string;
  readonly args: readonly string[];
  /** What the program runs on, as far as options say it. */
  readonly machine: Omit<MachineOptions, "path" | "args" | "cuda" | "warn" | "mounts" | "cwd" | "systemDrive"> & {
    readonly mounts: readonly Grant[];
    readonly cwd: string;
  };
  readonly gpu?: string;
  readonly compiler?: "vector" | "reference";
  readonly prefix?: Prefix;
  readonly hookScripts: readonly string[];
  readonly trace?: TraceRequest;
  readonly stats: boolean;
  readonly explainAccess: boolean;
  readonly json: boolean;
}

/** Which calls are shown, and how. */
export interface TraceRequest {
  readonly patterns: string;
  readonly format: TraceFormat;
  readonly filter: TraceFilter;
  /** Standard error when absent. */
  readonly file?: string;
}

type Given = OptionValues<typeof options>;

/** Reads the words of `decant run`, those of DECANT_OPTIONS first; undefined when help was asked for. Throws UsageError. */
export function readRunRequest(args: readonly string[]): RunRequest | undefined {
  const { options: given, rest } = parseBeforeProgram("run", options, [...splitWords(process.env["DECANT_OPTIONS"] ?? ""), ...args]);
  if (given.help) return undefined;
  if (given.gpu !== undefined) requireServerUrl(given.gpu);
  if (given.gpu !== undefined && given.compute !== undefined)
    throw new UsageError("--compute is for kernels that run here: with --gpu the server decides");
  const machine = readMachine(given);
  const trace = readTrace(given);
  const prefix = given.prefix ?? (process.env["DECANT_PREFIX"] || undefined);
  const [program, ...programArguments] = rest;
  if (program === undefined) throw new UsageError("run needs a program: decant run [options] program.exe [arguments…]");
  return {
    program,
    args: programArguments,
    machine,
    ...(given.gpu !== undefined && { gpu: given.gpu }),
    ...compilerOption(given.compute),
    ...(prefix !== undefined && { prefix: prefixNamed(prefix) }),
    hookScripts: given.hook ?? [],
    ...(trace && { trace }),
    stats: given.stats === true,
    explainAccess: given["explain-access"] === true,
    json: given.json === true,
  };
}

function readMachine(given: Given): RunRequest["machine"] {
  const seconds = numberOption("timeout", given.timeout, { min: 0.001, max: 1e7, unit: "seconds" });
  const mebibytes = numberOption("memory", given.memory, { min: 1, max: 4096, unit: "MiB" });
  const maxProcesses = numberOption("processes", given.processes, { min: 1, max: 4096, unit: "processes" });
  const cache = cacheFolder(given.cache);
  return {
    cwd: given.cwd === undefined ? process.cwd() : existingFolder("cwd", given.cwd),
    mounts: (given.mount ?? []).map(parseMount),
    environment: Object.fromEntries(pairs("env", given.env)),
    stubs: new Map(pairs("stub", given.stub).map(([name, value]) => [name, parseStub(name, value)])),
    dllChoices: new Map(pairs("dll", given.dll).map(([name, value]) => [dllKey(name), parseChoice(name, value)])),
    ...(given["allow-net"] && { allowNet: true }),
    ...(given["allow-run"] && { allowRun: parseAllowRun(given["allow-run"]) }),
    ...(given.checked && { checked: true }),
    ...(cache !== undefined && { cacheFolder: cache }),
    ...(seconds !== undefined && { timeoutMs: seconds * 1000 }),
    ...(mebibytes !== undefined && { memoryLimitBytes: mebibytes * 2 ** 20 }),
    ...(maxProcesses !== undefined && { maxProcesses }),
  };
}

function readTrace(given: Given): TraceRequest | undefined {
  const refinement = Object.keys(given).find((option) => option.startsWith("trace-"));
  if (refinement !== undefined && given.trace === undefined)
    throw new UsageError(`--${refinement} goes with --trace PATTERN, as --trace '*'`);
  if (given.trace === undefined) return undefined;
  if (given.trace.includes("")) throw new UsageError("--trace takes a pattern, as 'kernel32!*File*' or '*', not \"\"");
  const format = TRACE_FORMATS.find((name) => name === (given["trace-format"] ?? "text"));
  if (format === undefined) throw new UsageError(`--trace-format is one of ${TRACE_FORMATS.join(", ")}, not "${given["trace-format"]}"`);
  const thread = numberOption("trace-thread", given["trace-thread"], { min: 0, max: 2 ** 32, unit: "a thread, as traces show it," });
  const { "trace-file": file, "trace-result": result } = given;
  return {
    patterns: given.trace.join(","),
    format,
    filter: {
      ...(thread !== undefined && { thread }),
      ...(given["trace-failed"] && { failed: true }),
      ...(result !== undefined && { result }),
    },
    ...(file !== undefined && { file }),
  };
}

function existingFolder(option: string, path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--${option} ${path}: there is no such folder`);
  return path;
}

function parseMount(text: string): Grant {
  const readOnly = text.endsWith(":ro");
  return { path: resolve(readOnly ? text.slice(0, -3) : text), access: readOnly ? "read" : "write" };
}

function parseAllowRun(values: readonly string[]): true | string[] {
  const names = values.flatMap((value) => value.split(","));
  return names.includes("") ? true : names;
}

function pairs(option: string, values: readonly string[] = []): [name: string, value: string][] {
  return values.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0) throw new UsageError(`--${option} takes NAME=VALUE, not "${text}"`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
}

function parseStub(name: string, value: string): bigint {
  try {
    return BigInt.asUintN(64, BigInt(value));
  } catch {
    throw new UsageError(`--stub ${name} takes an integer, as ${name}=0; found "${value}"`);
  }
}

function parseChoice(name: string, value: string): DllChoice {
  if (value === "builtin" || value === "native") return value;
  throw new UsageError(`--dll ${name} takes builtin or native, not "${value}"`);
}
