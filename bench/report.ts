import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const benchFolder = dirname(fileURLToPath(import.meta.url));
export const decantCommand = join(benchFolder, "../packages/decant/bin/decant.js");

/** One row of a benchmark's table. */
export type Row = Record<string, string | number | undefined>;

/** Prints rows as a table, or as JSON lines with `--json`. Numbers keep three significant digits in the table. */
export function report(title: string, rows: readonly Row[], notes: readonly string[] = []): void {
  if (process.argv.includes("--json")) {
    for (const row of rows) console.log(JSON.stringify({ benchmark: title, ...row }));
    return;
  }
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => show(row[column])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => (line[i] ?? "").length)));
  console.log(`\n${title} (${cpus()[0]?.model ?? "unknown processor"}, Node ${process.versions.node})\n`);
  for (const line of cells)
    console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "));
  for (const note of notes) console.log(note);
}

function show(value: string | number | undefined): string {
  if (value === undefined) return "-";
  if (typeof value === "string") return value;
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** True when a command can be started here. */
export function have(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Starts a daemon of the bench's own, for runs with these variables. */
export function startDaemon(folder: string): { readonly env: Record<string, string>; stop(): void } {
  const env = { XDG_RUNTIME_DIR: folder, DECANT_DAEMON: "" };
  output(process.execPath, [decantCommand, "daemon", "start"], env);
  return { env, stop: () => void output(process.execPath, [decantCommand, "daemon", "stop"], env) };
}

/** Runs a command and returns its standard output; throws with what it said when it fails. */
export function output(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 26,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}
