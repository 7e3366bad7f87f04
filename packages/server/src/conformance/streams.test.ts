import { CUDA_ERROR } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { failing, onEveryDriver, withContext } from "./drivers.fixture.ts";
import { loadKernels } from "./kernels.fixture.ts";

const NON_BLOCKING = 1;

onEveryDriver((driver) => {
  test("each stream keeps its own order", () =>
    withContext(driver(), async (cuda) => {
      const { p, append, word } = await loadKernels(cuda);
      const streams = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(), cuda.cuStreamCreateWithPriority(0, -3)];
      for (const digit of [1, 2, 3]) for (const [index, stream] of streams.entries()) append(stream, p + 4 * index, digit + index);
      for (const [index, stream] of streams.entries()) expect(await word(p + 4 * index, stream)).toBe(123 + 111 * index);
    }));

  test("a copy does not wait for another stream's kernel; the legacy default stream waits for blocking streams", () =>
    withContext(driver(), async (cuda) => {
      const { p, wait, append, word } = await loadKernels(cuda);
      const [blocking, free] = [cuda.cuStreamCreate(), cuda.cuStreamCreate(NON_BLOCKING)];
      wait(blocking, p, 300_000_000);
      expect(await word(p + 128, free)).toBe(0);
      expect(cuda.cuStreamQuery(blocking)).toBe(false);
      append(blocking, p + 4, 5);
      expect(await word(p + 4)).toBe(5);
      expect(cuda.cuStreamQuery(blocking) || (await cuda.cuStreamSynchronize(blocking)) === undefined).toBe(true);
    }));

  test("work waits for an event of another stream, as it was recorded last", () =>
    withContext(driver(), async (cuda) => {
      const { p, wait, append, word } = await loadKernels(cuda);
      const [first, second] = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(NON_BLOCKING)];
      const event = cuda.cuEventCreate();
      cuda.cuEventRecord(event, second);
      wait(first, p + 64, 3_000_000);
      append(first, p, 1);
      cuda.cuEventRecord(event, first);
      cuda.cuStreamWaitEvent(second, event);
      append(second, p, 2);
      expect(await word(p, second)).toBe(12);
    }));

  describe("host functions", () => {
    test("run in the stream's order, and hold its later work up", () =>
      withContext(driver(), async (cuda) => {
        const { p, append, word } = await loadKernels(cuda);
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        const seen: string[] = [];
        append(stream, p, 1);
        cuda.cuLaunchHostFunc(stream, async () => {
          seen.push("first");
          await new Promise((resolve) => setTimeout(resolve, 20));
          seen.push("first returns");
        });
        cuda.cuLaunchHostFunc(stream, () => void seen.push("second"));
        append(stream, p, 2);
        expect(cuda.cuStreamQuery(stream)).toBe(false);
        expect(await word(p, stream)).toBe(12);
        expect(seen).toEqual(["first", "first returns", "second"]);
        await cuda.cuStreamSynchronize(stream);
        expect(cuda.cuStreamQuery(stream)).toBe(true);
      }));

    test("do not hold other streams up", () =>
      withContext(driver(), async (cuda) => {
        const { p, append, word } = await loadKernels(cuda);
        const [held, free] = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(NON_BLOCKING)];
        let open = (): void => undefined;
        cuda.cuLaunchHostFunc(held, () => new Promise<void>((resolve) => (open = resolve)));
        append(held, p, 1);
        append(free, p, 7);
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
        const { append } = await loadKernels(cuda);
        const seen: (number | string)[] = [];
        append(0, 0x40, 1);
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
