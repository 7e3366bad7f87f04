import { CUDA_ERROR, LIMIT, openCuda, type Cuda } from "@decant/cuda";
import { afterAll, describe, expect, test } from "vitest";
import { cpuDriver } from "../index.ts";

const driver = cpuDriver({ workers: 1 });
afterAll(() => driver.close());

const HEAD = ".version 8.5\n.target sm_75\n.address_size 64\n";
/** Writes 1 where `malloc(size)` gives memory whose last byte can be written. */
const allocate = `${HEAD}.extern .func (.param .b64 p) malloc (.param .b64 size);
.entry k(.param .u64 out, .param .u64 size) { .reg .b64 %a, %s, %o; .reg .pred %p; .param .b64 x; .param .b64 y;
 ld.param.u64 %o, [out]; ld.param.u64 %s, [size]; st.param.b64 [x], %s; call (y), malloc, (x); ld.param.b64 %a, [y];
 setp.eq.s64 %p, %a, 0; @%p bra end; st.global.u32 [%o], 1; add.s64 %a, %a, %s; st.u8 [%a+-1], 7; end: ret; }`;
const print = (format: string, store: string): string => `${HEAD}.extern .func (.param .b32 r) vprintf (.param .b64 f, .param .b64 v);
.global .align 1 .b8 text[${format.length + 1}] = {${[...format].map((c) => c.charCodeAt(0)).join(", ")}, 0};
.entry k() { .local .align 8 .b8 list[16]; .reg .b64 %f, %v; .param .b64 a; .param .b64 b; .param .b32 r; ${store}
 mov.u64 %f, text; cvta.global.u64 %f, %f; st.param.b64 [a], %f; mov.u64 %v, list; cvta.local.u64 %v, %v; st.param.b64 [b], %v;
 call (r), vprintf, (a, b); ret; }`;
/** The sum of the numbers to n, by a function that calls itself n deep. */
const recursive = `${HEAD}.func (.param .b32 r) deep (.param .b32 n) { .reg .b32 %n, %v; .reg .pred %p; .param .b32 a; .param .b32 b;
 ld.param.u32 %n, [n]; mov.u32 %v, 0; setp.eq.u32 %p, %n, 0; @%p bra end;
 sub.u32 %v, %n, 1; st.param.b32 [a], %v; call (b), deep, (a); ld.param.b32 %v, [b]; add.u32 %v, %v, %n;
 end: st.param.b32 [r], %v; ret; }
.entry k(.param .u64 out, .param .u32 n) { .reg .b64 %o; .reg .b32 %n; .param .b32 a; .param .b32 b;
 ld.param.u64 %o, [out]; ld.param.u32 %n, [n]; st.param.b32 [a], %n; call (b), deep, (a); ld.param.b32 %n, [b]; st.global.u32 [%o], %n; ret; }`;

async function context(options: { longBytes?: 4 | 8 } = {}) {
  let output = "";
  const cuda = await openCuda(driver, { ...options, onOutput: (text) => (output += new TextDecoder().decode(text)) });
  const handle = cuda.cuCtxCreate(0, 0);
  const out = cuda.cuMemAlloc(4);
  return {
    cuda,
    /** Runs the module's kernel in one thread, and gives the word that it left. */
    async run(ptx: string, threads: number, ...rest: number[]): Promise<number | undefined> {
      const module = await cuda.cuModuleLoadData(ptx);
      cuda.cuMemsetD32(out, 0, 1);
      const args = ptx.includes("k()") ? [] : [out, ...rest];
      cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "k"), 1, 1, 1, threads, 1, 1, 0, 0, args);
      return new Uint32Array((await cuda.cuMemcpyDtoH(out, 4)).buffer)[0];
    },
    output: () => output,
    async close() {
      cuda.cuCtxDestroy(handle);
      await cuda.close();
    },
  };
}

