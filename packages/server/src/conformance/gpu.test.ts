import { CUDA_ERROR, f32, openGpu } from "@decant/cuda";
import { expect, test } from "vitest";
import { failing, file, onEveryDriver } from "./drivers.fixture.ts";

const saxpyPtx = file("../../../ptx/kernels/saxpy.ptx");

onEveryDriver((driver) => {
  test("a program of ten lines computes", async () => {
    const gpu = await openGpu(driver());
    const x = gpu.upload(Float32Array.of(1, 2, 3));
    const y = gpu.upload(Float32Array.of(10, 20, 30));
    const saxpy = (await gpu.load(saxpyPtx)).kernel("saxpy");
    saxpy.launch({ grid: 1, block: 32 }, 3, f32(2), x, y);
    expect([...(await y.read())]).toEqual([12, 24, 36]);
    await gpu.close();
  });

  test("buffers keep the type of their elements, and begin as zeros", async () => {
    const gpu = await openGpu(driver());
    for (const elements of [
      Uint8Array.of(1, 255),
      Int16Array.of(-1, 2),
      Uint32Array.of(1, 2 ** 32 - 1),
      BigInt64Array.of(-1n, 2n ** 62n),
      Float64Array.of(0.1, -Infinity),
    ])
      expect(await gpu.upload(elements).read()).toEqual(elements);
    expect(await gpu.buffer(Float64Array, 3).read()).toEqual(new Float64Array(3));
    await gpu.close();
  });

  test("parts of a buffer are the same memory", async () => {
    const gpu = await openGpu(driver());
    const whole = gpu.upload(Uint16Array.of(1, 2, 3, 4, 5));
    whole.subarray(1, 3).write(Uint16Array.of(20, 30));
    whole.write(Uint16Array.of(50), 4);
    expect(await whole.read()).toEqual(Uint16Array.of(1, 20, 30, 4, 50));
    const copy = gpu.buffer(Uint16Array, 5).copyFrom(whole);
    whole.clear();
    expect(await copy.read()).toEqual(Uint16Array.of(1, 20, 30, 4, 50));
    for (const wrong of [() => whole.write(new Uint16Array(2), 4), () => whole.subarray(3, 6), () => whole.copyFrom(whole.subarray(1))])
      expect(wrong).toThrow("CUDA_ERROR_INVALID_VALUE");
    await gpu.close();
  });

  test("streams order their work, and events measure it", async () => {
    const gpu = await openGpu(driver());
    const saxpy = (await gpu.load(saxpyPtx)).kernel("saxpy");
    const [first, second] = [gpu.stream(), gpu.stream()];
    const [x, y] = [gpu.upload(new Float32Array(1000).fill(1)), gpu.buffer(Float32Array, 1000)];
    await gpu.synchronize();
    const begin = first.record();
    for (let i = 0; i < 10; i++) saxpy.launch({ grid: [4], block: [256, 1], stream: first }, 1000, f32(2), x, y);
    const end = first.record();
    second.wait(end);
    expect((await y.read(second)).every((value) => value === 20)).toBe(true);
    expect(await end.since(begin)).toBeGreaterThan(0);
    for (const object of [begin, end, first, second]) object.destroy();
    await gpu.close();
  });

  test("what fails, fails where CUDA would say it", async () => {
    const gpu = await openGpu(driver());
    expect(gpu.name).toContain("CPU");
    await expect(gpu.load("not PTX")).rejects.toMatchObject(failing(CUDA_ERROR.INVALID_PTX));
    const module = await gpu.load(saxpyPtx);
    expect(() => module.kernel("sgemm")).toThrow("CUDA_ERROR_NOT_FOUND");
    expect(() => module.variable("table", Float32Array)).toThrow("CUDA_ERROR_NOT_FOUND");
    expect(() => module.kernel("saxpy").launch({ grid: 1, block: 2000 }, 1, f32(1), 0, 0)).toThrow("CUDA_ERROR_INVALID_VALUE");
    module.kernel("saxpy").launch({ grid: 1, block: 32 }, 1, f32(1), 0, 0);
    await expect(gpu.synchronize()).rejects.toMatchObject(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    await gpu.close();
    await expect(openGpu(driver(), { device: 1 })).rejects.toMatchObject(failing(CUDA_ERROR.INVALID_DEVICE));
  });
});
