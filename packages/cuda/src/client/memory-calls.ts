import { CUDA_ERROR, CudaError } from "../result.ts";
import { refuseInCapture } from "./capture.ts";
import type { CudaClient } from "./client.ts";
import { type Copy, extent, linearCopy } from "./copy.ts";
import { hostBytes } from "./host-memory.ts";
import { Context, type Stream } from "./objects.ts";
import type { CudaThread } from "./thread.ts";
import { submit } from "./work.ts";

/** Allocates device memory; fails at once with CUDA_ERROR_OUT_OF_MEMORY, and with INVALID_VALUE for 0 bytes. */
export function cuMemAlloc(thread: CudaThread, bytesize: number): number {
  const context = thread.context();
  refuseInCapture(thread);
  return allocate(thread.client, context, bytesize);
}

/** Allocates in a context, at an address of the caller's where one is given. */
export function allocate(client: CudaClient, context: Context, bytesize: number, at?: number): number {
  if (bytesize === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const free = context.device.info.totalMem - client.allocatedBytes(context.device);
  if (bytesize > free) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
  const address = at === undefined ? context.memory.allocate(bytesize) : context.memory.allocateAt(at, bytesize) ? at : undefined;
  if (address === undefined) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
  client.session.cuMemAlloc(address, context.handle, bytesize);
  return address;
}

/** Rows of `widthInBytes`, each starting `pitch` bytes after the one before. `elementSizeBytes` is 4, 8 or 16. */
export function cuMemAllocPitch(
  thread: CudaThread,
  widthInBytes: number,
  height: number,
  elementSizeBytes: number,
): { dptr: number; pitch: number } {
  if (![4, 8, 16].includes(elementSizeBytes) || widthInBytes === 0 || height === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const pitch = Math.ceil(widthInBytes / 512) * 512;
  return { dptr: cuMemAlloc(thread, pitch * height), pitch };
}

/** Frees what cuMemAlloc gave, after the work posted before; NULL is fine. */
export function cuMemFree(thread: CudaThread, dptr: number): void {
  thread.context();
  if (dptr === 0) return;
  refuseInCapture(thread);
  free(thread.client, dptr);
}

/** Frees the allocation that begins at an address, in whatever context it is. */
export function free(client: CudaClient, dptr: number): void {
  for (const context of client.contexts) {
    if (!context.memory.allocations.find(dptr)) continue;
    if (!context.memory.free(dptr)) break;
    client.pools.release(dptr);
    for (const mirror of context.mirrors) if (mirror.address === dptr) context.mirrors.delete(mirror);
    client.session.cuMemFree(dptr, context.handle);
    return;
  }
  throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** The session's own memory on the device, in bytes. */
export function cuMemGetInfo(thread: CudaThread): { free: number; total: number } {
  const { device } = thread.context();
  const total = device.info.totalMem;
  return { free: total - thread.client.allocatedBytes(device), total };
}

/** The allocation that holds an address; fails with CUDA_ERROR_NOT_FOUND. */
export function cuMemGetAddressRange(thread: CudaThread, dptr: number): { base: number; size: number } {
  thread.context();
  for (const { memory } of thread.client.contexts) {
    const allocation = memory.allocations.find(dptr);
    if (allocation) return { base: allocation.address, size: allocation.size };
  }
  throw new CudaError(CUDA_ERROR.NOT_FOUND);
}

/**
 * Posts a copy to the device. The bytes are taken now; the source may change as soon as this returns. Programs that
 * post gigabytes wait for `backpressure` in between.
 */
export function cuMemcpyHtoD(thread: CudaThread, dstDevice: number, srcHost: ArrayBufferView, hStream = 0): void {
  void copy(thread, linearCopy({ at: dstDevice }, { at: 0, memory: hostBytes(srcHost) }, srcHost.byteLength), hStream);
}

/** The same on a stream; the bytes are taken now here too, but by a graph when it is launched. */
export function cuMemcpyHtoDAsync(thread: CudaThread, dstDevice: number, srcHost: ArrayBufferView, hStream: number): void {
  cuMemcpyHtoD(thread, dstDevice, srcHost, hStream);
}

/**
 * Copies from the device into `dstHost`, or a new array, after the work posted before on the stream, and gives that array. Fails with
 * CUDA_ERROR_INVALID_VALUE when it is too short.
 */
export async function cuMemcpyDtoH(
  thread: CudaThread,
  srcDevice: number,
  byteCount: number,
  hStream = 0,
  dstHost: Uint8Array = new Uint8Array(byteCount),
): Promise<Uint8Array> {
  if (dstHost.length < byteCount) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  await copy(thread, linearCopy({ at: 0, memory: hostBytes(dstHost) }, { at: srcDevice }, byteCount), hStream);
  return dstHost;
}

/** The same on a stream. */
export function cuMemcpyDtoHAsync(
  thread: CudaThread,
  srcDevice: number,
  byteCount: number,
  hStream: number,
  dstHost?: Uint8Array,
): Promise<Uint8Array> {
  return cuMemcpyDtoH(thread, srcDevice, byteCount, hStream, dstHost);
}

/** Copies on the device, also from another context's memory (cuMemcpyPeer). */
export function cuMemcpyDtoD(thread: CudaThread, dstDevice: number, srcDevice: number, byteCount: number, hStream = 0): void {
  void copy(thread, linearCopy({ at: dstDevice }, { at: srcDevice }, byteCount), hStream);
}

export function cuMemcpyDtoDAsync(thread: CudaThread, dstDevice: number, srcDevice: number, byteCount: number, hStream: number): void {
  cuMemcpyDtoD(thread, dstDevice, srcDevice, byteCount, hStream);
}

/** Copies between contexts, on a stream of the destination's. */
export function cuMemcpyPeer(
  thread: CudaThread,
  dstDevice: number,
  dstContext: number,
  srcDevice: number,
  srcContext: number,
  byteCount: number,
  hStream = 0,
): void {
  const [to, from] = [thread.client.object(dstContext, Context), thread.client.object(srcContext, Context)];
  for (const [context, at] of [
    [to, dstDevice],
    [from, srcDevice],
  ] as const)
    if (byteCount > 0 && thread.client.contextOf(at, byteCount) !== context.check()) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const stream = hStream === 0 ? to.defaultStream : thread.stream(hStream);
  void copyOn(thread.client, stream, linearCopy({ at: dstDevice }, { at: srcDevice }, byteCount));
}

/**
 * Copies rows and slices, between device and host in any direction. One to the host gives a promise that resolves when all bytes have landed, and before any
 * later wait or query of the stream reports success. A caller that "waits" posts nothing to the stream before it has resolved; where it "leaves" nobody waits for the
 * promise: what it fails with is what the stream's next wait fails with.
 */
export function copy(thread: CudaThread, given: Copy, hStream = 0, caller?: "waits" | "leaves"): Promise<void> | undefined {
  return copyOn(thread.client, thread.stream(hStream), given, caller);
}

function copyOn(client: CudaClient, stream: Stream, given: Copy, caller?: "waits" | "leaves"): Promise<void> | undefined {
  checkCopy(client, stream.context, given);
  const landing = submit(client, stream, { kind: "copy", copy: given, isAwaited: caller === "waits" });
  if (landing) client.land(stream, landing, caller === "leaves");
  return landing;
}

/** Fails with CUDA_ERROR_INVALID_VALUE for a copy that overlaps itself, or goes where there is no memory. */
export function checkCopy(client: CudaClient, context: Context, given: Copy): void {
  for (const side of [given.dst, given.src]) {
    const isOutOfOrder = (given.height > 1 && side.pitch < given.width) || (given.depth > 1 && side.slice < side.pitch * given.height);
    if (isOutOfOrder) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const bytes = extent(given, side);
    if (side.memory || bytes === 0 || holds(context, side.at, bytes)) continue;
    // What is copied from may be another context's.
    if (client.contextOf(side.at, bytes) !== context && side === given.dst) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  }
}

export function cuMemsetD8(thread: CudaThread, dstDevice: number, uc: number, n: number, hStream = 0): void {
  memset(thread, dstDevice, 0, uc & 0xff, 1, n, 1, hStream);
}

export function cuMemsetD16(thread: CudaThread, dstDevice: number, us: number, n: number, hStream = 0): void {
  memset(thread, dstDevice, 0, us & 0xffff, 2, n, 1, hStream);
}

export function cuMemsetD32(thread: CudaThread, dstDevice: number, ui: number, n: number, hStream = 0): void {
  memset(thread, dstDevice, 0, ui >>> 0, 4, n, 1, hStream);
}

export function cuMemsetD2D8(
  thread: CudaThread,
  dst: number,
  dstPitch: number,
  uc: number,
  width: number,
  height: number,
  hStream = 0,
): void {
  memset(thread, dst, dstPitch, uc & 0xff, 1, width, height, hStream);
}

export function cuMemsetD2D16(
  thread: CudaThread,
  dst: number,
  dstPitch: number,
  us: number,
  width: number,
  height: number,
  hStream = 0,
): void {
  memset(thread, dst, dstPitch, us & 0xffff, 2, width, height, hStream);
}

export function cuMemsetD2D32(
  thread: CudaThread,
  dst: number,
  dstPitch: number,
  ui: number,
  width: number,
  height: number,
  hStream = 0,
): void {
  memset(thread, dst, dstPitch, ui >>> 0, 4, width, height, hStream);
}

function memset(
  thread: CudaThread,
  address: number,
  pitch: number,
  value: number,
  elementSize: number,
  width: number,
  height: number,
  hStream: number,
): void {
  const row = width * elementSize;
  const bytes = height === 0 ? 0 : (height - 1) * pitch + row;
  if (address % elementSize !== 0 || (height > 1 && (pitch < row || pitch % elementSize !== 0)))
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const stream = thread.stream(hStream);
  if (bytes > 0 && !holds(stream.context, address, bytes) && thread.client.contextOf(address, bytes) !== stream.context)
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  void submit(thread.client, stream, { kind: "memset", dst: address, pitch, value, elementSize, width: row === 0 ? 0 : width, height });
}

function holds(context: Context, address: number, size: number): boolean {
  return context.memory.allocations.find(address, size) !== undefined;
}
