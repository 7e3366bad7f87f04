import { readFileSync } from "node:fs";
import { CUDA_ERROR, openCuda, type CudaDriver } from "@decant/cuda";
import { afterEach, expect, test } from "vitest";
import { cpuDriver } from "./cpu-driver.ts";

/** Counts to `turns` in each thread, and adds 1 to a word for each block that has ended. */
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

const drivers: CudaDriver[] = [];
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
});

function makeDriver(options: Parameters<typeof cpuDriver>[0] = {}): CudaDriver {
  const driver = cpuDriver({ workers: 2, ...options });
  drivers.push(driver);
  return driver;
}

async function program(driver: CudaDriver) {
  const cuda = await openCuda(driver);
  cuda.cuCtxCreate(0, 0);
  const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData(image), "spin");
  const out = cuda.cuMemAlloc(4);
  cuda.cuMemsetD32(out, 0, 1);
  const launch = (blocks: number, turns: number): void => cuda.cuLaunchKernel(f, blocks, 1, 1, 1, 1, 1, 0, 0, [out, turns]);
  const ended = async (): Promise<number> => new DataView((await cuda.cuMemcpyDtoH(out, 4)).slice().buffer).getUint32(0, true);
  return { cuda, launch, ended };
}

test("a launch that is put aside for others runs each of its blocks once", async () => {
  const driver = makeDriver();
  const [one, other] = [await program(driver), await program(driver)];
  one.launch(300, 300_000);
  for (let index = 0; index < 10; index++) {
    other.launch(30, 100_000);
    await other.cuda.cuCtxSynchronize();
  }
  expect(await one.ended()).toBe(300);
  expect(await other.ended()).toBe(300);
});

test("a session with endless work does not keep another waiting", async () => {
  const driver = makeDriver();
  const [busy, small] = [await program(driver), await program(driver)];
  // Minutes of work, in blocks of a few milliseconds.
  busy.launch(100_000, 3_000_000);
  for (let index = 0; index < 5; index++) {
    small.launch(2, 1000);
    await small.cuda.cuCtxSynchronize();
  }
  expect(await small.ended()).toBe(10);
  await busy.cuda.close();
});

test("a kernel over its session's limit ends, and takes no other session with it", async () => {
  const driver = makeDriver();
  const limited = await openCuda({ ...driver, open: (options) => driver.open({ ...options, kernelTimeMs: 100 }) });
  limited.cuCtxCreate(0, 0);
  const f = limited.cuModuleGetFunction(await limited.cuModuleLoadData(image), "spin");
  limited.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, [limited.cuMemAlloc(4), 0xffff_ffff]);
  const other = await program(driver);
  other.launch(2, 1000);
  await expect(limited.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.LAUNCH_TIMEOUT });
  expect(await other.ended()).toBe(2);
});

test("what sessions leave behind is given back to the system", async () => {
  const driver = makeDriver();
  const session = async (): Promise<void> => {
    const { cuda, launch } = await program(driver);
    const p = cuda.cuMemAlloc(200 * MIB);
    cuda.cuMemsetD8(p, 1, 200 * MIB);
    launch(4, 1);
    await cuda.cuCtxSynchronize();
    await cuda.close();
  };
  await session();
  const before = residentBytes();
  for (let index = 0; index < 6; index++) await session();
  // The collection is due some moments after the last has ended.
  while (residentBytes() > before + 100 * MIB) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(residentBytes()).toBeLessThan(before + 100 * MIB);
});

const MIB = 1024 * 1024;

function residentBytes(): number {
  return Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * 4096;
}

test("launches that are over at once run where they are asked for, and let other things come between", async () => {
  const cuda = await openCuda(makeDriver());
  cuda.cuCtxCreate(0, 0);
  const ptx = `.version 7.0\n.target sm_50\n.address_size 64\n.entry add(.param .u64 out) {
    .reg .b64 %rd; ld.param.u64 %rd, [out]; red.global.add.u32 [%rd], 1; ret; }
    .entry fail() { trap; }`;
  const module = await cuda.cuModuleLoadData(ptx);
  const [add, fail] = [cuda.cuModuleGetFunction(module, "add"), cuda.cuModuleGetFunction(module, "fail")];
  const out = cuda.cuMemAlloc(4);
  cuda.cuMemsetD32(out, 0, 1);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  for (let index = 0; index < 2000; index++) cuda.cuLaunchKernel(add, 2, 1, 1, 16, 1, 1, 0, 0, [out]);
  await cuda.cuCtxSynchronize();
  expect(turns).toBeGreaterThan(2);
  isOver = true;
  expect(new Uint32Array((await cuda.cuMemcpyDtoH(out, 4)).slice().buffer)[0]).toBe(64_000);
  cuda.cuLaunchKernel(fail, 1, 1, 1, 1, 1, 1, 0, 0, []);
  await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.LAUNCH_FAILED });
});
