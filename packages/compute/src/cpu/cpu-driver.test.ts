import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CUDA_ERROR, CudaError, DEVICE_ATTRIBUTE, guard, openCuda, type CudaDriver, type CudaSession } from "@decant/cuda";
import { afterAll, describe, expect, test } from "vitest";
import { cpuDriver } from "../index.ts";

const kernels = (name: string): Uint8Array => readFileSync(fileURLToPath(new URL(`../../../ptx/kernels/${name}.ptx`, import.meta.url)));
const text = (source: string): Uint8Array => new TextEncoder().encode(source);
const HEAD = ".version 8.5\n.target sm_75\n.address_size 64\n";

const drivers: CudaDriver[] = [];
const start = (options: Parameters<typeof cpuDriver>[0]): CudaDriver => {
  const driver = cpuDriver(options);
  drivers.push(driver);
  return driver;
};
afterAll(() => Promise.all(drivers.map((driver) => driver.close())));

async function session(driver: CudaDriver): Promise<{ calls: CudaSession; base: number }> {
  const calls = guard(await driver.open());
  const [device] = calls.info.devices;
  if (device === undefined) throw new Error("no device");
  const { arena } = device;
  calls.cuCtxCreate(1, 0, 0, 0);
  return { calls, base: arena.base + arena.start };
}

/** A parameter block of 32-bit words and 64-bit pointers. */
function parameters(...values: readonly (number | { pointer: number })[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(64));
  let at = 0;
  for (const value of values) {
    if (typeof value === "number") {
      view.setUint32(at, value, true);
      at += 4;
      continue;
    }
    at = Math.ceil(at / 8) * 8;
    view.setBigUint64(at, BigInt(value.pointer), true);
    at += 8;
  }
  return new Uint8Array(view.buffer, 0, at);
}

const failing = (code: number): unknown => expect.objectContaining({ cuResult: code });
const failure = async (promise: unknown): Promise<CudaError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CudaError) return error;
    throw error;
  }
  throw new Error("expected a CudaError");
};

const sources = {
  infinite: `.entry infinite() { loop: bra loop; }`,
  oneThread: `.entry oneThread() { .reg .pred %p; .reg .b32 %r; mov.u32 %r, %tid.x; setp.ne.u32 %p, %r, 5; @%p bra end; loop: bra.uni loop; end: ret; }`,
  barriers: `.entry barriers() { loop: bar.sync 0; bra.uni loop; }`,
  trap: `.entry trap() { trap; }`,
  wild: `.entry wild(.param .u64 p) { .reg .b64 %rd; ld.param.u64 %rd, [p]; st.global.u32 [%rd], 1; ret; }`,
  odd: `.entry odd(.param .u64 p) { .reg .b64 %rd; ld.param.u64 %rd, [p]; st.global.u32 [%rd+2], 1; ret; }`,
  count: `.entry count(.param .u64 p) { .reg .b64 %rd; ld.param.u64 %rd, [p]; red.global.add.u32 [%rd], 1; ret; }`,
};
const faults = text(HEAD + Object.values(sources).join("\n"));
const position = (name: keyof typeof sources): number => Object.keys(sources).indexOf(name);

