import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./terminal.ts";

/** One option: how parseArgs reads it, and what `--help` says of it. */
export interface OptionHelp {
  type: "string" | "boolean";
  multiple?: boolean;
  short?: string;
  /** What stands for the value in the help text. In brackets, with its "=": it may be left out, and is "" then. */
  value?: string;
  help: string;
}

export type OptionTable = Record<string, OptionHelp>;

type Value<O extends OptionHelp> = O["type"] extends "boolean" ? boolean : O["multiple"] extends true ? string[] : string;

/** What was given for the options of a table. */
export type OptionValues<T extends OptionTable> = { [K in keyof T]?: Value<T[K]> };

/**
 * Splits a command line at the first word that is no option: what comes after belongs to the guest, even where it looks like an option.
 */
export function parseCommandLine<T extends OptionTable>(table: T, args: readonly string[]): { options: OptionValues<T>; rest: string[] } {
  let end = 0;
  while (end < args.length) {
    const word = args[end] ?? "";
    if (word === "--") break;
    if (!word.startsWith("-") || word === "-") break;
    end += takesNextWord(table, word) ? 2 : 1;
  }
  const rest = args.slice(args[end] === "--" ? end + 1 : end);
  const options: ParseArgsConfig["options"] = {};
  for (const [name, { type, multiple, short }] of Object.entries(table))
    options[name] = { type, ...(multiple && { multiple }), ...(short && { short }) };
  try {
    const given = args.slice(0, end).map((word) => (mayLackValue(table[word.slice(2)]) && word.startsWith("--") ? `${word}=` : word));
    const { values } = parseArgs({ args: given, options, strict: true, allowPositionals: false });
    return { options: values as OptionValues<T>, rest };
  } catch (error) {
    const message = (error as Error).message.split(". To specify")[0] ?? "";
    throw new UsageError(`${message.charAt(0).toLowerCase()}${message.slice(1)}; \`decant --help\` lists the options`);
  }
}

function takesNextWord(table: OptionTable, word: string): boolean {
  if (word.includes("=")) return false;
  const option = word.startsWith("--") ? table[word.slice(2)] : Object.values(table).find(({ short }) => short === word.slice(1));
  return option?.type === "string" && !mayLackValue(option);
}

function mayLackValue(option: OptionHelp | undefined): boolean {
  return option?.value?.startsWith("[=") === true;
}

/** The options' lines of a help text. */
export function describeOptions(table: OptionTable): string {
  const heads = Object.entries(table).map(
    ([name, { short, value }]) => `${short ? `-${short}, ` : ""}--${name}${value ? `${value.startsWith("[=") ? "" : " "}${value}` : ""}`,
  );
  const width = Math.max(...heads.map((head) => head.length));
  return Object.values(table)
    .map(({ help }, i) => `  ${(heads[i] ?? "").padEnd(width)}  ${help.split("\n").join(`\n${" ".repeat(width + 4)}`)}`)
    .join("\n");
}

/** A number option with bounds, or undefined when it was not given. */
export function numberOption(
  name: string,
  text: string | undefined,
  { min, max, unit }: { min: number; max: number; unit: string },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max)) {
    throw new UsageError(`--${name} takes a number of ${unit} from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

/** Words of an environment variable: separated by spaces, with '…' and "…" around those that hold some. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, a?: string, b?: string) => a ?? b ?? ""),
  );
}
