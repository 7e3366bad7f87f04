import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { FileContents } from "./embed/memory-disk.ts";
import { run } from "./embed/run.ts";

/** A run of a program that is compared with Wine's. */
export interface WineComparison {
  readonly program: string;
  readonly args?: readonly string[];
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** What lies in its current folder at the start. */
  readonly files?: FileContents;
  /** A JSON file for what Wine answered, to be committed; several runs may share one. */
  readonly recording: string;
  /** Takes out of the output what differs from run to run. */
  readonly normalise?: (text: string) => string;
}

/** What a run answered. Bytes are Latin-1 text. */
interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Files that it left in its folder, by name. */
  readonly files: Readonly<Record<string, string>>;
}

interface Recorded extends Answer {
  readonly wine: string;
}

/**
 * Runs a program in Decant, in an empty folder, and throws unless it answers what it answered under Wine: exit code, output, and files. Wine is run as a black box where it is installed
 * and nothing is recorded yet, or where DECANT_RECORD is set; everywhere else the recording is what counts. The exit code is compared as hosts have it, in 8 bits.
 */
export async function expectSameAsWine(comparison: WineComparison): Promise<void> {
  const { program, args = [], recording } = comparison;
  const key = [basename(program), ...args].join(" ");
  const recordings = readRecordings(recording);
  let expected = recordings[key];
  if (expected === undefined || process.env["DECANT_RECORD"]) {
    expected = runWine(comparison);
    mkdirSync(dirname(resolve(recording)), { recursive: true });
    const all = Object.entries({ ...recordings, [key]: expected }).toSorted(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(recording, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
  }
  const actual = await runDecant(comparison);
  const { wine, ...answer } = expected;
  const differences = (Object.keys(answer) as (keyof Answer)[]).filter((part) => !isDeepStrictEqual(answer[part], actual[part]));
  if (differences.length === 0) return;
  const shown = differences.map(
    (part) => `  ${part}: ${wine} has ${JSON.stringify(answer[part])}\n  ${part}: Decant has ${JSON.stringify(actual[part])}`,
  );
  throw new Error(`${key} differs from ${wine}\n${shown.join("\n")}`);
}

function readRecordings(path: string): Record<string, Recorded> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, Recorded>) : {};
}

function runWine({ program, args = [], input = "", env = {}, files = {}, recording, normalise = same }: WineComparison): Recorded {
  const version = spawnSync("wine", ["--version"], { encoding: "utf8" });
  if (version.error !== undefined)
    throw new Error(`${recording} has no answer of ${basename(program)} yet, and Wine is not installed to ask`);
  // The first program that it ever runs has it make its prefix, and talk of that.
  spawnSync("wine", ["cmd", "/c", "exit"], { stdio: "ignore", timeout: WINE_MS });
  const folder = mkdtempSync(join(tmpdir(), "decant-wine-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const ran = spawnSync("wine", [resolve(program), ...args], {
      cwd: folder,
      input,
      env: { ...process.env, WINEDEBUG: "-all", ...env },
      timeout: WINE_MS,
    });
    if (ran.error !== undefined) throw ran.error;
    const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const contents = left.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "latin1")] as const;
    });
    return { wine: version.stdout.trim(), ...answerOf(ran.status ?? -1, ran.stdout, ran.stderr, contents, normalise) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runDecant({ program, args = [], input = "", env = {}, files = {}, normalise = same }: WineComparison): Promise<Answer> {
  const { exitCode, stdout, stderr, files: left } = await run(program, args, { input, env, files, cache: "off" });
  const status = (exitCode & 0xff) === 0 && exitCode !== 0 ? 1 : exitCode & 0xff;
  return answerOf(status, stdout, stderr, [...left].map(([name, bytes]) => [name, bytes.toString("latin1")] as const), normalise); // prettier-ignore
}

function answerOf(
  exitCode: number,
  stdout: Buffer,
  stderr: Buffer,
  files: readonly (readonly [string, string])[],
  normalise: (text: string) => string,
): Answer {
  const sorted = files.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    exitCode,
    stdout: normalise(stdout.toString("latin1")),
    stderr: normalise(stderr.toString("latin1")),
    files: Object.fromEntries(sorted),
  };
}

/** The first start of a prefix takes long. */
const WINE_MS = 120_000;
const same = (text: string): string => text;
