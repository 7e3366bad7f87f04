import type { GuestGenerator, Process, Thread } from "@decant/process";
import { Tool, toolWords } from "./tool.ts";

/** Exit code of taskkill where nothing is found. */
const NOT_FOUND = 128;
const SESSION = "Console";

/** tasklist.exe: `tasklist [/fo table|csv|list] [/nh] [/fi "imagename|pid eq|ne value"]…` ("tasklist"): the processes of this run, and the memory that each has committed. */
export function* tasklist(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  let format = "table";
  let hasHeader = true;
  let shown = [...thread.kernel.processes];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!.toLowerCase();
    if (word === "/nh") hasHeader = false;
    else if (word === "/fo" && /^(?:table|csv|list)$/i.test(words[at + 1] ?? "")) format = words[++at]!.toLowerCase();
    else if (word === "/fi" && words[at + 1] !== undefined) {
      const filter = filterOf(words[++at]!);
      if (filter === undefined)
        return yield* fail(tool, `ERROR: The search filter ${words[at]} is not there: only imagename and pid, by eq and ne, are.`);
      shown = shown.filter(filter);
    } else return yield* fail(tool, `ERROR: Invalid argument/option - '${words[at]}': it is not there in this tasklist.`);
  }
  if (shown.length === 0) {
    yield* tool.print("INFO: No tasks are running which match the specified criteria.\r\n");
    return 0;
  }
  const rows = shown.map((of) => [of.name, String(of.id), SESSION, "1", memoryOf(of)]);
  const names = ["Image Name", "PID", "Session Name", "Session#", "Mem Usage"];
  if (format === "csv")
    for (const row of hasHeader ? [names, ...rows] : rows) yield* tool.print(`${row.map((cell) => `"${cell}"`).join(",")}\r\n`);
  else if (format === "list")
    for (const row of rows) yield* tool.print(`\r\n${names.map((name, index) => `${`${name}:`.padEnd(14)}${row[index]}\r\n`).join("")}`);
  else {
    const widths = [25, 8, 16, 11, 12];
    const line = (row: readonly string[]): string =>
      `${row.map((cell, index) => (index % 2 === 1 || index === 4 ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!).slice(0, widths[index]))).join(" ")}\r\n`;
    yield* tool.print(`\r\n${hasHeader ? line(names) + line(widths.map((width) => "=".repeat(width))) : ""}`);
    for (const row of rows) yield* tool.print(line(row));
  }
  return 0;
}

/** taskkill.exe: `taskkill /f {/pid number | /im name}… [/t]` ("taskkill"). Programs without windows end only by /f. */
export function* taskkill(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  const wanted: { text: string; matches: (of: Process) => boolean; byName: boolean }[] = [];
  let forces = false;
  let isTree = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!.toLowerCase();
    if (word === "/f") forces = true;
    else if (word === "/t") isTree = true;
    else if (word === "/pid" && /^\d+$/.test(words[at + 1] ?? "")) {
      const text = words[++at]!;
      wanted.push({ text, matches: (of) => of.id === Number(text), byName: false });
    } else if (word === "/im" && words[at + 1] !== undefined) {
      const text = words[++at]!;
      const isMeant = nameTest(text);
      wanted.push({ text, matches: (of) => isMeant(of.name), byName: true });
    } else return yield* fail(tool, `ERROR: Invalid argument/option - '${words[at]}': it is not there in this taskkill.`);
  }
  if (wanted.length === 0) return yield* fail(tool, "ERROR: Invalid syntax. Neither /FI nor /PID nor /IM were specified.");
  let result = 0;
  for (const { text, matches, byName } of wanted) {
    const found = [...thread.kernel.processes].filter((of) => of !== thread.process && matches(of));
    if (found.length === 0) {
      yield* tool.complain(`ERROR: The process "${text}" not found.`);
      result = NOT_FOUND;
    }
    for (const of of found.flatMap((each) => (isTree ? [...below(each), each] : [each]))) {
      if (!forces) {
        yield* tool.complain(
          `ERROR: The process "${of.name}" with PID ${of.id} could not be terminated.\r\nReason: This process can only be terminated forcefully (with /F option).`,
        );
        result = 1;
        continue;
      }
      of.terminate(1);
      const name = byName ? `"${of.name}" with PID ${of.id}` : `with PID ${of.id}`;
      yield* tool.print(`SUCCESS: The process ${name} has been terminated.\r\n`);
    }
  }
  return result;
}

function memoryOf({ memory }: Process): string {
  return `${String(Math.ceil(memory.committedBytes / 1024)).replaceAll(/\B(?=(?:\d{3})+$)/g, ",")} K`;
}

/** The children of a process, and theirs first. */
function below(of: Process): Process[] {
  return [...of.kernel.processes].filter((each) => each !== of && each.parentId === of.id).flatMap((child) => [...below(child), child]);
}

function filterOf(text: string): ((of: Process) => boolean) | undefined {
  const [, field = "", operator = "", value = ""] = /^\s*(imagename|pid)\s+(eq|ne)\s+(.*?)\s*$/i.exec(text) ?? [];
  if (field === "") return undefined;
  const isMeant = field.toLowerCase() === "pid" ? (of: Process) => of.id === Number(value) : ({ name }: Process) => nameTest(value)(name);
  return operator.toLowerCase() === "eq" ? isMeant : (of) => !isMeant(of);
}

/** A name, or the beginning of one before a star. */
function nameTest(text: string): (name: string) => boolean {
  const wanted = text.toLowerCase();
  return wanted.endsWith("*") ? (name) => name.toLowerCase().startsWith(wanted.slice(0, -1)) : (name) => name.toLowerCase() === wanted;
}

function* fail(tool: Tool, text: string): GuestGenerator<number> {
  yield* tool.complain(text);
  return 1;
}
