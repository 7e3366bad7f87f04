import { SyntaxError } from "./syntax.ts";

/** Looks a variable up by its name; undefined where there is none. */
export type Lookup = (name: string) => string | undefined;

/** The arguments of a batch file: %0 is its name, as it was given. */
export interface BatchArguments {
  readonly words: readonly string[];
  /** %*: all but %0, as they were written. */
  readonly all: string;
  /** Full path, size and the like of argument `index`, as `%~` asks. */
  modify(modifiers: string, index: number): string;
}

/** What stands between `%~` and the name of an argument or of a loop's variable: letters, and a variable with folders to look in. */
const MODIFIERS = /^~([fdpnxsatz]*(?:\$[^:%$]+:)?)/i;

/**
 * Replaces %variables% and, within batch files, %1 and the like. In a batch file a sign that belongs to nothing is dropped and two make one; on a command
 * line both stay. Throws SyntaxError for `%~` and what is no argument.
 */
export function expandPercents(line: string, lookup: Lookup, batch?: BatchArguments): string {
  let result = "";
  for (let at = 0; at < line.length;) {
    const sign = line.indexOf("%", at);
    if (sign < 0) return result + line.slice(at);
    result += line.slice(at, sign);
    const found = (batch && batchArgument(line, sign, batch)) ?? variableAt(line, sign, "%", lookup, batch !== undefined);
    result += found?.text ?? (batch === undefined ? "%" : "");
    at = found?.end ?? sign + 1;
  }
  return result;
}

/** Replaces !variables!; carets take the next character as it is where there are any. */
export function expandDelayed(text: string, lookup: Lookup): string {
  if (!text.includes("!")) return text;
  let result = "";
  for (let at = 0; at < text.length;) {
    const character = text[at]!;
    if (character === "^" && at + 1 < text.length) {
      result += text[at + 1]!;
      at += 2;
    } else if (character === "!") {
      const found = variableAt(text, at, "!", lookup, true);
      result += found?.text ?? "";
      at = found?.end ?? at + 1;
    } else {
      result += character;
      at++;
    }
  }
  return result;
}

/** Replaces %i and %~dpi, the variables of `for`. Of several letters that could be one the last that is a variable's counts. */
export function expandLoops(
  text: string,
  values: ReadonlyMap<string, string>,
  modify: (modifiers: string, value: string) => string,
): string {
  let result = "";
  for (let at = 0; at < text.length;) {
    const sign = text.indexOf("%", at);
    if (sign < 0) return result + text.slice(at);
    result += text.slice(at, sign);
    const found = loopVariable(text.slice(sign + 1), values, modify);
    result += found?.text ?? "%";
    at = sign + 1 + (found?.length ?? 0);
  }
  return result;
}

function loopVariable(
  rest: string,
  values: ReadonlyMap<string, string>,
  modify: (modifiers: string, value: string) => string,
): { text: string; length: number } | undefined {
  const plain = values.get(rest.slice(0, 1));
  if (plain !== undefined) return { text: plain, length: 1 };
  const [whole, modifiers = ""] = MODIFIERS.exec(rest) ?? [];
  if (whole === undefined) return undefined;
  // The name is behind the modifiers, or the last of them.
  for (let end = modifiers.length; end >= 0; end--) {
    const value = values.get(rest.slice(1 + end, 2 + end));
    if (value !== undefined) return { text: modify(modifiers.slice(0, end), value), length: end + 2 };
  }
  return undefined;
}

function batchArgument(line: string, sign: number, batch: BatchArguments): { text: string; end: number } | undefined {
  const rest = line.slice(sign + 1);
  if (rest.startsWith("%")) return { text: "%", end: sign + 2 };
  if (rest.startsWith("*")) return { text: batch.all, end: sign + 2 };
  if (/^\d/.test(rest)) return { text: batch.words[Number(rest[0])] ?? "", end: sign + 2 };
  const [whole, modifiers] = MODIFIERS.exec(rest) ?? [];
  if (whole === undefined || modifiers === undefined) return undefined;
  const digit = rest[whole.length] ?? "";
  if (!/\d/.test(digit))
    throw new SyntaxError(
      undefined,
      `The following usage of the path operator in batch-parameter\r\nsubstitution is invalid: %${rest}\r\n\r\n\r\nFor valid formats type CALL /? or FOR /?`,
    );
  return { text: batch.modify(modifiers, Number(digit)), end: sign + 2 + whole.length };
}

/**
 * `name`, `name:old=new` or `name:~start,length` between two signs at `sign`. Of a name that nothing has only `%name:` goes in a batch file, of !name:…! all;
 * undefined where the sign stands alone.
 */
function variableAt(
  text: string,
  sign: number,
  mark: "%" | "!",
  lookup: Lookup,
  dropsUnknown: boolean,
): { text: string; end: number } | undefined {
  const end = text.indexOf(mark, sign + 1);
  const colon = text.indexOf(":", sign + 1);
  if (colon < 0 || (end >= 0 && end <= colon + 1)) {
    const value = end < 0 ? undefined : lookup(text.slice(sign + 1, end));
    return end < 0 || (value === undefined && !dropsUnknown) ? undefined : { text: value ?? "", end: end + 1 };
  }
  const value = lookup(text.slice(sign + 1, colon));
  if (value === undefined) {
    if (!dropsUnknown) return undefined;
    if (mark === "%") return { text: "", end: colon + 1 };
    return end < 0 ? undefined : { text: "", end: end + 1 };
  }
  if (end < 0) return undefined;
  const modifier = text.slice(colon + 1, end);
  const changed = modifier.startsWith("~") ? substring(value, modifier.slice(1)) : substitute(value, modifier);
  return changed === undefined ? undefined : { text: changed, end: end + 1 };
}

/** Undefined for a range that is none. */
function substring(value: string, range: string): string | undefined {
  const [, first, comma, second] = /^\s*([+-]?\w+)?\s*(,)?\s*([+-]?\w+)?\s*$/.exec(range) ?? [];
  if (first === undefined && comma === undefined) return undefined;
  const start = Number.parseInt(first ?? "0", 10) || 0;
  const from = start < 0 ? Math.max(0, value.length + start) : Math.min(start, value.length);
  if (second === undefined) return value.slice(from);
  const length = Number.parseInt(second, 10) || 0;
  return value.slice(from, length < 0 ? Math.max(from, value.length + length) : from + length);
}

/** Undefined where nothing is sought. */
function substitute(value: string, modifier: string): string | undefined {
  const equals = modifier.indexOf("=", 1);
  if (equals < 1 || modifier.startsWith("*=")) return undefined;
  const [old, replacement] = [modifier.slice(0, equals), modifier.slice(equals + 1)];
  const lower = value.toLowerCase();
  if (old.startsWith("*")) {
    const index = lower.indexOf(old.slice(1).toLowerCase());
    return index < 0 ? value : replacement + value.slice(index + old.length - 1);
  }
  let result = "";
  let at = 0;
  for (let index = lower.indexOf(old.toLowerCase()); index >= 0; index = lower.indexOf(old.toLowerCase(), at)) {
    result += value.slice(at, index) + replacement;
    at = index + old.length;
  }
  return result + value.slice(at);
}
