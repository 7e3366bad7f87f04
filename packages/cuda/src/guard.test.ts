import { describe, expect, test } from "vitest";
import { guard } from "./guard.ts";
import { memoryDriver } from "./memory-driver.ts";
import { CUDA_ERROR, CudaError } from "./result.ts";

const BASE = 2 ** 32;
const image = new TextEncoder().encode("kernel fault\nkernel refuse\nkernel one 8\nglobal table 64");

async function setUp(limits?: Parameters<typeof guard>[1]) {
  const driver = memoryDriver({
    kernels: {
      async fault() {
        throw new CudaError(CUDA_ERROR.ILLEGAL_ADDRESS);
      },
      refuse() {
        throw new CudaError(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES);
      },
    },
  });
  const session = guard(await driver.open(), limits);
  session.cuCtxCreate(1, 0, 0, 0);
  const module = await session.cuModuleLoadData(2, 1, image);
  const launch = (kernel: number, parameters = new Uint8Array(0)) => session.cuLaunchKernel(1, 2, kernel, 1, 1, 1, 1, 1, 1, 0, parameters);
  const synchronize = async () => session.cuCtxSynchronize(1);
  return { driver, session, module, launch, synchronize };
}

const failing = (code: number) => expect.objectContaining({ cuResult: code });

describe("a post that fails is latched:", () => {
  test.each<[string, (session: Awaited<ReturnType<typeof setUp>>["session"]) => unknown, number]>([
    ["a handle that was never made", (s) => s.cuStreamDestroy(99), CUDA_ERROR.INVALID_HANDLE],
    ["a handle of another kind", (s) => s.cuEventDestroy(2), CUDA_ERROR.INVALID_HANDLE],
    ["a context that is none", (s) => s.cuMemAlloc(BASE + 0x10000, 7, 16), CUDA_ERROR.INVALID_CONTEXT],
    ["a handle that is taken", (s) => s.cuStreamCreate(2, 1, 0, 0), CUDA_ERROR.INVALID_HANDLE],
    ["a second context in one slot", (s) => s.cuCtxCreate(3, 0, 0, 0), CUDA_ERROR.INVALID_VALUE],
    ["a slot past the last", (s) => s.cuCtxCreate(3, 0, 0, 4), CUDA_ERROR.INVALID_VALUE],
    ["a device that is none", (s) => s.cuCtxCreate(3, 1, 0, 1), CUDA_ERROR.INVALID_DEVICE],
    ["an address below the arena", (s) => s.cuMemAlloc(BASE + 0xff00, 1, 16), CUDA_ERROR.INVALID_VALUE],
    ["an address in another slot", (s) => s.cuMemAlloc(2 * BASE + 0x10000, 1, 16), CUDA_ERROR.INVALID_VALUE],
    ["an allocation past the arena", (s) => s.cuMemAlloc(BASE + 0xefff_ff00, 1, 257), CUDA_ERROR.INVALID_VALUE],
    ["an address that is not aligned", (s) => s.cuMemAlloc(BASE + 0x10001, 1, 16), CUDA_ERROR.INVALID_VALUE],
    ["an allocation of nothing", (s) => s.cuMemAlloc(BASE + 0x10000, 1, 0), CUDA_ERROR.INVALID_VALUE],
    ["a free of nothing", (s) => s.cuMemFree(BASE + 0x10000, 1), CUDA_ERROR.INVALID_VALUE],
    ["a copy to free memory", (s) => s.cuMemcpyHtoD(1, BASE + 0x10000, new Uint8Array(1)), CUDA_ERROR.INVALID_VALUE],
    ["a set of elements of 3 bytes", (s) => s.cuMemsetD2D(1, BASE + 0x10000, 0, 0, 3, 1, 1), CUDA_ERROR.INVALID_VALUE],
    ["a kernel past the last", (s) => s.cuLaunchKernel(1, 2, 9, 1, 1, 1, 1, 1, 1, 0, new Uint8Array(0)), CUDA_ERROR.INVALID_HANDLE],
    ["parameters of another size", (s) => s.cuLaunchKernel(1, 2, 2, 1, 1, 1, 1, 1, 1, 0, new Uint8Array(7)), CUDA_ERROR.INVALID_VALUE],
    ["a grid without blocks", (s) => s.cuLaunchKernel(1, 2, 0, 0, 1, 1, 1, 1, 1, 0, new Uint8Array(0)), CUDA_ERROR.INVALID_VALUE],
    [
      "a block past the device's limit",
      (s) => s.cuLaunchKernel(1, 2, 0, 1, 1, 1, 2048, 1, 1, 0, new Uint8Array(0)),
      CUDA_ERROR.INVALID_VALUE,
    ],
  ])("%s", async (_, call, code) => {
    const { driver, session, synchronize } = await setUp();
    const before = driver.log.length;
    call(session);
    await expect(synchronize()).rejects.toEqual(failing(code));
    expect(driver.log.length).toBe(before);
    await synchronize();
  });
});

