import { CUDA_ERROR, JIT_INPUT } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { failing, file, onEveryDriver, withContext } from "./drivers.fixture.ts";

/** Built by testdata/build.sh with nvcc. */
const image = (name: string): Uint8Array => file(`./testdata/${name}`);

onEveryDriver((driver) => {
  describe("a module is loaded from", () => {
    test.each([
      ["PTX text", "images.ptx"],
      ["a fatbin that is not compressed", "images-plain.fatbin"],
      ["a fatbin compressed with LZ4, as older nvccs did", "images-lz4.fatbin"],
      ["a fatbin compressed with zstd, as nvcc 13 does", "images-zstd.fatbin"],
      ["a fatbin of several, machine code among them", "images-several.fatbin"],
      ["a cubin that carries the PTX it was made from", "images-debug.cubin"],
    ])("%s", (_, name) =>
      withContext(driver(), async (cuda) => {
        const module = await cuda.cuModuleLoadData(image(name));
        const p = cuda.cuMemAlloc(16);
        cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "look"), 1, 1, 1, 4, 1, 1, 0, 0, [p]);
        expect(new Int32Array((await cuda.cuMemcpyDtoH(p, 16)).buffer)).toEqual(Int32Array.of(1, 2, 3, 4));
        expect(cuda.cuModuleGetGlobal(module, "table").bytes).toBe(16);
        expect(cuda.cuModuleGetFunctionCount(module)).toBe(2);
      }),
    );
  });

  describe("an image is refused:", () => {
    const damaged = (name: string, at: number, ...bytes: number[]): Uint8Array => {
      const copy = image(name).slice();
      copy.set(bytes, at);
      return copy;
    };
    test.each<[string, () => Uint8Array | string, number]>([
      ["a fatbin of machine code only", () => image("images-machine-code.fatbin"), CUDA_ERROR.NO_BINARY_FOR_GPU],
      ["a cubin of machine code only", () => image("images-machine-code.cubin"), CUDA_ERROR.NO_BINARY_FOR_GPU],
      ["a fatbin that is cut off", () => image("images-plain.fatbin").subarray(0, 200), CUDA_ERROR.INVALID_IMAGE],
      ["a cubin that is cut off", () => image("images-debug.cubin").subarray(0, 3000), CUDA_ERROR.INVALID_IMAGE],
      ["zstd that does not unpack", () => damaged("images-zstd.fatbin", 0x70, 0xff, 0xff, 0xff, 0xff), CUDA_ERROR.INVALID_IMAGE],
      ["zstd that unpacks to another size", () => damaged("images-zstd.fatbin", 0x48, 1), CUDA_ERROR.INVALID_IMAGE],
      ["LZ4 that does not unpack", () => damaged("images-lz4.fatbin", 0x60, 0xff), CUDA_ERROR.INVALID_IMAGE],
      ["an entry that would unpack to 16 EiB", () => damaged("images-zstd.fatbin", 0x4f, 0xff), CUDA_ERROR.INVALID_IMAGE],
      ["bytes that are none", () => Uint8Array.of(1, 2, 3, 4, 5), CUDA_ERROR.INVALID_IMAGE],
      ["text that is no PTX", () => "hello", CUDA_ERROR.INVALID_PTX],
    ])("%s", (_, made, code) =>
      withContext(driver(), async (cuda) => {
        await expect(cuda.cuModuleLoadData(made())).rejects.toMatchObject(failing(code));
        await cuda.cuCtxSynchronize();
      }),
    );
  });

  describe("linking", () => {
    test("joins modules that share variables; what is static stays each one's own", () =>
      withContext(driver(), async (cuda) => {
        const link = cuda.cuLinkCreate();
        await cuda.cuLinkAddData(link, JIT_INPUT.PTX, image("link-a.ptx"), "a.ptx");
        await cuda.cuLinkAddData(link, JIT_INPUT.FATBINARY, image("link-b.fatbin"), "b.fatbin");
        const cubin = await cuda.cuLinkComplete(link);
        cuda.cuLinkDestroy(link);
        const module = await cuda.cuModuleLoadData(cubin);
        const p = cuda.cuMemAlloc(16);
        const run = async (name: string): Promise<number[]> => {
          cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 4, 1, 1, 0, 0, [p]);
          return [...new Int32Array((await cuda.cuMemcpyDtoH(p, 16)).buffer)];
        };
        expect(await run("first")).toEqual([15, 25, 35, 45]);
        expect(await run("second")).toEqual([8, 9, 10, 11]);
      }));

    test("says what is wrong, at the call that causes it", () =>
      withContext(driver(), async (cuda) => {
        const link = cuda.cuLinkCreate();
        await expect(cuda.cuLinkComplete(link)).rejects.toMatchObject(failing(CUDA_ERROR.INVALID_VALUE));
        await expect(cuda.cuLinkAddData(link, JIT_INPUT.PTX, ".version 8.0\n.target sm_75\n.nonsense\n", "x.ptx")).rejects.toMatchObject({
          ...failing(CUDA_ERROR.INVALID_PTX),
          log: expect.stringMatching(/^x\.ptx: .*3/),
        });
        await cuda.cuLinkAddData(link, JIT_INPUT.PTX, image("link-a.ptx"));
        await expect(cuda.cuLinkComplete(link)).rejects.toMatchObject({
          ...failing(CUDA_ERROR.NOT_FOUND),
          log: expect.stringContaining("counter"),
        });
        await cuda.cuLinkAddData(link, JIT_INPUT.PTX, image("link-b.ptx"));
        await cuda.cuLinkComplete(link);
        await expect(cuda.cuLinkAddData(link, JIT_INPUT.PTX, image("link-b.ptx"))).rejects.toMatchObject(failing(CUDA_ERROR.INVALID_VALUE));
        cuda.cuLinkDestroy(link);
        expect(() => cuda.cuLinkDestroy(link)).toThrow("CUDA_ERROR_INVALID_HANDLE");
      }));

    test("refuses two definitions of a name, and inputs without PTX", () =>
      withContext(driver(), async (cuda) => {
        const link = cuda.cuLinkCreate();
        for (let twice = 0; twice < 2; twice++) await cuda.cuLinkAddData(link, JIT_INPUT.PTX, image("link-b.ptx"));
        await expect(cuda.cuLinkComplete(link)).rejects.toMatchObject({
          ...failing(CUDA_ERROR.INVALID_PTX),
          log: expect.stringContaining("multiple definition of"),
        });
        await expect(cuda.cuLinkAddData(link, JIT_INPUT.CUBIN, image("images-machine-code.cubin"))).rejects.toMatchObject(
          failing(CUDA_ERROR.NO_BINARY_FOR_GPU),
        );
        await expect(cuda.cuLinkAddData(link, JIT_INPUT.NVVM, "x")).rejects.toMatchObject(failing(CUDA_ERROR.NOT_SUPPORTED));
      }));
  });
});
