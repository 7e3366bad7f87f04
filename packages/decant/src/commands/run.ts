import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { basename, resolve } from "node:path";
import { dllKey, LoadError, type DllChoice } from "@decant/process";
import { SUBSYSTEM } from "@decant/pe";
import type { Grant } from "@decant/host";
import { callTimes, ERROR, matchesName, type CallTime } from "@decant/hook";
import { callTable } from "../call-table.ts";
import { describeOptions, numberOption, parseBeforeProgram, splitWords, type OptionValues } from "../command-line.ts";
import { cacheFolder } from "../cache-folder.ts";
import { keepCompiledCode, useEarlyMemory } from "../compiled-code.ts";
import { crashReportJson, crashReportText } from "../crash-report-text.ts";
import { compilerOption } from "../compiler-option.ts";
import { cudaDriver, requireServerUrl } from "../cuda-driver.ts";
import { sayCompiled } from "../end-process.ts";
import { prefixNamed, usePrefix } from "../prefixes.ts";
import { readProgram, requireRunnable } from "../program-file.ts";
import { grantsFor, runProgram, type MachineOptions } from "../run-program.ts";
import { painter, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";
import { TRACE_FORMATS, traceOutput, type TraceOutput } from "../trace-output.ts";

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

const help = `Usage: decant [run] [options] program.exe [arguments…]

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

/** The exit code of timeout(1). */
const TIMED_OUT = 124;
/** Of this process's event loop only Ctrl-C waits then, and turns that are seldom cut short leave less to translate. */
const HOST_TURN_MS = 250;

/** `decant run`: runs a program, with other standard streams than this process's where some are given, and returns the exit code for this process. */
export async function runCommand(args: readonly string[], streams?: MachineOptions["streams"]): Promise<number> {
  const { options: given, rest } = parseBeforeProgram("run", options, [...splitWords(process.env["DECANT_OPTIONS"] ?? ""), ...args]);
  if (given.help) {
    writeHelp(help);
    return 0;
  }
  const [name, ...programArguments] = rest;
  const seconds = numberOption("timeout", given.timeout, { min: 0.001, max: 1e7, unit: "seconds" });
  const mebibytes = numberOption("memory", given.memory, { min: 1, max: 4096, unit: "MiB" });
  const processes = numberOption("processes", given.processes, { min: 1, max: 4096, unit: "processes" });
  const mounts = (given.mount ?? []).map(parseMount);
  const cwd = given.cwd === undefined ? process.cwd() : existingFolder("cwd", given.cwd);
  const pairs = (option: string, values: readonly string[] | undefined): [string, string][] =>
    (values ?? []).map((text) => parsePair(option, text));
  const environment = Object.fromEntries(pairs("env", given.env));
  const stubs = new Map(pairs("stub", given.stub).map(([key, value]) => [key, parseStub(key, value)]));
  const dllChoices = new Map(pairs("dll", given.dll).map(([key, value]) => [dllKey(key), parseChoice(key, value)]));
  if (given.gpu !== undefined) requireServerUrl(given.gpu);
  const traceOnly = Object.keys(given).find((option) => option.startsWith("trace-"));
  if (traceOnly !== undefined && given.trace === undefined)
    throw new UsageError(`--${traceOnly} goes with --trace PATTERN, as --trace '*'`);
  if (given.trace?.includes("")) throw new UsageError("--trace takes a pattern, as 'kernel32!*File*' or '*', not \"\"");
  if (name === undefined) throw new UsageError("run needs a program: decant run [options] program.exe [arguments…]");
  const program = readProgram(name);
  requireRunnable(name, program.image);
  // Node takes milliseconds to make process.stderr, and most runs say nothing.
  const paint: ReturnType<typeof painter> = (style, text) => painter(process.stderr)(style, text);
  if (given["explain-access"]) {
    for (const { path, access } of grantsFor({ path: program.path, args: programArguments, mounts }, resolve(cwd))) {
      process.stdout.write(`${access === "write" ? "read, write" : "read       "}  ${path}\n`);
    }
    return 0;
  }
  const warn = (sentence: string): void => void process.stderr.write(`${paint("yellow", "decant:")} ${sentence}\n`);
  if (program.image.subsystem === SUBSYSTEM.WINDOWS_GUI) warn(`${name} is made for windows on a screen; there are no windows here`);
  for (const { path } of mounts) if (!statSync(path, { throwIfNoEntry: false })) warn(`--mount ${path}: there is nothing of this name yet`);
  const cache = cacheFolder(given.cache);
  if (given.gpu !== undefined && given.compute !== undefined)
    throw new UsageError("--compute is for kernels that run here: with --gpu the server decides");
  const cuda = cudaDriver(given.gpu, compilerOption(given.compute).compiler);
  const prefixName = given.prefix ?? (process.env["DECANT_PREFIX"] || undefined);
  const prefix = prefixName === undefined ? undefined : prefixNamed(prefixName);
  const use = prefix && usePrefix(prefix);
  useEarlyMemory();
  let interrupt: (() => void) | undefined;
  const onSignal = (): void => interrupt?.();
  process.on("SIGINT", onSignal);
  try {
    const tracing = openTrace(given, name);
    // What devices do is on the timeline where the calls are that made them do it.
    const isDeviceTraced = given.trace !== undefined && matchesName(given.trace.join(","), "nvcuda", "cuLaunchKernel");
    const traced = isDeviceTraced
      ? (await import("@decant/cuda")).tracedDriver(cuda.driver, (span) => tracing.write(tracing.output.span(span)))
      : undefined;
    let times: Iterable<CallTime> = [];
    const ending = await runProgram({
      path: program.path,
      bytes: program.bytes,
      args: programArguments,
      cwd,
      environment,
      mounts,
      ...(given["allow-net"] && { allowNet: true }),
      ...(given["allow-run"] && { allowRun: parseAllowRun(given["allow-run"]) }),
      stubs,
      dllChoices,
      cuda: traced ?? cuda.driver,
      warn,
      ...(streams && { streams }),
      onTrace: (call) => tracing.write(tracing.output.call(call)),
      onTraceOpen: (call) => tracing.write(tracing.output.open(call)),
      async setHooks(hooks) {
        for (const file of given.hook ?? []) await (await import("../hook-script.ts")).runHookScript(file, hooks);
        if (given.stats) times = callTimes(hooks).table.values();
      },
      onStart: (control) => (interrupt = control.interrupt),
      ...(given.checked && { checked: true }),
      ...(prefix && { systemDrive: prefix.drive }),
      ...(cache !== undefined && { cacheFolder: cache }),
      ...(seconds !== undefined && { timeoutMs: seconds * 1000 }),
      ...(processes !== undefined && { maxProcesses: processes }),
      hostTurnMs: HOST_TURN_MS,
      ...(mebibytes !== undefined && { memoryLimitBytes: mebibytes * 2 ** 20 }),
      ...(given.trace && { trace: given.trace.join(",") }),
    });
    await traced?.settle();
    if (given.trace) tracing.write(tracing.output.end());
    tracing.close();
    if (given.stats) process.stderr.write(callTable(times));
    if (ending.kind === "timeout") warn(`${name} reached the time limit of ${seconds} second${seconds === 1 ? "" : "s"}`);
    const exit = ending.kind === "timeout" ? TIMED_OUT : hostExitCode(ending.exitCode);
    const { exitCode, kind, message, translation, report } = ending;
    if (kind === "unknown-function")
      warn(
        `\`decant inspect ${name}\` shows what else of it is not mapped; --stub NAME=VALUE or --hook SCRIPT can answer in a function's place`,
      );
    sayCompiled(translation.wasmBytes);
    if (given.json) {
      const memory = { peakCommittedBytes: ending.peakCommittedBytes, peakResidentBytes: process.resourceUsage().maxRSS * 1024 };
      const shown = {
        program: name,
        exitCode,
        ending: kind,
        message,
        ...(report && { report: crashReportJson(report) }),
        translation,
        memory,
      };
      process.stderr.write(`${JSON.stringify(shown)}\n`);
    } else if (report !== undefined) process.stderr.write(crashReportText(report, paint));
    // The sentence about it is printed already; thrown, it becomes a report for an issue.
    if (kind === "internal") throw new Error(message);
    return exit;
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const sentence = error.message.startsWith(basename(name)) ? error.message : `${name}: ${error.message}`;
    throw new UsageError(error.win32 === ERROR.MOD_NOT_FOUND ? `${sentence}; put it beside the program` : sentence, DLL_NOT_FOUND & 0xff);
  } finally {
    process.off("SIGINT", onSignal);
    use?.release();
    await cuda.close();
    keepCompiledCode(cache);
  }
}

