import { CUDA_ERROR, CudaError, DEVICE_ATTRIBUTE, JIT, POINTER_ATTRIBUTE } from "@decant/cuda";
import { cell } from "@decant/hook";
import { PAGE } from "@decant/memory";
import { describe, expect, test } from "vitest";
import { at, f32, guest, nullOut, ptx, ready, u64 } from "./guest.fixture.ts";
import type { GuestThread } from "./index.ts";

describe("a program", () => {
  test("scales a vector, with parameters gathered through kernelParams", async () => {
    const { call, place, memory, alloc, kernel, launch, allocate } = await ready();
    const p = await alloc(12);
    expect(await call("cuMemcpyHtoD_v2", p, at(place(f32(1, 2, 3))), 12)).toBe(0);
    const params = place(u64(place(u64(p)), place(f32(2.5)), place(Uint8Array.of(3, 0, 0, 0))));
    expect(await launch(await kernel("scale"), params)).toBe(0);
    const result = allocate(12);
    expect(await call("cuMemcpyDtoH_v2", at(result), p, 12)).toBe(0);
    expect([memory.f32(result), memory.f32(result + 4), memory.f32(result + 8)]).toEqual([2.5, 5, 7.5]);
  });

  test("may pack its parameters itself", async () => {
    const { call, place, memory, alloc, kernel, launch, allocate } = await ready();
    const p = await alloc(4);
    await call("cuMemcpyHtoD_v2", p, at(place(f32(3))), 4);
    const block = place(Uint8Array.of(...u64(p), ...f32(4), 1, 0, 0, 0));
    expect(await launch(await kernel("scale"), 0, place(u64(1, block, 2, place(u64(16)), 0)))).toBe(0);
    const result = allocate(4);
    await call("cuMemcpyDtoH_v2", at(result), p, 4);
    expect(memory.f32(result)).toBe(12);
  });

  test("sees what kernels print on its standard output, before the wait is over", async () => {
    const { call, kernel, launch, output } = await ready();
    await launch(await kernel("hello"));
    await call("cuCtxSynchronize");
    expect(output()).toBe("hello\n");
  });

  test("that ends gives its session back", async () => {
    const { ends, memoryCuda } = await ready();
    expect(memoryCuda.openSessions).toBe(1);
    for (const end of ends) end();
    expect(memoryCuda.openSessions).toBe(0);
  });

  test("copies large blocks in pieces, both ways", async () => {
    const { call, memory, alloc } = await ready();
    const size = (5 << 20) + 3;
    const source = memory.allocate(size, PAGE.READWRITE)!;
    const target = memory.allocate(size, PAGE.READWRITE)!;
    for (let offset = 0; offset + 4 <= size; offset += 4096) memory.setU32(source + offset, offset);
    const p = await alloc(size);
    expect(await call("cuMemcpy", p, source, size)).toBe(0);
    expect(await call("cuMemcpy", target, p, size)).toBe(0);
    expect(Buffer.compare(memory.slice(source, size), memory.slice(target, size))).toBe(0);
  });
});

