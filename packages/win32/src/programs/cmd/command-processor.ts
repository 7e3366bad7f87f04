import type { GuestGenerator, Thread } from "@decant/process";
import { LeaveBatch } from "./batch.ts";
import { expandPercents } from "./expand.ts";
import { findCommand } from "./find-command.ts";
import { internalCommand } from "./internal.ts";
import { runLine } from "./interpreter.ts";
import { promptText, versionText } from "./prompt.ts";
import { ExitShell, NOT_RECOGNISED, Shell } from "./shell.ts";

/** What a command line of cmd.exe asks for ("cmd"). */
interface Options {
  /** What to run; undefined reads commands from standard input. */
  readonly command: string | undefined;
  /** /k: goes on with standard input afterwards. */
  readonly stays: boolean;
  readonly isDelayed: boolean;
  readonly isQuiet: boolean;
  readonly writesUnicode: boolean;
}

/** The built-in cmd.exe. */
export function* commandProcessor(thread: Thread): GuestGenerator<number> {
  const shell = new Shell(thread);
  const options = parseOptions(shell, thread.process.commandLine);
  shell.isDelayed = options.isDelayed;
  shell.writesUnicode = options.writesUnicode;
  if (options.isQuiet) shell.echoes = false;
  try {
    if (options.command !== undefined) {
      const result = yield* runOne(shell, options.command);
      if (!options.stays) return exitCodeOf(shell, result, options.command);
    }
    yield* interact(shell, options.command === undefined);
  } catch (error) {
    if (!(error instanceof ExitShell)) throw error;
  }
  return shell.errorLevel >>> 0;
}

/** A command that is not there makes 1, although ERRORLEVEL says 9009. */
function exitCodeOf(shell: Shell, result: number, command: string): number {
  if (result === NOT_RECOGNISED && internalCommand(command.trim()) === undefined) return 1;
  return shell.errorLevel >>> 0;
}

function* runOne(shell: Shell, line: string): GuestGenerator<number> {
  try {
    const lines = [expandPercents(line, shell.lookup)];
    return yield* runLine(shell, () => lines.shift(), []);
  } catch (error) {
    if (error instanceof LeaveBatch) return shell.errorLevel;
    throw error;
  }
}

/** Reads commands from standard input until it ends. */
function* interact(shell: Shell, greets: boolean): GuestGenerator<void> {
  if (greets) yield* shell.print(`${versionText()}\r\n(c) Microsoft Corporation. All rights reserved.\r\n`);
  for (;;) {
    if (shell.echoes) yield* shell.print(`\r\n${promptText(shell)}`);
    const line = yield* shell.readLine(shell.streams[0]);
    if (line === undefined) return;
    yield* runOne(shell, line);
  }
}

/** `cmd [/s] [/d] [/q] [/a|/u] [/v:on] … [/c|/k command]`: what follows /c or /k is the command, whatever is in it. */
function parseOptions(shell: Shell, commandLine: string): Options {
  let rest = commandLine.trimStart();
  rest = rest.startsWith('"') ? rest.slice(rest.indexOf('"', 1) + 1 || rest.length) : rest.replace(/^[^\s/]+/, "");
  const switches = new Set<string>();
  for (;;) {
    const found = /^\s*\/([a-z])((?::\w+)?)/i.exec(rest);
    if (found === null) break;
    rest = rest.slice(found[0].length);
    const letter = found[1]!.toLowerCase();
    if (letter === "c" || letter === "k" || letter === "r") {
      switches.add(letter === "k" ? "k" : "c");
      break;
    }
    switches.add(letter === "v" ? `v${found[2]!.toLowerCase()}` : letter);
  }
  const runs = switches.has("c") || switches.has("k");
  return {
    command: runs ? commandText(shell, rest, switches.has("s")) : undefined,
    stays: switches.has("k"),
    isDelayed: switches.has("v:on") || switches.has("v"),
    isQuiet: switches.has("q"),
    writesUnicode: switches.has("u"),
  };
}

/**
 * Quotation marks around the whole command are taken off, unless there are just two of them, around the name of a program that is there, with blanks in it
 * and nothing special; with /s always.
 */
function commandText(shell: Shell, rest: string, always: boolean): string {
  const text = rest.replace(/^[\s,;=]+/, "");
  if (!text.startsWith('"')) return text;
  const last = text.lastIndexOf('"');
  const inside = text.slice(1, last);
  const isPlain = (text.match(/"/g) ?? []).length === 2 && /\s/.test(inside) && !/[&<>()@^|]/.test(inside);
  const keeps = !always && isPlain && findCommand(shell, inside) !== undefined;
  return keeps ? text : text.slice(1, last) + text.slice(last + 1);
}
