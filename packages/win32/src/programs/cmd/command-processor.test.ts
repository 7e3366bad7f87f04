import { memoryHost } from "@decant/host";
import { Kernel } from "@decant/process";
import { describe, expect, test } from "vitest";
import { win32Registry } from "../../registry.ts";
import { programImage } from "../program-image.ts";
import recorded from "../../../../../fixtures/cmd/expected.json" with { type: "json" };
import { commandCases } from "../../../../../fixtures/cmd/cases.ts";
import type { Answer, CommandCase } from "../../../../../fixtures/cmd/command-case.ts";
import { commandProcessor } from "./command-processor.ts";

const expected: Readonly<Record<string, Answer>> = recorded;

const registry = win32Registry();

async function answer({ line, batch, files = {}, input = "" }: CommandCase): Promise<Answer> {
  const all = { ...files, ...(batch && { "t.bat": `${batch.join("\r\n")}\r\n` }) };
  const host = memoryHost({
    files: {
      "/work/": "",
      ...Object.fromEntries(Object.entries(all).map(([name, text]) => [`/work/${name.replaceAll("\\", "/")}`, text])),
    },
    stdin: input,
  });
  const kernel = new Kernel({ host });
  const cmd = kernel.createProcess({
    image: programImage("cmd.exe", 8),
    path: "C:\\Windows\\System32\\cmd.exe",
    commandLine: `cmd.exe ${line}`,
    environment: [
      ["PATH", "C:\\Windows\\System32"],
      ["PATHEXT", ".COM;.EXE;.BAT;.CMD"],
    ],
    currentDirectory: "Z:\\work",
    registry,
    hostMain: commandProcessor,
  });
  const { exitCode } = await kernel.run(cmd);
  return { exit: exitCode & 0xff, stdout: host.stdout.text(), stderr: host.stderr.text() };
}

describe("cmd.exe answers as recorded", () => {
  test.each(commandCases)("$name", async (each) => {
    const { why: _, ...instead } = each.instead ?? { why: "" };
    expect(await answer(each)).toEqual({ ...expected[each.name], ...instead });
  });
});

test("without /c commands come from the input, until it ends or says exit", async () => {
  const ran = await answer({ name: "", line: "/q", input: "echo one\r\necho two\r\nexit 5\r\necho three\r\n" });
  expect([ran.exit, ran.stdout.split("reserved.\r\n")[1]]).toEqual([5, "one\r\ntwo\r\n"]);
});

test("a line that cannot be understood ends the batch file", async () => {
  const ran = await answer({ name: "", line: "/c t.bat", batch: ["@echo off", "echo one", "if 1==", "echo two"] });
  expect([ran.exit, ran.stdout, ran.stderr]).toEqual([255, "one\r\n", "The syntax of the command is incorrect.\r\n"]);
});

test("calls that never end meet a limit", async () => {
  const ran = await answer({ name: "", line: "/c t.bat", batch: ["@call t.bat"] });
  expect([ran.exit, ran.stderr]).toEqual([1, "******  B A T C H   R E C U R S I O N  exceeds STACK limits ******\r\n"]);
});
