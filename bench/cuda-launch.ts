/**
 * What a launch costs: `npx tsx bench/cuda-launch.ts [--json]`. An empty kernel by the cpu driver with two workers, alone (launch to the end of the wait)
 * and in a run of 1,000 posted; the same of a kernel that a worker runs; and what a module of PTX from nvcc takes to load, parsed and compiled whole, when
 * JavaScript is warm.
 */
import { readFileSync } from "node:fs";
import { cpuDriver } from "@decant/compute";
import { openCuda } from "@decant/cuda";
import { median, report, type Row } from "./report.ts";

const rows: Row[] = [];
const note = (what: string, samples: readonly number[]): void =>
  void rows.push({ what, best: Math.min(...samples), median: median(samples) });

const driver = cpuDriver({ workers: 2 });
const cuda = await openCuda(driver);
cuda.cuCtxCreate(0, 0);
for (const [name, body] of [
  ["empty", "ret;"],
  // With a loop it may take any time, and is given to a worker.
  ["of a worker", ".reg .b32 %r; .reg .pred %p; mov.u32 %r, 2; again: sub.u32 %r, %r, 1; setp.ne.u32 %p, %r, 0; @%p bra again; ret;"],
] as const) {
  const module = await cuda.cuModuleLoadData(`.version 8.0\n.target sm_75\n.address_size 64\n.entry k() { ${body} }`);
  const f = cuda.cuModuleGetFunction(module, "k");
  const launch = (): void => cuda.cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, 0, []);
  const time = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let index = 0; index < count; index++) launch();
    await cuda.cuCtxSynchronize();
    return ((performance.now() - start) * 1000) / count;
  };
  await time(1000);
  const [alone, run]: number[][] = [[], []];
  for (let round = 0; round < 300; round++) {
    alone!.push(await time(1));
    // As in a program that does other things between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let round = 0; round < 10; round++) run!.push(await time(1000));
  note(`a launch ${name}, alone, us`, alone!);
  note(`a launch ${name}, of 1,000 posted, us`, run!);
}

const ptx = readFileSync(new URL("../packages/ptx/kernels/print.ptx", import.meta.url));
const loads: number[] = [];
for (let round = -20; round < 40; round++) {
  const start = performance.now();
  const module = await cuda.cuModuleLoadData(ptx);
  if (round >= 0) loads.push(performance.now() - start);
  cuda.cuModuleUnload(module);
}
note(`${ptx.toString("latin1").split("\n").length} lines of PTX loaded, ms`, loads);
await cuda.close();
await driver.close();
report("a CUDA launch on the processor", rows);
