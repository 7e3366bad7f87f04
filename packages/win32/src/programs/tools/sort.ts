import type { GuestGenerator, Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { ACCESS, open, OPEN } from "../cmd/files.ts";
import { failureCode } from "../cmd/failure.ts";
import { Tool, toolWords } from "./tool.ts";

/** sort.exe: `sort [/r] [/+n] [/unique] [file] [/o file]` ("sort"): by the n-th character on, without regard to case. */
export function* sort(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  let [isReverse, isUnique, column, input, output] = [false, false, 1, undefined as string | undefined, undefined as string | undefined];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (/^\/r(?:everse)?$/i.test(word)) isReverse = true;
    else if (/^\/uniq(?:ue)?$/i.test(word)) isUnique = true;
    else if (/^\/\+\d+$/.test(word)) column = Math.max(1, Number(word.slice(2)));
    else if (/^\/o(?:utput)?$/i.test(word)) output = words.shift();
    else if (/^\/(?:t|temporary|m|memory|rec|record_maximum|l|locale)$/i.test(word)) words.shift();
    else if (word.startsWith("/")) {
      yield* tool.complain(`Invalid switch.`);
      return 1;
    } else input = word;
  }
  try {
    const lines = input === undefined ? yield* tool.inputLines() : yield* tool.fileLines(input);
    const key = (line: string): string => line.slice(column - 1).toLowerCase();
    const compare = (a: string, b: string): number => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
    const sorted = lines.toSorted(isReverse ? (a, b) => compare(b, a) : compare);
    const kept = isUnique ? sorted.filter((line, index) => index === 0 || compare(line, sorted[index - 1]!) !== 0) : sorted;
    const text = kept.map((line) => `${line}\r\n`).join("");
    if (output === undefined) yield* tool.put(text);
    else {
      const handle = open(tool, output, ACCESS.WRITE, OPEN.CREATE_ALWAYS);
      tool.streams[1] = handle;
      yield* tool.put(text);
      system.closeHandle(thread, handle);
    }
    return 0;
  } catch (error) {
    failureCode(error);
    yield* tool.complain(tool.message(error));
    return 1;
  }
}
