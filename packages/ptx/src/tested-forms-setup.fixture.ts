import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { FORMS_FOLDER } from "./note-forms.fixture.ts";

const source = fileURLToPath(new URL(".", import.meta.url));
const recorded = join(source, "../kernels/tested-forms.txt");

/**
 * Holds kernels/tested-forms.txt, from which docs/ptx.md says what is tested, to what the tests of this package run: vitest calls it before and
 * after them. Where all of them ran, and passed, the file must say the same; with `-u` it is written.
 */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "decant-ptx-forms-"));
  process.env[FORMS_FOLDER] = folder;
  return () => {
    const forms = new Set(readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n")));
    rmSync(folder, { recursive: true });
    const { config, state } = project.vitest;
    const ran = state.getFiles().filter(({ filepath, result }) => filepath.startsWith(source) && result?.state === "pass");
    const all = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts"));
    if (ran.length < all.length || config.testNamePattern !== undefined) return;
    const text = [...forms]
      .toSorted()
      .map((form) => `${form}\n`)
      .join("");
    const known = readFileSync(recorded, "utf8");
    if (text === known) return;
    if (config.snapshotOptions.updateSnapshot === "all") return writeFileSync(recorded, text);
    const lines = new Set(known.trimEnd().split("\n"));
    const missing = [...lines].filter((form) => !forms.has(form));
    const fresh = [...forms].filter((form) => !lines.has(form));
    // An error here is printed, and no more.
    process.exitCode = 1;
    throw new Error(
      `kernels/tested-forms.txt is not what the tests of packages/ptx run (npx vitest run packages/ptx -u writes it, then docs/ptx.md): ` +
        `no test runs ${missing.join(", ") || "nothing less"}; it does not name ${fresh.join(", ") || "nothing more"}`,
    );
  };
}
