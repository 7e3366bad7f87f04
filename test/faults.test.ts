import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant } from "./decant.ts";

/** The rows of a section's table in docs/faults.md: the test's name, and what its program prints. */
function lines(section: string): { name: string; exception: string }[] {
  const text = readFileSync(join(fixturesFolder, "../docs/faults.md"), "utf8").split(`## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...text.matchAll(/^\| ([\w-]+) \|.*\| ([0-9a-f]{8}\b[^|]*) \|$/gm)].map(([, name = "", exception = ""]) => ({ name, exception }));
}

async function run(name: string, ...options: string[]): Promise<{ exit: number | null; printed: string }> {
  const { exit, stdout } = await decant(["run", ...options, "lines.exe", name], { cwd: join(fixturesFolder, "exceptions") });
  return { exit, printed: stdout.toString("latin1").trim().split("\r\n").at(-1) ?? "" };
}

describe("each line of docs/faults.md", () => {
  const always = lines("Always");
  const checked = lines("With --checked");

  test("is found", () => expect([always.length, checked.length]).toEqual([20, 9]));

  test.concurrent.each(always)("$name faults in the default mode", async ({ name, exception }) => {
    expect(await run(name)).toEqual({ exit: 3, printed: exception });
  });

  test.concurrent.each(checked)("$name faults with --checked", async ({ name, exception }) => {
    expect(await run(name, "--checked")).toEqual({ exit: 3, printed: exception });
  });

  test.concurrent.each(checked.filter(({ name }) => name !== "upper-half" && name !== "not-canonical"))(
    "$name goes unnoticed without",
    async ({ name }) => {
      expect(await run(name)).toEqual({ exit: 0, printed: "nothing" });
    },
  );

  test("fail fast asks no handler", async () => {
    const { exit, printed } = await run("fail-fast");
    expect([exit, printed]).toEqual([0x09, ""]);
  });
});