describe.each([
  ["in the caller's thread", 0],
  ["by one worker", 1],
  ["by three workers", 3],
])("kernels run %s:", (_, workers) => {
  const driver = start({ workers, memoryBytes: 64 << 20 });

  test("vectorAdd through the client", async () => {
    const cuda = await openCuda(driver);
    cuda.cuCtxCreate(0, 0);
    const module = await cuda.cuModuleLoadData(kernels("vector-add"));
    const n = 10_000;
    const [a, b] = [Float32Array.from({ length: n }, (_unused, i) => i / 7), Float32Array.from({ length: n }, (_unused, i) => n - i)];
    const [da, db, dc] = [cuda.cuMemAlloc(n * 4), cuda.cuMemAlloc(n * 4), cuda.cuMemAlloc(n * 4)];
    cuda.cuMemcpyHtoD(da, a);
    cuda.cuMemcpyHtoD(db, b);
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "vectorAdd"), Math.ceil(n / 256), 1, 1, 256, 1, 1, 0, 0, [da, db, dc, n]);
    const bytes = await cuda.cuMemcpyDtoH(dc, n * 4);
    expect(new Float32Array(bytes.buffer, bytes.byteOffset, n)).toEqual(a.map((value, i) => value + (b[i] ?? 0)));
  });

  test("exchanges of 128 bits lose nothing to those of other blocks", async () => {
    const cuda = await openCuda(driver);
    cuda.cuCtxCreate(0, 0);
    const loop = `.entry k(.param .u64 p) { .reg .b64 %p, %a, %b, %c, %d; .reg .b128 %q<3>; .reg .pred %again; .reg .b32 %i;
ld.param.u64 %p, [p]; mov.u32 %i, 0;
next: ld.relaxed.gpu.global.b128 %q0, [%p];
retry: mov.b128 {%a, %b}, %q0; add.u64 %c, %a, 1; sub.u64 %d, %b, 1; mov.b128 %q1, {%c, %d};
atom.relaxed.gpu.global.cas.b128 %q2, [%p], %q0, %q1; mov.b128 {%c, %d}, %q2; mov.b128 %q0, %q2;
setp.ne.u64 %again, %a, %c; @%again bra retry; setp.ne.u64 %again, %b, %d; @%again bra retry;
add.u32 %i, %i, 1; setp.lt.u32 %again, %i, 4000; @%again bra next; ret; }`;
    const module = await cuda.cuModuleLoadData(text(HEAD + loop));
    const memory = cuda.cuMemAlloc(16);
    cuda.cuMemcpyHtoD(memory, new Uint8Array(16));
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "k"), 60, 1, 1, 8, 1, 1, 0, 0, [memory]);
    const sums = new BigInt64Array((await cuda.cuMemcpyDtoH(memory, 16)).slice().buffer);
    expect([...sums]).toEqual([1_920_000n, -1_920_000n]);
    await cuda.close();
  });

  test("barriers and atomics: histogram over many blocks, twice on one memory", async () => {
    const { calls, base } = await session(driver);
    await calls.cuModuleLoadData(2, 1, kernels("reduce"));
    const data = Uint8Array.from({ length: 100_000 }, (_unused, i) => (i * 7919) >> 3);
    calls.cuMemAlloc(base, 1, data.length);
    calls.cuMemAlloc(base + (1 << 20), 1, 1024);
    calls.cuMemcpyHtoD(1, base, data);
    data.fill(0); // The copy has taken its bytes.
    const block = parameters({ pointer: base }, { pointer: base + (1 << 20) }, data.length);
    for (let i = 0; i < 2; i++) calls.cuLaunchKernel(1, 2, 1, 40, 1, 1, 256, 1, 1, 0, block);
    block.fill(0);
    const bins = new Uint32Array((await calls.cuMemcpyDtoH(1, base + (1 << 20), 1024)).buffer);
    const expected = new Uint32Array(256);
    for (let i = 0; i < 100_000; i++) expected[((i * 7919) >> 3) & 255] = (expected[((i * 7919) >> 3) & 255] ?? 0) + 2;
    expect(bins).toEqual(expected);
    await calls.close();
  });

  test("what kernels print comes before the next synchronisation is answered; functions call each other, and allocate", async () => {
    let printed = "";
    const cuda = await openCuda(driver, { onOutput: (text) => (printed += new TextDecoder("latin1").decode(text)) });
    cuda.cuCtxCreate(0, 0);
    const module = await cuda.cuModuleLoadData(kernels("calls"));
    const launch = (name: string, ...args: number[]): void =>
      void cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 2, 1, 1, 32, 1, 1, 0, 0, args);
    launch("print", 1);
    await cuda.cuCtxSynchronize();
    expect(printed).toBe("thread 0 of block:  0.00 a 7048860ddf79\n".repeat(2));
    const out = cuda.cuMemAlloc(128);
    const results = async (): Promise<number[]> => [...new Uint32Array((await cuda.cuMemcpyDtoH(out, 128)).slice().buffer)];
    launch("fibs", out);
    expect((await results()).slice(0, 13)).toEqual([0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 0]);
    launch("heap", out);
    expect(await results()).toEqual(Array.from({ length: 32 }, (_unused, i) => 6 * i));
    launch("check", 5);
    const error = await failure(cuda.cuCtxSynchronize());
    expect(error).toEqual(failing(CUDA_ERROR.ASSERT));
    expect(error.log).toMatch(/kernel 'check', ptx line \d+ '.*', block \([01], 0, 0\), thread \(5, 0, 0\)/);
    expect(printed).toMatch(
      /calls\.cu:25: void check\(int\): block: \[[01],0,0\], thread: \[5,0,0\] Assertion `threadIdx\.x < n` failed\.\n/,
    );
    await cuda.close();
  });

  test("the log names the source line where the PTX has it", async () => {
    const { calls, base } = await session(driver);
    const source = `${HEAD}.file 1 "kernels/wild.cu"\n.visible .entry k(.param .u64 p) { .reg .b64 %rd; .loc 1 7 3\n ld.param.u64 %rd, [p];\n .loc 1 42 5\n st.global.u32 [%rd+256], 1; ret; }`;
    await calls.cuModuleLoadData(2, 1, text(source));
    calls.cuMemAlloc(base, 1, 256);
    calls.cuLaunchKernel(1, 2, 0, 1, 1, 1, 1, 1, 1, 0, parameters({ pointer: base }));
    const { log } = await failure(calls.cuCtxSynchronize(1));
    expect(log).toMatch(/kernel 'k', ptx line 8 \(kernels\/wild\.cu:42\) 'st\.global\.u32 \[%rd\+256\], 1'/);
    await calls.close();
  });

  test("an access outside of every allocation is CUDA_ERROR_ILLEGAL_ADDRESS, and the log says where", async () => {
    const { calls, base } = await session(driver);
    await calls.cuModuleLoadData(2, 1, faults);
    calls.cuMemAlloc(base, 1, 256);
    calls.cuLaunchKernel(1, 2, position("wild"), 1, 1, 1, 1, 1, 1, 0, parameters({ pointer: base + 256 }));
    const error = await failure(calls.cuCtxSynchronize(1));
    expect(error).toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    expect(error.log).toMatch(
      /kernel 'wild', ptx line 8 'st.global.u32 \[%rd\], 1', block \(0, 0, 0\), thread \(0, 0, 0\): address 0x[0-9a-f]+ is outside of every allocation; the nearest one is 0x[0-9a-f]+, 256 bytes/,
    );
    // It stays with the context, and with no other.
    calls.cuCtxCreate(9, 0, 0, 1);
    await calls.cuCtxSynchronize(9);
    await expect(failure(calls.cuCtxSynchronize(1))).resolves.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    await calls.close();
  });

  test.each([
    ["a misaligned access", "odd", CUDA_ERROR.MISALIGNED_ADDRESS],
    ["trap", "trap", CUDA_ERROR.LAUNCH_FAILED],
  ] as const)("%s has its own error", async (_unused, name, code) => {
    const { calls, base } = await session(driver);
    await calls.cuModuleLoadData(2, 1, faults);
    calls.cuMemAlloc(base, 1, 256);
    calls.cuLaunchKernel(1, 2, position(name), 1, 1, 1, 1, 1, 1, 0, name === "odd" ? parameters({ pointer: base }) : new Uint8Array(0));
    await expect(failure(calls.cuCtxSynchronize(1))).resolves.toEqual(failing(code));
    await calls.close();
  });
});

