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
    expect(recorded().filter((line) => !line.includes("map"))).toEqual([
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
    expect(cuda.cuModuleGetFunctionCount(await cuda.cuModuleLoadData(cubin))).toBe(4);
  });

  test("what is not carried over is CUDA_ERROR_NOT_SUPPORTED", async () => {
    const { cuda } = await program();
    const p = cuda.cuMemAlloc(64);
    const linear = { kind: "linear" as const, devPtr: p, format: 0x20, numChannels: 1, sizeInBytes: 64 };
    await expect(cuda.cuTexObjectCreate(linear)).rejects.toMatchObject({ cuResult: CUDA_ERROR.NOT_SUPPORTED });
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
