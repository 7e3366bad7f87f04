import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectSameAsWine } from "#decant/testing";
import { fixturesFolder } from "../fixtures/build.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-testing-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("expectSameAsWine", () => {
  const recording = join(import.meta.dirname, "recordings/hello.json");
  const program = join(fixturesFolder, "hello/hello.exe");

  test("compares exit code, output and files with what Wine answered", async () => {
    await expectSameAsWine({ program, args: ["one", "two words", "--exit", "3"], recording });
    await expectSameAsWine({ program: join(fixturesFolder, "files/files.exe"), recording });
  });

  test("says what differs", async () => {
    const changed = join(folder, "changed.json");
    copyFileSync(recording, changed);
    const text = readFileSync(changed, "utf8").replace("two words>", "three words>");
    writeFileSync(changed, text);
    const comparing = expectSameAsWine({ program, args: ["one", "two words", "--exit", "3"], recording: changed });
    await expect(comparing).rejects.toThrow(
      /differs from wine-8\.0.*\n +stdout: wine-8\.0.* has .*three words.*\n +stdout: Decant has .*two words/,
    );
  });
});

test("a mapping is tested by node:test as by vitest", () => {
  const file = join(import.meta.dirname, `../.cache/node-test-${process.pid}.test.ts`);
  writeFileSync(
    file,
    `import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR, LARGE_INTEGER } from "@decant/hook";
import { guest } from "@decant/testing";
test("fails with ERROR_INVALID_HANDLE for a handle that is not open", () => {
  const { call, out, thread } = guest();
  assert.equal(call("GetFileSizeEx", 0xbad, out(LARGE_INTEGER)), 0);
  assert.equal(thread.lastError, ERROR.INVALID_HANDLE);
});
`,
  );
  try {
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const shown = execFileSync(process.execPath, ["--import", "tsx", "--test", "--test-reporter", "tap", file], {
      encoding: "utf8",
      env,
      cwd: join(import.meta.dirname, ".."),
    });
    expect(shown).toMatch(/^# pass 1$/m);
  } finally {
    rmSync(file);
  }
});