test("the blocks of a cooperative launch wait for each other", async () => {
  const cuda = await openCuda(start({ workers: 2, memoryBytes: 64 << 20, timeLimitMs: 20_000 }));
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData(kernels("grid-sync"));
  const data = cuda.cuMemAlloc(4 * 64);
  cuda.cuMemcpyHtoD(
    data,
    Int32Array.from({ length: 64 }, (_, i) => i * i),
  );
  const kernel = cuda.cuModuleGetFunction(module, "gridSync");
  for (let launch = 0; launch < 2; launch++) cuda.cuLaunchCooperativeKernel(kernel, 2, 1, 1, 32, 1, 1, 0, 0, [data, 10]);
  const found = new Int32Array((await cuda.cuMemcpyDtoH(data, 4 * 64)).slice().buffer);
  // Twenty times, each took its neighbour's number, and added one.
  expect([...found]).toEqual(Array.from({ length: 64 }, (_, i) => ((i + 20) % 64) ** 2 + 20));
  await cuda.close();
});

describe("kernels that do not end meet the time limit, and the device survives:", () => {
  const driver = start({ workers: 2, timeLimitMs: 400, memoryBytes: 64 << 20 });

  test.each(["infinite", "oneThread", "barriers"] as const)("%s", async (name) => {
    const { calls, base } = await session(driver);
    await calls.cuModuleLoadData(2, 1, faults);
    const started = performance.now();
    calls.cuLaunchKernel(1, 2, position(name), 4, 1, 1, 64, 1, 1, 0, new Uint8Array(0));
    const error = await failure(calls.cuCtxSynchronize(1));
    expect(error).toEqual(failing(CUDA_ERROR.LAUNCH_TIMEOUT));
    expect(error.log).toContain(`kernel '${name}' ran past the time limit`);
    expect(performance.now() - started).toBeLessThan(3000);
    calls.cuCtxDestroy(1);
    calls.cuCtxCreate(3, 0, 0, 0);
    await calls.cuModuleLoadData(4, 3, faults);
    calls.cuMemAlloc(base, 3, 4);
    calls.cuLaunchKernel(3, 4, position("count"), 10, 1, 1, 32, 1, 1, 0, parameters({ pointer: base }));
    expect(new Uint32Array((await calls.cuMemcpyDtoH(3, base, 4)).buffer)[0]).toBe(320);
    await calls.close();
  });

  test("destroying the context ends them too", async () => {
    const { calls } = await session(start({ workers: 1, timeLimitMs: Infinity }));
    await calls.cuModuleLoadData(2, 1, faults);
    calls.cuLaunchKernel(1, 2, position("infinite"), 1, 1, 1, 1, 1, 1, 0, new Uint8Array(0));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await expect(calls.close()).resolves.toBeUndefined();
  });
});