test("the first of several failures is the one that is reported", async () => {
  const { launch, session, synchronize } = await setUp();
  launch(1);
  session.cuMemFree(BASE + 0x10000, 1);
  await expect(synchronize()).rejects.toEqual(failing(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES));
  await synchronize();
});

test("a sticky failure lets nothing more through but what takes things away", async () => {
  const { driver, launch, session, synchronize } = await setUp();
  session.cuMemAlloc(BASE + 0x10000, 1, 16);
  launch(0);
  for (let turn = 0; turn < 2; turn++) await expect(synchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
  const before = driver.log.length;
  session.cuMemsetD2D(1, BASE + 0x10000, 0, 0, 1, 16, 1);
  await expect((async () => session.cuModuleLoadData(3, 1, image))()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
  expect(driver.log.length).toBe(before);
  session.cuCtxDestroy(1);
  session.cuCtxCreate(4, 0, 0, 0);
  await session.cuCtxSynchronize(4);
});

test("a latched failure comes before the work of the next answer, which is not done", async () => {
  const { driver, launch, session } = await setUp();
  launch(1);
  const load = async () => session.cuModuleLoadData(3, 1, image);
  const before = driver.log.length;
  await expect(load()).rejects.toEqual(failing(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES));
  expect(driver.log.length).toBe(before);
  expect((await load()).functions).toHaveLength(3);
});

test("one context's failure is not another's", async () => {
  const { launch, session, synchronize } = await setUp();
  session.cuCtxCreate(5, 0, 0, 1);
  launch(0);
  await session.cuCtxSynchronize(5);
  await expect(synchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
  await session.cuCtxSynchronize(5);
});

test("module globals may be copied to and from, as far as they reach", async () => {
  const { session, module, synchronize } = await setUp();
  const { address } = module.globals[0]!;
  session.cuMemcpyHtoD(1, address, new Uint8Array(64).fill(5));
  expect((await session.cuMemcpyDtoH(1, address + 63, 1))[0]).toBe(5);
  session.cuMemcpyHtoD(1, address + 1, new Uint8Array(64));
  await expect(synchronize()).rejects.toEqual(failing(CUDA_ERROR.INVALID_VALUE));
});

test("what may be held has limits on both sides", async () => {
  const { session, synchronize } = await setUp({ modules: 100, handles: 3, memoryBytes: 1024, copyBytes: 512 });
  expect(session.info.devices[0]!.totalMem).toBe(1024);
  session.cuMemAlloc(BASE + 0x10000, 1, 1024);
  await synchronize();
  session.cuMemAlloc(BASE + 0x20000, 1, 1);
  await expect(synchronize()).rejects.toEqual(failing(CUDA_ERROR.OUT_OF_MEMORY));
  session.cuStreamCreate(3, 1, 0, 0);
  await synchronize();
  session.cuStreamCreate(4, 1, 0, 0);
  await expect(synchronize()).rejects.toEqual(failing(CUDA_ERROR.OUT_OF_MEMORY));
  expect(await session.cuMemcpyDtoH(1, BASE + 0x10000, 512)).toHaveLength(512);
  await expect((async () => session.cuMemcpyDtoH(1, BASE + 0x10000, 513))()).rejects.toEqual(failing(CUDA_ERROR.INVALID_VALUE));
});
