import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, matchesGlob } from "node:path";
import { packageFolder } from "./packages.ts";

/** What is to be equal after a step: "exact", "ignore", or "contains:TEXT". */
type Rule = string;

interface Step {
  args: readonly string[];
  /** The case's own program unless it is named: `package@version:path`. */
  program?: string;
  /** A file of the folder. */
  stdin?: string;
  /** "exact" unless it is given. */
  stdout?: Rule;
  /** "ignore" unless it is given. */
  stderr?: Rule;
}

/** A real program's run with recorded results: the format of cases.json. Text has bytes that are no UTF-8 as lone surrogates. */
export interface ProgramCase {
  id: string;
  /** `package@version:path`. */
  program: string;
  machine: "x64" | "x86";
  steps: readonly Step[];
  /** One of the cases that `npm test` runs: small to fetch and short to run. */
  quick?: boolean;
  inputs?: readonly string[];
  /** Inputs' contents go into the folder itself. */
  flat?: boolean;
  /** Files of packages that are put into the folder, by the names that they get there. */
  copy?: Readonly<Record<string, string>>;
  outputs?: readonly string[];
  normalise?: readonly { re: string; sub: string; why: string }[];
  expect: {
    steps: readonly { exit: number; stdout?: string; stderr?: string }[];
    files: Readonly<Record<string, { size: number; sha256: string }>>;
  };
  expect_source: string;
}

/** Starts a program with its streams piped and sees it to its end. */
export type Runner = (image: string, args: readonly string[], options: { cwd: string; input: Buffer }) => Promise<StepRun>;

/** What a step printed, and the code that it ended with: null when a signal ended it. */
export interface StepRun {
  exit: number | null;
  stdout: Buffer;
  stderr: Buffer;
}

const inputs = join(import.meta.dirname, "inputs");
const fixedTime = new Date("2020-01-01T00:00:00Z");

/** What a case's programs find in their environment besides what is there. */
export const CASE_ENVIRONMENT: Readonly<Record<string, string>> = { TZ: "UTC", NO_COLOR: "1" };

export const programCases: readonly ProgramCase[] = JSON.parse(readFileSync(join(import.meta.dirname, "cases.json"), "utf8")).cases;

/** Runs a case in a fresh folder, and returns every difference from what was recorded; none when it passes. */
export async function runCase(program: ProgramCase, run: Runner): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "decant-program-"));
  try {
    prepare(folder, program);
    const differences: string[] = [];
    for (const [i, step] of program.steps.entries()) {
      const input = step.stdin === undefined ? Buffer.alloc(0) : readFileSync(join(folder, step.stdin));
      const ran = await run(fileOf(step.program ?? program.program), step.args, { cwd: folder, input });
      differences.push(...compareStep(`${program.id}, step ${i + 1} (${step.args.join(" ")})`, ran, program, i));
    }
    differences.push(...compareFiles(folder, program));
    return differences;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The file that `package@version:path` names. */
export function fileOf(name: string): string {
  const colon = name.indexOf(":");
  return join(packageFolder(name.slice(0, colon)), name.slice(colon + 1));
}

function prepare(folder: string, { inputs: names = [], flat = false, copy = {} }: ProgramCase): void {
  for (const name of names) cpSync(join(inputs, name), flat ? folder : join(folder, basename(name)), { recursive: true });
  for (const [name, source] of Object.entries(copy)) copyFileSync(fileOf(source), join(folder, name));
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) utimesSync(join(folder, entry), fixedTime, fixedTime);
}

function compareStep(where: string, ran: StepRun, program: ProgramCase, i: number): string[] {
  const { stdout = "exact", stderr = "ignore" } = program.steps[i] ?? { args: [] };
  const expected = program.expect.steps[i];
  const text = (bytes: Buffer): string => normalise(decode(bytes), program);
  return [
    ...(ran.exit === expected?.exit ? [] : [`${where}: exit ${ran.exit}, not ${expected?.exit}\n${decode(ran.stderr)}`]),
    ...compareText(`${where}: stdout`, text(ran.stdout), stdout, normalise(expected?.stdout ?? "", program)),
    ...compareText(`${where}: stderr`, text(ran.stderr), stderr, normalise(expected?.stderr ?? "", program)),
  ];
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

function compareText(where: string, actual: string, rule: Rule, expected: string): string[] {
  if (rule === "ignore") return [];
  if (rule.startsWith("contains:")) {
    const part = rule.slice("contains:".length);
    return actual.includes(part) ? [] : [`${where} lacks ${JSON.stringify(part)}: ${JSON.stringify(actual)}`];
  }
  return actual === expected ? [] : [`${where} differs\n  expected ${JSON.stringify(expected)}\n  received ${JSON.stringify(actual)}`];
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
