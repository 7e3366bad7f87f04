import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, matchesGlob } from "node:path";
import { decant } from "../decant.ts";
import { packageFolder } from "./packages.ts";

interface Step {
  args: readonly string[];
  /** "exact" (the default), "ignore", or "contains:TEXT". */
  stdout?: string;
}

/** A real program's run with recorded results: the format of cases.json. */
export interface ProgramCase {
  id: string;
  /** `package@version:path`. */
  program: string;
  steps: readonly Step[];
  inputs?: readonly string[];
  /** Inputs' contents go into the folder itself. */
  flat?: boolean;
  outputs?: readonly string[];
  normalise?: readonly { re: string; sub: string; why: string }[];
  expect: { steps: readonly { exit: number; stdout?: string }[]; files: Readonly<Record<string, { size: number; sha256: string }>> };
  expect_source: string;
}

const inputs = join(import.meta.dirname, "inputs");
const fixedTime = new Date("2020-01-01T00:00:00Z");

export const programCases: readonly ProgramCase[] = JSON.parse(readFileSync(join(import.meta.dirname, "cases.json"), "utf8")).cases;

/** Runs a case in a fresh folder, and returns every difference from what was recorded; none when it passes. */
export async function runCase(program: ProgramCase): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "decant-program-"));
  try {
    prepare(folder, program);
    const [packageName = "", path = ""] = program.program.split(":");
    const image = join(packageFolder(packageName), path);
    const differences: string[] = [];
    for (const [i, step] of program.steps.entries()) {
      const expected = program.expect.steps[i];
      const ran = await decant(["run", image, ...step.args], { cwd: folder, env: { TZ: "UTC", NO_COLOR: "1" } });
      const where = `${program.id}, step ${i + 1} (${step.args.join(" ")})`;
      if (ran.exit !== expected?.exit) differences.push(`${where}: exit ${ran.exit}, not ${expected?.exit}\n${ran.stderr}`);
      differences.push(
        ...compareText(where, normalise(decode(ran.stdout), program), step.stdout ?? "exact", normalise(expected?.stdout ?? "", program)),
      );
    }
    differences.push(...compareFiles(folder, program));
    return differences;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function prepare(folder: string, { inputs: names = [], flat = false }: ProgramCase): void {
  for (const name of names) cpSync(join(inputs, name), flat ? folder : join(folder, basename(name)), { recursive: true });
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) utimesSync(join(folder, entry), fixedTime, fixedTime);
}

/** UTF-8, with bytes that are none kept as lone surrogates (0x81 is U+DC81): some programs print in code page 437. */
export function decode(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!text.includes("\ufffd")) return text;
  let result = "";
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    const character = length > 0 ? bytes.subarray(at, at + length).toString("utf8") : "\ufffd";
    const valid = !character.includes("\ufffd");
    result += valid ? character : String.fromCharCode(0xdc00 + first);
    at += valid ? length : 1;
  }
  return result;
}

function normalise(text: string, { normalise: rules = [] }: ProgramCase): string {
  return rules.reduce((result, { re, sub }) => result.replace(new RegExp(re, "gm"), sub), text);
}

function compareText(where: string, actual: string, rule: string, expected: string): string[] {
  if (rule === "ignore") return [];
  if (rule.startsWith("contains:")) {
    const part = rule.slice("contains:".length);
    return actual.includes(part) ? [] : [`${where}: stdout lacks ${JSON.stringify(part)}: ${JSON.stringify(actual)}`];
  }
  return actual === expected
    ? []
    : [`${where}: stdout differs\n  expected ${JSON.stringify(expected)}\n  received ${JSON.stringify(actual)}`];
}

function compareFiles(folder: string, { id, outputs = [], expect }: ProgramCase): string[] {
  const made = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile() && outputs.some((pattern) => matchesGlob(name, pattern)))
    .toSorted();
  const recorded = Object.keys(expect.files).toSorted();
  if (made.join("\n") !== recorded.join("\n")) return [`${id}: wrote ${JSON.stringify(made)}, not ${JSON.stringify(recorded)}`];
  return made
    .filter(
      (name) =>
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex") !== expect.files[name]?.sha256,
    )
    .map((name) => `${id}: ${name} differs from what was recorded`);
}
