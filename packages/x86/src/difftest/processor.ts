import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { STATE_BYTES } from "./state.ts";

/** One form's bytes and its start states. */
export interface Job {
  readonly bytes: Uint8Array;
  readonly states: Uint8Array;
  /** A program: it goes on behind what faults. */
  readonly isProgram?: boolean;
}

/** In the harness's input. */
const IS_PROGRAM = 0x8000_0000;

/** The real processor behind harness.c. Needs Linux on x86-64, and gcc; for 32-bit mode, gcc's 32-bit libraries. */
export class Processor {
  readonly #harness: string;
  readonly model: string;

  constructor(mode: 64 | 32 = 64) {
    if (process.platform !== "linux" || process.arch !== "x64") throw new Error("difftest: the live mode needs Linux on x86-64");
    this.#harness = join(mkdtempSync(join(tmpdir(), "decant-harness-")), "harness");
    execFileSync("gcc", [
      "-O1",
      ...(mode === 32 ? ["-m32", "-no-pie"] : []),
      "-o",
      this.#harness,
      fileURLToPath(new URL("./harness.c", import.meta.url)),
    ]);
    this.model = cpuModel();
  }

  /** The states after each job's bytes ran on each of its start states. */
  run(jobs: readonly Job[]): Uint8Array[] {
    const input: Uint8Array[] = [];
    for (const { bytes, states, isProgram = false } of jobs) {
      const length = bytes.length + (isProgram ? IS_PROGRAM : 0);
      input.push(new Uint8Array(Uint32Array.of(states.length / STATE_BYTES, length).buffer), bytes, states);
    }
    const total = jobs.reduce((sum, { states }) => sum + states.length, 0);
    const { stdout, status, signal } = spawnSync(this.#harness, { input: Buffer.concat(input), maxBuffer: total + 1024 });
    if (status !== 0 || stdout.length !== total) {
      const ran = jobs[jobs.findIndex((_, n) => jobs.slice(0, n + 1).reduce((sum, { states }) => sum + states.length, 0) > stdout.length)];
      throw new Error(
        `difftest: the harness stopped (status ${status}, signal ${signal}) at ${Buffer.from(ran?.bytes ?? []).toString("hex")}`,
      );
    }
    let start = 0;
    return jobs.map(({ states }) => Uint8Array.from(stdout.subarray(start, (start += states.length))));
  }
}

/** Family and model, which say more than the name that a virtual machine shows. */
function cpuModel(): string {
  if (!existsSync("/proc/cpuinfo")) return "unknown";
  const info = readFileSync("/proc/cpuinfo", "utf8");
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(info)?.[1] ?? "?";
  return `${field("vendor_id")} family ${field("cpu family")} model ${field("model")} stepping ${field("stepping")} (${field("model name")})`;
}
