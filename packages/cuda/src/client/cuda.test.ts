import { describe, expect, test } from "vitest";
import { FUNC_ATTRIBUTE, LIMIT } from "../attributes.ts";
import { guard } from "../guard.ts";
import type { TestKernel } from "../memory-driver.ts";
import { memoryDriver } from "../memory-driver.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import { openCuda } from "./cuda.ts";
import { f32 } from "./launch-calls.ts";

const kernels: Record<string, TestKernel> = {
  add({ memory, parameters }) {
    const n = parameters.getUint32(24, true);
    const [a, b, c] = [0, 8, 16].map((at) => memory(Number(parameters.getBigUint64(at, true)), 4 * n));
    const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.buffer, bytes.byteOffset, n);
    floats(c!).set(floats(a!).map((value, index) => value + floats(b!)[index]!));
  },
  fault() {
    throw new CudaError(CUDA_ERROR.ILLEGAL_ADDRESS, "thread 0");
  },
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  async tooLarge() {
    throw new CudaError(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES);
  },
};
const image = "kernel add 8,8,8,4\nkernel fault\nkernel slow\nkernel tooLarge\nkernel scale 8,4\nglobal table 64";

async function setUp(options: Parameters<typeof memoryDriver>[0] = {}) {
  const driver = memoryDriver({ kernels, ...options });
  const cuda = await openCuda({ open: async (session) => guard(await driver.open(session)), close: () => driver.close() });
  const context = cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData(image);
  const launch = (name: string, params: Parameters<typeof cuda.cuLaunchKernel>[9] = []) =>
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 32, 1, 1, 0, 0, params);
  return { driver, cuda, context, module, launch };
}

const failing = (code: number) => expect.objectContaining({ cuResult: code });
const caught = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
};

test("adds two vectors", async () => {
  const { cuda, launch } = await setUp();
  const values = Float32Array.from({ length: 100 }, (_, index) => index);
  const [a, b, c] = [cuda.cuMemAlloc(400), cuda.cuMemAlloc(400), cuda.cuMemAlloc(400)];
  cuda.cuMemcpyHtoD(a, values);
  cuda.cuMemcpyHtoD(b, values);
  launch("add", [a, b, c, 100]);
  const result = new Float32Array((await cuda.cuMemcpyDtoH(c, 400)).buffer);
  expect([...result]).toEqual([...values].map((value) => 2 * value));
});

