import { type Handle } from "@decant/hook";
import type { GuestGenerator } from "@decant/process";
import { system } from "../../crt/system.ts";
import { hasWildcards } from "../../paths/wildcard.ts";
import { isFolder, lastName, matches, readWhole } from "./files.ts";
import { Parser } from "./parser.ts";
import { promptText } from "./prompt.ts";
import { showCommand } from "./show-command.ts";
import { expandPercents } from "./expand.ts";
import { failureCode } from "./failure.ts";
import type { Shell } from "./shell.ts";
import { splitWords, unquote, type Command } from "./syntax.ts";

type Loop = Extract<Command, { kind: "for" }>;
type Run = (shell: Shell, command: Command) => GuestGenerator<number>;

/** Runs the body of a `for` for each value. */
export function* runFor(shell: Shell, loop: Loop, run: Run): GuestGenerator<number> {
  const before = shell.loopVariables;
  let result = 0;
  try {
    const set = shell.expand(loop.set);
    for (const values of loop.form === "lines" ? yield* lineValues(shell, loop, set, run) : plainValues(shell, loop, set)) {
      shell.loopVariables = new Map([...before, ...values]);
      if (shell.echoes && !loop.body.isSilent)
        yield* shell.print(`\r\n${promptText(shell)}${shell.expandLoops(showCommand(loop.body))}\r\n`);
      result = yield* run(shell, loop.body);
    }
  } finally {
    shell.loopVariables = before;
  }
  return result;
}

function* plainValues(shell: Shell, { form, isDeep, variable, option }: Loop, set: string): Generator<Iterable<[string, string]>> {
  if (form === "count") {
    const [start = 0, step = 0, end = 0] = splitWords(set).map((word) => Number.parseInt(word, /^-?0x/i.test(word) ? 16 : 10) || 0);
    for (let value = start; step >= 0 ? value <= end : value >= end; value += step) yield [[variable, String(value)]];
    return;
  }
  const folders = isDeep ? [...tree(shell, option === undefined ? shell.folder : shell.fullPath(unquote(shell.expand(option))))] : [""];
  for (const folder of folders) {
    for (const word of splitWords(set)) {
      const plain = unquote(word);
      const prefix = folder === "" ? "" : `${folder.replace(/\\$/, "")}\\`;
      if (!hasWildcards(plain)) yield [[variable, prefix === "" ? word : prefix + plain]];
      else {
        const shown =
          prefix === "" ? plain.slice(0, Math.max(plain.lastIndexOf("\\"), plain.lastIndexOf("/"), plain.lastIndexOf(":")) + 1) : prefix;
        for (const path of matches(shell, prefix + plain))
          if (isFolder(shell, path) === (form === "folders")) yield [[variable, shown + lastName(path)]];
      }
    }
  }
}

/** A folder and all below it. */
function* tree(shell: Shell, folder: string): Generator<string> {
  yield folder;
  const inside = folder.replace(/\\$/, "");
  for (const name of system.listFiles(shell.thread, `${inside}\\*`))
    if (name !== "." && name !== ".." && isFolder(shell, `${inside}\\${name}`)) yield* tree(shell, `${inside}\\${name}`);
}

/** `/f`'s options. */
interface LineOptions {
  readonly endOfLine: string;
  readonly skip: number;
  readonly delimiters: string;
  /** Numbers of tokens, and whether the rest of the line follows the last one. */
  readonly tokens: readonly number[];
  readonly takesRest: boolean;
  readonly usesBackquotes: boolean;
}

function* lineValues(shell: Shell, { option, variable }: Loop, set: string, run: Run): GuestGenerator<Iterable<[string, string]>[]> {
  const options = parseOptions(option === undefined ? "" : shell.expand(option));
  const lines = (yield* sourceLines(shell, set, options, run)).slice(options.skip);
  const values: Iterable<[string, string]>[] = [];
  for (const line of lines) {
    // Delimiters at the start go before the sign of a remark is looked for.
    const from = [...line].findIndex((character) => !options.delimiters.includes(character));
    if (from < 0 || (options.endOfLine !== "" && line.startsWith(options.endOfLine, from))) continue;
    const tokens = takeTokens(line, options);
    if (tokens === undefined) continue;
    const first = variable.charCodeAt(0);
    values.push(tokens.map((token, index): [string, string] => [String.fromCharCode(first + index), token]));
  }
  return values;
}

