/** Looks a variable up by its name; undefined where there is none. */
export type Lookup = (name: string) => string | undefined;

/** The arguments of a batch file: %0 is its name, as it was given. */
export interface BatchArguments {
  readonly words: readonly string[];
  /** %*: all but %0, as they were written. */
  readonly all: string;
  /** Full path, size and the like of what `%~` asks. */
  modify(modifiers: string, word: string): string;
}

/**
 * Replaces %variables% and, within batch files, %1 and the like. In a batch file a sign that belongs to nothing is dropped and two make one; on a command
 * line both stay.
 */
export function expandPercents(line: string, lookup: Lookup, batch?: BatchArguments): string {
  let result = "";
  for (let at = 0; at < line.length;) {
    const sign = line.indexOf("%", at);
    if (sign < 0) return result + line.slice(at);
    result += line.slice(at, sign);
    const found = batch === undefined ? undefined : batchArgument(line, sign, batch);
    if (found !== undefined) {
      result += found.text;
      at = found.end;
      continue;
    }
    const end = line.indexOf("%", sign + 1);
    const variable = end < 0 ? undefined : variableText(line.slice(sign + 1, end), lookup);
    if (variable !== undefined) {
      result += variable;
      at = end + 1;
    } else if (batch !== undefined) {
      // What has no value becomes nothing, with its signs.
      at = end < 0 ? sign + 1 : end + 1;
    } else {
      result += "%";
      at = sign + 1;
    }
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
      continue;
    }
    if (character !== "!") {
      result += character;
      at++;
      continue;
    }
    const end = text.indexOf("!", at + 1);
    if (end < 0) return result + text.slice(at + 1);
    result += variableText(text.slice(at + 1, end), lookup) ?? "";
    at = end + 1;
  }
  return result;
}

function batchArgument(line: string, sign: number, batch: BatchArguments): { text: string; end: number } | undefined {
  const rest = line.slice(sign + 1);
  if (rest.startsWith("%")) return { text: "%", end: sign + 2 };
  if (rest.startsWith("*")) return { text: batch.all, end: sign + 2 };
  if (/^\d/.test(rest)) return { text: batch.words[Number(rest[0])] ?? "", end: sign + 2 };
  const modified = /^~([a-z]*)(\d)/i.exec(rest);
  if (modified === null) return undefined;
  return { text: batch.modify(modified[1]!, batch.words[Number(modified[2])] ?? ""), end: sign + 1 + modified[0].length };
}

/** `name`, `name:old=new` and `name:~start,length`; undefined where the variable is none. */
function variableText(text: string, lookup: Lookup): string | undefined {
  const whole = text === "" ? undefined : lookup(text);
  if (whole !== undefined) return whole;
  const colon = text.indexOf(":");
  if (colon <= 0) return undefined;
  const value = lookup(text.slice(0, colon));
  if (value === undefined) return undefined;
  const modifier = text.slice(colon + 1);
  return modifier.startsWith("~") ? substring(value, modifier.slice(1)) : substitute(value, modifier);
}

function substring(value: string, range: string): string {
  const [first = "", second] = range.split(",");
  const start = Number.parseInt(first, 10) || 0;
  const from = start < 0 ? Math.max(0, value.length + start) : Math.min(start, value.length);
  if (second === undefined) return value.slice(from);
  const length = Number.parseInt(second, 10) || 0;
  return value.slice(from, length < 0 ? Math.max(from, value.length + length) : from + length);
}

function substitute(value: string, modifier: string): string {
  const equals = modifier.indexOf("=");
  if (equals <= 0) return value;
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
