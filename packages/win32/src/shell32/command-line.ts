import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { commandLineApi } from "./command-line.api.ts";

/** The shell's way to split a command line. */
export const commandLine = implement(commandLineApi, {
  CommandLineToArgvW({ process, memory }, lpCmdLine, pNumArgs) {
    if (lpCmdLine === undefined || pNumArgs.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const words = lpCmdLine === "" ? [process.path] : splitCommandLine(lpCmdLine);
    const chars = words.reduce((sum, word) => sum + word.length + 1, 0);
    const block = process.heap.allocate(memory.pointerSize * (words.length + 1) + 2 * chars, true);
    if (block === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    let at = block + memory.pointerSize * (words.length + 1);
    words.forEach((word, index) => {
      memory.setPointer(block + memory.pointerSize * index, at);
      memory.setWstring(at, word);
      at += 2 * word.length + 2;
    });
    pNumArgs.set(words.length);
    return block;
  },
});

/**
 * Splits a command line: the program's name ends at a space, or at a quote that it began with; in arguments, 2n backslashes and a quote
 * are n backslashes, one more backslash makes the quote a character, and two quotes inside quotes are one that also ends them ("CommandLineToArgvW function").
 */
export function splitCommandLine(text: string): string[] {
  const program = /^(?:"([^"]*)"?|([^ \t]*))/.exec(text)!;
  const words = [program[1] ?? program[2] ?? ""];
  let word: string | undefined;
  let quoted = false;
  let at = program[0].length;
  while (at < text.length) {
    const character = text[at]!;
    if (!quoted && (character === " " || character === "\t")) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    word ??= "";
    const [backslashes] = /^\\*/.exec(text.slice(at))!;
    if (text[at + backslashes.length] !== '"') {
      word += backslashes === "" ? character : backslashes;
      at += Math.max(backslashes.length, 1);
      continue;
    }
    word += "\\".repeat(backslashes.length >> 1);
    at += backslashes.length + 1;
    if (backslashes.length % 2 === 1) word += '"';
    else {
      if (quoted && text[at] === '"') {
        word += '"';
        at++;
      }
      quoted = !quoted;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
