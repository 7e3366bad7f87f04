import { CUDA_ERROR, CudaError, guard } from "@decant/cuda";
import { memoryDriver, type TestKernel } from "@decant/cuda/testing";
import { cell, type Out } from "@decant/hook";
import { GuestMemory, MemoryAccessError, PAGE } from "@decant/memory";
import { expect } from "vitest";
import { type GuestThread, nvcudaApi, type NvcudaOptions } from "./index.ts";

const kernels: Record<string, TestKernel> = {
  scale({ memory, parameters }) {
    const n = parameters.getInt32(12, true);
    const bytes = memory(Number(parameters.getBigUint64(0, true)), 4 * n);
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, n);
    values.forEach((value, index) => (values[index] = value * parameters.getFloat32(8, true)));
  },
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  fault() {
    throw new CudaError(CUDA_ERROR.ILLEGAL_ADDRESS);
  },
  hello({ print }) {
    print("hello\n");
  },
};
export const ptx = "kernel scale 8,4,4\nkernel slow\nkernel fault\nkernel hello\nglobal table 16";

type AnyBody = (thread: GuestThread, ...args: unknown[]) => unknown;
type Block = { begin(resume: (value: unknown) => void): void };
type Call = { kind: "call"; address: number; args: readonly (number | bigint)[] };

/** A guest process without a processor: memory, and bodies that are called as the hook layer would. */
export function guest(options: Partial<NvcudaOptions> = {}) {
  const memoryCuda = memoryDriver({ kernels });
  const driver = { open: async (session: object) => guard(await memoryCuda.open(session)), close: () => memoryCuda.close() };
  const { implementations, library } = nvcudaApi({ driver, ...options });
  const bodies = new Map(implementations.flatMap(({ bodies: some }) => Object.entries(some) as [string, AnyBody][]));
  const memory = new GuestMemory();
  const heap = memory.allocate(1 << 20, PAGE.READWRITE)!;
  let used = 0;
  let output = "";
  const ends: (() => void)[] = [];
  const reports: string[] = [];
  /** Guest functions that were called, with what they were given, and what they return. */
  const calls = {
    made: [] as (readonly (number | bigint)[])[],
    result: (_address: number, ..._args: readonly (number | bigint)[]): number => 0,
  };
  const allocate = (size: number): number => {
    used += 16 * Math.ceil(size / 16);
    return heap + used - 16 * Math.ceil(size / 16);
  };
  const processStates = new Map<symbol, unknown>();
  const stateIn = (states: Map<symbol, unknown>) => (key: symbol, make: () => unknown) => {
    if (!states.has(key)) states.set(key, make());
    return states.get(key);
  };
  const newThread = (): GuestThread =>
    ({
      memory,
      pointerSize: 8,
      kernel: { reportOnce: (sentence: string) => void reports.push(sentence) },
      state: stateIn(new Map()),
      process: {
        name: "program.exe",
        state: stateIn(processStates),
        heap: { allocate },
        host: { stdout: { write: (bytes: Uint8Array) => (output += new TextDecoder().decode(bytes)) } },
        modules: {
          find: (name: string) => {
            const byName = new Map([...bodies.keys()].map((key, index) => [key, { address: 0x7000_0000 + 16 * index }]));
            return name === "nvcuda.dll" ? { exports: { byName } } : undefined;
          },
        },
        onEnd: (callback: () => void) => ends.push(callback),
        // A hidden thread ends where its generator throws: there is no kernel to take it.
        createHostThread: (main: (hidden: object) => Generator<Block | Call, unknown, unknown>) =>
          void drive(main({ process: { liveThreadCount: 2, loader: { *detachThread() {} } } }), calls).catch(() => undefined),
      },
    }) as unknown as GuestThread;
  const thread = newThread();

  /** The CUresult of a call; undefined counts as CUDA_SUCCESS. */
  const callOn = async (caller: GuestThread, name: string, ...args: unknown[]): Promise<number> => {
    const body = bodies.get(name);
    if (!body) throw new Error(`nvcuda.dll has no ${name}`);
    try {
      const result = body(caller, ...args);
      if (typeof result !== "object" || result === null) return (result as number | undefined) ?? 0;
      return ((await drive(result as Generator<Block | Call, unknown, unknown>, calls)) as number | undefined) ?? 0;
    } catch (error) {
      if (error instanceof CudaError) return error.cuResult;
      if (error instanceof MemoryAccessError) return CUDA_ERROR.INVALID_VALUE;
      throw error;
    }
  };
  const call = (name: string, ...args: unknown[]): Promise<number> => callOn(thread, name, ...args);
  const place = (bytes: Uint8Array): number => {
    const address = allocate(bytes.length);
    memory.write(address, bytes);
    return address;
  };
  const text = (string: string): number => place(new TextEncoder().encode(`${string}\0`));
  return {
    calls,
    memoryCuda,
    library,
    memory,
    thread,
    newThread,
    call,
    callOn,
    place,
    text,
    allocate,
    ends,
    reports,
    output: () => output,
  };
}

async function drive(generator: Generator<Block | Call, unknown, unknown>, calls: ReturnType<typeof guest>["calls"]): Promise<unknown> {
  let step = generator.next();
  while (step.done !== true) {
    const asked = step.value;
    if ("kind" in asked && asked.kind === "call") {
      calls.made.push([asked.address, ...asked.args]);
      step = generator.next(BigInt(calls.result(asked.address, ...asked.args)));
      continue;
    }
    const value = await new Promise((resolve) => (asked as Block).begin(resolve));
    step = generator.next(value);
  }
  return step.value;
}

export const nullOut: Out<number> = {
  address: 0,
  isNull: true,
  get: () => 0,
  set: () => {
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  },
  update: () => undefined,
};

/** A guest with a context and a module. */
export async function ready() {
  const made = guest();
  await made.call("cuInit", 0);
  const context = cell(0);
  expect(await made.call("cuCtxCreate_v2", context, 0, 0)).toBe(0);
  const module = cell(0);
  expect(await made.call("cuModuleLoadData", module, made.text(ptx))).toBe(0);
  const kernel = async (name: string): Promise<number> => {
    const hfunc = cell(0);
    expect(await made.call("cuModuleGetFunction", hfunc, module.get(), name)).toBe(0);
    return hfunc.get();
  };
  const alloc = async (size: number): Promise<number> => {
    const dptr = cell(0);
    expect(await made.call("cuMemAlloc_v2", dptr, size)).toBe(0);
    return dptr.get();
  };
  const launch = (f: number, kernelParams = 0, extra = 0, stream = 0): Promise<number> =>
    made.call("cuLaunchKernel", f, 1, 1, 1, 32, 1, 1, 0, stream, kernelParams, extra);
  return { ...made, context: context.get(), module: module.get(), kernel, alloc, launch };
}

export const u64 = (...values: number[]): Uint8Array => new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
export const f32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
export const at = (address: number) => ({ address });
