import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decantCommand } from "./decant.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-redirection-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** `(echo before; decant run redirected.exe < input >> file 2>&1; echo after)`, with the descriptors of one shell. */
test("standard streams that are files are files to a program, which sought in both, and share their place with other programs", () => {
  writeFileSync(join(folder, "input"), "one\ntwo\n");
  const input = openSync(join(folder, "input"), "r");
  const output = openSync(join(folder, "output"), "w");
  writeSync(output, "before\n");
  const program = join(fixturesFolder, "redirected/redirected.exe");
  const { status } = spawnSync(process.execPath, [decantCommand, "run", program], { stdio: [input, output, output] });
  writeSync(output, "after\n");
  closeSync(output);
  closeSync(input);
  expect(status).toBe(0);
  // FILE_TYPE_DISK is 1. What stood at the beginning is written over, and nothing else.
  const start = ["INPUTe", "input: type 1, 1 8, 1 8, 0 8 1", "first: one", "length: 8", "again: one", "error"]
    .map((line) => `${line}\n`)
    .join("");
  const text = readFileSync(join(folder, "output"), "latin1").replaceAll("\r\n", "\n");
  expect(text.startsWith(start)).toBe(true);
  const [described, end, ...rest] = text.slice(start.length).split("\n");
  expect(described).toMatch(/^output: type 1, 1 (\d+), 1 \1, 0 \1 1$/);
  expect(Number(/^end: (\d+)$/.exec(end ?? "")?.[1])).toBe(readFileSync(join(folder, "output"), "latin1").indexOf("end:"));
  expect(rest).toEqual(["after", ""]);
});