const MIB = 1 << 20;
/** What setting a limit fails with, at once or at the next wait. */
async function failure(cuda: Cuda, limit: number, value: number): Promise<number | undefined> {
  try {
    cuda.cuCtxSetLimit(limit, value);
    await cuda.cuCtxSynchronize();
    return undefined;
  } catch (error) {
    return (error as { cuResult: number }).cuResult;
  }
}

describe("the heap of kernels", () => {
  test("has 8 MiB, or what it was given before kernels used it", async () => {
    for (const [limit, size, fits] of [
      [undefined, 4 * MIB, 1],
      [undefined, 20 * MIB, 0],
      [80 * MIB, 32 * MIB, 1],
      [200 * MIB, 128 * MIB, 1],
      [80 * MIB, 128 * MIB, 0],
    ] as const) {
      const { cuda, run, close } = await context();
      expect(cuda.cuCtxGetLimit(LIMIT.MALLOC_HEAP_SIZE)).toBe(8 * MIB);
      if (limit !== undefined) cuda.cuCtxSetLimit(LIMIT.MALLOC_HEAP_SIZE, limit);
      expect(cuda.cuCtxGetLimit(LIMIT.MALLOC_HEAP_SIZE)).toBe(limit ?? 8 * MIB);
      expect(await run(allocate, 1, size)).toBe(fits);
      await close();
    }
  });

  test("keeps its size from the first launch that may allocate on, and cannot have all of the memory", async () => {
    const { cuda, run, close } = await context();
    expect(await failure(cuda, LIMIT.MALLOC_HEAP_SIZE, 2 ** 30)).toBe(CUDA_ERROR.OUT_OF_MEMORY);
    await run(allocate, 1, 16);
    expect(await failure(cuda, LIMIT.MALLOC_HEAP_SIZE, 16 * MIB)).toBe(CUDA_ERROR.INVALID_VALUE);
    await close();
  });
});

describe("what kernels print", () => {
  const line = print("0123456789abcde\n", "");

  test("is kept to the last bytes of a launch: a MiB, or as many as were asked for before", async () => {
    for (const [limit, lines] of [
      [undefined, 65_536],
      [160, 10],
      [5 * MIB, 70_000],
    ] as const) {
      const { cuda, output, close } = await context();
      if (limit !== undefined) cuda.cuCtxSetLimit(LIMIT.PRINTF_FIFO_SIZE, limit);
      const module = await cuda.cuModuleLoadData(line);
      cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "k"), 70, 1, 1, 1000, 1, 1, 0, 0, []);
      await cuda.cuCtxSynchronize();
      expect(Math.abs(output().length / 16 - lines)).toBeLessThanOrEqual(1);
      expect(await failure(cuda, LIMIT.PRINTF_FIFO_SIZE, MIB)).toBe(CUDA_ERROR.INVALID_VALUE);
      await close();
    }
  });

  test.each([
    [4, "st.local.v2.u32 [list], {-5, 7}; st.local.u32 [list+8], 9;"],
    [8, "st.local.u64 [list], -5; st.local.u32 [list+8], 7; st.local.u32 [list+12], 9;"],
  ] as const)("has C longs of %i bytes where modules are made by compilers with such", async (longBytes, store) => {
    const { run, output, close } = await context({ longBytes });
    await run(print("%ld %d %u", store), 1);
    expect(output()).toBe("-5 7 9");
    await close();
  });
});

test("a thread's stack is as deep as it was set before the module was loaded, within limits", async () => {
  const { cuda, run, close } = await context();
  cuda.cuCtxSetLimit(LIMIT.STACK_SIZE, 512 * 1024);
  expect(await run(recursive, 1, 5000)).toBe((5000 * 5001) / 2);
  expect(await failure(cuda, LIMIT.STACK_SIZE, 512 * 1024 + 1)).toBe(CUDA_ERROR.INVALID_VALUE);
  await close();
  const other = await context();
  await expect(other.run(recursive, 1, 5000)).rejects.toMatchObject({ cuResult: CUDA_ERROR.HARDWARE_STACK_ERROR });
  await other.close();
});
