/**
 * CUDA kernels on the processor: `npx tsx bench/kernels-cuda.ts [kernel…] [--reference] [--workers N] [--cpu] [--json]`. The same work by nvcc's PTX
 * under `cpuDriver`, by gcc -O3 with OpenMP as plain loops (x86-64-v2, and native), and by PoCL from the same kernel source, on the same
 * cores and the same data; results are compared. Best time of several launches each, after warm-up; with --cpu one thread each, and the
 * processor's time, which a busy machine disturbs less. Needs gcc; PoCL if there.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { cpuDriver } from "@decant/compute";
import { openCuda, type Cuda } from "@decant/cuda";
import { benchFolder, geometricMean, output, report, type Row } from "./report.ts";
import type { Job } from "./kernels/cuda/job.ts";
import { jobs } from "./kernels/cuda/jobs.ts";

const flag = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const cpuTime = process.argv.includes("--cpu");
const workers = cpuTime ? 1 : Number(flag("--workers") ?? availableParallelism());
const words = process.argv.slice(2).filter((word, at, all) => !word.startsWith("-") && all[at - 1] !== "--workers");
const sources = join(benchFolder, "kernels/cuda");
const folder = mkdtempSync(join(tmpdir(), "decant-bench-"));
const driver = cpuDriver({ workers: cpuTime ? 0 : workers, compiler: process.argv.includes("--reference") ? "reference" : "vector" });

try {
  const peers = buildPeers();
  const cuda = await openCuda(driver);
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData(readFileSync(join(sources, "kernels.ptx")));
  const rows: Row[] = [];
  for (const job of jobs) {
    if (words.length > 0 && !words.includes(job.name)) continue;
    const file = writeJob(job);
    const times = peers.map(({ label, command, args }) => ({
      label,
      ms: Number(output(command, [...args, file, join(folder, "kernels.cl")], environment())),
    }));
    const own = await measure(cuda, cuda.cuModuleGetFunction(module, job.name), job);
    const row: Row = { kernel: job.label ?? job.name, "decant ms": own };
    for (const { label, ms } of times) row[`${label} ms`] = ms;
    for (const { label, ms } of times) row[`/ ${label}`] = own / ms;
    rows.push(row);
  }
  const mean: Row = { kernel: "geometric mean" };
  for (const { label } of peers) mean[`/ ${label}`] = geometricMean(rows.map((row) => Number(row[`/ ${label}`])));
  report(`CUDA kernels, ${cpuTime ? "one thread, processor time" : `${workers} workers`}`, [...rows, mean]);
  await cuda.close();
} finally {
  await driver.close();
  rmSync(folder, { recursive: true });
}

function environment(): Record<string, string> {
  return { OMP_NUM_THREADS: String(workers), POCL_MAX_PTHREAD_COUNT: String(workers), ...(cpuTime ? { BENCH_CPU_TIME: "1" } : {}) };
}

interface Peer {
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
}

function buildPeers(): Peer[] {
  const source = join(sources, "native.c");
  const peers: Peer[] = ["x86-64-v2", "native"].map((machine) => {
    const command = join(folder, machine);
    output("gcc", ["-O3", `-march=${machine}`, "-fopenmp", source, "-o", command, "-lm"]);
    return { label: `gcc ${machine}`, command, args: [] };
  });
  const text = ["portable.h", "kernels.cu"].map((name) => readFileSync(join(sources, name), "utf8")).join("\n");
  writeFileSync(join(folder, "kernels.cl"), text);
  const pocl = join(folder, "pocl");
  const built = spawnSync("gcc", ["-O2", "-DOPENCL", source, "-o", pocl, "-lOpenCL", "-lm"], { stdio: "ignore" });
  if (built.status === 0) peers.push({ label: "PoCL", command: pocl, args: [] });
  return peers;
}

/** Writes the job's buffers, and what the C programs read to find them. */
function writeJob(job: Job): string {
  const lines = [[job.name, ...job.grid, ...job.block].join(" ")];
  for (const [index, argument] of job.args.entries()) {
    if (typeof argument === "object" && "int" in argument) lines.push(`i ${argument.int}`);
    else if ("float" in argument) lines.push(`f ${argument.float}`);
    else {
      const path = join(folder, `${job.name}-${index}.bin`);
      writeFileSync(path, new Uint8Array(argument.buffer, argument.byteOffset, argument.byteLength));
      lines.push(`b ${path} ${argument.byteLength}`);
    }
  }
  const file = join(folder, `${job.name}.job`);
  writeFileSync(file, lines.join("\n"));
  return file;
}

async function measure(cuda: Cuda, kernel: number, job: Job): Promise<number> {
  const buffers = job.args.map((argument) => (ArrayBuffer.isView(argument) ? cuda.cuMemAlloc(argument.byteLength) : undefined));
  const upload = (): void => {
    for (const [index, argument] of job.args.entries()) {
      const buffer = buffers[index];
      if (buffer !== undefined && ArrayBuffer.isView(argument)) cuda.cuMemcpyHtoD(buffer, argument);
    }
  };
  const values = job.args.map((argument, index) => {
    if (ArrayBuffer.isView(argument)) return buffers[index] ?? 0;
    return "int" in argument ? argument.int : Float32Array.of(argument.float);
  });
  const run = async (): Promise<number> => {
    const start = performance.now();
    cuda.cuLaunchKernel(kernel, job.grid[0], job.grid[1], 1, job.block[0], job.block[1], 1, 0, 0, values);
    await cuda.cuCtxSynchronize();
    return performance.now() - start;
  };
  upload();
  await run();
  for (const index of job.results) await compare(cuda, job, index, buffers[index] ?? 0);
  if (cpuTime) for (const until = performance.now() + 600; performance.now() < until;) await run();
  let best = Infinity;
  let spent = 0;
  for (let count = 0; count < 200 && (count < 5 || spent < 300); count++) {
    const before = process.cpuUsage();
    let ms = await run();
    if (cpuTime) {
      // The clock of processor time may tick slowly: over many launches.
      let launches = 1;
      for (; ms < 100; launches++) ms += await run();
      const { user, system } = process.cpuUsage(before);
      spent += 99;
      ms = (user + system) / 1000 / launches;
    }
    spent += ms;
    best = Math.min(best, ms);
  }
  for (const buffer of buffers) if (buffer !== undefined) cuda.cuMemFree(buffer);
  return best;
}

/** Compares a result with gcc's, by the kernel's own tolerance. The last peer to have written is PoCL where there is one, which must agree as well. */
async function compare(cuda: Cuda, job: Job, index: number, address: number): Promise<void> {
  const argument = job.args[index];
  if (!ArrayBuffer.isView(argument)) return;
  const bytes = await cuda.cuMemcpyDtoH(address, argument.byteLength);
  const make = argument.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayLike<number>;
  const length = argument.byteLength / (argument as Uint8Array).BYTES_PER_ELEMENT;
  const own = new make(bytes.slice().buffer, 0, length);
  const file = readFileSync(join(folder, `${job.name}-${index}.bin.out`));
  const other = new make(Uint8Array.from(file).buffer, 0, length);
  let wrong = 0;
  for (let i = 0; i < length; i++) {
    const [a, b] = [own[i] ?? NaN, other[i] ?? NaN];
    if (!(Math.abs(a - b) <= job.tolerance * Math.max(1, Math.abs(b)))) wrong++;
  }
  if (wrong > length * (job.mayDiffer ?? 0)) throw new Error(`${job.name}: ${wrong} of ${length} results differ from the native ones`);
}
