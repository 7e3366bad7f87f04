import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant } from "./decant.ts";

/** What a topic of fixtures/exceptions/nested.c prints. */
async function nested(program: string, topic: string): Promise<string[]> {
  const { exit, stdout, stderr } = await decant(["run", program, topic], { cwd: join(fixturesFolder, "exceptions") });
  expect(exit, stderr).toBe(0);
  return stdout.toString("latin1").trim().split("\r\n").slice(1);
}

describe.each(["nested.exe", "nested-x86.exe"])("where Wine 8 answers differently from the documentation, %s", (program) => {
  test("continue handlers hear of what is gone on from; nothing goes on from what is not continuable; except blocks have the code", async () => {
    expect(await nested(program, "documented")).toEqual([
      "filter: e0000075 flags 0",
      "first: e0000075 flags 0",
      "enough: e0000075 flags 0",
      "went on",
      "filter: e0000076 flags 0",
      "not gone on",
      // A vectored handler asked to go on: the second exception is offered to all again.
      "vectored goes on: e0000063 flags 1",
      "vectored goes on: c0000025 flags 1",
      "may not: c0000025 flags 1",
      "caught",
      "code: e0000074 flags 0",
      "caught 74",
      "1 1 0 1",
    ]);
  });

  test("a stack that overflowed overflows again once it was reset, with termination handlers run each time", async () => {
    const turn = ["overflow: c00000fd flags 0", "finally 1", "deep 1", "reset 1"];
    expect(await nested(program, "overflows")).toEqual([...turn, ...turn, ...turn, "usual: e0000079 flags 0", "caught"]);
  });
});
