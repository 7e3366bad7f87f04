/**
 * Several sessions on one cpu driver: `npx tsx bench/cuda-sharing.ts [--json]`. How long a short launch takes while another session has endless long ones, how
 * two endless sessions of different weight share the processors, and what a hundred sessions of 200 MiB leave resident.
 */
import { readFileSync } from "node:fs";
import { cpuDriver } from "@decant/compute";
import { openCuda, type Cuda, type CudaDriver } from "@decant/cuda";
import { median, report, type Row } from "./report.ts";

const MIB = 1024 * 1024;
const image = `.version 7.0
.target sm_50
.address_size 64
.visible .entry spin(.param .u64 out, .param .u32 turns) {
  .reg .pred %p; .reg .b32 %r<4>; .reg .b64 %rd<2>;
  ld.param.u64 %rd0, [out]; ld.param.u32 %r0, [turns];
  mov.u32 %r1, 0;
loop:
  add.u32 %r1, %r1, 1;
  setp.lt.u32 %p, %r1, %r0;
  @%p bra loop;
  atom.global.add.u32 %r2, [%rd0], 1;
  ret;
}`;

const rows: Row[] = [...(await waits()), ...(await shares(4)), ...(await shares(20)), ...(await shares(200)), ...(await leftovers())];
report("sessions that share a driver", rows, ["A block is never interrupted: these take about a millisecond."]);
process.exit(0);

async function program(driver: CudaDriver, weight = 1) {
  const cuda: Cuda = await openCuda({ ...driver, open: (options) => driver.open({ ...options, weight }) });
  cuda.cuCtxCreate(0, 0);
  const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData(image), "spin");
  const out = cuda.cuMemAlloc(4);
  cuda.cuMemsetD32(out, 0, 1);
  const launch = (blocks: number, turns: number): void => cuda.cuLaunchKernel(f, blocks, 1, 1, 1, 1, 1, 0, 0, [out, turns]);
  return { cuda, launch };
}

/** Milliseconds from launch to end of a short kernel: alone, and beside a session that never stops. */
async function waits(): Promise<Row[]> {
  const driver = cpuDriver();
  const short = await program(driver);
  const time = async (): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < 40; index++) {
      const start = performance.now();
      short.launch(2, 1000);
      await short.cuda.cuCtxSynchronize();
      times.push(performance.now() - start);
      // The other has its turn in between.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return median(times.slice(10));
  };
  const alone = await time();
  const busy = await program(driver);
  for (let index = 0; index < 100; index++) busy.launch(100_000, 1_000_000);
  const beside = await time();
  await busy.cuda.close();
  await driver.close();
  return [
    { what: "a short launch alone, ms", value: alone },
    { what: "a short launch beside endless long ones, ms", value: beside },
  ];
}

/** What two endless sessions of weight 3 and 1 have done after four seconds, with launches of so many blocks of about a quarter of a millisecond. */
async function shares(blocks: number): Promise<Row[]> {
  const driver = cpuDriver();
  const sessions = [await program(driver, 3), await program(driver, 1)];
  const done = [0, 0];
  const until = performance.now() + 4_000;
  await Promise.all(
    sessions.map(async ({ cuda, launch }, index) => {
      // There is always another launch waiting: a session that pauses gives its turns away.
      const waiting: Promise<void>[] = [];
      while (performance.now() < until) {
        launch(blocks, 300_000);
        waiting.push(Promise.resolve(cuda.cuCtxSynchronize()).then(() => void (performance.now() < until && done[index]!++)));
        if (waiting.length > 4) await waiting.shift();
      }
      await Promise.all(waiting);
    }),
  );
  await driver.close();
  return [{ what: `launches of a session of weight 3, over one of weight 1, of ${blocks} blocks`, value: done[0]! / done[1]! }];
}

async function leftovers(): Promise<Row[]> {
  const driver = cpuDriver();
  const session = async (): Promise<void> => {
    const { cuda, launch } = await program(driver);
    const p = cuda.cuMemAlloc(200 * MIB);
    cuda.cuMemsetD8(p, 1, 200 * MIB);
    launch(4, 1);
    await cuda.cuCtxSynchronize();
    await cuda.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  for (let index = 0; index < 3; index++) await session();
  const before = resident();
  for (let index = 0; index < 100; index++) await session();
  const after = resident();
  await driver.close();
  return [
    { what: "resident after 3 sessions of 200 MiB, MiB", value: before },
    { what: "resident after 100 more, MiB", value: after },
  ];
}

function resident(): number {
  return (Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * 4096) / MIB;
}