describe("memory", () => {
  test("fails with CUDA_ERROR_OUT_OF_MEMORY at the call when the quota is used up, and cuMemGetInfo says so", async () => {
    const { cuda } = await setUp({ totalMem: 4096 });
    const first = cuda.cuMemAlloc(3000);
    expect(cuda.cuMemGetInfo()).toEqual({ free: 1096, total: 4096 });
    expect(caught(() => cuda.cuMemAlloc(1097))).toEqual(failing(CUDA_ERROR.OUT_OF_MEMORY));
    cuda.cuMemAlloc(1096);
    cuda.cuMemFree(first);
    expect(cuda.cuMemGetInfo().free).toBe(3000);
  });

  test("finds the allocation around an address", async () => {
    const { cuda } = await setUp();
    const base = cuda.cuMemAlloc(1000);
    expect(cuda.cuMemGetAddressRange(base + 999)).toEqual({ base, size: 1000 });
    expect(caught(() => cuda.cuMemGetAddressRange(base + 1000))).toEqual(failing(CUDA_ERROR.NOT_FOUND));
  });

  test("refuses what reaches past an allocation, and a second free", async () => {
    const { cuda } = await setUp();
    const p = cuda.cuMemAlloc(16);
    expect(caught(() => cuda.cuMemcpyHtoD(p, new Uint8Array(17)))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    expect(caught(() => cuda.cuMemsetD32(p + 2, 0, 1))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    cuda.cuMemFree(p);
    expect(caught(() => cuda.cuMemFree(p))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    expect(caught(() => cuda.cuMemAlloc(0))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    expect(cuda.cuMemFree(0)).toBeUndefined();
  });

  test("sets in elements of 1, 2 and 4 bytes, and rows with a pitch", async () => {
    const { cuda } = await setUp();
    const p = cuda.cuMemAlloc(24);
    cuda.cuMemsetD8(p, 0x1ff, 24);
    cuda.cuMemsetD2D16(p, 8, 0x0302, 1, 2);
    cuda.cuMemsetD32(p + 20, 0xa0b0c0d0, 1);
    const expected = [2, 3, 255, 255, 255, 255, 255, 255, 2, 3, ...Array<number>(10).fill(255), 0xd0, 0xc0, 0xb0, 0xa0];
    expect([...(await cuda.cuMemcpyDtoH(p, 24))]).toEqual(expected);
  });

  test("gives what a large copy to the host found in its place in the stream, whatever is posted behind it", async () => {
    const { cuda } = await setUp();
    const size = 40 << 20;
    const p = cuda.cuMemAlloc(size);
    cuda.cuMemsetD8(p, 1, size);
    const landing = cuda.cuMemcpyDtoHAsync(p, size, 0);
    cuda.cuMemsetD8(p, 2, size);
    expect((await landing).every((byte) => byte === 1)).toBe(true);
  });

  test("takes the bytes at the call", async () => {
    const { cuda, launch } = await setUp();
    const p = cuda.cuMemAlloc(4);
    const source = Uint8Array.of(1, 2, 3, 4);
    launch("slow");
    cuda.cuMemcpyHtoD(p, source);
    source.fill(9);
    expect([...(await cuda.cuMemcpyDtoH(p, 4))]).toEqual([1, 2, 3, 4]);
  });
});

describe("errors", () => {
  test("a fault of a kernel comes with the next wait, and stays with its context", async () => {
    const { cuda, context, launch } = await setUp();
    launch("fault");
    await expect(cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    expect(caught(() => cuda.cuMemAlloc(4))).toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    cuda.cuCtxDestroy(context);
    cuda.cuCtxCreate(0, 0);
    expect(cuda.cuMemAlloc(4)).toBeGreaterThan(0);
    await cuda.cuCtxSynchronize();
  });

  test("another launch failure is reported once", async () => {
    const { cuda, launch } = await setUp();
    launch("tooLarge");
    await expect(cuda.cuStreamSynchronize(0)).rejects.toEqual(failing(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES));
    await expect(cuda.cuStreamSynchronize(0)).resolves.toBeUndefined();
  });

  test.each([
    ["no blocks", 0, 32, 0, CUDA_ERROR.INVALID_VALUE],
    ["a block past the limit", 1, 1025, 0, CUDA_ERROR.INVALID_VALUE],
    ["too much shared memory", 1, 32, 49153, CUDA_ERROR.INVALID_VALUE],
  ])("a launch with %s fails at the call", async (_, grid, block, shared, code) => {
    const { cuda, module } = await setUp();
    const f = cuda.cuModuleGetFunction(module, "slow");
    expect(caught(() => cuda.cuLaunchKernel(f, grid, 1, 1, block, 1, 1, shared, 0))).toEqual(failing(code));
  });

  test("a launch that no block of the device could do is told what was asked and what there is", async () => {
    const { cuda, module } = await setUp();
    const kernel = cuda.cuModuleGetFunction(module, "add");
    expect(() => cuda.cuLaunchKernel(kernel, 3, 1, 1, 1025, 1, 1, 16, 0, [])).toThrow(
      /a grid of 3 x 1 x 1 blocks of 1025 x 1 x 1 threads with 16 bytes of dynamic shared memory; a block may have 1024 threads and 49152 bytes/,
    );
  });

  test("a launch may use more shared memory once the function is allowed to", async () => {
    const { cuda, module } = await setUp();
    const f = cuda.cuModuleGetFunction(module, "slow");
    cuda.cuFuncSetAttribute(f, FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536);
    cuda.cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 65536, 0);
    await cuda.cuCtxSynchronize();
    expect(caught(() => cuda.cuFuncSetAttribute(f, FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES, 65537))).toEqual(
      failing(CUDA_ERROR.INVALID_VALUE),
    );
  });

  test("arguments must match the kernel's parameters", async () => {
    const { launch } = await setUp();
    expect(caught(() => launch("scale", [1]))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    expect(caught(() => launch("scale", [1, 1.5]))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    expect(caught(() => launch("scale", new Uint8Array(11)))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    launch("scale", [1, f32(1.5)]);
    launch("scale", new Uint8Array(12));
  });

  test("a module that does not compile fails with the compiler's log", async () => {
    const { cuda } = await setUp();
    const error = await cuda.cuModuleLoadData("bad").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ cuResult: CUDA_ERROR.INVALID_PTX, log: expect.stringContaining("line 1") });
  });
});

describe("contexts", () => {
  test("a thread has a stack of contexts", async () => {
    const { cuda, context } = await setUp();
    const second = cuda.cuCtxCreate(0, 0);
    expect(cuda.cuCtxGetCurrent()).toBe(second);
    expect(cuda.cuCtxPopCurrent()).toBe(second);
    expect(cuda.cuCtxGetCurrent()).toBe(context);
    cuda.cuCtxSetCurrent(0);
    expect(caught(() => cuda.cuCtxGetDevice())).toEqual(failing(CUDA_ERROR.INVALID_CONTEXT));
    cuda.cuCtxPushCurrent(context);
    expect(cuda.cuCtxGetDevice()).toBe(0);
  });

  test("another thread has nothing current until it says so, and shares handles", async () => {
    const { cuda, context } = await setUp();
    const other = cuda.newThread();
    expect(other.cuCtxGetCurrent()).toBe(0);
    expect(caught(() => other.cuMemAlloc(4))).toEqual(failing(CUDA_ERROR.INVALID_CONTEXT));
    other.cuCtxSetCurrent(context);
    cuda.cuMemFree(other.cuMemAlloc(4));
  });

  test("a destroyed context frees its memory and its handles", async () => {
    const { cuda, driver, context, module } = await setUp();
    const other = cuda.newThread();
    other.cuCtxPushCurrent(context);
    cuda.cuMemAlloc(1000);
    cuda.cuCtxDestroy(context);
    expect(driver.allocatedBytes).toBe(0);
    expect(caught(() => other.cuMemAlloc(4))).toEqual(failing(CUDA_ERROR.CONTEXT_IS_DESTROYED));
    expect(caught(() => other.cuCtxPushCurrent(context))).toEqual(failing(CUDA_ERROR.INVALID_CONTEXT));
    cuda.cuCtxCreate(0, 0);
    expect(caught(() => cuda.cuModuleGetFunction(module, "add"))).toEqual(failing(CUDA_ERROR.INVALID_HANDLE));
  });

  test("the primary context lives from the first retain to the last release", async () => {
    const { cuda } = await setUp();
    expect(cuda.cuDevicePrimaryCtxGetState(0)).toEqual({ flags: 0, active: false });
    const first = cuda.cuDevicePrimaryCtxRetain(0);
    expect(cuda.cuDevicePrimaryCtxRetain(0)).toBe(first);
    cuda.cuDevicePrimaryCtxRelease(0);
    expect(cuda.cuDevicePrimaryCtxGetState(0).active).toBe(true);
    expect(caught(() => cuda.cuCtxDestroy(first))).toEqual(failing(CUDA_ERROR.INVALID_CONTEXT));
    cuda.cuDevicePrimaryCtxRelease(0);
    expect(cuda.cuDevicePrimaryCtxGetState(0).active).toBe(false);
    expect(caught(() => cuda.cuDevicePrimaryCtxRelease(0))).toEqual(failing(CUDA_ERROR.INVALID_CONTEXT));
  });

  test("fails with CUDA_ERROR_OUT_OF_MEMORY when all arena slots are taken", async () => {
    const { cuda } = await setUp({ slots: 2 });
    const second = cuda.cuCtxCreate(0, 0);
    expect(caught(() => cuda.cuCtxCreate(0, 0))).toEqual(failing(CUDA_ERROR.OUT_OF_MEMORY));
    cuda.cuCtxDestroy(second);
    cuda.cuCtxCreate(0, 0);
  });

  test("knows its limits", async () => {
    const { cuda } = await setUp();
    cuda.cuCtxSetLimit(LIMIT.STACK_SIZE, 4096);
    expect(cuda.cuCtxGetLimit(LIMIT.STACK_SIZE)).toBe(4096);
    expect(caught(() => cuda.cuCtxGetLimit(99))).toEqual(failing(CUDA_ERROR.UNSUPPORTED_LIMIT));
  });
});

describe("streams and events", () => {
  test("a query says false until the work is done, and never waits", async () => {
    const { cuda, module } = await setUp();
    const stream = cuda.cuStreamCreate();
    expect(cuda.cuStreamQuery(stream)).toBe(true);
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "slow"), 1, 1, 1, 1, 1, 1, 0, stream);
    expect(cuda.cuStreamQuery(stream)).toBe(false);
    await cuda.cuStreamSynchronize(stream);
    expect(cuda.cuStreamQuery(stream)).toBe(true);
  });

  test("events measure the time between them", async () => {
    const { cuda, launch } = await setUp();
    const [start, end] = [cuda.cuEventCreate(), cuda.cuEventCreate()];
    await expect(cuda.cuEventElapsedTime(start, end)).rejects.toEqual(failing(CUDA_ERROR.INVALID_HANDLE));
    cuda.cuEventRecord(start, 0);
    launch("slow");
    cuda.cuEventRecord(end, 0);
    expect(cuda.cuEventQuery(end)).toBe(false);
    await expect(cuda.cuEventElapsedTime(start, end)).rejects.toEqual(failing(CUDA_ERROR.NOT_READY));
    await cuda.cuEventSynchronize(end);
    await cuda.cuEventSynchronize(start);
    expect(await cuda.cuEventElapsedTime(start, end)).toBeGreaterThan(10);
  });
  test("events are done when their stream is known to be past them: after a wait for it, or a copy behind them", async () => {
    const { cuda } = await setUp();
    const [start, end] = [cuda.cuEventCreate(0), cuda.cuEventCreate(0)];
    const stream = cuda.cuStreamCreate(1);
    const record = (): void => [start, end].forEach((event) => cuda.cuEventRecord(event, stream));
    record();
    await cuda.cuCtxSynchronize();
    expect(await cuda.cuEventElapsedTime(start, end)).toBeGreaterThanOrEqual(0);
    record();
    await cuda.cuStreamSynchronize(stream);
    expect(await cuda.cuEventElapsedTime(start, end)).toBeGreaterThanOrEqual(0);
    const memory = cuda.cuMemAlloc(4);
    record();
    await cuda.cuMemcpyDtoH(memory, 4, stream);
    expect(await cuda.cuEventElapsedTime(start, end)).toBeGreaterThanOrEqual(0);
    record();
    await expect(cuda.cuEventElapsedTime(start, end)).rejects.toEqual(failing(CUDA_ERROR.NOT_READY));
  });

  test("each thread has a default stream of its own", async () => {
    const { cuda, context } = await setUp();
    const other = cuda.newThread();
    other.cuCtxPushCurrent(context);
    expect(cuda.cuStreamGetId(1)).toBe(cuda.cuStreamGetId(0));
    expect(cuda.cuStreamGetId(2)).toBe(cuda.cuStreamGetId(2));
    expect(other.cuStreamGetId(2)).not.toBe(cuda.cuStreamGetId(2));
  });
});

test("finds functions, globals and parameters in a module without asking", async () => {
  const { cuda, driver, module } = await setUp();
  const asked = driver.log.length;
  const f = cuda.cuModuleGetFunction(module, "add");
  expect(cuda.cuModuleGetFunction(module, "add")).toBe(f);
  expect(cuda.cuFuncGetParamInfo(f, 3)).toEqual({ offset: 24, size: 4 });
  expect(cuda.cuModuleGetGlobal(module, "table").bytes).toBe(64);
  expect(cuda.cuFuncGetAttribute(FUNC_ATTRIBUTE.NUM_REGS, f)).toBe(16);
  expect(caught(() => cuda.cuModuleGetFunction(module, "none"))).toEqual(failing(CUDA_ERROR.NOT_FOUND));
  expect(driver.log.length).toBe(asked);
});

test("describes the device", async () => {
  const { cuda } = await setUp();
  expect(cuda.cuDeviceGetPCIBusId(0)).toBe("0000:0A:00.0");
  expect(cuda.cuDeviceGetByPCIBusId("0000:0a:00.0")).toBe(0);
  expect(caught(() => cuda.cuDeviceGetByPCIBusId("0000:0b:00.0"))).toEqual(failing(CUDA_ERROR.INVALID_DEVICE));
  expect(caught(() => cuda.cuDeviceGetByPCIBusId("ten"))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
  expect(caught(() => cuda.cuDeviceGet(1))).toEqual(failing(CUDA_ERROR.INVALID_DEVICE));
  expect(cuda.cuGetErrorName(700)).toBe("CUDA_ERROR_ILLEGAL_ADDRESS");
  expect(cuda.cuGetErrorString(2)).toBe("out of memory");
  expect(caught(() => cuda.cuGetErrorName(12345))).toEqual(failing(CUDA_ERROR.INVALID_VALUE));
});
