import { win32ErrorOf } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { readWhole } from "../cmd/files.ts";
import { Tool, toolWords } from "./tool.ts";

/** fc.exe: `fc [/a] [/b] [/c] [/l] [/n] [/t] [/u] [/w] one other` ("fc"): 0 where both are the same, 1 where they differ, 2 where one is missing. */
export function* fc(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail.replaceAll(/(?<=[^\s/"])\/(?=[a-z])/gi, " /"));
  const switches = new Set(words.filter((word) => word.startsWith("/")).map((word) => word.slice(1).toLowerCase()));
  const [one, other, ...more] = words.filter((word) => !word.startsWith("/"));
  if (one === undefined || other === undefined || more.length > 0) {
    yield* tool.complain("FC: Insufficient number of file specifications");
    return -1;
  }
  const [a, b] = [yield* contents(tool, one), yield* contents(tool, other)];
  if (a === undefined || b === undefined) return 2;
  yield* tool.print(`Comparing files ${one} and ${other.toUpperCase()}\r\n`);
  const isBinary = switches.has("b") || (!switches.has("l") && /\.(exe|com|sys|obj|lib|bin)$/i.test(one));
  const same = isBinary ? yield* compareBytes(tool, a, b, one, other) : yield* compareLines(tool, a, b, switches, one, other);
  if (same) yield* tool.print("FC: no differences encountered\r\n");
  yield* tool.print("\r\n");
  return same ? 0 : 1;
}

function* contents(tool: Tool, path: string): GuestGenerator<Uint8Array | undefined> {
  try {
    return yield* readWhole(tool, path);
  } catch (error) {
    if (win32ErrorOf(error) === undefined) throw error;
    yield* tool.complain(`FC: cannot open ${path.toUpperCase()} - No such file or folder`);
    return undefined;
  }
}

function* compareBytes(tool: Tool, a: Uint8Array, b: Uint8Array, one: string, other: string): GuestGenerator<boolean> {
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");
  let same = a.length === b.length;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    same = false;
    yield* tool.print(`${hex(i, 8)}: ${hex(a[i]!, 2)} ${hex(b[i]!, 2)}\r\n`);
  }
  if (a.length !== b.length) {
    const [longer, shorter] = a.length > b.length ? [one, other] : [other, one];
    yield* tool.print(`FC: ${longer.toUpperCase()} longer than ${shorter.toUpperCase()}\r\n`);
  }
  return same;
}

/** How many lines that agree end a place where they differ ("/nnnn"), and how far is looked for them ("/lbn"). */
const RESYNCHRONISED = 2;
const WINDOW = 100;

/** Each place where lines differ is shown from both, with the line before it and the one behind. */
function* compareLines(
  tool: Tool,
  a: Uint8Array,
  b: Uint8Array,
  switches: ReadonlySet<string>,
  one: string,
  other: string,
): GuestGenerator<boolean> {
  const [x, y] = [linesOf(a), linesOf(b)];
  const fold = (line: string): string => {
    const spaced = switches.has("w") ? line.replaceAll(/[ \t]+/g, " ").trim() : line;
    return switches.has("c") ? spaced.toUpperCase() : spaced;
  };
  const [p, q] = [x.map(fold), y.map(fold)];
  let same = true;
  for (let i = 0, j = 0; i < p.length || j < q.length;) {
    if (p[i] === q[j]) {
      i++;
      j++;
      continue;
    }
    same = false;
    const [endA, endB] = resynchronise(p, q, i, j);
    yield* block(tool, one, x, i, endA, switches.has("n"));
    yield* block(tool, other.toUpperCase(), y, j, endB, switches.has("n"));
    yield* tool.print("*****\r\n\r\n");
    [i, j] = [endA, endB];
  }
  return same;
}

function resynchronise(p: readonly string[], q: readonly string[], i: number, j: number): [number, number] {
  for (let distance = 1; distance <= 2 * WINDOW; distance++)
    for (let skipped = 0; skipped <= distance; skipped++) {
      const [a, b] = [i + skipped, j + distance - skipped];
      const matches = Array.from({ length: RESYNCHRONISED }, (_, k) => p[a + k] !== undefined && p[a + k] === q[b + k]);
      if (matches.every(Boolean) || (a === p.length && b === q.length)) return [a, b];
    }
  return [p.length, q.length];
}

function* block(tool: Tool, name: string, lines: readonly string[], from: number, to: number, numbered: boolean): GuestGenerator<void> {
  yield* tool.print(`***** ${name}\r\n`);
  for (let i = Math.max(0, from - 1); i < Math.min(lines.length, to + 1); i++)
    yield* tool.print(`${numbered ? `${String(i + 1).padStart(5)}:  ` : ""}${lines[i]!}\r\n`);
}

function linesOf(bytes: Uint8Array): string[] {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
