import { UsageError } from "./terminal.ts";

/** One option: how it is read, and what `--help` says of it. */
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

/** A command line, taken apart. */
export interface CommandLine<T extends OptionTable> {
  readonly options: OptionValues<T>;
  /** Options with values, as they were given one after the other. */
  readonly inOrder: readonly { readonly name: string; readonly value: string }[];
  /** The words that are neither options nor their values. */
  readonly rest: readonly string[];
}

/**
 * Takes the words of `decant COMMAND` apart; options may stand anywhere before a "--". Throws UsageError for an option that the table lacks, one without the value that it
 * needs, and one with a value that it does not take.
 */
export function parseCommandLine<T extends OptionTable>(command: string, table: T, args: readonly string[]): CommandLine<T> {
  return parse(command, table, args, false);
}

/** The same up to the first word that is no option: what comes after belongs to the guest, even where it looks like an option. */
export function parseBeforeProgram<T extends OptionTable>(command: string, table: T, args: readonly string[]): CommandLine<T> {
  return parse(command, table, args, true);
}

function parse<T extends OptionTable>(command: string, table: T, args: readonly string[], isGuestsAfterFirst: boolean): CommandLine<T> {
  const options: Record<string, boolean | string | string[]> = {};
  const inOrder: { name: string; value: string }[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    const isEnd = word === "--";
    if (isEnd || !isOption(word)) {
      if (isEnd || isGuestsAfterFirst)
        return { options: options as OptionValues<T>, inOrder, rest: [...rest, ...args.slice(isEnd ? at + 1 : at)] };
      rest.push(word);
      continue;
    }
    const [head, attached] = splitOnce(word);
    const [name, option] = Object.entries(table).find(([key, { short }]) => head === `--${key}` || head === `-${short}`) ?? [];
    if (name === undefined || option === undefined) throw unknownOption(command, table, head);
    if (option.type === "boolean") {
      if (attached !== undefined) throw new UsageError(`${head} takes no value, but "${attached}" was given`);
      options[name] = true;
      continue;
    }
    const value = attached ?? (mayLackValue(option) ? "" : valueAfter(head, option, args[++at]));
    inOrder.push({ name, value });
    if (option.multiple) options[name] = [...((options[name] as string[] | undefined) ?? []), value];
    else options[name] = value;
  }
  return { options: options as OptionValues<T>, inOrder, rest };
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

function splitOnce(word: string): [head: string, attached: string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function mayLackValue(option: OptionHelp): boolean {
  return option.value?.startsWith("[=") === true;
}

/** An option in the place of a value was most likely forgotten to be given one. */
function valueAfter(head: string, { value = "VALUE" }: OptionHelp, next: string | undefined): string {
  if (next === undefined) throw new UsageError(`${head} needs a value: ${head} ${value}`);
  if (isOption(next))
    throw new UsageError(`${head} needs a value: ${head} ${value}; "${next}" looks like an option (if it is the value: ${head}=${next})`);
  return next;
}

function unknownOption(command: string, table: OptionTable, head: string): UsageError {
  const near = Object.keys(table).find((name) => areNear(`--${name}`, head));
  return new UsageError(`unknown option ${head}${near ? `; did you mean --${near}?` : ""}; \`decant ${command} --help\` lists the options`);
}

/** Whether a word becomes another when one letter is left out, added or changed, or two neighbours are exchanged. */
function areNear(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA.slice(2) === restB.slice(2) && restA[0] === restB[1] && restA[1] === restB[0])
  );
}

/** Refuses words that a command has no use for. */
export function requireNoWords(command: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`${command} takes options only, not "${rest[0]}"; \`decant ${command} --help\` lists them`);
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
