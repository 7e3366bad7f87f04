import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  callNames,
  copy,
  CUDA_ERROR,
  DEVICE_ATTRIBUTE,
  guard,
  hostBytes,
  JIT_INPUT,
  openCuda,
  type Cuda,
  type CudaDriver,
} from "@decant/cuda";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { nvidiaDriver, type ToProcess } from "./nvidia-driver.ts";

// Without a GPU this shows that libcuda is called as cuda.h says, with the arguments that were meant: the library here writes down what it is asked for. It is
// C, and built here; where there is no compiler the tests are skipped, and vitest says so.
const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const source = fileURLToPath(new URL("../../testdata/recording-libcuda.c", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "decant-nvidia-"));
const library = join(folder, "libcuda.so.1");
const record = join(folder, "record");
const environment = { ...process.env };

beforeAll(() => {
  if (!hasCompiler) return;
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  process.env["DECANT_LIBCUDA"] = library;
  process.env["RECORDING_LIBCUDA"] = record;
});
afterAll(() => {
  process.env = environment;
  rmSync(folder, { recursive: true });
});

const drivers: CudaDriver[] = [];
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close();
  rmSync(record, { force: true });
});

const image = `.version 8.0
.target sm_75
.address_size 64
.global .align 4 .b8 table[64];
.visible .entry add(.param .u64 a, .param .u32 n, .param .u64 b) { ret; }
.visible .entry fault() { ret; }
.visible .entry crash() { ret; }
.visible .entry hello() { ret; }
.visible .entry add1(.param .u64 at) { ret; }
.visible .entry look(.param .u64 to, .param .u64 texture, .param .u64 level, .param .u64 bytes) { ret; }
.visible .entry invert(.param .u64 nothing, .param .u64 surface) { ret; }
`;

async function program(options: Parameters<typeof openCuda>[1] = {}) {
  const driver = nvidiaDriver();
  drivers.push(driver);
  const guarded: CudaDriver = { ...driver, open: async (session) => guard(await driver.open(session)) };
  const cuda: Cuda = await openCuda(guarded, options);
  const context = cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData(image);
  const launch = (name: string, params: Parameters<Cuda["cuLaunchKernel"]>[9] = [], stream = 0): void =>
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 3, 2, 1, 64, 1, 1, 128, stream, params);
  return { cuda, context, module, launch };
}

const recorded = (): string[] => readFileSync(record, "utf8").trimEnd().split("\n");
const failing = (code: number) => expect.objectContaining({ cuResult: code });

