import { type Cuda, CUDA_ERROR, copy, hostBytes } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { onEveryDriver, withContext } from "./drivers.fixture.ts";
import { loadKernels } from "./kernels.fixture.ts";

const MIB = 1 << 20;
const GRANULARITY = 2 * MIB;
const pattern = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index * 7 + (index >>> 8));

/** What a copy of slices of rows leaves, done byte by byte. */
function copied(
  target: Uint8Array,
  source: Uint8Array,
  { dst, src, width, height, depth }: { dst: Side; src: Side; width: number; height: number; depth: number },
): Uint8Array {
  const result = target.slice();
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        result[dst.at + z * dst.slice + y * dst.pitch + x] = source[src.at + z * src.slice + y * src.pitch + x]!;
  return result;
}

interface Side {
  readonly at: number;
  readonly pitch: number;
  readonly slice: number;
}

onEveryDriver((driver) => {
  describe("rows and slices are copied", () => {
    const shapes = [
      { name: "one row", dst: side(3, 10, 10), src: side(1, 10, 10), width: 7, height: 1, depth: 1 },
      { name: "rows of different pitch", dst: side(0, 32, 0), src: side(5, 20, 0), width: 16, height: 9, depth: 1 },
      { name: "rows that follow each other", dst: side(8, 16, 0), src: side(0, 16, 0), width: 16, height: 9, depth: 1 },
      { name: "slices", dst: side(2, 16, 100), src: side(0, 20, 80), width: 13, height: 4, depth: 3 },
      { name: "nothing", dst: side(0, 16, 64), src: side(0, 16, 64), width: 0, height: 4, depth: 3 },
    ];
    test.each(shapes)("$name, in every direction", ({ dst, src, ...size }) =>
      withContext(driver(), async (cuda) => {
        const [a, b] = [pattern(600), new Uint8Array(600)];
        const expected = copied(b, a, { dst, src, ...size });
        const [p, q] = [cuda.cuMemAlloc(600), cuda.cuMemAlloc(600)];
        cuda.cuMemcpyHtoD(p, a);
        const check = async (from: "host" | "device", to: "host" | "device"): Promise<void> => {
          cuda.cuMemsetD8(q, 0, 600);
          const target = new Uint8Array(600);
          const source = from === "host" ? { ...src, memory: hostBytes(a) } : { ...src, at: p + src.at };
          const destination = to === "host" ? { ...dst, memory: hostBytes(target) } : { ...dst, at: q + dst.at };
          await copy(cuda.thread, { ...size, src: source, dst: destination });
          const result = to === "host" ? target : await cuda.cuMemcpyDtoH(q, 600);
          expect(Buffer.compare(result, expected)).toBe(0);
        };
        await check("host", "device");
        await check("device", "host");
        await check("device", "device");
        await check("host", "host");
      }),
    );

    test("in pieces where they are large", () =>
      withContext(driver(), async (cuda) => {
        const [width, pitch, height] = [3000, 4096, 1500];
        const source = pattern(pitch * height);
        const p = cuda.cuMemAlloc(pitch * height);
        cuda.cuMemsetD8(p, 9, pitch * height);
        const side = { at: 0, pitch, slice: 0 };
        await copy(cuda.thread, { src: { ...side, memory: hostBytes(source) }, dst: { ...side, at: p }, width, height, depth: 1 });
        const back = new Uint8Array(width * height);
        await copy(cuda.thread, {
          src: { ...side, at: p },
          dst: { at: 0, pitch: width, slice: 0, memory: hostBytes(back) },
          width,
          height,
          depth: 1,
        });
        const expected = new Uint8Array(width * height);
        for (let y = 0; y < height; y++) expected.set(source.subarray(y * pitch, y * pitch + width), y * width);
        expect(Buffer.compare(back, expected)).toBe(0);
        expect((await cuda.cuMemcpyDtoH(p + width, 1))[0]).toBe(9);
      }));

    test("not where rows overlap, or where there is no memory", () =>
      withContext(driver(), async (cuda) => {
        const p = cuda.cuMemAlloc(600);
        const to = (at: number, pitch: number, slice: number, height: number, depth: number) => () =>
          copy(cuda.thread, {
            src: { at: p, pitch: 100, slice: 300 },
            dst: { at, pitch, slice },
            width: 50,
            height,
            depth,
          });
        expect(to(p + 300, 49, 0, 2, 1)).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(to(p + 300, 60, 119, 2, 2)).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(to(p + 551, 60, 0, 1, 1)).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(to(p + 400, 151, 0, 2, 1)).toThrow("CUDA_ERROR_INVALID_VALUE");
        await to(p + 400, 150, 0, 2, 1)();
        await cuda.cuCtxSynchronize();
      }));
  });

  test.each(["its context stays", "its session ends"])("freed memory shows nobody what was in it (%s)", async (how) => {
    const size = 8 * MIB;
    const secret = async (cuda: Cuda): Promise<void> => {
      const p = cuda.cuMemAlloc(size);
      cuda.cuMemsetD8(p, 0xa5, size);
      expect((await cuda.cuMemcpyDtoH(p, 1))[0]).toBe(0xa5);
      cuda.cuMemFree(p);
    };
    const look = async (cuda: Cuda): Promise<void> => {
      const p = cuda.cuMemAlloc(2 * size);
      const seen = await cuda.cuMemcpyDtoH(p, 2 * size);
      expect(seen.indexOf(0xa5)).toBe(-1);
      cuda.cuMemFree(p);
    };
    for (let round = 0; round < 3; round++) {
      await withContext(driver(), async (cuda) => {
        await secret(cuda);
        if (how === "its context stays") await look(cuda);
      });
      await withContext(driver(), look);
    }
  });

  test("copies between contexts come after the work of both", () =>
    withContext(driver(), async (cuda, first) => {
      const { p, append, wait } = await loadKernels(cuda);
      wait(0, p + 64, 3_000_000);
      append(0, p, 7);
      const second = cuda.cuCtxCreate(0, 0);
      const q = cuda.cuMemAlloc(4);
      cuda.cuMemcpyPeer(q, second, p, first, 4);
      expect([...(await cuda.cuMemcpyDtoH(q, 4))]).toEqual([7, 0, 0, 0]);
      cuda.cuMemcpyDtoD(q, p + 4, 4);
      expect([...(await cuda.cuMemcpyDtoH(q, 4))]).toEqual([0, 0, 0, 0]);
      expect(() => cuda.cuMemcpyPeer(q, first, p, second, 4)).toThrow("CUDA_ERROR_INVALID_VALUE");
      expect(cuda.cuDeviceCanAccessPeer(0, 0)).toBe(false);
    }));

  describe("managed memory", () => {
    test("shows each side what the other wrote, at launches and waits", () =>
      withContext(driver(), async (cuda) => {
        const { append } = await loadKernels(cuda);
        const { dptr, memory } = cuda.cuMemAllocManaged(MIB + 12345);
        const words = new Uint32Array(memory.buffer, 0, 1000);
        words[0] = 4;
        words[1] = 100;
        append(0, dptr, 2);
        await cuda.cuCtxSynchronize();
        expect([...words.subarray(0, 2)]).toEqual([42, 100]);
        words[0] = 5;
        append(0, dptr, 6);
        append(0, dptr + MIB, 9);
        words[2] = 8;
        const event = cuda.cuEventCreate();
        cuda.cuEventRecord(event, 0);
        await cuda.cuEventSynchronize(event);
        // What the host wrote meanwhile stays.
        expect([words[0], words[1], words[2], memory[MIB]]).toEqual([56, 100, 8, 9]);
        expect((await cuda.cuMemcpyDtoH(dptr + 8, 1))[0]).toBe(8);
        cuda.cuMemsetD8(dptr, 1, 4);
        await cuda.cuStreamSynchronize(0);
        expect(words[0]).toBe(0x01010101);
        cuda.cuMemFree(dptr);
      }));

    test("takes advice, and checks it", () =>
      withContext(driver(), async (cuda) => {
        const { dptr } = cuda.cuMemAllocManaged(4096, 2);
        cuda.cuMemPrefetchAsync(dptr, 4096, 0);
        cuda.cuMemPrefetchAsync(dptr, 4096, -1);
        cuda.cuMemAdvise(dptr, 100, 1, 0);
        cuda.cuStreamAttachMemAsync(cuda.cuStreamCreate(), dptr);
        const plain = cuda.cuMemAlloc(4096);
        for (const wrong of [
          () => cuda.cuMemAllocManaged(0),
          () => cuda.cuMemAllocManaged(4, 4),
          () => cuda.cuMemPrefetchAsync(plain, 4096, 0),
          () => cuda.cuMemPrefetchAsync(dptr, 4097, 0),
          () => cuda.cuMemAdvise(dptr, 4096, 7, 0),
        ])
          expect(wrong).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(() => cuda.cuMemPrefetchAsync(dptr, 4096, 5)).toThrow("CUDA_ERROR_INVALID_DEVICE");
      }));
  });

  describe("memory pools", () => {
    test("allocate and free in the order of streams", () =>
      withContext(driver(), async (cuda) => {
        const { append, word } = await loadKernels(cuda);
        const stream = cuda.cuStreamCreate(1);
        const results: Promise<number>[] = [];
        for (let round = 1; round <= 5; round++) {
          const p = cuda.cuMemAllocAsync(MIB, stream);
          cuda.cuMemsetD8(p, 0, 4, stream);
          append(stream, p, round);
          results.push(word(p, stream));
          cuda.cuMemFreeAsync(p, stream);
        }
        expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5]);
      }));

    test("count what is in use", () =>
      withContext(driver(), async (cuda) => {
        const pool = cuda.cuMemPoolCreate(0);
        cuda.cuDeviceSetMemPool(0, pool);
        const [p, q] = [cuda.cuMemAllocAsync(1000, 0), cuda.cuMemAllocFromPoolAsync(500, pool, 0)];
        expect([cuda.cuMemPoolGetAttribute(pool, 7), cuda.cuMemPoolGetAttribute(pool, 8)]).toEqual([1500, 1500]);
        cuda.cuMemFreeAsync(p, 0);
        cuda.cuMemFree(q);
        expect([cuda.cuMemPoolGetAttribute(pool, 7), cuda.cuMemPoolGetAttribute(pool, 8)]).toEqual([0, 1500]);
        cuda.cuMemPoolSetAttribute(pool, 8, 0);
        cuda.cuMemPoolSetAttribute(pool, 4, 4096);
        expect([cuda.cuMemPoolGetAttribute(pool, 8), cuda.cuMemPoolGetAttribute(pool, 4)]).toEqual([0, 4096]);
        cuda.cuMemPoolTrimTo(pool, 0);
        cuda.cuMemPoolDestroy(pool);
        expect(cuda.cuDeviceGetMemPool(0)).toBe(cuda.cuDeviceGetDefaultMemPool(0));
        for (const wrong of [
          () => cuda.cuMemPoolDestroy(cuda.cuDeviceGetDefaultMemPool(0)),
          () => cuda.cuMemFreeAsync(1234, 0),
          () => cuda.cuMemAllocAsync(0, 0),
          () => cuda.cuMemPoolGetAttribute(cuda.cuDeviceGetDefaultMemPool(0), 99),
        ])
          expect(wrong).toThrow("CUDA_ERROR_INVALID_VALUE");
      }));
  });

  describe("virtual memory", () => {
    const mapped = (cuda: Cuda, at: number, handle: number): void => {
      cuda.cuMemMap(at, GRANULARITY, 0, handle);
      cuda.cuMemSetAccess(at, GRANULARITY, 0, 3);
    };

    test("mappings side by side are one range, for copies and kernels", () =>
      withContext(driver(), async (cuda) => {
        const { append, word } = await loadKernels(cuda);
        const base = cuda.cuMemAddressReserve(4 * GRANULARITY);
        const handles = [cuda.cuMemCreate(GRANULARITY, 0), cuda.cuMemCreate(GRANULARITY, 0)];
        for (const [index, handle] of handles.entries()) mapped(cuda, base + index * GRANULARITY, handle);
        const data = pattern(1000);
        cuda.cuMemcpyHtoD(base + GRANULARITY - 500, data);
        expect(Buffer.compare(await cuda.cuMemcpyDtoH(base + GRANULARITY - 500, 1000), data)).toBe(0);
        append(0, base + 2 * GRANULARITY - 4, 5);
        expect(await word(base + 2 * GRANULARITY - 4)).toBe(5);
        expect(() => cuda.cuMemcpyHtoD(base + 2 * GRANULARITY - 2, Uint8Array.of(1, 2, 3))).toThrow("CUDA_ERROR_INVALID_VALUE");
      }));

    test("memory keeps what it holds while it is mapped nowhere, and goes with its last reference", () =>
      withContext(driver(), async (cuda) => {
        const { free } = cuda.cuMemGetInfo();
        const base = cuda.cuMemAddressReserve(2 * GRANULARITY, 0, 0);
        const handle = cuda.cuMemCreate(GRANULARITY, 0);
        expect(cuda.cuMemGetInfo().free).toBe(free - GRANULARITY);
        mapped(cuda, base, handle);
        cuda.cuMemsetD8(base, 7, GRANULARITY);
        cuda.cuMemUnmap(base, GRANULARITY);
        expect(() => cuda.cuMemsetD8(base, 7, 1)).toThrow("CUDA_ERROR_INVALID_VALUE");
        mapped(cuda, base + GRANULARITY, handle);
        expect((await cuda.cuMemcpyDtoH(base + 2 * GRANULARITY - 1, 1))[0]).toBe(7);
        expect(cuda.cuMemRetainAllocationHandle(base + GRANULARITY)).toBe(handle);
        cuda.cuMemRelease(handle);
        cuda.cuMemRelease(handle);
        expect((await cuda.cuMemcpyDtoH(base + GRANULARITY, 1))[0]).toBe(7);
        cuda.cuMemUnmap(base + GRANULARITY, GRANULARITY);
        cuda.cuMemAddressFree(base, 2 * GRANULARITY);
        expect(cuda.cuMemGetInfo().free).toBe(free);
        await cuda.cuCtxSynchronize();
      }));

    test("more addresses can be reserved than there are: what is mapped takes its own", () =>
      withContext(driver(), async (cuda) => {
        const size = 16384 * GRANULARITY;
        const [first, second] = [cuda.cuMemAddressReserve(size), cuda.cuMemAddressReserve(size)];
        expect(second).not.toBe(first);
        const below = cuda.cuMemAlloc(GRANULARITY);
        mapped(cuda, first, cuda.cuMemCreate(GRANULARITY, 0));
        mapped(cuda, second, cuda.cuMemCreate(GRANULARITY, 0));
        for (const [index, at] of [below, first, second].entries()) cuda.cuMemsetD8(at, index + 1, GRANULARITY);
        for (const [index, at] of [below, first, second].entries())
          expect((await cuda.cuMemcpyDtoH(at + GRANULARITY - 1, 1))[0]).toBe(index + 1);
        const end = first + size - GRANULARITY;
        expect(() => mapped(cuda, end, cuda.cuMemCreate(GRANULARITY, 0))).toThrow("CUDA_ERROR_OUT_OF_MEMORY");
        cuda.cuMemUnmap(first, GRANULARITY);
        cuda.cuMemAddressFree(first, size);
        expect(cuda.cuMemAddressReserve(size)).toBeGreaterThan(below);
      }));

    test("what has no access faults", () =>
      withContext(driver(), async (cuda) => {
        const { append } = await loadKernels(cuda);
        const base = cuda.cuMemAddressReserve(GRANULARITY);
        cuda.cuMemMap(base, GRANULARITY, 0, cuda.cuMemCreate(GRANULARITY, 0));
        expect(cuda.cuMemGetAccess(base, 0)).toBe(0);
        append(0, base, 1);
        await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.ILLEGAL_ADDRESS });
      }));

    test("misuse is CUDA_ERROR_INVALID_VALUE", () =>
      withContext(driver(), async (cuda) => {
        const base = cuda.cuMemAddressReserve(2 * GRANULARITY);
        const handle = cuda.cuMemCreate(GRANULARITY, 0);
        mapped(cuda, base, handle);
        for (const wrong of [
          () => cuda.cuMemAddressReserve(1000),
          () => cuda.cuMemAddressReserve(GRANULARITY, 3),
          () => cuda.cuMemCreate(1000, 0),
          () => cuda.cuMemMap(base, GRANULARITY, 0, cuda.cuMemCreate(GRANULARITY, 0)),
          () => cuda.cuMemMap(base + 2 * GRANULARITY, GRANULARITY, 0, handle),
          () => cuda.cuMemSetAccess(base, 2 * GRANULARITY, 0, 3),
          () => cuda.cuMemSetAccess(base, GRANULARITY, 0, 2),
          () => cuda.cuMemUnmap(base, 1000),
          () => cuda.cuMemAddressFree(base, 2 * GRANULARITY),
        ])
          expect(wrong).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(() => cuda.cuMemMap(base + GRANULARITY, GRANULARITY, 0, handle)).toThrow("CUDA_ERROR_NOT_SUPPORTED");
        expect(() => cuda.cuMemCreate(1024 * GRANULARITY, 0)).toThrow("CUDA_ERROR_OUT_OF_MEMORY");
        await cuda.cuCtxSynchronize();
      }));
  });
});

function side(at: number, pitch: number, slice: number): Side {
  return { at, pitch, slice };
}
