import type { GuestGenerator, Thread } from "@decant/process";
import { failureCode } from "../cmd/failure.ts";
import { Tool, toolWords } from "./tool.ts";

/** more.com: the lines of files, or of its input, without stops: nobody is asked for a key. */
export function* more(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  const first = Math.max(0, Number(words.find((word) => /^\+\d+$/.test(word))?.slice(1) ?? 0));
  const names = words.filter((word) => !/^[/+]/.test(word));
  try {
    const lines = names.length === 0 ? yield* tool.inputLines() : [];
    for (const name of names) lines.push(...(yield* tool.fileLines(name)));
    yield* tool.put(lines.slice(first).map((line) => `${line}\r\n`).join("")); // prettier-ignore
    return 0;
  } catch (error) {
    failureCode(error);
    yield* tool.complain(tool.message(error));
    return 1;
  }
}
