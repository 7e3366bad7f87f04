import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openCuda, type Cuda } from "@decant/cuda";
import { cpuDriver } from "@decant/compute";
import { connect } from "@decant/remoting";
import { serve } from "@decant/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelJobs, type KernelJob } from "./cuda-kernels/jobs.ts";

const folder = join(import.meta.dirname, "cuda-kernels");
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<string, string[]>;

test("the PTX and the recorded results are of the sources as they are now (test/cuda-kernels/build.sh makes them)", () => {
  const recorded = readFileSync(join(folder, "sources.sha256"), "utf8").trim().split("\n");
  const now = recorded.map((line) => {
    const name = line.split(/\s+/)[1] ?? "";
    return `${createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex")}  ${name}`;
  });
  expect(recorded).toEqual(now);
});

/** Runs a job, and tells how many of its results are further from what plain C computed than they may be. */
async function wrongResults(cuda: Cuda, module: number, job: KernelJob): Promise<number> {
  const buffers = job.args.map((argument) => (ArrayBuffer.isView(argument) ? cuda.cuMemAlloc(argument.byteLength) : 0));
  for (const [index, argument] of job.args.entries()) if (ArrayBuffer.isView(argument)) cuda.cuMemcpyHtoD(buffers[index] ?? 0, argument);
  const values = job.args.map((argument, index) => {
    if (ArrayBuffer.isView(argument)) return buffers[index] ?? 0;
    return "int" in argument ? argument.int : Float32Array.of(argument.float);
  });
  cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, job.name), job.grid[0], job.grid[1], 1, job.block[0], job.block[1], 1, 0, 0, values);
  let wrong = 0;
  for (const [at, index] of job.results.entries()) {
    const argument = job.args[index] as Float32Array; // A buffer: it is a result.
    const numbers = (bytes: Uint8Array): Float32Array => new (argument.constructor as Float32ArrayConstructor)(bytes.slice().buffer);
    const found = numbers(await cuda.cuMemcpyDtoH(buffers[index] ?? 0, argument.byteLength));
    const plain = numbers(Uint8Array.from(Buffer.from(expected[job.name]?.[at] ?? "", "base64")));
    expect(plain).toHaveLength(found.length);
    const off = found.filter(
      (value, i) => !(Math.abs(value - (plain[i] ?? NaN)) <= job.tolerance * Math.max(1, Math.abs(plain[i] ?? 0))),
    ).length;
    if (off > found.length * (job.mayDiffer ?? 0)) wrong += off;
  }
  for (const buffer of buffers) if (buffer !== 0) cuda.cuMemFree(buffer);
  return wrong;
}

type Opened = { readonly cuda: Cuda; end(): Promise<unknown> };

async function local(compiler: "vector" | "reference"): Promise<Opened> {
  const driver = cpuDriver({ workers: 2, compiler });
  return { cuda: await openCuda(driver), end: async () => driver.close() };
}

async function remote(compiler: "vector" | "reference"): Promise<Opened> {
  const server = await serve({ listen: "127.0.0.1:0", driver: cpuDriver({ workers: 1, compiler }) });
  return { cuda: await connect(server.url), end: async () => server.stop() };
}

const shapes: readonly [string, () => Promise<Opened>][] = [
  ["in vectors", () => local("vector")],
  ["thread by thread", () => local("reference")],
  ["in vectors, through a server", () => remote("vector")],
  ["thread by thread, through a server", () => remote("reference")],
];

describe.each(shapes)("kernels compute what plain C computes, %s:", (_, open) => {
  let cuda: Cuda;
  let end: Opened["end"];
  const modules = { bench: 0, own: 0 };
  beforeAll(async () => {
    ({ cuda, end } = await open());
    cuda.cuCtxCreate(0, 0);
    modules.bench = await cuda.cuModuleLoadData(readFileSync(join(folder, "../../bench/kernels/cuda/kernels.ptx")));
    modules.own = await cuda.cuModuleLoadData(readFileSync(join(folder, "kernels.ptx")));
  });
  afterAll(async () => {
    await cuda.close();
    await end();
  });

  test.each(kernelJobs.map((job) => [job.name, job] as const))("%s", async (_name, job) => {
    expect(await wrongResults(cuda, modules[job.module], job)).toBe(0);
  });
});
