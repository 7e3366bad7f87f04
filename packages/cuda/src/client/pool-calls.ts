import { CUDA_ERROR, CudaError } from "../result.ts";
import { allocate, free } from "./memory-calls.ts";
import { type Context, type Device, Pool } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** CUmemPool_attribute. */
export const POOL_ATTRIBUTE = {
  REUSE_FOLLOW_EVENT_DEPENDENCIES: 1,
  REUSE_ALLOW_OPPORTUNISTIC: 2,
  REUSE_ALLOW_INTERNAL_DEPENDENCIES: 3,
  RELEASE_THRESHOLD: 4,
  RESERVED_MEM_CURRENT: 5,
  RESERVED_MEM_HIGH: 6,
  USED_MEM_CURRENT: 7,
  USED_MEM_HIGH: 8,
} as const;

export function cuDeviceGetDefaultMemPool(thread: CudaThread, dev: number): number {
  return defaultPool(thread, thread.client.device(dev)).handle;
}

/** The pool that cuMemAllocAsync takes from. */
export function cuDeviceGetMemPool(thread: CudaThread, dev: number): number {
  const device = thread.client.device(dev);
  return (thread.client.pools.current.get(device) ?? defaultPool(thread, device)).handle;
}

export function cuDeviceSetMemPool(thread: CudaThread, dev: number, pool: number): void {
  const device = thread.client.device(dev);
  const found = thread.client.object(pool, Pool);
  if (found.device !== device) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  thread.client.pools.current.set(device, found);
}

export function cuMemPoolCreate(thread: CudaThread, dev: number): number {
  return thread.client.register(new Pool(thread.client.handle(), thread.client.device(dev))).handle;
}

/** Allocations of the pool live on. A device's default pool is not destroyed this way. */
export function cuMemPoolDestroy(thread: CudaThread, pool: number): void {
  const { client } = thread;
  const found = client.object(pool, Pool);
  if (client.pools.defaults.get(found.device) === found) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (client.pools.current.get(found.device) === found) client.pools.current.delete(found.device);
  client.forget(found);
}

/** Memory goes back as it is freed: there is never any to trim. */
export function cuMemPoolTrimTo(thread: CudaThread, pool: number, minBytesToKeep: number): void {
  thread.client.object(pool, Pool);
  if (minBytesToKeep < 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

export function cuMemPoolGetAttribute(thread: CudaThread, pool: number, attr: number): number {
  const found = thread.client.object(pool, Pool);
  if (attr === POOL_ATTRIBUTE.USED_MEM_CURRENT || attr === POOL_ATTRIBUTE.RESERVED_MEM_CURRENT) return found.used;
  if (attr === POOL_ATTRIBUTE.USED_MEM_HIGH || attr === POOL_ATTRIBUTE.RESERVED_MEM_HIGH) return found.most;
  const value = found.attributes.get(attr);
  if (value === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return value;
}

/** High-water marks can be set to 0 only; reuse and release are noted, and change nothing. */
export function cuMemPoolSetAttribute(thread: CudaThread, pool: number, attr: number, value: number): void {
  const found = thread.client.object(pool, Pool);
  if (attr === POOL_ATTRIBUTE.USED_MEM_HIGH || attr === POOL_ATTRIBUTE.RESERVED_MEM_HIGH) {
    if (value !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    found.most = found.used;
  } else if (found.attributes.has(attr)) found.attributes.set(attr, value);
  else throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** CU_MEM_ACCESS_FLAGS_PROT_READWRITE on the pool's own device, none elsewhere. */
export function cuMemPoolGetAccess(thread: CudaThread, pool: number, dev: number): number {
  return thread.client.object(pool, Pool).device === thread.client.device(dev) ? 3 : 0;
}

/** Allocates in the order of a stream, from the device's current pool. */
export function cuMemAllocAsync(thread: CudaThread, bytesize: number, hStream: number): number {
  const { device } = thread.stream(hStream).context;
  return cuMemAllocFromPoolAsync(thread, bytesize, cuDeviceGetMemPool(thread, device.ordinal), hStream);
}

/** The address is known now; the memory may be used by work that comes after on the stream. */
export function cuMemAllocFromPoolAsync(thread: CudaThread, bytesize: number, pool: number, hStream: number): number {
  const { context, capture } = thread.stream(hStream);
  const found = thread.client.object(pool, Pool);
  if (found.device !== context.device) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  // A graph that allocates would need an address that is its own at every launch.
  if (capture) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
  const dptr = allocate(thread.client, context, bytesize);
  thread.client.pools.take(found, dptr, bytesize);
  return dptr;
}

/** Frees in the order of a stream: memory of cuMemAllocAsync, or of cuMemAlloc. */
export function cuMemFreeAsync(thread: CudaThread, dptr: number, hStream: number): void {
  const stream = thread.stream(hStream);
  if (dptr === 0) return;
  if (stream.capture) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
  const context = holderOf(thread, dptr);
  // What the stream was given before comes before the freeing, which is in the order of all work of its context.
  if (context !== stream.context) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  free(thread.client, dptr);
}

function holderOf(thread: CudaThread, dptr: number): Context {
  const context = thread.client.holder(dptr);
  if (context?.memory.allocations.find(dptr)?.address !== dptr) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return context;
}

function defaultPool(thread: CudaThread, device: Device): Pool {
  const { client } = thread;
  let pool = client.pools.defaults.get(device);
  if (!pool) {
    pool = client.register(new Pool(client.handle(), device));
    client.pools.defaults.set(device, pool);
  }
  return pool;
}
