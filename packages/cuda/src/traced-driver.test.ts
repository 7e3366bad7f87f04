import { expect, test } from "vitest";
import { openCuda } from "./client/cuda.ts";
import { guard } from "./guard.ts";
import { memoryDriver, type TestKernel } from "./memory-driver.ts";
import { CUDA_ERROR, CudaError } from "./result.ts";
import { tracedDriver, type DeviceSpan } from "./traced-driver.ts";

const kernels: Record<string, TestKernel> = {
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  fault() {
    throw new CudaError(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES);
  },
};

async function setUp() {
  const inner = memoryDriver({ kernels });
  const spans: DeviceSpan[] = [];
  const guarded = { open: async (session: object) => guard(await inner.open(session)), close: () => inner.close() };
  const driver = tracedDriver(guarded, (span) => spans.push(span));
  const cuda = await openCuda(driver);
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData("kernel slow\nkernel fault");
  const launch = (name: string): void => void cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 2, 1, 1, 32, 1, 1, 0, 0, []);
  return { cuda, spans, launch, driver };
}

test("kernels and copies are told of with the device's own times, when the client has waited for them", async () => {
  const { cuda, spans, launch } = await setUp();
  const before = performance.now();
  const address = cuda.cuMemAlloc(400);
  cuda.cuMemcpyHtoD(address, new Float32Array(100));
  launch("slow");
  await cuda.cuMemcpyDtoH(address, 200);
  await cuda.cuCtxSynchronize();
  expect(spans.map(({ name, kind, details }) => [name, kind, details])).toEqual([
    ["cuMemcpyHtoD", "memory", { bytes: 400 }],
    ["slow", "kernel", { grid: "2x1x1", block: "32x1x1" }],
    ["cuMemcpyDtoH", "memory", { bytes: 200 }],
  ]);
  const slow = spans[1]!;
  expect(slow.durationMs).toBeGreaterThan(10);
  expect(slow.startMs).toBeGreaterThan(before - 20);
  expect(slow.startMs + slow.durationMs).toBeLessThan(performance.now() + 20);
});

test("a failure that a launch left is the client's to see, as without the trace", async () => {
  const { cuda, launch } = await setUp();
  launch("fault");
  await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES });
  launch("slow");
  await cuda.cuCtxSynchronize();
  expect(cuda.cuCtxGetDevice()).toBe(0);
});

test("what nobody waited for is told when the session is closed", async () => {
  const { cuda, spans, launch, driver } = await setUp();
  launch("slow");
  await cuda.close();
  await driver.settle();
  expect(spans.map(({ name }) => name)).toEqual(["slow"]);
});
