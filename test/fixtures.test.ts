import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixturesFolder, sourceHash } from "../fixtures/build.ts";
import { fixtureCases } from "../fixtures/cases.ts";
import { packedFixtures, programFixtures, ptxFixtures } from "../fixtures/programs.ts";
import { hashFiles, prepareFolder, withArguments, type Recorded } from "../fixtures/record.ts";
import { decant } from "./decant.ts";

const expected: Record<string, Recorded> = JSON.parse(readFileSync(join(fixturesFolder, "expected.json"), "utf8"));

describe("our own programs give the recorded bytes", () => {
  test.each(fixtureCases)("$name", async (fixture) => {
    const recorded = expected[fixture.recordedAs ?? fixture.name];
    const folder = prepareFolder(fixture);
    try {
      const network = fixture.hasPageServer === true ? ["--allow-net"] : [];
      const ran = await withArguments(fixture, (args) =>
        decant(["run", ...network, basename(fixture.program), ...args], {
          cwd: folder,
          input: Buffer.from(fixture.stdin ?? "", "latin1"),
          env: fixture.environment ?? {},
        }),
      );
      expect(
        { exit: ran.exit, stdout: ran.stdout.toString("latin1"), stderr: fixture.stderr ? ran.stderr : undefined },
        ran.stderr,
      ).toEqual({
        exit: recorded?.exit,
        stdout: recorded?.stdout,
        stderr: recorded?.stderr,
      });
      if (fixture.outputs) expect(hashFiles(folder, fixture.outputs)).toEqual(recorded?.files);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("committed images are no older than their sources", () => {
  const built: Record<string, string> = JSON.parse(readFileSync(join(fixturesFolder, "built.json"), "utf8"));

  test.each([...ptxFixtures, ...programFixtures, ...packedFixtures])("$output", (fixture) => {
    expect(existsSync(join(fixturesFolder, fixture.output))).toBe(true);
    expect(built[fixture.output], "stale: run `npx tsx fixtures/build.ts`, then `npx tsx fixtures/record.ts`").toBe(sourceHash(fixture));
  });
});
