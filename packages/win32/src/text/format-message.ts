/** One insert of a message: its argument as %n!format! asks for it. `format` is "s" where the message names none. */
export type Insert = (index: number, format: string) => string;

/**
 * Expands a message text as FormatMessage does: %1 to %99 with an optional !printf format!, %n for a line break, %0 for an end with no
 * line break, %% and other characters for themselves. `insert` undefined leaves inserts as they are.
 */
export function expandMessage(message: string, insert: Insert | undefined): string {
  let result = "";
  for (let i = 0; i < message.length; i++) {
    if (message[i] !== "%") {
      result += message[i];
      continue;
    }
    const [whole, number, format] = /^%([1-9]\d?)(?:!([^!]*)!)?/.exec(message.slice(i)) ?? [];
    if (whole !== undefined) {
      result += insert === undefined ? whole : insert(Number(number), format ?? "s");
      i += whole.length - 1;
      continue;
    }
    const next = message[++i];
    if (next === "0") return result;
    if (next === "n") result += "\r\n";
    else if (next === "r") result += "\r";
    else if (next === "t") result += "\t";
    else if (next === "b") result += " ";
    else if (next !== undefined) result += next;
  }
  return result;
}
