import { spawn } from "node:child_process";
import { join } from "node:path";

/** The built command, as people run it. */
export const decantCommand = join(import.meta.dirname, "../packages/decant/bin/decant.js");

export interface Ran {
  /** The exit code, or null when a signal ended it. */
  exit: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  input?: Buffer | string;
  env?: Readonly<Record<string, string>>;
}

/** The Node that runs it: DECANT_TEST_NODE, of another version or for another processor, or the one that runs the tests. */
const node = process.env["DECANT_TEST_NODE"] ?? process.execPath;

/** Runs `decant` with arguments to its end, with its streams piped. What it translates is kept where DECANT_TEST_CACHE or `env` says, and not otherwise. */
export function decant(args: readonly string[], { cwd, input, env }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [decantCommand, ...args], {
      ...(cwd !== undefined && { cwd }),
      env: {
        ...process.env,
        NO_COLOR: "1",
        DECANT_CACHE: process.env["DECANT_TEST_CACHE"] ?? "off",
        DECANT_DAEMON: process.env["DECANT_TEST_DAEMON"] ?? "off",
        ...env,
      },
    });
    const stdout: Buffer[] = [];
    let stderr = "";
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString("latin1")));
    child.on("error", reject);
    child.on("close", (exit, signal) => resolve({ exit, signal, stdout: Buffer.concat(stdout), stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}
