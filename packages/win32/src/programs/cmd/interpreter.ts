import { type Handle } from "@decant/hook";
import type { GuestGenerator } from "@decant/process";
import { system } from "../../crt/system.ts";
import { upcase } from "../../text/upcase.ts";
import { findHostProgram } from "../host/host-program.ts";
import { BatchFrame, GoTo, labelOf, LeaveBatch, readBatch } from "./batch.ts";
import { expandPercents } from "./expand.ts";
import { failureCode } from "./failure.ts";
import { ACCESS, attributesOf, matches, open, OPEN } from "./files.ts";
import { commandName, findCommand } from "./find-command.ts";
import { runFor } from "./for-loop.ts";
import { internalCommand } from "./internal.ts";
import { Parser } from "./parser.ts";
import { promptText } from "./prompt.ts";
import { NOT_RECOGNISED, type Shell } from "./shell.ts";
import { splitWords, SyntaxError, unquote, type Command, type Redirection } from "./syntax.ts";

/** ERRORLEVEL after a line that cannot be understood. */
const SYNTAX_ERROR = 255;
/** `call`s within each other. */
const MAX_DEPTH = 64;

/** A redirection to a handle that nothing has opened. */
class NoHandle extends Error {
  constructor(stream: number) {
    super(`The handle could not be duplicated\r\nduring redirection of handle ${stream}.`);
  }
}

/** Runs a command; returns 0 when it worked. What `&&` and `||` go by, which is not always ERRORLEVEL. */
export function* run(shell: Shell, command: Command): GuestGenerator<number> {
  if (command.redirections.length === 0) return yield* runPlain(shell, command);
  const { streams } = shell;
  const opened: Handle[] = [];
  try {
    shell.streams = [...streams];
    for (const redirection of command.redirections) redirect(shell, redirection, opened);
    return yield* runPlain(shell, command);
  } catch (error) {
    const message = error instanceof NoHandle ? error.message : shell.message(error);
    shell.streams = streams;
    yield* shell.complain(message);
    return (shell.errorLevel = 1);
  } finally {
    shell.streams = streams;
    for (const handle of opened) system.closeHandle(shell.thread, handle);
  }
}

function redirect(shell: Shell, { stream, kind, target }: Redirection, opened: Handle[]): void {
  if (kind === "duplicate") {
    const from = shell.streams[Number(target)];
    if (from === undefined) throw new NoHandle(stream);
    shell.streams[stream] = from;
    return;
  }
  const path = unquote(shell.expand(target));
  const disposition = kind === "read" ? OPEN.EXISTING : kind === "append" ? OPEN.ALWAYS : OPEN.CREATE_ALWAYS;
  const handle = open(shell, path, kind === "read" ? ACCESS.READ : ACCESS.WRITE, disposition);
  opened.push(handle);
  if (kind === "append" && system.fileType(shell.thread, handle) === 1) system.seek(shell.thread, handle, 0, 2);
  shell.streams[stream] = handle;
}

function* runPlain(shell: Shell, command: Command): GuestGenerator<number> {
  switch (command.kind) {
    case "simple":
      return yield* runSimple(shell, shell.expand(command.name + command.rest));
    case "block": {
      let result = 0;
      for (const each of command.commands) result = yield* run(shell, each);
      return result;
    }
    case "sequence":
      yield* run(shell, command.left);
      return yield* run(shell, command.right);
    case "and": {
      const result = yield* run(shell, command.left);
      return result === 0 ? yield* run(shell, command.right) : result;
    }
    case "or": {
      const result = yield* run(shell, command.left);
      if (result === 0) return 0;
      // Commands that leave ERRORLEVEL when they fail set it where somebody asks.
      shell.errorLevel = result;
      return yield* run(shell, command.right);
    }
    case "pipe": {
      const result = yield* shell.pipe(
        (side) => runSide(side, command.left),
        (side) => runSide(side, command.right),
      );
      return (shell.errorLevel = result);
    }
    case "if": {
      const holds = conditionHolds(shell, command) !== command.isNegated;
      if (holds) return yield* run(shell, command.body);
      return command.otherwise === undefined ? 0 : yield* run(shell, command.otherwise);
    }
    case "for":
      return yield* runFor(shell, command, run);
  }
}

