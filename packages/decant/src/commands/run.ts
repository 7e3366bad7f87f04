import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { LoadError } from "@decant/process";
import { SUBSYSTEM } from "@decant/pe";
import { callTimes, ERROR, type CallTime } from "@decant/hook";
import { callTable } from "../call-table.ts";
import { keepCompiledCode, useEarlyMemory } from "../compiled-code.ts";
import { crashReportJson, crashReportText } from "../crash-report-text.ts";
import { cudaDriver } from "../cuda-driver.ts";
import { sayCompiled } from "../end-process.ts";
import { usePrefix } from "../prefixes.ts";
import { readProgram, requireRunnable, type ProgramFile } from "../program-file.ts";
import { grantsFor, runProgram, type MachineOptions, type ProgramEnding } from "../run-program.ts";
import { painter, sayMistake, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";
import { readRunRequest, runHelp, type RunRequest } from "./run-options.ts";
import { openTrace } from "./run-trace.ts";

type Streams = MachineOptions["streams"];

/** The exit code of timeout(1). */
const TIMED_OUT = 124;
/** Of this process's event loop only Ctrl-C waits then, and turns that are seldom cut short leave less to translate. */
const HOST_TURN_MS = 250;

/** `decant run`: runs a program, with other standard streams than this process's where some are given, and returns the exit code for this process. */
export async function runCommand(args: readonly string[], streams?: Streams): Promise<number> {
  const request = readRunRequest(args);
  if (request === undefined) {
    writeHelp(runHelp);
    return 0;
  }
  try {
    const program = readProgram(request.program);
    requireRunnable(request.program, program.image);
    if (request.explainAccess) return explainAccess(request, program);
    return await run(request, program, streams);
  } catch (error) {
    if (!request.json || !(error instanceof UsageError)) throw error;
    const exitCode = sayMistake(error);
    writeJson({ program: request.program, exitCode, ending: "not-started", message: error.message });
    return exitCode;
  }
}

function explainAccess({ args, machine: { mounts, cwd } }: RunRequest, { path: program }: ProgramFile): number {
  for (const { path, access } of grantsFor({ path: program, args, mounts }, resolve(cwd)))
    process.stdout.write(`${access === "write" ? "read, write" : "read       "}  ${path}\n`);
  return 0;
}

async function run(request: RunRequest, program: ProgramFile, streams: Streams): Promise<number> {
  const { program: name, machine, prefix } = request;
  if (program.image.subsystem === SUBSYSTEM.WINDOWS_GUI) warn(`${name} is made for windows on a screen; there are no windows here`);
  for (const { path } of machine.mounts)
    if (!statSync(path, { throwIfNoEntry: false })) warn(`--mount ${path}: there is nothing of this name yet`);
  const cuda = cudaDriver(request.gpu, request.compiler);
  const use = prefix && usePrefix(prefix);
  useEarlyMemory();
  let interrupt: (() => void) | undefined;
  const onSignal = (): void => interrupt?.();
  process.on("SIGINT", onSignal);
  try {
    const tracing = request.trace && (await openTrace(request.trace, name, cuda.driver));
    let times: Iterable<CallTime> | undefined;
    const ending = await runProgram({
      ...machine,
      path: program.path,
      bytes: program.bytes,
      args: request.args,
      cuda: cuda.driver,
      warn,
      ...tracing?.machine,
      ...(streams && { streams }),
      ...(prefix && { systemDrive: prefix.drive }),
      async setHooks(hooks) {
        for (const file of request.hookScripts) await (await import("../hook-script.ts")).runHookScript(file, hooks);
        if (request.stats) times = callTimes(hooks).table.values();
      },
      onStart: (control) => (interrupt = control.interrupt),
      hostTurnMs: HOST_TURN_MS,
    });
    if (await tracing?.end())
      warn(`no call matched --trace '${request.trace?.patterns}'; \`decant inspect ${name}\` lists the functions that it imports`);
    if (times) process.stderr.write(callTable(times));
    sayCompiled(ending.translation.wasmBytes);
    return finish(request, ending);
  } catch (error) {
    throw error instanceof LoadError ? cannotLoad(name, error) : error;
  } finally {
    process.off("SIGINT", onSignal);
    use?.release();
    await cuda.close();
    keepCompiledCode(machine.cacheFolder);
  }
}

/** Says how the program ended where that needs saying, and gives this process's exit code. */
function finish({ program, json, machine }: RunRequest, ending: ProgramEnding): number {
  const { exitCode, kind, message, translation, report } = ending;
  if (kind === "timeout") {
    const seconds = (machine.timeoutMs ?? 0) / 1000;
    warn(`${program} reached the time limit of ${seconds} second${seconds === 1 ? "" : "s"}`);
  }
  if (kind === "unknown-function")
    warn(
      `\`decant inspect ${program}\` shows what else of it is not mapped; --stub NAME=VALUE or --hook SCRIPT can answer in a function's place`,
    );
  if (json) {
    const memory = { peakCommittedBytes: ending.peakCommittedBytes, peakResidentBytes: process.resourceUsage().maxRSS * 1024 };
    writeJson({ program, exitCode, ending: kind, message, ...(report && { report: crashReportJson(report) }), translation, memory });
  } else if (report !== undefined) process.stderr.write(crashReportText(report, paint));
  // The sentence about it is printed already; thrown, it becomes a report for an issue.
  if (kind === "internal") throw new Error(message);
  return kind === "timeout" ? TIMED_OUT : hostExitCode(exitCode);
}

function cannotLoad(name: string, { message, win32 }: LoadError): UsageError {
  const sentence = message.startsWith(basename(name)) ? message : `${name}: ${message}`;
  return new UsageError(win32 === ERROR.MOD_NOT_FOUND ? `${sentence}; put it beside the program` : sentence, DLL_NOT_FOUND & 0xff);
}

const DLL_NOT_FOUND = 0xc000_0135;

/** The low eight bits, which are all that a host passes on; 1 where they would make a success of a failure. */
function hostExitCode(code: number): number {
  return (code & 0xff) === 0 && code !== 0 ? 1 : code & 0xff;
}

function writeJson(value: object): void {
  process.stderr.write(`${JSON.stringify(value)}\n`);
}

/** Node takes milliseconds to make process.stderr, and most runs say nothing. */
const paint: ReturnType<typeof painter> = (style, text) => painter(process.stderr)(style, text);

function warn(sentence: string): void {
  process.stderr.write(`${paint("yellow", "decant:")} ${sentence}\n`);
}