describe.skipIf(!hasCompiler)("with a libcuda", () => {
  test("the device is described as the library does, less what is not carried over", async () => {
    const { cuda } = await program();
    expect([cuda.cuDeviceGetName(0), cuda.cuDriverGetVersion(), cuda.cuDeviceTotalMem(0)]).toEqual(["Recording GPU", 13000, 1 << 30]);
    expect(cuda.cuDeviceComputeCapability(0)).toEqual({ major: 9, minor: 0 });
    expect(cuda.cuDeviceGetAttribute(DEVICE_ATTRIBUTE.CONCURRENT_MANAGED_ACCESS, 0)).toBe(0);
  });

  test("memory is zeroed, set, copied in and out, and lies where the client chose", async () => {
    const { cuda } = await program();
    const p = cuda.cuMemAlloc(3 << 20);
    expect((await cuda.cuMemcpyDtoH(p, 3 << 20)).every((byte) => byte === 0)).toBe(true);
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7);
    cuda.cuMemcpyHtoD(p + 5, bytes);
    bytes.fill(1);
    cuda.cuMemcpyDtoD(p + (2 << 20), p + 5, 100_000);
    const back = await cuda.cuMemcpyDtoH(p + (2 << 20), 100_000);
    expect(back.every((byte, index) => byte === ((index * 7) & 0xff))).toBe(true);
    cuda.cuMemsetD16(p, 0x1234, 3);
    cuda.cuMemsetD32(p + 8, 0x89abcdef, 2);
    // Between the two sets what was copied to p + 5 shines through.
    expect(Buffer.from(await cuda.cuMemcpyDtoH(p, 16)).toString("hex")).toBe("341234123412070eefcdab89efcdab89");
  });

  test("neighbours share a unit of the device's memory, and the unit goes with the last of them", async () => {
    const { cuda } = await program();
    const unit = 2 << 20;
    const one = cuda.cuMemAlloc(unit / 2);
    const other = cuda.cuMemAlloc(4 * unit);
    await cuda.cuCtxSynchronize();
    expect(recorded().filter((line) => line.includes("map"))).toEqual(["map 1", "map 3", "map 1"]);
    cuda.cuMemFree(one);
    await cuda.cuCtxSynchronize();
    expect(recorded().filter((line) => line.includes("unmap"))).toEqual([]);
    cuda.cuMemFree(other);
    await cuda.cuCtxSynchronize();
    expect(recorded().filter((line) => line.includes("unmap"))).toEqual(["unmap 1", "unmap 3", "unmap 1"]);
  });

  test("a launch has its shape, its stream, and its parameters at their offsets", async () => {
    const { cuda, launch } = await program();
    launch("add", [0x1122334455667788n, 7, 0x99aabbccddeeff00n]);
    launch("add", [0, 0, 0], cuda.cuStreamCreate(1));
    await cuda.cuCtxSynchronize();
    expect(recorded().filter((line) => !line.includes("map"))).toEqual([
      // The context's own, which zeroes memory.
      "stream 1 0",
      "launch add 3,2,1 64,1,1 128 default 8877665544332211070000000000000000ffeeddccbbaa99",
      "stream 1 0",
      "launch add 3,2,1 64,1,1 128 stream " + "00".repeat(24),
    ]);
  });

  test("a cooperative launch is given the address of each parameter", async () => {
    const { cuda, module } = await program();
    const f = cuda.cuModuleGetFunction(module, "add");
    cuda.cuLaunchCooperativeKernel(f, 2, 1, 1, 64, 1, 1, 0, 0, [0x1122334455667788n, 7, 0x99aabbccddeeff00n]);
    await cuda.cuCtxSynchronize();
    expect(recorded().filter((line) => line.startsWith("cooperative"))).toEqual([
      "cooperative add 2,1,1 64,1,1 0 default 88776655443322110700000000ffeeddccbbaa99",
    ]);
  });

  test("rows are copied in every direction, and between contexts", async () => {
    const { cuda, context } = await program();
    const [p, q] = [cuda.cuMemAlloc(64), cuda.cuMemAlloc(64)];
    const bytes = Uint8Array.from({ length: 12 }, (_, i) => i + 1);
    const size = { width: 3, height: 2, depth: 1 };
    const row = (pitch: number, at = 0) => ({ at, pitch, slice: 0 });
    await copy(cuda.thread, { ...size, dst: row(8, p), src: { ...row(4), memory: hostBytes(bytes) } });
    await copy(cuda.thread, { ...size, dst: row(16, q), src: row(8, p) });
    const back = new Uint8Array(8);
    await copy(cuda.thread, { ...size, dst: { ...row(5), memory: hostBytes(back) }, src: row(16, q) });
    expect([...back]).toEqual([1, 2, 3, 0, 0, 5, 6, 7]);
    const other = cuda.cuCtxCreate(0, 0);
    const r = cuda.cuMemAlloc(4);
    cuda.cuMemcpyPeer(r, other, q, context, 3);
    expect([...(await cuda.cuMemcpyDtoH(r, 4))]).toEqual([1, 2, 3, 0]);
  });

  test("modules are linked, and the log of a failure comes with it", async () => {
    const { cuda } = await program();
    const link = cuda.cuLinkCreate();
    await expect(cuda.cuLinkAddData(link, JIT_INPUT.PTX, "nothing", "x.ptx")).rejects.toMatchObject({
      cuResult: CUDA_ERROR.INVALID_PTX,
      log: "x.ptx: error: expected .version",
    });
    await cuda.cuLinkAddData(link, JIT_INPUT.PTX, image, "y.ptx");
    const cubin = await cuda.cuLinkComplete(link);
    expect(recorded().filter((line) => line.startsWith("link"))).toEqual(["link x.ptx 1 8", `link y.ptx 1 ${image.length + 1}`]);
    cuda.cuLinkDestroy(link);
    expect(cuda.cuModuleGetFunctionCount(await cuda.cuModuleLoadData(cubin))).toBe(7);
  });

  test("what is not carried over is CUDA_ERROR_NOT_SUPPORTED", async () => {
    const driver = nvidiaDriver();
    drivers.push(driver);
    const session = await driver.open();
    const [bind, noContext] = await Promise.allSettled([session.cuTexRefSetArray(1, 0, 0), session.cuCtxSynchronize(1)]);
    expect(bind).toMatchObject({ reason: { cuResult: CUDA_ERROR.NOT_SUPPORTED } });
    expect(noContext).toMatchObject({ reason: { cuResult: CUDA_ERROR.INVALID_CONTEXT } });
  });

  test("a module's variables are found by the names in its text", async () => {
    const { cuda, module } = await program();
    const { dptr, bytes } = cuda.cuModuleGetGlobal(module, "table") as unknown as { dptr: number; bytes: number };
    expect(bytes).toBe(64);
    cuda.cuMemcpyHtoD(dptr + 60, Uint8Array.of(1, 2, 3, 4));
    expect([...(await cuda.cuMemcpyDtoH(dptr + 60, 4))]).toEqual([1, 2, 3, 4]);
  });

  test("what the compiler says comes with its error", async () => {
    const { cuda } = await program();
    await expect(cuda.cuModuleLoadData("nonsense")).rejects.toMatchObject({
      cuResult: CUDA_ERROR.INVALID_PTX,
      log: "ptxas: line 1; error: expected .version",
    });
  });

  test("what kernels print is given out before the wait is over", async () => {
    let printed = "";
    const { cuda, launch } = await program({ onOutput: (text) => (printed += new TextDecoder().decode(text)) });
    launch("hello");
    await cuda.cuCtxSynchronize();
    expect(printed).toBe("hello from a kernel\n");
  });

  test("events are recorded, waited for and measured", async () => {
    const { cuda } = await program();
    const [start, end] = [cuda.cuEventCreate(), cuda.cuEventCreate()];
    cuda.cuEventRecord(start, 0);
    await cuda.cuEventSynchronize(start);
    await new Promise((resolve) => setTimeout(resolve, 20));
    cuda.cuEventRecord(end, 0);
    await cuda.cuEventSynchronize(end);
    expect(await cuda.cuEventElapsedTime(start, end)).toBeGreaterThan(10);
  });

  test("a kernel's fault stays with its session", async () => {
    const [one, other] = [await program(), await program()];
    one.launch("fault");
    await expect(one.cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    await expect(async () => one.cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    other.launch("add", [0, 0, 0]);
    await other.cuda.cuCtxSynchronize();
  });

  test("a library that crashes takes its session with it, and no other", async () => {
    let lost = "";
    const other = await program();
    const one = await program({ onLost: (reason) => (lost = reason) });
    one.launch("crash");
    await expect(one.cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.EXTERNAL_DEVICE));
    expect(lost).toBe("the GPU's process has ended (SIGABRT)");
    await other.cuda.cuCtxSynchronize();
  });

  describe("textures and surfaces", () => {
    const FLOAT = 0x20;
    const BYTES = 0x01;
    const SURFACE = 2;
    const LAYERED = 1;

    async function images() {
      const made = await program();
      const { cuda, launch } = made;
      const p = cuda.cuMemAlloc(4096);
      const put = (array: number, bytes: Uint8Array, width: number, stream = 0): Promise<void> | undefined => {
        const { address, pitch, slice, height, depth } = cuda.array(array);
        const src = { at: 0, memory: hostBytes(bytes), pitch: width, slice: width * Math.max(height, 1) };
        const size = { width, height: Math.max(height, 1), depth: Math.max(depth, 1) };
        return copy(cuda.thread, { ...size, dst: { at: address, pitch, slice }, src }, stream);
      };
      const look = async (object: number, bytes: number, level = 0, stream = 0): Promise<number[]> => {
        launch("look", [BigInt(p), BigInt(object), BigInt(level), BigInt(bytes)], stream);
        return [...(await cuda.cuMemcpyDtoH(p, bytes, stream))];
      };
      const get = async (array: number, width: number): Promise<number[]> => {
        const { address, pitch, slice, height } = cuda.array(array);
        const back = new Uint8Array(width * height);
        const dst = { at: 0, memory: hostBytes(back), pitch: width, slice: 0 };
        await copy(cuda.thread, { width, height, depth: 1, src: { at: address, pitch, slice }, dst });
        return [...back];
      };
      return { ...made, p, put, look, get };
    }

    test("of memory are described to the library as cuda.h says", async () => {
      const { cuda, p } = await images();
      cuda.cuMemcpyHtoD(p, Uint8Array.of(1, 2, 3, 4));
      const linear = { kind: "linear" as const, devPtr: p, format: FLOAT, numChannels: 2, sizeInBytes: 64 };
      await cuda.cuTexObjectCreate(linear, { flags: 2, borderColor: [1, 2, 3, 4] });
      const rows = { kind: "pitch2D" as const, devPtr: p, format: BYTES, numChannels: 4, width: 5, height: 6, pitchInBytes: 32 };
      const object = await cuda.cuTexObjectCreate(rows, {
        addressModes: [1, 2, 3],
        filterMode: 1,
        mipmapFilterMode: 1,
        mipmapLevelBias: 0.5,
        minMipmapLevelClamp: 1,
        maxMipmapLevelClamp: 2,
      });
      cuda.cuTexObjectDestroy(object);
      await cuda.cuCtxSynchronize();
      expect(recorded().filter((line) => /texture|sampler/.test(line))).toEqual([
        "texture of memory: 32 2 64 bytes",
        "sampler 0,0,0 0 2 0 0 0 0 0 1,2,3,4",
        "texture of rows: 1 4 5,6 32",
        "sampler 1,2,3 1 0 0 1 0.5 1 2 0,0,0,0",
        "texture is destroyed",
      ]);
    });

    test("of arrays show what was copied to the array, before and after", async () => {
      const { cuda, put, look } = await images();
      const array = cuda.cuArrayCreate({ width: 3, height: 2, format: BYTES, numChannels: 1 });
      void put(array, Uint8Array.of(1, 2, 3, 4, 5, 6), 3);
      const object = await cuda.cuTexObjectCreate({ kind: "array", array });
      expect(await look(object, 6)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await look(object, 6)).toEqual([1, 2, 3, 4, 5, 6]);
      void put(array, Uint8Array.of(9, 8, 7, 6, 5, 4), 3);
      expect(await look(object, 6)).toEqual([9, 8, 7, 6, 5, 4]);
      cuda.cuMemsetD8(cuda.array(array).address + 1, 0, 1);
      expect(await look(object, 6)).toEqual([9, 0, 7, 6, 5, 4]);
      // A launch that nothing was written before copies nothing.
      expect(recorded().filter((line) => line.startsWith("copy to the array"))).toEqual(
        Array(3).fill("copy to the array: 3 bytes, 2 rows, 1 slices, default"),
      );
      expect(recorded()).toContain("array 3,2,0 1 1 0");
    });

    test("have layers, slices and levels", async () => {
      const { cuda, put, look } = await images();
      const layers = cuda.cuArray3DCreate({ width: 2, height: 0, depth: 3, format: BYTES, numChannels: 2, flags: LAYERED });
      void put(
        layers,
        Uint8Array.from({ length: 12 }, (_, i) => i),
        4,
      );
      expect(await look(await cuda.cuTexObjectCreate({ kind: "array", array: layers }), 12)).toEqual(
        Array.from({ length: 12 }, (_, i) => i),
      );
      const mipmap = cuda.cuMipmappedArrayCreate({ width: 4, height: 2, depth: 2, format: BYTES, numChannels: 1, flags: 0 }, 3);
      void put(
        cuda.cuMipmappedArrayGetLevel(mipmap, 0),
        Uint8Array.from({ length: 16 }, (_, i) => 20 + i),
        4,
      );
      void put(cuda.cuMipmappedArrayGetLevel(mipmap, 1), Uint8Array.of(5, 6), 2);
      const object = await cuda.cuTexObjectCreate({ kind: "mipmapped", array: mipmap });
      expect([await look(object, 16), await look(object, 2, 1)]).toEqual([Array.from({ length: 16 }, (_, i) => 20 + i), [5, 6]]);
      expect(recorded().filter((line) => /array[ :]/.test(line))).toEqual([
        "array 2,0,3 1 2 1",
        "copy to the array: 4 bytes, 1 rows, 3 slices, default",
        "mipmapped array 4,2,2 1 1 0, 3 levels",
        "copy to the array: 4 bytes, 2 rows, 2 slices, default",
        "copy to the array: 2 bytes, 1 rows, 1 slices, default",
        "copy to the array: 1 bytes, 1 rows, 1 slices, default",
      ]);
      cuda.cuMipmappedArrayDestroy(mipmap);
      await cuda.cuCtxSynchronize();
      expect(recorded()).toContain("mipmapped array is destroyed");
    });

    test("share an array: what a kernel writes to a surface is in the texture, and in what is copied back", async () => {
      const { cuda, put, look, get, launch } = await images();
      const array = cuda.cuArray3DCreate({ width: 2, height: 2, depth: 0, format: BYTES, numChannels: 1, flags: SURFACE });
      void put(array, Uint8Array.of(0, 1, 2, 3), 2);
      const surface = await cuda.cuSurfObjectCreate(array);
      const texture = await cuda.cuTexObjectCreate({ kind: "array", array });
      launch("invert", [0n, BigInt(surface)]);
      expect(await look(texture, 4)).toEqual([255, 254, 253, 252]);
      expect(await get(array, 2)).toEqual([255, 254, 253, 252]);
      // A part of it written by a copy leaves the rest as the kernel wrote it.
      launch("invert", [0n, BigInt(surface)]);
      cuda.cuMemcpyHtoD(cuda.array(array).address, Uint8Array.of(77));
      expect(await look(texture, 4)).toEqual([77, 1, 2, 3]);
      cuda.cuSurfObjectDestroy(surface);
      expect(await get(array, 2)).toEqual([77, 1, 2, 3]);
    });

    test("see a level that was a surface before it was one of a texture", async () => {
      const { cuda, put, look, launch } = await images();
      const flags = SURFACE;
      const mipmap = cuda.cuMipmappedArrayCreate({ width: 2, height: 2, depth: 0, format: BYTES, numChannels: 1, flags }, 2);
      const [big, small] = [cuda.cuMipmappedArrayGetLevel(mipmap, 0), cuda.cuMipmappedArrayGetLevel(mipmap, 1)];
      void put(big, Uint8Array.of(1, 2, 3, 4), 2);
      void put(small, Uint8Array.of(5), 1);
      const early = await cuda.cuSurfObjectCreate(small);
      const texture = await cuda.cuTexObjectCreate({ kind: "mipmapped", array: mipmap });
      const late = await cuda.cuSurfObjectCreate(big);
      launch("invert", [0n, BigInt(early)]);
      launch("invert", [0n, BigInt(late)]);
      expect([await look(texture, 4), await look(texture, 1, 1)]).toEqual([[254, 253, 252, 251], [250]]);
    });

    test("of a stream wait for what another copied to their array", async () => {
      const { cuda, put, look } = await images();
      const [one, other] = [cuda.cuStreamCreate(1), cuda.cuStreamCreate(1)];
      const array = cuda.cuArrayCreate({ width: 1, height: 1, format: BYTES, numChannels: 1 });
      void put(array, Uint8Array.of(3), 1, one);
      const object = await cuda.cuTexObjectCreate({ kind: "array", array });
      await cuda.cuStreamSynchronize(one);
      // The first stream stops before the array is made what its memory is, which the other must not overtake.
      let open = (): void => undefined;
      cuda.cuLaunchHostFunc(one, () => new Promise<void>((resolve) => (open = resolve)));
      const first = look(object, 1, 0, one);
      const second = look(object, 1, 0, other);
      setTimeout(() => open(), 20);
      expect([await first, await second]).toEqual([[3], [3]]);
    });

    test("go with their context, and arrays with their memory", async () => {
      const { cuda, context, put, look } = await images();
      const array = cuda.cuArrayCreate({ width: 1, height: 1, format: BYTES, numChannels: 1 });
      void put(array, Uint8Array.of(3), 1);
      const object = await cuda.cuTexObjectCreate({ kind: "array", array });
      cuda.cuArrayDestroy(array);
      await cuda.cuCtxSynchronize();
      expect(recorded()).toContain("array is destroyed");
      // Its memory is another's now; nothing of that goes to an array that is gone.
      const next = cuda.cuArrayCreate({ width: 1, height: 1, format: BYTES, numChannels: 1 });
      void put(next, Uint8Array.of(4), 1);
      expect(await look(await cuda.cuTexObjectCreate({ kind: "array", array: next }), 1)).toEqual([4]);
      cuda.cuTexObjectDestroy(object);
      cuda.cuCtxDestroy(context);
      cuda.cuCtxCreate(0, 0);
      await cuda.cuCtxSynchronize();
      expect(recorded().filter((line) => line === "array is destroyed")).toHaveLength(2);
    });
  });

  describe("host functions", () => {
    async function stopped() {
      const made = await program();
      const { cuda, launch } = made;
      const p = cuda.cuMemAlloc(8 << 20);
      const stream = cuda.cuStreamCreate();
      let open = (): void => undefined;
      const seen: string[] = [];
      const reached = new Promise<void>((resolve) =>
        cuda.cuLaunchHostFunc(stream, () => {
          seen.push("reached");
          resolve();
          return new Promise<void>((go) => (open = go));
        }),
      );
      launch("add1", [BigInt(p)], stream);
      await reached;
      return { ...made, p, stream, seen, open: () => open() };
    }

    test("hold their stream up until they have returned", async () => {
      const { cuda, p, stream, seen, open, launch } = await stopped();
      const free = cuda.cuStreamCreate(1);
      launch("add1", [BigInt(p + 1)], free);
      expect([...(await cuda.cuMemcpyDtoH(p, 2, free))]).toEqual([0, 1]);
      cuda.cuLaunchHostFunc(stream, () => void seen.push("second"));
      expect(cuda.cuStreamQuery(stream)).toBe(false);
      open();
      await cuda.cuStreamSynchronize(stream);
      expect([seen, [...(await cuda.cuMemcpyDtoH(p, 2, free))]]).toEqual([
        ["reached", "second"],
        [1, 1],
      ]);
    });

    test("let nothing wait inside the library that they would have to end", async () => {
      const { cuda, context, p, stream, open, launch } = await stopped();
      // All of these wait for the device in libcuda, or for the stream that is stopped.
      const q = cuda.cuMemAlloc(1 << 20);
      cuda.cuMemcpyHtoD(p, new Uint8Array(3 << 20).fill(5), stream);
      const default0 = cuda.cuMemcpyDtoH(p, 2 << 20);
      const other = cuda.cuCtxCreate(0, 0);
      const r = cuda.cuMemAlloc(4);
      cuda.cuMemcpyPeer(r, other, p, context, 4);
      cuda.cuCtxSetCurrent(context);
      cuda.cuMemFree(q);
      const loaded = cuda.cuModuleLoadData(image);
      const object = cuda.cuTexObjectCreate({
        kind: "array",
        array: cuda.cuArrayCreate({ width: 1, height: 1, format: 1, numChannels: 1 }),
      });
      launch("add1", [BigInt(p + 1)], stream);
      const isOver = new Promise((resolve) => setTimeout(resolve, 20));
      await isOver;
      open();
      const back = await default0;
      expect([back[0], back[1], back[(2 << 20) - 1]]).toEqual([5, 5, 5]);
      cuda.cuModuleUnload(await loaded);
      await object;
      await cuda.cuCtxSynchronize();
      expect([...(await cuda.cuMemcpyDtoH(p, 2))]).toEqual([5, 6]);
      cuda.cuCtxSetCurrent(other);
      expect([...(await cuda.cuMemcpyDtoH(r, 4))]).toEqual([5, 5, 5, 5]);
    });

    test("end with their context", async () => {
      const { cuda, context, stream, open } = await stopped();
      // Waits for the gate that is closed, and lets another be closed behind it.
      cuda.cuMemFree(cuda.cuMemAlloc(64));
      cuda.cuLaunchHostFunc(stream, () => new Promise(() => undefined));
      cuda.cuCtxDestroy(context);
      cuda.cuCtxCreate(0, 0);
      await cuda.cuCtxSynchronize();
      open();
      expect([...(await cuda.cuMemcpyDtoH(cuda.cuMemAlloc(1), 1))]).toEqual([0]);
    });

    test("of cuStreamAddCallback are told of a fault", async () => {
      const { cuda, launch } = await program();
      launch("fault");
      const status = new Promise((resolve) => cuda.cuStreamAddCallback(0, resolve));
      expect(await status).toBe(CUDA_ERROR.ILLEGAL_ADDRESS);
    });
  });

  test("copies to the host see nothing of what was posted after them, also those that wait for a buffer", async () => {
    const { cuda } = await program();
    const size = 12 << 20;
    const p = cuda.cuMemAlloc(size);
    cuda.cuMemsetD8(p, 1, size);
    const before = [cuda.cuMemcpyDtoH(p, size), cuda.cuMemcpyDtoH(p, size)];
    cuda.cuMemsetD8(p, 2, size);
    expect((await Promise.all(before)).map((bytes) => bytes.every((byte) => byte === 1))).toEqual([true, true]);
    expect((await cuda.cuMemcpyDtoH(p, size)).every((byte) => byte === 2)).toBe(true);
  });

  test("memory that the device does not have is refused", async () => {
    const { cuda } = await program();
    expect(() => cuda.cuMemAlloc(2 ** 31)).toThrow("CUDA_ERROR_OUT_OF_MEMORY");
  });
});

