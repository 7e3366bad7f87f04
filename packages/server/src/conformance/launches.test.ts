import { DEVICE_ATTRIBUTE, FUNC_ATTRIBUTE } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { file, onEveryDriver, withContext } from "./drivers.fixture.ts";
import { loadKernels } from "./kernels.fixture.ts";

onEveryDriver((driver) => {
  test("the blocks of a cooperative launch run at the same time, and wait for each other", () =>
    withContext(driver(), async (cuda) => {
      const { p, kernel, word } = await loadKernels(cuda);
      const blocks = cuda.cuDeviceGetAttribute(DEVICE_ATTRIBUTE.MULTIPROCESSOR_COUNT, 0);
      const perProcessor = cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel("meet"), 1, 0);
      cuda.cuLaunchCooperativeKernel(kernel("meet"), blocks * perProcessor, 1, 1, 1, 1, 1, 0, 0, [p, blocks * perProcessor]);
      expect(await word(p)).toBe(blocks * perProcessor);
      expect(() => cuda.cuLaunchCooperativeKernel(kernel("meet"), blocks * perProcessor + 1, 1, 1, 1, 1, 1, 0, 0, [p, 1])).toThrow(
        "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE",
      );
    }));

  test("occupancy follows from the kernel and the device", () =>
    withContext(driver(), async (cuda) => {
      const { kernel } = await loadKernels(cuda);
      const f = kernel("append");
      expect(cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(f, 1024, 0)).toBeGreaterThan(0);
      expect(cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(f, 1025, 0)).toBe(0);
      expect(cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(f, 32, 1 << 20)).toBe(0);
      const best = cuda.cuOccupancyMaxPotentialBlockSize(f, undefined, 0);
      expect(best.blockSize).toBe(1024);
      expect(best.minGridSize % cuda.cuDeviceGetAttribute(DEVICE_ATTRIBUTE.MULTIPROCESSOR_COUNT, 0)).toBe(0);
      expect(cuda.cuOccupancyMaxPotentialBlockSize(f, undefined, 0, 300).blockSize).toBe(300);
      // 100 KiB for a multiprocessor: with 1 KiB a thread no block can have more than 100.
      expect(cuda.cuOccupancyMaxPotentialBlockSize(f, (size) => size * 1024, 0).blockSize).toBe(96);
      expect(cuda.cuOccupancyAvailableDynamicSMemPerBlock(f, 1, 32)).toBe(48 * 1024);
      expect(() => cuda.cuOccupancyAvailableDynamicSMemPerBlock(f, 1000, 32)).toThrow("CUDA_ERROR_INVALID_VALUE");
    }));

  describe("a library", () => {
    const ptx = file("./testdata/images-zstd.fatbin");

    test("is loaded by each context that uses it", () =>
      withContext(driver(), async (cuda, first) => {
        const library = await cuda.cuLibraryLoadData(ptx);
        const look = cuda.cuLibraryGetKernel(library, "look");
        expect(cuda.cuLibraryGetKernel(library, "look")).toBe(look);
        const second = cuda.cuCtxCreate(0, 0);
        const p = cuda.cuMemAlloc(16);
        expect(() => cuda.cuLaunchKernel(look, 1, 1, 1, 4, 1, 1, 0, 0, [p])).toThrow("CUDA_ERROR_FUNCTION_NOT_LOADED");
        const own = await cuda.cuKernelGetFunction(look);
        for (const f of [look, own]) cuda.cuLaunchKernel(f, 1, 1, 1, 4, 1, 1, 0, 0, [p]);
        expect([...new Int32Array((await cuda.cuMemcpyDtoH(p, 16)).buffer)]).toEqual([1, 2, 3, 4]);
        // Each context has variables of its own.
        const table = await cuda.cuLibraryGetGlobal(library, "table");
        cuda.cuMemsetD32(table.dptr, 9, 4);
        cuda.cuCtxSetCurrent(first);
        const other = await cuda.cuLibraryGetGlobal(library, "table");
        expect([...new Int32Array((await cuda.cuMemcpyDtoH(other.dptr, 16)).buffer)]).toEqual([1, 2, 3, 4]);
        cuda.cuCtxDestroy(second);
        cuda.cuLibraryUnload(library);
        expect(() => cuda.cuKernelGetName(look)).toThrow("CUDA_ERROR_INVALID_HANDLE");
      }));

    test("can be loaded with no context, and its kernels looked at", () =>
      withContext(driver(), async (cuda) => {
        cuda.cuCtxPopCurrent();
        const library = await cuda.cuLibraryLoadData(ptx);
        await expect(cuda.cuLibraryLoadData("none")).rejects.toThrow("CUDA_ERROR_INVALID_PTX");
        const [scale, look] = cuda.cuLibraryEnumerateKernels(library, 10);
        expect([cuda.cuLibraryGetKernelCount(library), cuda.cuKernelGetName(scale!), cuda.cuKernelGetName(look!)]).toEqual([
          2,
          "scale",
          "look",
        ]);
        expect(cuda.cuKernelGetParamInfo(scale!, 1)).toEqual({ offset: 8, size: 4 });
        expect(cuda.cuKernelGetAttribute(FUNC_ATTRIBUTE.MAX_THREADS_PER_BLOCK, scale!, 0)).toBe(1024);
        expect(cuda.cuKernelGetLibrary(scale!)).toBe(library);
        expect(() => cuda.cuLibraryGetKernel(library, "none")).toThrow("CUDA_ERROR_NOT_FOUND");
        await cuda.cuKernelSetAttribute(FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 * 1024, scale!, 0);
        cuda.cuCtxCreate(0, 0);
        const f = await cuda.cuKernelGetFunction(scale!);
        expect(cuda.cuFuncGetAttribute(FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES, f)).toBe(64 * 1024);
        await expect(cuda.cuLibraryGetGlobal(library, "none")).rejects.toThrow("CUDA_ERROR_NOT_FOUND");
      }));
  });
});
