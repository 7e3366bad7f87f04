import { CUDA_ERROR, JIT, JIT_INPUT, POINTER_ATTRIBUTE } from "@decant/cuda";
import { cell } from "@decant/hook";
import { describe, expect, test } from "vitest";
import { at, ready, u64 } from "./guest.fixture.ts";

type Ready = Awaited<ReturnType<typeof ready>>;

const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const none = { read: () => [] };
const OPEN_NON_BLOCKING = 1;

/** A handle that a call gives. */
async function given({ call }: Pick<Ready, "call">, name: string, ...args: unknown[]): Promise<number> {
  const place = cell<number | bigint>(0);
  expect([name, await call(name, place, ...args)]).toEqual([name, 0]);
  return Number(place.get());
}

/** A block of bytes with fields set: [offset, value] in 8 bytes, or 4 with `32`. */
function block(size: number, ...fields: [offset: number, value: number, width?: 32][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  for (const [offset, value, width] of fields)
    if (width === 32) view.setUint32(offset, value, true);
    else view.setBigUint64(offset, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

describe("host functions are called on a thread that the program has not made", () => {
  test("with their arguments, in the stream's order", async () => {
    const made = await ready();
    const { call, calls, kernel } = made;
    const stream = await given(made, "cuStreamCreate", OPEN_NON_BLOCKING);
    await call("cuLaunchKernel", await kernel("slow"), 1, 1, 1, 1, 1, 1, 0, stream, 0, 0);
    expect(await call("cuLaunchHostFunc", stream, 0x40_1000, 0x1234_5678_9abc_def0n)).toBe(0);
    expect(await call("cuStreamAddCallback", stream, 0x40_2000, 7n, 0)).toBe(0);
    expect(calls.made).toEqual([]);
    expect(await call("cuStreamSynchronize", stream)).toBe(0);
    expect(calls.made).toEqual([
      [0x40_1000, 0x1234_5678_9abc_def0n],
      [0x40_2000, stream, 0, 7n],
    ]);
    expect(await call("cuLaunchHostFunc", stream, 0, 0n)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuStreamAddCallback", stream, 0x40_2000, 0n, 1)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("and cuOccupancyMaxPotentialBlockSize asks on the calling thread how much memory a block needs", async () => {
    const made = await ready();
    const { call, calls, kernel } = made;
    calls.result = (_address, blockSize) => Number(blockSize) * 512;
    const [minGridSize, blockSize] = [cell(0), cell(0)];
    expect(await call("cuOccupancyMaxPotentialBlockSize", minGridSize, blockSize, await kernel("slow"), 0x40_3000, 0, 0)).toBe(0);
    // 64 KiB for a multiprocessor.
    expect([blockSize.get(), minGridSize.get()]).toEqual([128, 1]);
    expect(calls.made[0]).toEqual([0x40_3000, 1024]);
  });
});

describe("cuLaunchKernelEx", () => {
  const config = (made: Ready, shape: number[], stream: number, attributes: [id: number, ...value: number[]][] = []): number => {
    const list = attributes.map(([id, ...value]) =>
      block(72, [0, id, 32], ...value.map((v, i): [number, number, 32] => [8 + 4 * i, v, 32])),
    );
    const bytes = Uint8Array.from(list.flatMap((one) => [...one]));
    return made.place(
      Uint8Array.of(...u32(...shape, 0), ...u64(stream), ...u64(bytes.length > 0 ? made.place(bytes) : 0), ...u32(list.length, 0)),
    );
  };

  test("launches with the stream and the shape of its configuration", async () => {
    const made = await ready();
    const stream = await given(made, "cuStreamCreate", 0);
    expect(
      await made.call("cuLaunchKernelEx", config(made, [2, 3, 1, 32, 1, 1, 64], stream, [[8, 1]]), await made.kernel("slow"), 0, 0),
    ).toBe(0);
    expect(made.memoryCuda.log.findLast(({ name }) => name === "cuLaunchKernel")!.args.slice(0, 10)).toEqual([
      stream,
      made.module,
      1,
      2,
      3,
      1,
      32,
      1,
      1,
      64,
    ]);
    expect(await made.call("cuLaunchKernelEx_ptsz", config(made, [1, 1, 1, 1, 1, 1, 0], 0), await made.kernel("slow"), 0, 0)).toBe(0);
    expect(made.memoryCuda.log.findLast(({ name }) => name === "cuLaunchKernel")!.args[0]).not.toBe(made.context);
  });

  test("refuses what the device has not", async () => {
    const made = await ready();
    const launch = async (attribute: [number, ...number[]]): Promise<number> =>
      made.call("cuLaunchKernelEx", config(made, [1, 1, 1, 1, 1, 1, 0], 0, [attribute]), await made.kernel("slow"), 0, 0);
    expect(await launch([4, 1, 1, 1])).toBe(0);
    expect(await launch([4, 2, 1, 1])).toBe(CUDA_ERROR.NOT_SUPPORTED);
    expect(await launch([2, 1])).toBe(CUDA_ERROR.NOT_SUPPORTED);
    expect(await launch([7, 1])).toBe(CUDA_ERROR.NOT_SUPPORTED);
    expect(await made.call("cuLaunchKernelEx", 0, await made.kernel("slow"), 0, 0)).toBe(CUDA_ERROR.INVALID_VALUE);
  });
});

describe("copies of rows and slices", () => {
  test("take the host's memory, the device's, and whichever it is", async () => {
    const made = await ready();
    const { call, place, memory, alloc, allocate } = made;
    const [p, source, target] = [await alloc(256), place(Uint8Array.from({ length: 64 }, (_, i) => i)), allocate(64)];
    // CUDA_MEMCPY2D: three rows of 4 bytes, from row 1, byte 2 of rows of 8 bytes, to row 2 of rows of 16.
    const toDevice = block(
      128,
      [0, 2],
      [8, 1],
      [16, 1, 32],
      [24, source],
      [48, 8],
      [64, 2],
      [72, 2, 32],
      [88, p],
      [104, 16],
      [112, 4],
      [120, 3],
    );
    expect(await call("cuMemcpy2D_v2", place(toDevice))).toBe(0);
    const toHost = block(128, [16, 4, 32], [32, p + 32], [48, 16], [72, 4, 32], [88, target], [104, 4], [112, 4], [120, 3]);
    expect(await call("cuMemcpy2DAsync_v2", place(toHost), 0)).toBe(0);
    expect([...memory.read(target, 12)]).toEqual([10, 11, 12, 13, 18, 19, 20, 21, 26, 27, 28, 29]);
    // CUDA_MEMCPY3D: two slices of two rows of 4 bytes.
    const slices = block(
      200,
      [32, 2, 32],
      [48, p + 32],
      [72, 16],
      [80, 1],
      [120, 1, 32],
      [128, target],
      [160, 4],
      [168, 1],
      [176, 4],
      [184, 1],
      [192, 2],
    );
    expect(await call("cuMemcpy3D_v2", place(slices))).toBe(0);
    expect([...memory.read(target, 8)]).toEqual([10, 11, 12, 13, 18, 19, 20, 21]);
  });

  test("fail with CUDA_ERROR_INVALID_VALUE where a row overlaps the next, or memory is not there", async () => {
    const { call, place, alloc } = await ready();
    const p = await alloc(64);
    const rows = (pitch: number, host: number): number =>
      place(block(128, [16, 2, 32], [32, p], [48, pitch], [72, 1, 32], [80, host], [104, 8], [112, 8], [120, 4]));
    expect(await call("cuMemcpy2D_v2", rows(16, 0x10))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemcpy2D_v2", rows(4, place(new Uint8Array(64))))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemcpy2D_v2", rows(32, place(new Uint8Array(64))))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemcpy2D_v2", 0x10)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("reach arrays, as far as they go", async () => {
    const made = await ready();
    const { call, place, memory, allocate } = made;
    // 5 by 3 elements of two floats.
    const array = await given(made, "cuArrayCreate_v2", place(block(24, [0, 5], [8, 3], [16, 0x20, 32], [20, 2, 32])));
    const rows = Uint8Array.from({ length: 120 }, (_, i) => i);
    const [source, target] = [place(rows), allocate(120)];
    const copy = (x: number, width: number): number =>
      place(block(128, [16, 1, 32], [24, source], [48, 40], [56, x], [72, 3, 32], [96, array], [112, width], [120, 3]));
    expect(await call("cuMemcpy2D_v2", copy(0, 40))).toBe(0);
    expect(await call("cuMemcpy2D_v2", copy(8, 40))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemcpy2D_v2", copy(4, 8))).toBe(CUDA_ERROR.INVALID_VALUE);
    const back = block(128, [16, 3, 32], [40, array], [72, 1, 32], [80, target], [104, 40], [112, 40], [120, 3]);
    expect(await call("cuMemcpy2D_v2", place(back))).toBe(0);
    expect(memory.read(target, 120)).toEqual(rows);
    const descriptor = allocate(40);
    expect(await call("cuArray3DGetDescriptor_v2", descriptor, array)).toBe(0);
    expect([0, 8, 16].map((offset) => memory.u64(descriptor + offset))).toEqual([5n, 3n, 0n]);
    expect(await call("cuArrayDestroy", array)).toBe(0);
    expect(await call("cuArrayDestroy", array)).toBe(CUDA_ERROR.INVALID_HANDLE);
    for (const wrong of [
      block(24, [0, 0], [8, 3], [16, 0x20, 32], [20, 2, 32]),
      block(24, [0, 5], [8, 3], [16, 0x21, 32], [20, 2, 32]),
      block(24, [0, 5], [8, 3], [16, 0x20, 32], [20, 3, 32]),
    ])
      expect(await call("cuArrayCreate_v2", cell(0), place(wrong))).toBe(CUDA_ERROR.INVALID_VALUE);
  });
});

describe("memory that guest and device share", () => {
  /** Doubles `n` floats at `p`. */
  const scale = async ({ place, launch, kernel }: Ready, p: number, n: number): Promise<number> => {
    const factor = place(new Uint8Array(Float32Array.of(2).buffer));
    return launch(await kernel("scale"), place(u64(place(u64(p)), factor, place(u32(n)))));
  };

  test("is managed memory, under one pointer", async () => {
    const made = await ready();
    const { call, memory } = made;
    const p = await given(made, "cuMemAllocManaged", 100_000, 1);
    const own = p % 2 ** 32;
    memory.write(own, new Uint8Array(Float32Array.of(1, 2, 3).buffer));
    expect(await scale(made, p, 3)).toBe(0);
    expect(await call("cuCtxSynchronize")).toBe(0);
    expect([memory.f32(own), memory.f32(own + 4), memory.f32(own + 8)]).toEqual([2, 4, 6]);
    const value = made.allocate(8);
    expect(await call("cuPointerGetAttribute", value, POINTER_ATTRIBUTE.IS_MANAGED, p + 8)).toBe(0);
    expect(memory.u32(value)).toBe(1);
    expect(await call("cuMemFree_v2", p)).toBe(0);
    expect(memory.accessible(own, 4, "read")).toBe(false);
    expect(await call("cuMemAllocManaged", cell(0), 0, 1)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemAllocManaged", cell(0), 4, 0)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("is page-locked memory that was allocated for it, under one pointer too", async () => {
    const made = await ready();
    const { call, memory } = made;
    const p = await given(made, "cuMemHostAlloc", 64, 2);
    expect(await given(made, "cuMemHostGetDevicePointer_v2", p, 0)).toBe(p);
    expect(await given(made, "cuMemHostGetFlags", p)).toBe(2);
    memory.write(p % 2 ** 32, new Uint8Array(Float32Array.of(5).buffer));
    await scale(made, p, 1);
    await call("cuCtxSynchronize");
    expect(memory.f32(p % 2 ** 32)).toBe(10);
    expect(await call("cuMemFreeHost", p)).toBe(0);
    expect(await call("cuMemFreeHost", p)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("is any page-locked memory, from when the device's pointer is asked for", async () => {
    const made = await ready();
    const { call, memory, allocate } = made;
    const own = allocate(64);
    expect(await call("cuMemHostGetDevicePointer_v2", cell(0), own, 0)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemHostRegister_v2", own, 64, 2)).toBe(0);
    expect(await call("cuMemHostRegister_v2", own + 32, 64, 0)).toBe(CUDA_ERROR.HOST_MEMORY_ALREADY_REGISTERED);
    memory.write(own, new Uint8Array(Float32Array.of(1, 7).buffer));
    const p = await given(made, "cuMemHostGetDevicePointer_v2", own + 4, 0);
    await scale(made, p, 1);
    await call("cuCtxSynchronize");
    expect([memory.f32(own), memory.f32(own + 4)]).toEqual([1, 14]);
    expect(await call("cuMemHostUnregister", own)).toBe(0);
    expect(await call("cuMemHostUnregister", own)).toBe(CUDA_ERROR.HOST_MEMORY_NOT_REGISTERED);
  });
});

describe("graphs", () => {
  const kernelNode = async (made: Ready, name: string, parameters: number): Promise<number> =>
    made.place(
      block(72, [0, await made.kernel(name)], ...[8, 12, 16, 20, 24, 28].map((offset): [number, number, 32] => [offset, 1, 32]), [
        40,
        parameters,
      ]),
    );

  test("of kernels, copies, sets and host functions run as they were built", async () => {
    const made = await ready();
    const { call, calls, place, memory, alloc, allocate } = made;
    const [p, target] = [await alloc(64), allocate(8)];
    const graph = await given(made, "cuGraphCreate", 0);
    const set = await given(
      made,
      "cuGraphAddMemsetNode",
      graph,
      0,
      0,
      place(block(40, [0, p], [16, 0x3f80_0000, 32], [20, 4, 32], [24, 2], [32, 1])),
      0,
    );
    const parameters = place(u64(place(u64(p)), place(new Uint8Array(Float32Array.of(3).buffer)), place(u32(2))));
    const scaled = await given(made, "cuGraphAddKernelNode_v2", graph, place(u64(set)), 1, await kernelNode(made, "scale", parameters));
    const copy = block(200, [32, 2, 32], [48, p], [120, 1, 32], [128, target], [176, 8], [184, 1], [192, 1]);
    const copied = await given(made, "cuGraphAddMemcpyNode", graph, place(u64(scaled)), 1, place(copy), 0);
    const host = await given(made, "cuGraphAddHostNode", graph, place(u64(copied)), 1, place(u64(0x40_4000, 99)));
    const exec = await given(made, "cuGraphInstantiateWithFlags", graph, 0n);
    expect(await call("cuGraphLaunch", exec, 0)).toBe(0);
    expect(await call("cuCtxSynchronize")).toBe(0);
    expect([memory.f32(target), memory.f32(target + 4), calls.made]).toEqual([3, 3, [[0x40_4000, 99n]]]);

    const [nodes, count] = [allocate(64), cell(0)];
    expect(await call("cuGraphGetNodes", graph, 0, count)).toBe(0);
    expect(count.get()).toBe(4);
    count.set(8);
    await call("cuGraphGetNodes", graph, nodes, count);
    expect([count.get(), ...[0, 1, 2, 3, 4].map((index) => Number(memory.u64(nodes + 8 * index)))]).toEqual([
      4,
      set,
      scaled,
      copied,
      host,
      0,
    ]);

    const shown = allocate(72);
    expect(await call("cuGraphKernelNodeGetParams_v2", scaled, shown)).toBe(0);
    const values = memory.u32(shown + 40);
    expect([memory.u64(shown), memory.u64(memory.u32(values)), memory.f32(memory.u32(values + 8))]).toEqual([
      BigInt(await made.kernel("scale")),
      BigInt(p),
      3,
    ]);
    expect(await call("cuGraphHostNodeGetParams", host, shown)).toBe(0);
    expect([memory.u64(shown), memory.u64(shown + 8)]).toEqual([0x40_4000n, 99n]);
    expect(await call("cuGraphMemsetNodeGetParams", host, shown)).toBe(CUDA_ERROR.INVALID_VALUE);
    await call("cuGraphMemsetNodeGetParams", set, shown);
    expect([memory.u64(shown), memory.u32(shown + 16), memory.u64(shown + 24)]).toEqual([BigInt(p), 0x3f80_0000, 2n]);

    const info = allocate(24);
    expect(await call("cuGraphExecUpdate_v2", exec, graph, info)).toBe(0);
    expect(await call("cuGraphDestroyNode", host)).toBe(0);
    expect(await call("cuGraphExecUpdate_v2", exec, graph, info)).toBe(CUDA_ERROR.GRAPH_EXEC_UPDATE_FAILURE);
    expect(memory.u32(info)).toBe(2);
    expect(await call("cuGraphDestroy", graph)).toBe(0);
    expect(await call("cuGraphDestroy", graph)).toBe(CUDA_ERROR.INVALID_HANDLE);
  });

  test("are captured from streams", async () => {
    const made = await ready();
    const { call, memory, alloc } = made;
    const p = await alloc(16);
    const stream = await given(made, "cuStreamCreate", OPEN_NON_BLOCKING);
    expect(await call("cuStreamBeginCapture_v2", stream, 0)).toBe(0);
    await call("cuMemsetD8Async", p, 1, 16, stream);
    const [status, id, graph, dependencies, count] = [cell(0), cell(0n), cell(0), cell(0), cell(0)];
    expect(await call("cuStreamGetCaptureInfo_v2", stream, status, id, graph, dependencies, count)).toBe(0);
    expect([status.get(), count.get(), Number(memory.u64(dependencies.get())) > 0]).toEqual([1, 1, true]);
    const captured = cell(0);
    expect(await call("cuStreamEndCapture", stream, captured)).toBe(0);
    expect(captured.get()).toBe(graph.get());
    expect(await call("cuStreamBeginCapture", 0)).toBe(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
    const mode = cell(2);
    expect(await call("cuThreadExchangeStreamCaptureMode", mode)).toBe(0);
    expect(mode.get()).toBe(0);
  });
});

describe("modules", () => {
  test("are linked, with logs where the program wants them", async () => {
    const made = await ready();
    const { call, place, memory, text, allocate } = made;
    const log = allocate(64);
    const values = place(u64(log, 64));
    const state = await given(
      { call: (name, out, ...args) => call(name, ...args, out) },
      "cuLinkCreate_v2",
      2,
      { read: () => [JIT.ERROR_LOG_BUFFER, JIT.ERROR_LOG_BUFFER_SIZE_BYTES] },
      values,
    );
    const bad = "bad text";
    expect(await call("cuLinkAddData_v2", state, JIT_INPUT.PTX, text(bad), bad.length, "x.ptx", 0, none, 0)).toBe(CUDA_ERROR.INVALID_PTX);
    expect(memory.cstring(log)).toContain("x.ptx");
    const good = "kernel linked 8";
    expect(await call("cuLinkAddData_v2", state, JIT_INPUT.PTX, text(good), good.length, "y.ptx", 0, none, 0)).toBe(0);
    const [cubin, size] = [cell(0), cell(0)];
    expect(await call("cuLinkComplete", state, cubin, size)).toBe(0);
    const module = await given(made, "cuModuleLoadData", cubin.get());
    await given(made, "cuModuleGetFunction", module, "linked");
    expect(await call("cuLinkDestroy", state)).toBe(0);
    expect(memory.accessible(cubin.get(), 1, "read")).toBe(false);
  });

  test("of libraries are loaded when a kernel is first launched in a context", async () => {
    const made = await ready();
    const { call, text, memoryCuda } = made;
    const library = await given(made, "cuLibraryLoadData", text("kernel own"), none, 0, 0, 0, 0, 0);
    const kernel = await given(made, "cuLibraryGetKernel", library, "own");
    await given(made, "cuCtxCreate_v2", 0, 0);
    const loads = (): number => memoryCuda.log.filter(({ name }) => name === "cuModuleLoadData").length;
    const before = loads();
    expect(await call("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0)).toBe(0);
    expect(await call("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0)).toBe(0);
    expect(loads()).toBe(before + 1);
    expect(await call("cuCtxSynchronize")).toBe(0);
    const list = made.allocate(16);
    expect(await call("cuLibraryEnumerateKernels", list, 2, library)).toBe(0);
    expect(made.memory.u64(list)).toBe(BigInt(kernel));
    expect(await call("cuLibraryUnload", library)).toBe(0);
  });
});

describe("pools and virtual memory", () => {
  test("take the structs of cuda.h", async () => {
    const made = await ready();
    const { call, place, allocate, memory } = made;
    const properties = place(block(88, [0, 1, 32], [8, 1, 32], [12, 0, 32]));
    const pool = await given(made, "cuMemPoolCreate", properties);
    const p = await given(made, "cuMemAllocFromPoolAsync", 1000, pool, 0);
    const value = allocate(8);
    expect(await call("cuMemPoolGetAttribute", pool, 7, value)).toBe(0);
    expect(memory.u64(value)).toBe(1000n);
    expect(await call("cuMemFreeAsync", p, 0)).toBe(0);
    expect(await given(made, "cuMemPoolGetAccess", pool, place(u32(1, 0)))).toBe(3);
    expect(await call("cuMemPoolCreate", cell(0), place(block(88, [0, 1, 32], [4, 2, 32], [8, 1, 32])))).toBe(CUDA_ERROR.NOT_SUPPORTED);
    expect(await call("cuMemPoolCreate", cell(0), 0)).toBe(CUDA_ERROR.INVALID_VALUE);

    const granularity = await given(made, "cuMemGetAllocationGranularity", properties, 0);
    const base = await given(made, "cuMemAddressReserve", granularity, 0, 0, 0n);
    const handle = await given(made, "cuMemCreate", granularity, properties, 0n);
    expect(await call("cuMemMap", base, granularity, 0, handle, 0n)).toBe(0);
    expect(await call("cuMemSetAccess", base, granularity, place(u32(1, 0, 3)), 1)).toBe(0);
    expect(await call("cuMemsetD8_v2", base, 1, granularity)).toBe(0);
    expect(await given(made, "cuMemGetAccess", place(u32(1, 0)), base)).toBe(3);
    expect(await call("cuMemUnmap", base, granularity)).toBe(0);
    expect(await call("cuMemRelease", handle)).toBe(0);
    expect(await call("cuMemAddressFree", base, granularity)).toBe(0);
    expect(await call("cuMemSetAccess", base, granularity, at(0).address, 1)).toBe(CUDA_ERROR.INVALID_VALUE);
  });
});
