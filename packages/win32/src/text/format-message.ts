import { ERROR, Win32Error } from "@decant/hook";

/** One insert of a message: its argument as %n!format! asks for it. `format` is "s" where the message names none. */
export type Insert = (index: number, format: string) => string;

/** No line is broken, and those of the message are not kept: FORMAT_MESSAGE_MAX_WIDTH_MASK. */
const ONE_LINE = 0xff;

/**
 * Expands a message text as FormatMessage does: %1 to %99 with an optional !printf format!, %n for a line break, %0 for an end with no
 * line break, %% and other characters for themselves. `insert` undefined leaves inserts as they are, and what else follows a % but %n, %r, %t
 * and %0. With a `width` the message's own line breaks are spaces, and lines are broken at spaces before they have so many characters. Throws
 * ERROR_INVALID_PARAMETER for a % with nothing behind it. As under Wine 8, but for %t in lines with a width.
 */
export function expandMessage(message: string, insert: Insert | undefined, width = 0): string {
  const lines = new Lines(width === ONE_LINE ? 0 : width);
  for (let i = 0; i < message.length; i++) {
    const character = message[i]!;
    if (character === "\r" || character === "\n") {
      if (character === "\r" && message[i + 1] === "\n") i++;
      if (width === 0) lines.break();
      else lines.put(" ");
      continue;
    }
    if (character !== "%") {
      lines.put(character);
      continue;
    }
    const [whole, number, format] = /^%([1-9]\d?)(?:!([^!]*)!)?/.exec(message.slice(i)) ?? [];
    if (whole !== undefined) {
      lines.put(insert === undefined ? whole : insert(Number(number), format ?? "s"));
      i += whole.length - 1;
      continue;
    }
    const next = message[++i];
    if (next === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (next === "0") break;
    if (next === "n") lines.break();
    else if (next === "r") lines.put("\r");
    else if (next === "t") lines.put("\t");
    else if (insert === undefined) lines.put(`%${next}`);
    else lines.put(next === "b" ? " " : next);
  }
  return lines.text;
}

/** Text in lines that are broken where they get too long; never where `width` is 0. */
class Lines {
  readonly #width: number;
  #done = "";
  #line = "";

  constructor(width: number) {
    this.#width = width;
  }

  get text(): string {
    return this.#done + this.#line;
  }

  put(text: string): void {
    if (this.#width === 0) this.#line += text;
    else for (const character of text) this.#putOne(character);
  }

  break(): void {
    this.#done += `${this.#line}\r\n`;
    this.#line = "";
  }

  /** A line is full with its last character where it has a space, behind that where it is one word. */
  #putOne(character: string): void {
    if (this.#line.length >= this.#width) this.break();
    this.#line += character;
    if (this.#line.length < this.#width) return;
    const [, before, rest] = /^(.*?)[ \t]+([^ \t]*)$/s.exec(this.#line) ?? [];
    if (before === undefined) return;
    this.#line = before;
    this.break();
    this.#line = rest!;
  }
}
