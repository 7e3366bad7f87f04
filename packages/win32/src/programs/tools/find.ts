import type { GuestGenerator, Thread } from "@decant/process";
import { Tool } from "./tool.ts";

const NOT_FOUND = 1;
const WRONG = 2;

/** find.exe: `find [/v] [/c] [/n] [/i] "text" [files…]` ("find"). */
export function* find(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const [, options = "", quoted, rest = ""] = /^((?:\s*\/\w+(?:\[:\w+\])?)*)\s*"((?:[^"]|"")*)"?((?:.|\n)*)$/.exec(tool.tail) ?? [];
  if (quoted === undefined) {
    yield* tool.complain("FIND: Parameter format not correct");
    return WRONG;
  }
  const has = (letter: string): boolean => new RegExp(`/${letter}`, "i").test(options);
  const fold = (text: string): string => (has("i") ? text.toLowerCase() : text);
  const wanted = fold(quoted.replaceAll('""', '"'));
  const chosen = (lines: readonly string[]): [number, string][] =>
    lines
      .map((line, index): [number, string] => [index + 1, line])
      .filter(([, line]) => (wanted !== "" && fold(line).includes(wanted)) !== has("v"));
  const show = ([number, line]: [number, string]): string => `${has("n") ? `[${number}]` : ""}${line}\r\n`;
  const names = [...rest.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, inside]) => inside ?? word);
  if (names.length === 0) {
    const found = chosen(yield* tool.inputLines());
    yield* tool.put(has("c") ? `${found.length}\r\n` : found.map(show).join(""));
    return found.length > 0 ? 0 : NOT_FOUND;
  }
  let result = NOT_FOUND;
  for (const name of names) {
    const files = tool.files(name);
    if (files.length === 0) {
      yield* tool.complain(`File not found - ${tool.fullPath(name).toUpperCase()}`);
      continue;
    }
    for (const file of files) {
      const found = chosen(yield* tool.fileLines(file));
      if (found.length > 0) result = 0;
      const shown = /[*?]/.test(name) ? file.slice(file.lastIndexOf("\\") + 1) : name;
      yield* tool.put(`\r\n---------- ${shown.toUpperCase()}${has("c") ? `: ${found.length}` : ""}\r\n`);
      if (!has("c")) yield* tool.put(found.map(show).join(""));
    }
  }
  return result;
}