describe("modules:", () => {
  const driver = start({ workers: 0, memoryBytes: 64 << 20 });

  test("load tells kernels, parameters, attributes and variables, which hold their initial values", async () => {
    const { calls } = await session(driver);
    const module = await calls.cuModuleLoadData(2, 1, kernels("loops"));
    expect(module.functions[0]).toMatchObject({
      name: "loops",
      parameters: [
        { offset: 0, size: 8 },
        { offset: 8, size: 8 },
        { offset: 16, size: 4 },
      ],
      maxThreadsPerBlock: 1024,
      ptxVersion: 90,
    });
    expect(module.functions[0]?.localSizeBytes).toBe(64);
    const weights = module.globals.find(({ name }) => name === "weights");
    expect(weights?.size).toBe(64);
    const values = new Int32Array((await calls.cuMemcpyDtoH(1, weights?.address ?? 0, 64)).buffer);
    expect([...values.subarray(0, 5)]).toEqual([3, -1, 4, 1, -5]);
    await calls.close();
  });

  test.each([
    ["text that is no PTX", text("hello"), CUDA_ERROR.INVALID_PTX, /ptx:1: error: expected a directive, found 'hello'/],
    [
      "an instruction that is not translated",
      text(`${HEAD}.entry k() { .reg .b64 %rd; .reg .b32 %r;\n sured.b.add.1d.u32.trap [%rd, {%r}], %r; }\n`),
      CUDA_ERROR.INVALID_PTX,
      /ptx:5: error: 'sured\.b.*is not translated yet/,
    ],
    [
      "an extern that nothing defines",
      text(`${HEAD}.extern .global .u32 missing;`),
      CUDA_ERROR.NOT_FOUND,
      /unresolved extern variable 'missing'/,
    ],
    ["a cubin that is cut off", Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]), CUDA_ERROR.INVALID_IMAGE, /cubin/],
    ["bytes that are nothing", Uint8Array.from([0, 1, 2, 3, 4]), CUDA_ERROR.INVALID_IMAGE, /neither PTX text/],
  ])("%s fails at load, with a log", async (_, image, code, log) => {
    const { calls } = await session(driver);
    const error = await failure(calls.cuModuleLoadData(2, 1, image));
    expect(error).toEqual(failing(code));
    expect(error.log).toMatch(log);
    await calls.close();
  });

  test("dynamic shared memory past 48 KiB has to be asked for", async () => {
    const { calls, base } = await session(driver);
    await calls.cuModuleLoadData(2, 1, kernels("bitonic-sort"));
    calls.cuMemAlloc(base, 1, 2048);
    const launch = (): void => void calls.cuLaunchKernel(1, 2, 0, 1, 1, 1, 256, 1, 1, 60_000, parameters({ pointer: base }));
    launch();
    await expect(failure(calls.cuCtxSynchronize(1))).resolves.toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    calls.cuFuncSetAttribute(2, 0, 8, 60_000);
    await calls.close();
  });
});