function parseOptions(text: string): LineOptions {
  const plain = text.replace(/^"|"$/g, "");
  // A blank ends them, unless it is the last one of all.
  const delimiters = /delims=((?:[^ ]| $)*)/i.exec(plain);
  const tokenText = /tokens=([\d,\-*]+)/i.exec(plain)?.[1] ?? "1";
  const tokens: number[] = [];
  for (const part of tokenText
    .replaceAll("*", ",")
    .split(",")
    .filter((each) => each !== "")) {
    const [from = 0, to = from] = part.split("-").map(Number);
    for (let token = from; token <= to && tokens.length < 31; token++) if (!tokens.includes(token)) tokens.push(token);
  }
  // Variables are given in the order of the line.
  tokens.sort((a, b) => a - b);
  return {
    endOfLine: /eol=(.)/i.exec(plain)?.[1] ?? ";",
    skip: Number(/skip=(\d+)/i.exec(plain)?.[1] ?? 0),
    delimiters: delimiters?.[1] ?? " \t",
    tokens,
    takesRest: tokenText.includes("*"),
    usesBackquotes: /useback/i.test(plain),
  };
}

/** The lines of a string, of a command's output or of files. */
function* sourceLines(shell: Shell, set: string, { usesBackquotes }: LineOptions, run: Run): GuestGenerator<string[]> {
  const quoted = (mark: string): string | undefined =>
    set.length >= 2 && set.startsWith(mark) && set.endsWith(mark) ? set.slice(1, -1) : undefined;
  const text = quoted(usesBackquotes ? "'" : '"');
  if (text !== undefined) return [text];
  const command = quoted(usesBackquotes ? "`" : "'");
  if (command !== undefined) return split(yield* outputOf(shell, command, run));
  const lines: string[] = [];
  for (const word of splitWords(set)) {
    try {
      lines.push(...split(new TextDecoder("latin1").decode(yield* readWhole(shell, unquote(word)))));
    } catch (error) {
      failureCode(error);
      yield* shell.complain(`The system cannot find the file ${unquote(word)}.`);
    }
  }
  return lines;
}

function split(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** What a command prints. */
function* outputOf(shell: Shell, text: string, run: Run): GuestGenerator<string> {
  const command = new Parser(expandPercents(text, shell.lookup)).parse();
  if (command === undefined) return "";
  const bytes: number[] = [];
  yield* shell.pipe(
    (side) => {
      side.isDelayed = false;
      side.loopVariables = new Map();
      return run(side, command);
    },
    function* (side) {
      for (;;) {
        const chunk = yield* readSome(side, side.streams[0]);
        if (chunk.length === 0) return 0;
        bytes.push(...chunk);
      }
    },
  );
  return new TextDecoder("latin1").decode(Uint8Array.from(bytes));
}

function* readSome(shell: Shell, handle: Handle): GuestGenerator<Uint8Array> {
  try {
    return yield* system.read(shell.thread, handle, 4096);
  } catch (error) {
    failureCode(error);
    return new Uint8Array(0);
  }
}

/** The tokens of a line that are asked for; undefined when it has not even the first. */
function takeTokens(line: string, { tokens, takesRest, delimiters }: LineOptions): string[] | undefined {
  const starts: number[] = [];
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    while (at < line.length && delimiters.includes(line[at]!)) at++;
    if (at >= line.length) break;
    starts.push(at);
    let end = at;
    while (end < line.length && !delimiters.includes(line[end]!)) end++;
    words.push(line.slice(at, end));
    at = end;
  }
  const taken = tokens.map((token) => words[token - 1] ?? "");
  if (takesRest) {
    const after = tokens.length === 0 ? 0 : Math.max(...tokens);
    taken.push(starts[after] === undefined ? "" : line.slice(starts[after]));
  }
  return words.length === 0 || taken.every((token) => token === "") ? undefined : taken;
}
