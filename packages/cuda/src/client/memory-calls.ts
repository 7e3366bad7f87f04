import { CUDA_ERROR, CudaError } from "../result.ts";
import type { Context, Stream } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** Bulk copies cross in pieces of this many bytes: large enough to cost no more than one copy, small enough that other calls pass. */
export const PIECE_BYTES = 1 << 20;
/** Pieces of a copy to the host that are asked for at a time. */
const PIECES_IN_FLIGHT = 8;

/** Allocates device memory; fails at once with CUDA_ERROR_OUT_OF_MEMORY, and with INVALID_VALUE for 0 bytes. */
export function cuMemAlloc(thread: CudaThread, bytesize: number): number {
  const { client } = thread;
  const context = thread.context();
  if (bytesize === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const free = context.device.info.totalMem - client.allocatedBytes(context.device);
  const address = bytesize <= free ? context.memory.allocate(bytesize) : undefined;
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
  for (const context of thread.client.contexts) {
    if (!context.memory.allocations.find(dptr)) continue;
    if (!context.memory.free(dptr)) break;
    thread.client.session.cuMemFree(dptr, context.handle);
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
  const bytes = bytesOf(srcHost);
  const { client } = thread;
  const stream = streamFor(thread, hStream, dstDevice, bytes.length);
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
    stream.posted++;
    client.session.cuMemcpyHtoD(stream.handle, dstDevice + offset, bytes.subarray(offset, offset + PIECE_BYTES));
  }
}

/** The same on a stream; the bytes are taken now here too. */
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
  await copyToHost(thread, (piece, offset) => dstHost.set(piece, offset), srcDevice, byteCount, hStream);
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

/**
 * Starts a copy from the device. `land` is given the bytes piece by piece with their offsets; all of them have landed
 * before the promise resolves, and before any later wait or query of the stream reports success. With `reportLater`
 * nobody waits for the promise: what it fails with is what the stream's next wait fails with.
 */
export function copyToHost(
  thread: CudaThread,
  land: (piece: Uint8Array, offset: number) => void,
  srcDevice: number,
  byteCount: number,
  hStream = 0,
  reportLater = false,
): Promise<void> {
  const stream = streamFor(thread, hStream, srcDevice, byteCount);
  if (byteCount === 0) return thread.client.wait(stream);
  stream.posted++;
  const landing = thread.client.answer(stream.context, fetchPieces(thread, stream, land, srcDevice, byteCount));
  thread.client.land(stream, landing, reportLater);
  return landing;
}

export function cuMemcpyDtoD(thread: CudaThread, dstDevice: number, srcDevice: number, byteCount: number, hStream = 0): void {
  const stream = streamFor(thread, hStream, dstDevice, byteCount);
  if (thread.client.contextOf(srcDevice, byteCount) !== stream.context) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (byteCount === 0) return;
  stream.posted++;
  thread.client.session.cuMemcpyDtoD(stream.handle, dstDevice, srcDevice, byteCount);
}

export function cuMemcpyDtoDAsync(thread: CudaThread, dstDevice: number, srcDevice: number, byteCount: number, hStream: number): void {
  cuMemcpyDtoD(thread, dstDevice, srcDevice, byteCount, hStream);
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
  const stream = streamFor(thread, hStream, address, bytes);
  if (row === 0 || height === 0) return;
  stream.posted++;
  thread.client.session.cuMemsetD2D(stream.handle, address, pitch, value, elementSize, width, height);
}

/** The stream of an operation on [address, address + size), which must be memory of the stream's context. */
function streamFor(thread: CudaThread, hStream: number, address: number, size: number): Stream {
  const stream = thread.stream(hStream);
  if (size > 0 && !holds(stream.context, address, size) && thread.client.contextOf(address, size) !== stream.context)
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return stream;
}

function holds(context: Context, address: number, size: number): boolean {
  return context.memory.allocations.find(address, size) !== undefined;
}

async function fetchPieces(
  thread: CudaThread,
  stream: Stream,
  land: (piece: Uint8Array, offset: number) => void,
  address: number,
  size: number,
): Promise<void> {
  const inFlight: Promise<void>[] = [];
  for (let offset = 0; offset < size; offset += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, size - offset);
    const answer = Promise.resolve(thread.client.session.cuMemcpyDtoH(stream.handle, address + offset, length));
    const landed = answer.then((piece) => land(piece, offset));
    // A failure is thrown where the piece is awaited; others may fail before that.
    landed.catch(() => undefined);
    inFlight.push(landed);
    if (inFlight.length >= PIECES_IN_FLIGHT) await inFlight.shift();
  }
  await Promise.all(inFlight);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
