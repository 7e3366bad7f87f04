import { type Cuda, CUDA_ERROR, hostBytes, copy } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { failing, file, onEveryDriver, withContext } from "./drivers.fixture.ts";

const ptx = file("./testdata/textures.ptx");
/** CUarray_format, CUaddress_mode, CUfilter_mode, and flags. */
const [FLOAT, SIGNED, UNSIGNED8] = [0x20, 0x0a, 0x01];
const [WRAP, CLAMP, MIRROR, BORDER] = [0, 1, 2, 3];
const [POINT, LINEAR] = [0, 1];
const [READ_AS_INTEGER, NORMALIZED] = [1, 2];
const [LAYERED, SURFACE] = [1, 2];

/** A float array of two dimensions with these rows in it. */
function imageOf(cuda: Cuda, rows: readonly (readonly number[])[], format = FLOAT, flags = 0): number {
  const [width, height] = [rows[0]!.length, rows.length];
  const array = cuda.cuArray3DCreate({ width, height, depth: 0, format, numChannels: 1, flags });
  const texels =
    format === FLOAT ? Float32Array.from(rows.flat()) : format === SIGNED ? Int32Array.from(rows.flat()) : Uint8Array.from(rows.flat());
  fill(cuda, array, texels);
  return array;
}

/** Copies texels that lie together to all of an array. */
function fill(cuda: Cuda, array: number, texels: ArrayBufferView): void {
  const { address, pitch, slice, rowBytes: width, rows: height, slices: depth } = cuda.array(array);
  const src = { at: 0, memory: hostBytes(texels), pitch: width, slice: width * height };
  void copy(cuda.thread, { src, dst: { at: address, pitch, slice }, width, height, depth });
}

async function run(cuda: Cuda, name: string, object: number, count: number, ...more: number[]): Promise<Float32Array> {
  const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData(ptx), name);
  const out = cuda.cuMemAlloc(4 * count);
  cuda.cuLaunchKernel(f, 1, 1, 1, count, 1, 1, 0, 0, [object, out, ...more]);
  return new Float32Array((await cuda.cuMemcpyDtoH(out, 4 * count)).buffer);
}

async function sample(cuda: Cuda, object: number, ...at: [x: number, y: number][]): Promise<number[]> {
  const places = cuda.cuMemAlloc(8 * at.length);
  cuda.cuMemcpyHtoD(places, Float32Array.from(at.flat()));
  return [...(await run(cuda, "sample", object, at.length, places))];
}

