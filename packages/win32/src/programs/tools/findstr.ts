import type { GuestGenerator, Thread } from "@decant/process";
import { failureCode } from "../cmd/failure.ts";
import { Tool, toolWords } from "./tool.ts";

const WRONG = 2;
const LETTERS = "belrsixvnmop";

interface Request {
  readonly letters: ReadonlySet<string>;
  readonly strings: readonly string[];
  readonly files: readonly string[];
}

/** findstr.exe ("findstr"). */
export function* findstr(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const request = yield* parse(tool);
  if (request === undefined || request.strings.length === 0) {
    yield* tool.complain("FINDSTR: Bad command line");
    return WRONG;
  }
  const { letters, files } = request;
  const matches = matcher(request);
  let isFound = false;
  const search = function* (lines: readonly string[], name: string | undefined): GuestGenerator<void> {
    let output = "";
    let offset = 0;
    for (const [index, line] of lines.entries()) {
      if (matches(line) !== letters.has("v")) {
        isFound = true;
        if (letters.has("m")) {
          if (name !== undefined) output = `${name}\r\n`;
          break;
        }
        const place = `${name === undefined ? "" : `${name}:`}${letters.has("n") ? `${index + 1}:` : ""}${letters.has("o") ? `${offset}:` : ""}`;
        output += `${place}${line}\r\n`;
      }
      offset += line.length + 2;
    }
    yield* tool.put(output);
  };
  if (files.length === 0) yield* search(yield* tool.inputLines(), undefined);
  const isNamed = files.length > 1 || letters.has("s") || letters.has("m") || files.some((name) => /[*?]/.test(name));
  for (const pattern of files) {
    const found = tool.files(pattern, letters.has("s"));
    if (found.length === 0) yield* tool.complain(`FINDSTR: Cannot open ${pattern}`);
    for (const file of found) {
      try {
        yield* search(yield* tool.fileLines(file), isNamed ? shownName(tool, pattern, file) : undefined);
      } catch (error) {
        failureCode(error);
        yield* tool.complain(`FINDSTR: Cannot open ${pattern}`);
      }
    }
  }
  return isFound ? 0 : 1;
}

/** As the pattern names it: with its folder, and what lies below that. */
function shownName(tool: Tool, pattern: string, file: string): string {
  const folder = tool.fullPath(pattern).replace(/[^\\]*$/, "");
  return pattern.replace(/[^\\/:]*$/, "") + file.slice(folder.length);
}

/** Undefined for an option that there is not. */
function* parse(tool: Tool): GuestGenerator<Request | undefined> {
  const letters = new Set<string>();
  const strings: string[] = [];
  const words = toolWords(tool.tail);
  while (words[0] !== undefined && /^[/-]./.test(words[0])) {
    const word = words.shift()!;
    const [, letter = "", value] = /^.(\w)(?::(.*))?$/s.exec(word) ?? [];
    if (value !== undefined && /^c$/i.test(letter)) strings.push(value);
    else if (value !== undefined && /^g$/i.test(letter))
      strings.push(...(value === "/" ? yield* tool.inputLines() : yield* tool.fileLines(value)));
    else if (value !== undefined && /^f$/i.test(letter))
      words.push(...(value === "/" ? yield* tool.inputLines() : yield* tool.fileLines(value)));
    else if (value === undefined && [...word.slice(1).toLowerCase()].every((each) => LETTERS.includes(each)))
      for (const each of word.slice(1).toLowerCase()) letters.add(each);
    else return undefined;
  }
  if (strings.length === 0) {
    const given = words.shift() ?? "";
    // Without /l or /r the first string's characters say what all of them are.
    if (!letters.has("l") && /(?<!\\)[.*^$[\\]/.test(given)) letters.add("r");
    strings.push(...given.split(" ").filter((each) => each !== ""));
  }
  return { letters, strings, files: words };
}

function matcher({ letters, strings }: Request): (line: string) => boolean {
  const isRegular = letters.has("r") && !letters.has("l");
  const source = strings.map((text) => {
    const body = isRegular ? translate(text) : escape(text.replaceAll("\\\\", "\\"));
    return `${letters.has("x") || letters.has("b") ? "^" : ""}(?:${body})${letters.has("x") || letters.has("e") ? "$" : ""}`;
  });
  const expression = new RegExp(source.join("|"), letters.has("i") ? "i" : "");
  return (line) => expression.test(line);
}

/** findstr's expressions: . * ^ $ [class] [^class] \x \<word \>; nothing else is special. */
function translate(text: string): string {
  let result = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    const next = text[at + 1];
    if (character === "\\" && next !== undefined) {
      result += next === "<" ? "\\b(?=\\w)" : next === ">" ? "\\b(?<=\\w)" : escape(next);
      at++;
    } else if (character === "[" && text.includes("]", at + 1)) {
      const end = text.indexOf("]", at + 2) < 0 ? text.indexOf("]", at + 1) : text.indexOf("]", at + 2);
      const inside = text.slice(at + 1, end);
      result += `[${inside.startsWith("^") ? "^" : ""}${inside.replace(/^\^/, "").replaceAll(/[\\[\]^]/g, "\\$&")}]`;
      at = end;
    } else if (character === "^") result += at === 0 ? "^" : "\\^";
    else if (character === "$") result += at === text.length - 1 ? "$" : "\\$";
    else if (character === "*") result += result === "" || result === "^" ? "\\*" : "*";
    else result += character === "." ? "." : escape(character);
  }
  return result;
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