/** Where the trace goes, and in what form. */
function openTrace(
  given: Pick<OptionValues<typeof options>, "trace-format" | "trace-file" | "trace-thread" | "trace-failed" | "trace-result">,
  program: string,
): {
  readonly output: TraceOutput;
  write(text: string): void;
  close(): void;
} {
  const format = TRACE_FORMATS.find((name) => name === (given["trace-format"] ?? "text"));
  if (format === undefined) throw new UsageError(`--trace-format is one of ${TRACE_FORMATS.join(", ")}, not "${given["trace-format"]}"`);
  const thread = numberOption("trace-thread", given["trace-thread"], { min: 0, max: 2 ** 32, unit: "a thread, as traces show it," });
  const result = given["trace-result"];
  const filter = {
    ...(thread !== undefined && { thread }),
    ...(given["trace-failed"] && { failed: true }),
    ...(result !== undefined && { result }),
  };
  const output = traceOutput(format, filter, { program });
  const file = given["trace-file"];
  if (file === undefined) {
    const write = (text: string): void => void (text !== "" && process.stderr.write(painter(process.stderr)("dim", text)));
    return { output, write, close: () => undefined };
  }
  let descriptor: number;
  try {
    descriptor = openSync(file, "w");
  } catch (error) {
    throw new UsageError(`--trace-file ${file}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  return { output, write: (text) => void (text !== "" && writeSync(descriptor, text)), close: () => closeSync(descriptor) };
}

const DLL_NOT_FOUND = 0xc000_0135;

/** The low eight bits, which are all that a host passes on; 1 where they would make a success of a failure. */
function hostExitCode(code: number): number {
  return (code & 0xff) === 0 && code !== 0 ? 1 : code & 0xff;
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

function parsePair(option: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw new UsageError(`--${option} takes NAME=VALUE, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
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