describe("memory, streams and events:", () => {
  const driver = start({ workers: 0, memoryBytes: 64 << 20 });

  test("memory that was used before comes back zeroed, within a context and from one to the next", async () => {
    const { calls, base } = await session(driver);
    const dirty = async (context: number): Promise<void> => {
      calls.cuMemAlloc(base, context, 1000);
      expect((await calls.cuMemcpyDtoH(context, base, 1000)).every((byte) => byte === 0)).toBe(true);
      calls.cuMemsetD2D(context, base, 0, 0xab, 1, 1000, 1);
      calls.cuMemFree(base, context);
    };
    await dirty(1);
    await dirty(1);
    calls.cuCtxDestroy(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    calls.cuCtxCreate(5, 0, 0, 0);
    await dirty(5);
    await calls.close();
  });

  test("sets of 1, 2 and 4 bytes, with a pitch, and copies that overlap", async () => {
    const { calls, base } = await session(driver);
    calls.cuMemAlloc(base, 1, 256);
    calls.cuMemsetD2D(1, base, 0, 0x11, 1, 5, 1);
    calls.cuMemsetD2D(1, base + 6, 0, 0x2233, 2, 3, 1);
    calls.cuMemsetD2D(1, base + 16, 8, 0x4455_6677, 4, 1, 2);
    calls.cuMemcpyDtoD(1, base + 2, base, 4);
    const bytes = [...(await calls.cuMemcpyDtoH(1, base, 28))];
    expect(bytes).toEqual([
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x33, 0x22, 0x33, 0x22, 0x33, 0x22, 0, 0, 0, 0, 0x77, 0x66, 0x55, 0x44, 0, 0, 0, 0, 0x77, 0x66,
      0x55, 0x44,
    ]);
    await calls.close();
  });

  test("events tell the time between them, and a stream's work is over when it is synchronised", async () => {
    const { calls, base } = await session(start({ workers: 1 }));
    await calls.cuModuleLoadData(2, 1, faults);
    calls.cuMemAlloc(base, 1, 4);
    calls.cuStreamCreate(10, 1, 0, 0);
    calls.cuEventCreate(11, 1, 0);
    calls.cuEventCreate(12, 1, 0);
    calls.cuEventRecord(11, 10);
    for (let i = 0; i < 20; i++) calls.cuLaunchKernel(10, 2, position("count"), 100, 1, 1, 64, 1, 1, 0, parameters({ pointer: base }));
    calls.cuEventRecord(12, 10);
    await calls.cuStreamSynchronize(10);
    const elapsed = await calls.cuEventElapsedTime(11, 12);
    expect(elapsed).toBeGreaterThan(0);
    expect(elapsed).toBeLessThan(10_000);
    expect(new Uint32Array((await calls.cuMemcpyDtoH(1, base, 4)).buffer)[0]).toBe(128_000);
    await calls.close();
  });

  test("the device is described consistently", async () => {
    const { calls } = await session(driver);
    const [device] = calls.info.devices;
    const attribute = (number: number): number | undefined => device?.attributes.find((one) => one.attribute === number)?.value;
    expect(device?.name).toBe("Decant CPU");
    expect([attribute(DEVICE_ATTRIBUTE.COMPUTE_CAPABILITY_MAJOR), attribute(DEVICE_ATTRIBUTE.COMPUTE_CAPABILITY_MINOR)]).toEqual([8, 6]);
    expect(attribute(DEVICE_ATTRIBUTE.WARP_SIZE)).toBe(32);
    expect(device?.totalMem).toBe(64 << 20);
    await calls.close();
  });
});
