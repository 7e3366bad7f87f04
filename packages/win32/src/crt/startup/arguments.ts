import type { Thread } from "@decant/process";
import { system } from "../system.ts";

/**
 * Splits a command line as the C runtime does ("Parsing C command-line arguments"): the program's name ends at a space or its closing
 * quote; elsewhere 2n backslashes before a quote are n and the quote, 2n+1 are n and a literal quote, and "" inside quotes is a quote.
 */
export function splitCommandLine(commandLine: string): string[] {
  const { text: program, end } = programName(commandLine);
  const list = [program];
  let at = end;
  for (;;) {
    while (commandLine[at] === " " || commandLine[at] === "\t") at++;
    if (at >= commandLine.length) return list;
    const argument = nextArgument(commandLine, at);
    list.push(argument.text);
    at = argument.end;
  }
}

function programName(commandLine: string): { text: string; end: number } {
  let text = "";
  let isQuoted = false;
  let at = 0;
  for (; at < commandLine.length; at++) {
    const character = commandLine[at]!;
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === " " || character === "\t")) break;
    else text += character;
  }
  return { text, end: at };
}

function nextArgument(commandLine: string, start: number): { text: string; end: number } {
  let text = "";
  let isQuoted = false;
  let at = start;
  while (at < commandLine.length) {
    const character = commandLine[at]!;
    if (!isQuoted && (character === " " || character === "\t")) break;
    if (character === "\\") {
      const run = /^\\+/.exec(commandLine.slice(at))![0].length;
      const beforeQuote = commandLine[at + run] === '"';
      text += "\\".repeat(beforeQuote ? run >> 1 : run);
      at += run;
      if (beforeQuote && run % 2 === 1) {
        text += '"';
        at++;
      }
    } else if (character === '"') {
      // Two quotes inside a quoted part are one, and the part goes on.
      if (isQuoted && commandLine[at + 1] === '"') {
        text += '"';
        at++;
      } else isQuoted = !isQuoted;
      at++;
    } else {
      text += character;
      at++;
    }
  }
  return { text, end: at };
}

/** Replaces arguments with wildcards by the files that match, in order of name; those that match nothing stay. */
export function expandWildcards(thread: Thread, list: readonly string[]): string[] {
  const [program = "", ...rest] = list;
  return [program, ...rest.flatMap((argument) => (/[*?]/.test(argument) ? matches(thread, argument) : [argument]))];
}

function matches(thread: Thread, pattern: string): string[] {
  const folder = /^.*[\\/:]/.exec(pattern)?.[0] ?? "";
  const names = system.listFiles(thread, pattern).filter((name) => name !== "." && name !== "..");
  return names.length === 0 ? [pattern] : names.map((name) => folder + name).sort();
}
