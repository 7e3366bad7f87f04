import { type Cuda, CUDA_ERROR } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { failing, onEveryDriver, withContext } from "./drivers.fixture.ts";

const NON_BLOCKING = 1;

/** Kernels that take a while, add, and fault. */
const ptx = `.version 8.0
.target sm_75
.address_size 64
.visible .entry add(.param .u64 p, .param .u32 v) {
  .reg .b64 %rd1; .reg .b32 %r<3>;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [v];
  ld.global.u32 %r2, [%rd1]; mad.lo.u32 %r2, %r2, 10, %r1; st.global.u32 [%rd1], %r2; ret;
}
.visible .entry wait(.param .u64 p, .param .u32 rounds) {
  .reg .b64 %rd1; .reg .b32 %r<4>; .reg .pred %p;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [rounds]; mov.u32 %r2, 0; mov.u32 %r3, 1;
again: mad.lo.u32 %r3, %r3, 1664525, 1013904223; add.u32 %r2, %r2, 1; setp.lt.u32 %p, %r2, %r1; @%p bra again;
  st.global.u32 [%rd1], %r3; ret;
}
`;

async function kernels(cuda: Cuda) {
  const module = await cuda.cuModuleLoadData(ptx);
  const launcher =
    (name: string) =>
    (stream: number, ...params: number[]): void =>
      cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 1, 1, 1, 0, stream, params);
  const p = cuda.cuMemAlloc(256);
  cuda.cuMemsetD8(p, 0, 256);
  const word = async (address: number, stream = 0): Promise<number> =>
    new DataView((await cuda.cuMemcpyDtoH(address, 4, stream)).buffer).getUint32(0, true);
  await cuda.cuCtxSynchronize();
  return { p, add: launcher("add"), wait: launcher("wait"), word };
}

onEveryDriver((driver) => {
  test("each stream keeps its own order", () =>
    withContext(driver(), async (cuda) => {
      const { p, add, word } = await kernels(cuda);
      const streams = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(), cuda.cuStreamCreateWithPriority(0, -3)];
      for (const digit of [1, 2, 3]) for (const [index, stream] of streams.entries()) add(stream, p + 4 * index, digit + index);
      for (const [index, stream] of streams.entries()) expect(await word(p + 4 * index, stream)).toBe(123 + 111 * index);
    }));

  test("a copy does not wait for another stream's kernel; the legacy default stream waits for blocking streams", () =>
    withContext(driver(), async (cuda) => {
      const { p, wait, add, word } = await kernels(cuda);
      const [blocking, free] = [cuda.cuStreamCreate(), cuda.cuStreamCreate(NON_BLOCKING)];
      wait(blocking, p, 300_000_000);
      expect(await word(p + 128, free)).toBe(0);
      expect(cuda.cuStreamQuery(blocking)).toBe(false);
      add(blocking, p + 4, 5);
      expect(await word(p + 4)).toBe(5);
      expect(cuda.cuStreamQuery(blocking) || (await cuda.cuStreamSynchronize(blocking)) === undefined).toBe(true);
    }));

  test("work waits for an event of another stream, as it was recorded last", () =>
    withContext(driver(), async (cuda) => {
      const { p, wait, add, word } = await kernels(cuda);
      const [first, second] = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(NON_BLOCKING)];
      const event = cuda.cuEventCreate();
      cuda.cuEventRecord(event, second);
      wait(first, p + 64, 3_000_000);
      add(first, p, 1);
      cuda.cuEventRecord(event, first);
      cuda.cuStreamWaitEvent(second, event);
      add(second, p, 2);
      expect(await word(p, second)).toBe(12);
    }));

  describe("host functions", () => {
    test("run in the stream's order, and hold its later work up", () =>
      withContext(driver(), async (cuda) => {
        const { p, add, word } = await kernels(cuda);
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        const seen: string[] = [];
        add(stream, p, 1);
        cuda.cuLaunchHostFunc(stream, async () => {
          seen.push("first");
          await new Promise((resolve) => setTimeout(resolve, 20));
          seen.push("first returns");
        });
        cuda.cuLaunchHostFunc(stream, () => void seen.push("second"));
        add(stream, p, 2);
        expect(cuda.cuStreamQuery(stream)).toBe(false);
        expect(await word(p, stream)).toBe(12);
        expect(seen).toEqual(["first", "first returns", "second"]);
        await cuda.cuStreamSynchronize(stream);
        expect(cuda.cuStreamQuery(stream)).toBe(true);
      }));

    test("do not hold other streams up", () =>
      withContext(driver(), async (cuda) => {
        const { p, add, word } = await kernels(cuda);
        const [held, free] = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(NON_BLOCKING)];
        let open = (): void => undefined;
        cuda.cuLaunchHostFunc(held, () => new Promise<void>((resolve) => (open = resolve)));
        add(held, p, 1);
        add(free, p, 7);
        expect(await word(p, free)).toBe(7);
        open();
        expect(await word(p, held)).toBe(71);
      }));

    test("are over when a wait for the context is", () =>
      withContext(driver(), async (cuda) => {
        let isOver = false;
        cuda.cuStreamAddCallback(0, async (status) => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          isOver = status === 0;
        });
        await cuda.cuCtxSynchronize();
        expect(isOver).toBe(true);
      }));

    test("of cuStreamAddCallback are told of a fault; those of cuLaunchHostFunc are not run", () =>
      withContext(driver(), async (cuda) => {
        const { add } = await kernels(cuda);
        const seen: (number | string)[] = [];
        add(0, 0x40, 1);
        cuda.cuLaunchHostFunc(0, () => void seen.push("not run"));
        const told = new Promise<void>((resolve) =>
          cuda.cuStreamAddCallback(0, (status) => {
            seen.push(status);
            resolve();
          }),
        );
        await told;
        expect(seen).toEqual([CUDA_ERROR.ILLEGAL_ADDRESS]);
        await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
        expect(() => cuda.cuStreamAddCallback(0, () => undefined, 1)).toThrow(/CUDA_ERROR_(INVALID_VALUE|ILLEGAL_ADDRESS)/);
      }));

    test("that wait are forgotten when their context is destroyed", () =>
      withContext(driver(), async (cuda, context) => {
        cuda.cuLaunchHostFunc(0, () => new Promise(() => undefined));
        await new Promise((resolve) => setTimeout(resolve, 10));
        cuda.cuCtxDestroy(context);
        cuda.cuCtxCreate(0, 0);
        await expect(cuda.cuCtxSynchronize()).resolves.toBeUndefined();
      }));
  });

  test("priorities have a range, and are taken to its ends", () =>
    withContext(driver(), async (cuda) => {
      const { leastPriority, greatestPriority } = cuda.cuCtxGetStreamPriorityRange();
      expect(leastPriority).toBeGreaterThan(greatestPriority);
      for (const [asked, got] of [
        [100, leastPriority],
        [-100, greatestPriority],
        [-2, -2],
      ] as const)
        expect(cuda.cuStreamGetPriority(cuda.cuStreamCreateWithPriority(0, asked))).toBe(got);
    }));
});
