/** Records what plain C computes for each job: `npx tsx test/cuda-kernels/record.ts`. Needs gcc. The results go to expected.json, by base64. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelJobs, type KernelJob } from "./jobs.ts";

const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), "decant-kernels-"));
const programs = { bench: join(folder, "bench"), own: join(folder, "own") };
execFileSync("gcc", ["-O2", "-w", join(here, "../../bench/kernels/cuda/native.c"), "-o", programs.bench, "-lm"]);
execFileSync("gcc", ["-O2", join(here, "plain.c"), "-o", programs.own, "-lm"]);

const expected: Record<string, string[]> = {};
for (const job of kernelJobs) {
  const file = writeJob(job);
  execFileSync(programs[job.module], [file]);
  expected[job.name] = job.results.map((index) => readFileSync(join(folder, `${job.name}-${index}.bin.out`)).toString("base64"));
}
rmSync(folder, { recursive: true });
writeFileSync(join(here, "expected.json"), `${JSON.stringify(expected, undefined, 1)}\n`);

/** A line with the kernel, then one for each argument: a number, or a buffer's file and size. */
function writeJob(job: KernelJob): string {
  const lines = [[job.name, ...job.grid, ...job.block].join(" ")];
  for (const [index, argument] of job.args.entries()) {
    if (ArrayBuffer.isView(argument)) {
      const path = join(folder, `${job.name}-${index}.bin`);
      writeFileSync(path, new Uint8Array(argument.buffer, argument.byteOffset, argument.byteLength));
      lines.push(`b ${path} ${argument.byteLength}`);
    } else lines.push("int" in argument ? `i ${argument.int}` : `f ${argument.float}`);
  }
  const file = join(folder, `${job.name}.job`);
  writeFileSync(file, lines.join("\n"));
  return file;
}
