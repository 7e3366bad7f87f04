import { CUDA_ERROR, CudaError } from "../result.ts";
import { type HostMemory, hostBytes } from "./host-memory.ts";
import { refuseInCapture } from "./capture.ts";
import { allocate } from "./memory-calls.ts";
import { Mirror } from "./mirror.ts";
import type { CudaThread } from "./thread.ts";

/** CU_MEM_ATTACH_GLOBAL, HOST and SINGLE. */
const ATTACH = { GLOBAL: 1, HOST: 2, SINGLE: 4 } as const;
/** CU_DEVICE_CPU. */
const DEVICE_CPU = -1;
/** CU_MEM_ADVISE_SET_READ_MOSTLY to CU_MEM_ADVISE_UNSET_ACCESSED_BY. */
const MOST_ADVICE = 6;

/**
 * Allocates managed memory: the device's address of it, and the bytes that the host sees. What the host writes is there for the next launch, what kernels
 * write after the next wait. `flags` is CU_MEM_ATTACH_GLOBAL or CU_MEM_ATTACH_HOST.
 */
export function cuMemAllocManaged(
  thread: CudaThread,
  bytesize: number,
  flags: number = ATTACH.GLOBAL,
): { dptr: number; memory: Uint8Array } {
  checkAttach(flags);
  if (bytesize === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const memory = new Uint8Array(bytesize);
  return { dptr: allocateShared(thread, bytesize, hostBytes(memory)), memory };
}

/** Fails with CUDA_ERROR_INVALID_VALUE for flags that cuMemAllocManaged does not take. */
export function checkAttach(flags: number): void {
  if (flags !== ATTACH.GLOBAL && flags !== ATTACH.HOST) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** Allocates device memory that stands for memory of the host's, at an address of the caller's where one is given. */
export function allocateShared(thread: CudaThread, bytesize: number, memory: HostMemory, at?: number): number {
  const context = thread.context();
  refuseInCapture(thread);
  const dptr = allocate(thread.client, context, bytesize, at);
  context.mirrors.add(new Mirror(dptr, bytesize, memory));
  return dptr;
}

/** Where shared memory of the current context may lie: the address of its slot, how far that may be used, and whether a range of it is free. */
export function sharedAllocation(thread: CudaThread): {
  readonly base: number;
  readonly end: number;
  isFree(address: number, size: number): boolean;
} {
  const { device, slot, memory } = thread.context();
  const { base, stride, end } = device.info.arena;
  return { base: base + slot * stride, end, isFree: (address, size) => memory.isFree(address, size) };
}

/** A hint: managed memory moves by itself. The range must be managed, the device one that there is, or the host (-1). */
export function cuMemPrefetchAsync(thread: CudaThread, devPtr: number, count: number, dstDevice: number, hStream = 0): void {
  managed(thread, devPtr, count);
  if (dstDevice !== DEVICE_CPU) thread.client.device(dstDevice);
  thread.stream(hStream);
}

/** A hint, as cuMemPrefetchAsync is. */
export function cuMemAdvise(thread: CudaThread, devPtr: number, count: number, advice: number, device: number): void {
  managed(thread, devPtr, count);
  if (advice < 1 || advice > MOST_ADVICE) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  // CU_MEM_ADVISE_SET_READ_MOSTLY and its opposite look at no device.
  if (advice > 2 && device !== DEVICE_CPU) thread.client.device(device);
}

/** Which stream may use managed memory changes nothing here: no access overlaps with another. */
export function cuStreamAttachMemAsync(thread: CudaThread, hStream: number, dptr: number, length = 0, flags: number = ATTACH.SINGLE): void {
  thread.stream(hStream);
  if (![ATTACH.GLOBAL, ATTACH.HOST, ATTACH.SINGLE].includes(flags as 1)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  managed(thread, dptr, Math.max(length, 1));
}

function managed(thread: CudaThread, address: number, size: number): void {
  const context = thread.client.contextOf(address, Math.max(size, 1));
  const isManaged = [...context.mirrors].some((mirror) => address >= mirror.address && address + size <= mirror.address + mirror.size);
  if (size === 0 || !isManaged) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}