onEveryDriver((driver) => {
  describe("a texture object", () => {
    test("over linear memory is fetched from by number", () =>
      withContext(driver(), async (cuda) => {
        const p = cuda.cuMemAlloc(64);
        cuda.cuMemcpyHtoD(p, Int32Array.of(5, -6, 7, 8));
        const object = await cuda.cuTexObjectCreate(
          { kind: "linear", devPtr: p, format: SIGNED, numChannels: 1, sizeInBytes: 16 },
          { flags: READ_AS_INTEGER },
        );
        // What lies outside is 0 (CUDA C++ Programming Guide, "Texture Fetching").
        expect([...new Int32Array((await run(cuda, "fetch", object, 5)).buffer)]).toEqual([5, -6, 7, 8, 0]);
      }));

    test("over an array gives the nearest texel, by its address mode", () =>
      withContext(driver(), async (cuda) => {
        const array = imageOf(cuda, [
          [1, 2, 3],
          [4, 5, 6],
        ]);
        const of = (mode: number, flags = 0): Promise<number> =>
          cuda.cuTexObjectCreate(
            { kind: "array", array },
            { addressModes: [mode, mode, mode], filterMode: POINT, flags, borderColor: [9, 0, 0, 0] },
          );
        expect(await sample(cuda, await of(CLAMP), [0.5, 0.5], [2.9, 1.9], [-5, 1], [7, 7])).toEqual([1, 6, 4, 6]);
        expect(await sample(cuda, await of(BORDER), [0.5, 0.5], [-0.1, 0.5], [1.5, 2.1])).toEqual([1, 9, 9]);
        expect(await sample(cuda, await of(WRAP, NORMALIZED), [1.1, 0.25], [-0.1, 1.75])).toEqual([1, 6]);
        expect(await sample(cuda, await of(MIRROR, NORMALIZED), [-0.1, 0.25], [1.1, 0.75])).toEqual([1, 6]);
      }));

    test("interpolates between texels", () =>
      withContext(driver(), async (cuda) => {
        const array = imageOf(cuda, [
          [0, 4],
          [8, 16],
        ]);
        const object = await cuda.cuTexObjectCreate({ kind: "array", array }, { addressModes: [CLAMP, CLAMP, CLAMP], filterMode: LINEAR });
        // Halves and quarters are exact in the 8 bits that weights have.
        expect(await sample(cuda, object, [0.5, 0.5], [1, 0.5], [0.5, 1], [1, 1], [0.75, 0.5])).toEqual([0, 2, 4, 7, 1]);
        const bytes = imageOf(cuda, [[0, 255]], UNSIGNED8);
        expect(await sample(cuda, await cuda.cuTexObjectCreate({ kind: "array", array: bytes }), [0.5, 0.5], [1.5, 0.5])).toEqual([0, 1]);
      }));

    test("has rows of memory, layers, and levels", () =>
      withContext(driver(), async (cuda) => {
        const { dptr, pitch } = cuda.cuMemAllocPitch(8, 2, 4);
        cuda.cuMemcpyHtoD(dptr, Float32Array.of(1, 2));
        cuda.cuMemcpyHtoD(dptr + pitch, Float32Array.of(3, 4));
        const rows = await cuda.cuTexObjectCreate({
          kind: "pitch2D",
          devPtr: dptr,
          format: FLOAT,
          numChannels: 1,
          width: 2,
          height: 2,
          pitchInBytes: pitch,
        });
        expect(await sample(cuda, rows, [0.5, 0.5], [1.5, 1.5])).toEqual([1, 4]);

        const layers = cuda.cuArray3DCreate({ width: 2, height: 1, depth: 3, format: FLOAT, numChannels: 1, flags: LAYERED });
        fill(cuda, layers, Float32Array.of(1, 2, 3, 4, 5, 6));
        expect([...(await run(cuda, "layer", await cuda.cuTexObjectCreate({ kind: "array", array: layers }), 3))]).toEqual([2, 4, 6]);

        const mipmap = cuda.cuMipmappedArrayCreate({ width: 4, height: 4, depth: 0, format: FLOAT, numChannels: 1, flags: 0 }, 9);
        for (const [level, value] of [7, 8, 9].entries())
          fill(cuda, cuda.cuMipmappedArrayGetLevel(mipmap, level), new Float32Array(16 >> (2 * level)).fill(value));
        expect(() => cuda.cuMipmappedArrayGetLevel(mipmap, 3)).toThrow("CUDA_ERROR_INVALID_VALUE");
        const object = await cuda.cuTexObjectCreate({ kind: "mipmapped", array: mipmap }, { flags: NORMALIZED });
        expect([...(await run(cuda, "level", object, 3))]).toEqual([7, 8, 9]);
        cuda.cuMipmappedArrayDestroy(mipmap);
      }));

    test("that is destroyed, or was none, faults", () =>
      withContext(driver(), async (cuda, first) => {
        const array = imageOf(cuda, [[1]]);
        const object = await cuda.cuTexObjectCreate({ kind: "array", array });
        cuda.cuTexObjectDestroy(object);
        expect(() => cuda.cuTexObjectDestroy(object)).toThrow("CUDA_ERROR_INVALID_VALUE");
        await expect(sample(cuda, object, [0, 0])).rejects.toMatchObject(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
        cuda.cuCtxDestroy(first);
        cuda.cuCtxCreate(0, 0);
        await expect(sample(cuda, 77, [0, 0])).rejects.toMatchObject(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
      }));

    test("cannot be what CUDA does not document", () =>
      withContext(driver(), async (cuda) => {
        const p = cuda.cuMemAlloc(4096);
        const integers = imageOf(cuda, [[1, 2]], SIGNED);
        const linear = (rest: object) => ({ kind: "linear" as const, devPtr: p, format: FLOAT, numChannels: 1, sizeInBytes: 16, ...rest });
        const pitch = { kind: "pitch2D" as const, devPtr: p, format: FLOAT, numChannels: 1, width: 8, height: 4, pitchInBytes: 32 };
        for (const wrong of [
          () => cuda.cuTexObjectCreate({ kind: "array", array: integers }, { filterMode: LINEAR }),
          () => cuda.cuTexObjectCreate({ kind: "array", array: integers }, { filterMode: 2 }),
          () => cuda.cuTexObjectCreate({ kind: "array", array: integers }, { addressModes: [0, 0, 4] }),
          () => cuda.cuTexObjectCreate({ kind: "array", array: integers }, { flags: 0x100 }),
          () => cuda.cuTexObjectCreate(linear({ devPtr: p + 4 })),
          () => cuda.cuTexObjectCreate(linear({ sizeInBytes: 8192 })),
          () => cuda.cuTexObjectCreate(linear({ format: 5 })),
          () => cuda.cuTexObjectCreate({ ...pitch, pitchInBytes: 33 }),
          () => cuda.cuTexObjectCreate({ ...pitch, width: 9 }),
          () => cuda.cuTexObjectCreate({ ...pitch, height: 1000 }),
          () => cuda.cuSurfObjectCreate(integers),
        ])
          await expect(wrong()).rejects.toMatchObject(failing(CUDA_ERROR.INVALID_VALUE));
        await expect(cuda.cuTexObjectCreate({ kind: "array", array: 1 })).rejects.toMatchObject(failing(CUDA_ERROR.INVALID_HANDLE));
      }));
  });

  test("a surface object is read and written", () =>
    withContext(driver(), async (cuda) => {
      const array = imageOf(
        cuda,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        SIGNED,
        SURFACE,
      );
      const surface = await cuda.cuSurfObjectCreate(array);
      const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData(ptx), "negate");
      cuda.cuLaunchKernel(f, 1, 1, 1, 3, 2, 1, 0, 0, [surface]);
      const { address, pitch } = cuda.array(array);
      const back = new Int32Array(6);
      await copy(cuda.thread, {
        src: { at: address, pitch, slice: 0 },
        dst: { at: 0, memory: hostBytes(back), pitch: 12, slice: 0 },
        width: 12,
        height: 2,
        depth: 1,
      });
      expect([...back]).toEqual([-1, -2, -3, -4, -5, -6]);
      cuda.cuSurfObjectDestroy(surface);
      expect(() => cuda.cuSurfObjectDestroy(surface)).toThrow("CUDA_ERROR_INVALID_VALUE");
    }));

  test("a texture reference of a module stands for what it is bound to", () =>
    withContext(driver(), async (cuda) => {
      const { bindTexRef, textureReference } = await import("@decant/cuda");
      const module = await cuda.cuModuleLoadData(`.version 3.0
.target sm_20
.address_size 64
.global .texref image;
.visible .entry look(.param .u64 out) {
  .reg .b64 %rd<2>; .reg .f32 %f<6>; .reg .b32 %r<2>;
  ld.param.u64 %rd1, [out]; mov.f32 %f5, 0f3F000000;
  tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [image, {%f5, %f5}];
  st.global.f32 [%rd1], %f1; ret;
}`);
      const image = cuda.cuModuleGetTexRef(module, "image");
      expect(() => cuda.cuModuleGetTexRef(module, "none")).toThrow("CUDA_ERROR_NOT_FOUND");
      expect(() => cuda.cuModuleGetSurfRef(module, "image")).toThrow("CUDA_ERROR_NOT_FOUND");
      expect(() => cuda.cuModuleGetGlobal(module, "image")).toThrow("CUDA_ERROR_NOT_FOUND");
      const out = cuda.cuMemAlloc(4);
      for (const value of [3, 8]) {
        textureReference(cuda.thread, image).resource = { kind: "array", array: imageOf(cuda, [[value]]) };
        await bindTexRef(cuda.thread, image);
        cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "look"), 1, 1, 1, 1, 1, 1, 0, 0, [out]);
        expect(new Float32Array((await cuda.cuMemcpyDtoH(out, 4)).buffer)[0]).toBe(value);
      }
    }));
});