/** A side of a pipe is another command processor's line: variables are replaced in it once more, and !variables! only in a plain command, by the first one. */
function* runSide(shell: Shell, command: Command): GuestGenerator<number> {
  if (command.kind !== "simple") shell.isDelayed = false;
  shell.isInner = true;
  return yield* run(shell, command);
}

function conditionHolds(shell: Shell, { condition, ignoresCase }: Extract<Command, { kind: "if" }>): boolean {
  if (condition.kind === "compare") {
    const [left, right] = [shell.expand(condition.left), shell.expand(condition.right)];
    return compare(left, condition.operator, right, ignoresCase);
  }
  const argument = shell.expand(condition.argument);
  switch (condition.kind) {
    case "errorlevel":
      return (shell.errorLevel | 0) >= Number.parseInt(argument, 10);
    case "cmdextversion":
      return Number.parseInt(argument, 10) <= 2;
    case "defined":
      return shell.lookup(unquote(argument)) !== undefined;
    case "exist": {
      // The device NUL is in every folder.
      const path = unquote(argument).replace(/\\nul$/i, "\\");
      return (
        /^nul$/i.test(path) ||
        (path.includes("*") || path.includes("?") ? matches(shell, path).length > 0 : attributesOf(shell, path) !== undefined)
      );
    }
  }
}

