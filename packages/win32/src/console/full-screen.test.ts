import { readFileSync } from "node:fs";
import { memoryHost, memoryTerminal } from "@decant/host";
import { Kernel } from "@decant/process";
import { expect, test } from "vitest";
import { prepareProcess, win32Registry } from "../index.ts";
import { Screen } from "./screen.ts";

const fixture = (name: string): URL => new URL(`../../../../fixtures/screen/${name}`, import.meta.url);

/** A terminal that shows what was written to it. */
function shown(text: string): string[] {
  const screen = new Screen(50, 12);
  screen.write(text);
  return Array.from({ length: 12 }, (_, y) => Array.from({ length: 50 }, (_cell, x) => screen.cell(x, y).text).join("").trimEnd()); // prettier-ignore
}

test("a full-screen program shows what it does in Wine's console, in a terminal (fixtures/record-screen.ts)", async () => {
  const terminal = memoryTerminal({ columns: 50, rows: 12 });
  const host = memoryHost({ stdin: terminal.input, stdout: terminal.output });
  const kernel = new Kernel({ host });
  const process = kernel.createProcess({
    image: readFileSync(fixture("screen.exe")),
    path: "C:\\screen.exe",
    commandLine: "screen.exe",
    environment: [],
    currentDirectory: "C:\\",
    registry: win32Registry(),
  });
  prepareProcess(process);
  const ended = kernel.run(process);
  let drawn = "";
  /** Runs the program until the screen shows something. */
  const until = async (part: string): Promise<void> => {
    while (!shown((drawn += terminal.take())).some((line) => line.includes(part))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until("@");
  for (const [index, keys] of ["\u001b[C", "\u001b[C", "\u001b[B", "x", "s", "\u001b[A"].entries()) {
    terminal.type(keys);
    await until(` key ${index + 1}:`);
  }
  expect(`${shown(drawn).join("\n")}\n`).toBe(readFileSync(fixture("expected.txt"), "utf8"));
  terminal.type("q");
  expect(await ended).toMatchObject({ kind: "exit", exitCode: 0 });
  const end = terminal.take();
  expect([end.startsWith("\u001b[?1049l"), end.endsWith("done\r\n")]).toEqual([true, true]);
  expect(terminal.isRaw).toBe(false);
});
