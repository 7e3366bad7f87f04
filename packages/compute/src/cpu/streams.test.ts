import { CUDA_ERROR, openCuda } from "@decant/cuda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cpuDriver } from "./cpu-driver.ts";
import { LAUNCH_SLOTS } from "./device.ts";

const kernel = (name: string, body: string): string => `.visible .entry ${name}(.param .u64 a, .param .u64 b) {
  .reg .pred %p<3>; .reg .b32 %r<4>; .reg .b64 %rd<4>;
  ld.param.u64 %rd0, [a]; ld.param.u64 %rd1, [b];
  ${body}
  ret;
}
`;

const image = `.version 7.0
.target sm_50
.address_size 64
${kernel(
  "waitForFlag", // Writes 7 when the flag was set before it had looked four thousand million times.
  `mov.u32 %r0, 0;
again:
  ld.volatile.global.u32 %r1, [%rd0]; setp.ne.u32 %p0, %r1, 0; @%p0 bra seen;
  add.u32 %r0, %r0, 1; setp.lt.u32 %p1, %r0, 4000000000; @%p1 bra again;
  ret;
seen:
  st.global.u32 [%rd1], 7;`,
)}
${kernel("setFlag", "st.volatile.global.u32 [%rd0], 1;")}
${kernel("doubleAndAdd", "ld.global.u32 %r0, [%rd0]; mad.lo.u32 %r0, %r0, 2, 1; st.global.u32 [%rd1], %r0;")}
${kernel("endless", "again: bra again;")}
${kernel("fault", "mov.u64 %rd2, 64; st.global.u32 [%rd2], 1;")}`;

const driver = cpuDriver({ workers: 2 });
afterAll(() => driver.close());

async function program() {
  const cuda = await openCuda(driver);
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData(image);
  const [flag, one, two] = [cuda.cuMemAlloc(4), cuda.cuMemAlloc(4), cuda.cuMemAlloc(4)];
  for (const buffer of [flag, one, two]) cuda.cuMemsetD32(buffer, 0, 1);
  const launch = (name: string, stream: number, args: readonly number[]): void =>
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 1, 1, 1, 0, stream, [...args]);
  const word = async (buffer: number): Promise<number> =>
    new DataView((await cuda.cuMemcpyDtoH(buffer, 4)).slice().buffer).getUint32(0, true);
  return { cuda, launch, word, flag, one, two, stream: () => cuda.cuStreamCreate(1) };
}

describe("kernels of different streams run side by side:", () => {
  let gpu: Awaited<ReturnType<typeof program>>;
  beforeAll(async () => {
    gpu = await program();
  });
  afterAll(() => gpu.cuda.close());

  test("one waits for a flag that a later one of another stream sets, and an event tells a third stream that it has", async () => {
    const { cuda, launch, word, flag, one, two } = gpu;
    const [waits, follows, sets] = [gpu.stream(), gpu.stream(), gpu.stream()];
    const seen = cuda.cuEventCreate(0);
    launch("waitForFlag", waits, [flag, one]);
    cuda.cuEventRecord(seen, waits);
    cuda.cuStreamWaitEvent(follows, seen, 0);
    launch("doubleAndAdd", follows, [one, two]);
    launch("setFlag", sets, [flag, flag]);
    await cuda.cuStreamSynchronize(follows);
    expect(await word(two)).toBe(15);
  });

  test("those of one stream keep their order, with more streams than launches that may run at a time", async () => {
    const { cuda, launch, word } = gpu;
    const streams = Array.from({ length: LAUNCH_SLOTS + 3 }, () => ({ stream: gpu.stream(), buffer: cuda.cuMemAlloc(4) }));
    for (const { buffer } of streams) cuda.cuMemsetD32(buffer, 0, 1);
    await cuda.cuCtxSynchronize();
    for (let round = 0; round < 10; round++) for (const { stream, buffer } of streams) launch("doubleAndAdd", stream, [buffer, buffer]);
    await cuda.cuCtxSynchronize();
    for (const { buffer } of streams) expect(await word(buffer)).toBe(2 ** 10 - 1);
  });
});

test("a fault ends what runs in other streams of the context as well, and says where it was", async () => {
  const { cuda, launch, one, stream } = await program();
  launch("endless", stream(), [one, one]);
  launch("fault", stream(), [one, one]);
  await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.ILLEGAL_ADDRESS });
  await cuda.close();
});