function compare(left: string, operator: string, right: string, ignoresCase: boolean): boolean {
  if (operator === "==") return ignoresCase ? upcase(left) === upcase(right) : left === right;
  const numbers = [left, right].map((text) =>
    /^[+-]?(?:0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.test(text)
      ? Number(/^[+-]?0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : text)
      : undefined,
  );
  const [a, b] = numbers;
  const order =
    a !== undefined && b !== undefined
      ? a - b
      : ignoresCase
        ? order2(upcase(left), upcase(right))
        : order2(left.toLowerCase(), right.toLowerCase()) || order2(right, left);
  switch (operator) {
    case "EQU":
      return order === 0;
    case "NEQ":
      return order !== 0;
    case "LSS":
      return order < 0;
    case "LEQ":
      return order <= 0;
    case "GTR":
      return order > 0;
    default:
      return order >= 0;
  }
}

function order2(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function* runSimple(shell: Shell, text: string): GuestGenerator<number> {
  const trimmed = text.trimStart().replace(/^[,;=]+\s*/, "");
  if (trimmed === "" || trimmed.startsWith(":")) return 0;
  if (/^[a-z]:\s*$/i.test(trimmed)) return yield* changeDrive(shell, trimmed.slice(0, 2));
  const internal = internalCommand(trimmed);
  if (internal !== undefined) {
    const { body, rest, clears, setting, quiet } = internal;
    const result = yield* body(shell, rest, { run, call });
    if (result === 0 ? clears || (setting && shell.batch?.isCmd) : !quiet) shell.errorLevel = result;
    return result;
  }
  return yield* runExternal(shell, trimmed, false);
}

function* changeDrive(shell: Shell, drive: string): GuestGenerator<number> {
  const folder = shell.environment.get(`=${drive.toUpperCase()}`)?.value ?? `${drive.toUpperCase()}\\`;
  if (attributesOf(shell, folder) === undefined) {
    yield* shell.complain("The system cannot find the drive specified.");
    return (shell.errorLevel = 1);
  }
  shell.setFolder(folder);
  return 0;
}

/** Runs a program or a batch file. A batch file that is not called takes the place of the one that runs. */
function* runExternal(shell: Shell, text: string, isCalled: boolean): GuestGenerator<number> {
  const name = commandName(text);
  const path = findCommand(shell, unquote(name));
  const hostProgram = path === undefined ? findHostProgram(shell.thread, unquote(name), shell.paths) : undefined;
  if (path === undefined && hostProgram === undefined) {
    yield* shell.complain(`'${unquote(name)}' is not recognized as an internal or external command,\r\noperable program or batch file.`);
    return (shell.errorLevel = isCalled ? 1 : NOT_RECOGNISED);
  }
  if (path !== undefined && /\.(?:bat|cmd)$/i.test(path)) {
    const replaces = shell.batch !== undefined && !isCalled;
    const result = yield* runBatch(shell, path, text);
    if (replaces) throw new LeaveBatch();
    return result;
  }
  try {
    const child = shell.start(path, text, { hostProgram });
    return (shell.errorLevel = yield* shell.wait(child));
  } catch (error) {
    failureCode(error);
    yield* shell.complain(shell.message(error));
    return (shell.errorLevel = NOT_RECOGNISED);
  }
}

/** Runs a batch file by the text that called it. */
function* runBatch(shell: Shell, path: string, text: string): GuestGenerator<number> {
  const name = commandName(text);
  const all = text.slice(name.length).trimStart();
  const words = [name, ...splitWords(all)];
  return yield* runFrame(shell, new BatchFrame(shell, { path, lines: yield* readBatch(shell, path), words, all: all.trimEnd() }));
}

/** `call`: a batch file, a label of this one, or a command whose variables are replaced once more. */
export function* call(shell: Shell, text: string): GuestGenerator<number> {
  // Carets are doubled; outside of quotation marks one of each pair is taken off again.
  const doubled = text.trim().replaceAll(/"[^"]*"?/g, (quoted) => quoted.replaceAll("^", "^^"));
  const again = expandPercents(doubled, shell.lookup, shell.batch);
  if (again.startsWith(":")) {
    if (shell.batch === undefined) {
      yield* shell.complain("Invalid attempt to call batch label outside of batch script.");
      return (shell.errorLevel = 1);
    }
    const { path, lines } = shell.batch;
    const name = commandName(again);
    const all = again.slice(name.length).trim();
    const frame = new BatchFrame(shell, { path, lines, words: [name, ...splitWords(all)], all });
    frame.position = shell.batch.position;
    if (!frame.goTo(name.slice(1))) {
      yield* shell.complain(`The system cannot find the batch label specified - ${name.slice(1)}`);
      return (shell.errorLevel = 1);
    }
    return yield* runFrame(shell, frame);
  }
  if (internalCommand(again) !== undefined || again === "") return yield* runSimple(shell, again);
  return yield* runExternal(shell, again, true);
}

function* runFrame(shell: Shell, frame: BatchFrame): GuestGenerator<number> {
  const outer = shell.batch;
  const loops = shell.loopVariables;
  let depth = 0;
  for (let at = outer; at !== undefined; at = frames.get(at)) depth++;
  if (depth >= MAX_DEPTH) {
    yield* shell.complain("******  B A T C H   R E C U R S I O N  exceeds STACK limits ******");
    return (shell.errorLevel = 1);
  }
  if (outer !== undefined) frames.set(frame, outer);
  shell.batch = frame;
  shell.loopVariables = new Map();
  let result = 0;
  try {
    while (frame.position < frame.lines.length) {
      try {
        result = (yield* runNextLine(shell, frame)) ?? result;
      } catch (error) {
        if (!(error instanceof GoTo)) throw error;
        frame.goTo(error.label);
      }
    }
  } catch (error) {
    if (!(error instanceof LeaveBatch)) throw error;
    result = shell.errorLevel;
  } finally {
    shell.batch = outer;
    shell.loopVariables = loops;
    // What `setlocal` kept comes back at the end of the file.
    frame.endLocals();
  }
  return result === 0 ? 0 : shell.errorLevel;
}

const frames = new WeakMap<BatchFrame, BatchFrame>();

/** Undefined for a line with nothing to run. */
function* runNextLine(shell: Shell, frame: BatchFrame): GuestGenerator<number | undefined> {
  const source: string[] = [];
  const next = (): string | undefined => {
    const line = frame.lines[frame.position];
    if (line === undefined) return undefined;
    frame.position++;
    const expanded = expandPercents(line, shell.lookup, frame);
    source.push(expanded);
    return expanded;
  };
  const first = frame.lines[frame.position]!;
  if (labelOf(first) !== undefined || first.trim() === "") {
    frame.position++;
    return undefined;
  }
  return yield* runLine(shell, next, source);
}

/** Parses and runs what `next` gives, a line or several. A line that cannot be understood ends the batch file. */
export function* runLine(shell: Shell, next: () => string | undefined, source: readonly string[]): GuestGenerator<number> {
  let command: Command | undefined;
  try {
    command = new Parser(next() ?? "", next).parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    yield* shell.complain(error.message);
    shell.errorLevel = SYNTAX_ERROR;
    if (shell.batch !== undefined) throw new LeaveBatch();
    return SYNTAX_ERROR;
  }
  if (command === undefined) return 0;
  if (shell.batch !== undefined && shell.echoes && !command.isSilent)
    yield* shell.print(`\r\n${promptText(shell)}${source.join("\r\n").trim()} \r\n`);
  return yield* run(shell, command);
}