describe("errors at the call:", () => {
  test("everything but the version needs cuInit", async () => {
    const { call } = guest();
    expect(await call("cuDeviceGetCount", cell(0))).toBe(CUDA_ERROR.NOT_INITIALIZED);
    expect(await call("cuMemAlloc_v2", cell(0), 4)).toBe(CUDA_ERROR.NOT_INITIALIZED);
    expect(await call("cuLaunchKernel", 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0)).toBe(CUDA_ERROR.NOT_INITIALIZED);
    const version = cell(0);
    expect(await call("cuDriverGetVersion", version)).toBe(0);
    expect(version.get()).toBe(13000);
    expect(await call("cuInit", 1)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("a table of the driver that is not there is CUDA_ERROR_NOT_FOUND, and the one that a runtime linked into the program needs is named", async () => {
    const { call, place, reports } = guest();
    const table = cell(1);
    const uuid = (text: string): number => place(Uint8Array.from(Buffer.from(text.replaceAll("-", ""), "hex")));
    expect(await call("cuGetExportTable", table, uuid("a094798c-2e74-2e74-93f2-0800200c0a66"))).toBe(CUDA_ERROR.NOT_FOUND);
    expect([table.get(), reports]).toEqual([0, []]);
    expect(await call("cuGetExportTable", table, uuid("6bd5fb6c-5bf4-e74a-8987-d93912fd9df9"))).toBe(CUDA_ERROR.NOT_FOUND);
    expect(reports.join("\n")).toMatch(
      /^program.exe has the runtime of CUDA 12 or earlier linked into it, .*6bd5fb6c-5bf4-e74a-8987-d93912fd9df9/,
    );
  });

  test("most need a context", async () => {
    const { call } = guest();
    await call("cuInit", 0);
    expect(await call("cuMemAlloc_v2", cell(0), 4)).toBe(CUDA_ERROR.INVALID_CONTEXT);
    expect(await call("cuCtxSynchronize")).toBe(CUDA_ERROR.INVALID_CONTEXT);
    expect(await call("cuCtxCreate_v2", cell(0), 0, 1)).toBe(CUDA_ERROR.INVALID_DEVICE);
  });

  test("a NULL place for a result makes nothing", async () => {
    const { call, memoryCuda } = await ready();
    const before = memoryCuda.log.length;
    for (const [name, ...args] of [
      ["cuMemAlloc_v2", nullOut, 4],
      ["cuCtxCreate_v2", nullOut, 0, 0],
      ["cuStreamCreate", nullOut, 0],
      ["cuEventCreate", nullOut, 0],
    ] as const)
      expect(await call(name, ...args)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(memoryCuda.log.length).toBe(before);
  });

  test("bad guest memory is CUDA_ERROR_INVALID_VALUE, and nothing is copied", async () => {
    const { call, alloc, memoryCuda } = await ready();
    const p = await alloc(64);
    const before = memoryCuda.log.length;
    expect(await call("cuMemcpyHtoD_v2", p, at(0x10), 64)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuMemcpyDtoH_v2", at(0x10), p, 64)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(memoryCuda.log.length).toBe(before);
  });

  test("a launch needs its parameters, once", async () => {
    const { kernel, launch, place } = await ready();
    const f = await kernel("scale");
    expect(await launch(f)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await launch(f, 0x10)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await launch(f, place(u64(0)), place(u64(0)))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await launch(f, 0, place(u64(1, place(u64(0)), 2, place(u64(15)), 0)))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await launch(f, 0, place(u64(9, 0, 0)))).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await launch(99)).toBe(CUDA_ERROR.INVALID_HANDLE);
  });

  test("a fault comes with the next wait, and stays", async () => {
    const { call, kernel, launch } = await ready();
    expect(await launch(await kernel("fault"))).toBe(0);
    expect(await call("cuCtxSynchronize")).toBe(CUDA_ERROR.ILLEGAL_ADDRESS);
    expect(await call("cuMemAlloc_v2", cell(0), 4)).toBe(CUDA_ERROR.ILLEGAL_ADDRESS);
  });
});

describe("modules", () => {
  test("that do not compile leave their log where the program wants it", async () => {
    const { call, place, memory, text, allocate } = await ready();
    const log = allocate(64);
    const values = place(u64(log, 16));
    const options = { read: () => [JIT.ERROR_LOG_BUFFER, JIT.ERROR_LOG_BUFFER_SIZE_BYTES] };
    expect(await call("cuModuleLoadDataEx", cell(0), text("bad text"), 2, options, values)).toBe(CUDA_ERROR.INVALID_PTX);
    expect(memory.cstring(log)).toBe("line 1: expecte");
    expect(memory.u32(values + 8)).toBe(16);
  });

  test("are read from memory by their kind", async () => {
    const { call, place, memoryCuda } = await ready();
    const loaded = (): Uint8Array => memoryCuda.log.findLast(({ name }) => name === "cuModuleLoadData")!.args[2] as Uint8Array;
    const fatbin = Uint8Array.of(0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0, 8, 0, 0, 0, 0, 0, 0, 0, ...new Uint8Array(8).fill(7));
    const address = place(Uint8Array.of(...fatbin, 9, 9));
    await call("cuModuleLoadFatBinary", cell(0), address);
    expect([...loaded()]).toEqual([...fatbin]);
    await call("cuModuleLoadData", cell(0), place(Uint8Array.of(0xb1, 0x43, 0x62, 0x46, 1, 0, 0, 0, ...u64(address, 0))));
    expect([...loaded()]).toEqual([...fatbin]);
    const elf = new Uint8Array(64 + 128);
    elf.set([0x7f, 0x45, 0x4c, 0x46]);
    new DataView(elf.buffer).setBigUint64(0x28, 64n, true);
    elf.set([64, 0, 2, 0], 0x3a);
    await call("cuModuleLoadData", cell(0), place(Uint8Array.of(...elf, 1, 2, 3)));
    expect(loaded()).toHaveLength(192);
    expect(await call("cuModuleLoadData", cell(0), 0)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("are read from files", async () => {
    const readFile = (_: GuestThread, path: string) => (path === "k.ptx" ? new TextEncoder().encode(ptx) : undefined);
    const { call } = guest({ readFile });
    await call("cuInit", 0);
    await call("cuCtxCreate_v2", cell(0), 0, 0);
    expect(await call("cuModuleLoad", cell(0), "k.ptx")).toBe(0);
    expect(await call("cuModuleLoad", cell(0), "other.ptx")).toBe(CUDA_ERROR.FILE_NOT_FOUND);
    expect(await call("cuModuleLoad", cell(0), undefined)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("have globals and functions, by name", async () => {
    const { call, module } = await ready();
    const [dptr, bytes] = [cell(0), cell(0)];
    expect(await call("cuModuleGetGlobal_v2", dptr, bytes, module, "table")).toBe(0);
    expect(bytes.get()).toBe(16);
    expect(await call("cuModuleGetGlobal_v2", dptr, bytes, module, "none")).toBe(CUDA_ERROR.NOT_FOUND);
    expect(await call("cuModuleGetFunction", cell(0), module, "none")).toBe(CUDA_ERROR.NOT_FOUND);
    expect(await call("cuModuleUnload", module)).toBe(0);
    expect(await call("cuModuleUnload", module)).toBe(CUDA_ERROR.INVALID_HANDLE);
  });
});

describe("asynchronous work", () => {
  test("a copy to page-locked memory does not wait, and has landed after the next wait", async () => {
    const { call, alloc, kernel, memory } = await ready();
    const p = await alloc(16);
    await call("cuMemsetD32_v2", p, 0x01020304, 4);
    const pp = cell(0);
    expect(await call("cuMemHostAlloc", pp, 16, 0)).toBe(0);
    const stream = cell(0);
    await call("cuStreamCreate", stream, 0);
    await call("cuLaunchKernel", await kernel("slow"), 1, 1, 1, 1, 1, 1, 0, stream.get(), 0, 0);
    expect(await call("cuMemcpyDtoHAsync_v2", at(pp.get()), p, 16, stream.get())).toBe(0);
    expect(memory.u32(pp.get())).toBe(0);
    expect(await call("cuStreamQuery", stream.get())).toBe(CUDA_ERROR.NOT_READY);
    expect(await call("cuStreamSynchronize", stream.get())).toBe(0);
    expect(memory.u32(pp.get() + 12)).toBe(0x01020304);
    expect(await call("cuStreamQuery", stream.get())).toBe(0);
    expect(await call("cuMemFreeHost", pp.get())).toBe(0);
    expect(await call("cuMemFreeHost", pp.get())).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("a program may poll until the work is done", async () => {
    const { call, kernel, launch } = await ready();
    const event = cell(0);
    await call("cuEventCreate", event, 0);
    await launch(await kernel("slow"));
    await call("cuEventRecord", event.get(), 0);
    let polls = 0;
    while ((await call("cuEventQuery", event.get())) === CUDA_ERROR.NOT_READY) polls++;
    expect(polls).toBeGreaterThan(0);
    expect(await call("cuEventQuery", event.get())).toBe(0);
  });

  test("the _ptds and _ptsz forms use the thread's own default stream", async () => {
    const { call, callOn, newThread, alloc, context, memoryCuda } = await ready();
    const p = await alloc(16);
    const streamOf = (): unknown => memoryCuda.log.findLast(({ name }) => name === "cuMemsetD2D")!.args[0];
    await call("cuMemsetD8_v2", p, 0, 16);
    expect(streamOf()).toBe(context);
    await call("cuMemsetD8_v2_ptds", p, 0, 16);
    const own = streamOf();
    expect(own).not.toBe(context);
    await call("cuMemsetD8Async_ptsz", p, 0, 16, 0);
    expect(streamOf()).toBe(own);
    const other = newThread();
    await callOn(other, "cuCtxSetCurrent", context);
    await callOn(other, "cuMemsetD8_v2_ptds", p, 0, 16);
    expect([context, own]).not.toContain(streamOf());
  });
});

describe("information", () => {
  test("names of errors are guest text that stays", async () => {
    const { call, memory } = guest();
    const [first, second] = [cell(0), cell(0)];
    expect(await call("cuGetErrorName", 700, first)).toBe(0);
    expect(memory.cstring(first.get())).toBe("CUDA_ERROR_ILLEGAL_ADDRESS");
    await call("cuGetErrorName", 700, second);
    expect(second.get()).toBe(first.get());
    expect(await call("cuGetErrorString", 12345, first)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(first.get()).toBe(0);
  });

  test("a device's name is cut to its buffer, with its NUL", async () => {
    const { call, memory, allocate } = await ready();
    const buffer = allocate(32);
    const pointer = { address: buffer, isNull: false, write: (bytes: Uint8Array) => memory.write(buffer, bytes) };
    expect(await call("cuDeviceGetName", pointer, 32, 0)).toBe(0);
    expect(memory.cstring(buffer)).toBe("Memory device");
    expect(await call("cuDeviceGetName", pointer, 4, 0)).toBe(0);
    expect(memory.cstring(buffer)).toBe("Mem");
    expect(await call("cuDeviceGetName", pointer, 0, 0)).toBe(CUDA_ERROR.INVALID_VALUE);
    expect(await call("cuDeviceGetName", pointer, 4, 1)).toBe(CUDA_ERROR.INVALID_DEVICE);
  });

  test("attributes of devices and pointers", async () => {
    const { call, alloc, memory, allocate, context } = await ready();
    const value = cell(0);
    await call("cuDeviceGetAttribute", value, DEVICE_ATTRIBUTE.WARP_SIZE, 0);
    expect(value.get()).toBe(32);
    const p = await alloc(100);
    const place = allocate(8);
    expect(await call("cuPointerGetAttribute", place, POINTER_ATTRIBUTE.RANGE_SIZE, p + 50)).toBe(0);
    expect(memory.u64(place)).toBe(100n);
    await call("cuPointerGetAttribute", place, POINTER_ATTRIBUTE.CONTEXT, p);
    expect(memory.u64(place)).toBe(BigInt(context));
    expect(await call("cuPointerGetAttribute", place, POINTER_ATTRIBUTE.CONTEXT, 0x1234)).toBe(CUDA_ERROR.INVALID_VALUE);
  });

  test("cuGetProcAddress gives the form for a version, and says when there is none", async () => {
    const { call } = guest();
    const [plain, v2, pfn, status] = [cell(0), cell(0), cell(1), cell(9)];
    expect(await call("cuGetProcAddress", "cuMemAlloc", plain, 12000, 0n)).toBe(0);
    expect(await call("cuGetProcAddress_v2", "cuMemcpyHtoD", v2, 12000, 2n, status)).toBe(0);
    expect([plain.get() > 0, v2.get() > 0, plain.get() !== v2.get(), status.get()]).toEqual([true, true, true, 0]);
    expect(await call("cuGetProcAddress_v2", "cuNothing", pfn, 12000, 0n, status)).toBe(CUDA_ERROR.NOT_FOUND);
    expect([pfn.get(), status.get()]).toEqual([0, 1]);
    // It came with 11.6.
    expect(await call("cuGetProcAddress_v2", "cuLaunchKernelEx", pfn, 11030, 0n, status)).toBe(CUDA_ERROR.NOT_FOUND);
    expect([pfn.get(), status.get()]).toEqual([0, 2]);
    expect(await call("cuGetProcAddress_v2", "cuLaunchKernelEx", pfn, 11060, 0n, status)).toBe(0);
    expect([pfn.get() > 0, status.get()]).toEqual([true, 0]);
  });

  test("a function without a mapping answers CUDA_ERROR_NOT_SUPPORTED, and is counted", async () => {
    const { call, library } = guest();
    expect(await call("cuGreenCtxCreate")).toBe(CUDA_ERROR.NOT_SUPPORTED);
    expect(await call("cuGreenCtxCreate")).toBe(CUDA_ERROR.NOT_SUPPORTED);
    expect(library.unsupportedCalls.get("cuGreenCtxCreate")).toBe(2);
  });
});

test("a server that cannot be reached is told once, and cuInit fails", async () => {
  const sentences: string[] = [];
  const driver = {
    open: () => Promise.reject(new CudaError(CUDA_ERROR.SYSTEM_NOT_READY, "ws://127.0.0.1:1: connection refused")),
    close: () => undefined,
  };
  const { call } = guest({ driver, log: (sentence) => sentences.push(sentence) });
  expect(await call("cuInit", 0)).toBe(CUDA_ERROR.SYSTEM_NOT_READY);
  expect(sentences).toEqual([expect.stringContaining("connection refused")]);
  expect(await call("cuDeviceGetCount", cell(0))).toBe(CUDA_ERROR.NOT_INITIALIZED);
});