test.skipIf(!hasCompiler)("a session's process whose parent is gone ends without a word", async () => {
  const child = fork(fileURLToPath(new URL("nvidia-process.ts", import.meta.url)), {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: ["--import", "tsx"],
  });
  let complaints = "";
  child.stderr!.on("data", (text: Buffer) => (complaints += text.toString()));
  const exited = once(child, "exit");
  await once(child, "message");
  // The pipes of a parent that was killed close in any order: here the answer to a call finds its own closed.
  child.stdout!.destroy();
  const calls: ToProcess["calls"] = [
    [callNames.indexOf("cuCtxCreate"), 1, 0, 0, 0],
    [callNames.indexOf("cuCtxSynchronize"), 1],
  ];
  child.send({ first: 0, calls } satisfies ToProcess);
  expect([...(await exited), complaints]).toEqual([0, null, ""]);
});

test("without libcuda a session is refused with a sentence", async () => {
  process.env["DECANT_LIBCUDA"] = join(folder, "none.so");
  const driver = nvidiaDriver();
  drivers.push(driver);
  await expect(openCuda(driver)).rejects.toMatchObject({
    cuResult: CUDA_ERROR.SYSTEM_NOT_READY,
    log: expect.stringMatching(/none\.so, which comes with NVIDIA's driver/),
  });
  process.env["DECANT_LIBCUDA"] = library;
});
