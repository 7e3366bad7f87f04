import { LIMIT } from "../attributes.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import { fetchMirrors } from "./mirror.ts";
import { Context } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** CU_CTX_FLAGS_MASK of cuda.h 13.0. */
const CONTEXT_FLAGS = 0xff;
/** CU_CTX_SCHED_AUTO, SPIN, YIELD and BLOCKING_SYNC exclude each other. */
const SCHEDULING_FLAGS = new Set([0, 1, 2, 4]);

/** Makes a context and makes it current. */
export function cuCtxCreate(thread: CudaThread, flags: number, dev: number): number {
  checkFlags(flags);
  const context = thread.client.createContext(dev, flags);
  thread.stack.push(context);
  return context.handle;
}

/** Ends the context's work and frees all that is in it. A primary context is not destroyed this way. */
export function cuCtxDestroy(thread: CudaThread, ctx: number): void {
  const context = thread.client.object(ctx, Context);
  if (isPrimary(thread, context)) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
  if (thread.current === context) thread.stack.pop();
  thread.client.destroyContext(context);
}

/** The handle of the current context, or 0. */
export function cuCtxGetCurrent(thread: CudaThread): number {
  return thread.current?.handle ?? 0;
}

/** Replaces the top of the stack; 0 takes it away. */
export function cuCtxSetCurrent(thread: CudaThread, ctx: number): void {
  const context = ctx === 0 ? undefined : thread.client.object(ctx, Context);
  thread.stack.pop();
  if (context) thread.stack.push(context);
}

export function cuCtxPushCurrent(thread: CudaThread, ctx: number): void {
  thread.stack.push(thread.client.object(ctx, Context));
}

/** Takes the current context off the stack, and gives its handle. */
export function cuCtxPopCurrent(thread: CudaThread): number {
  const context = thread.stack.pop();
  if (!context) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
  return context.handle;
}

/** The device of a context; of the current one, if none is named. */
export function cuCtxGetDevice(thread: CudaThread, ctx = 0): number {
  return contextOf(thread, ctx).device.ordinal;
}

export function cuCtxSetFlags(thread: CudaThread, flags: number): void {
  const context = thread.context();
  checkFlags(flags);
  context.flags = flags;
}

/** CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE: there are no banks. */
export function cuCtxGetSharedMemConfig(thread: CudaThread): number {
  thread.context();
  return 0;
}

/** A preference (CUsharedconfig, 0 to 2) that no driver here acts on. */
export function cuCtxSetSharedMemConfig(thread: CudaThread, config: number): void {
  thread.context();
  if (config < 0 || config > 2) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** No device here reaches another's memory. */
export function cuCtxEnablePeerAccess(thread: CudaThread, peerContext: number, flags = 0): void {
  checkPeer(thread, peerContext);
  if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  throw new CudaError(CUDA_ERROR.PEER_ACCESS_UNSUPPORTED);
}

export function cuCtxDisablePeerAccess(thread: CudaThread, peerContext: number): void {
  checkPeer(thread, peerContext);
  throw new CudaError(CUDA_ERROR.PEER_ACCESS_NOT_ENABLED);
}

function checkPeer(thread: CudaThread, peerContext: number): void {
  if (thread.client.object(peerContext, Context) === thread.context()) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
}

function contextOf(thread: CudaThread, ctx: number): Context {
  return ctx === 0 ? thread.context() : thread.client.object(ctx, Context).check();
}

export function cuCtxGetFlags(thread: CudaThread): number {
  return thread.context().flags;
}

/** A number that no other context of the process has. */
export function cuCtxGetId(thread: CudaThread, ctx = 0): number {
  return (ctx === 0 ? thread.context() : thread.client.object(ctx, Context)).handle;
}

/** 3020, for every context: that of cuCtxCreate_v2 and later. */
export function cuCtxGetApiVersion(thread: CudaThread, ctx = 0): number {
  if (ctx === 0) thread.context();
  else thread.client.object(ctx, Context);
  return 3020;
}

/** Waits for all work of the context, and for its copies to the host. */
export async function cuCtxSynchronize(thread: CudaThread, ctx = 0): Promise<void> {
  const context = contextOf(thread, ctx);
  for (const { capture } of context.streams) capture?.invalidate(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
  const landings = [...context.streams].flatMap(({ landing }) => landing ?? []);
  const posted = [...context.streams].map((stream) => [stream, stream.posted] as const);
  await thread.client.answer(context, thread.client.session.cuCtxSynchronize(context.handle));
  await Promise.all(landings);
  for (const [stream, count] of posted) {
    stream.completed = Math.max(stream.completed, count);
    stream.passed = Math.max(stream.passed, count);
  }
  await fetchMirrors(thread.client, context);
  for (const [stream] of posted) stream.reportFailure();
}

const DEFAULT_LIMITS = new Map<number, number>([
  [LIMIT.STACK_SIZE, 1024],
  [LIMIT.PRINTF_FIFO_SIZE, 1 << 20],
  [LIMIT.MALLOC_HEAP_SIZE, 8 << 20],
  [LIMIT.DEV_RUNTIME_SYNC_DEPTH, 2],
  [LIMIT.DEV_RUNTIME_PENDING_LAUNCH_COUNT, 2048],
  [LIMIT.MAX_L2_FETCH_GRANULARITY, 64],
  [LIMIT.PERSISTING_L2_CACHE_SIZE, 0],
]);

export function cuCtxGetLimit(thread: CudaThread, limit: number): number {
  const value = thread.context().limits.get(limit) ?? DEFAULT_LIMITS.get(limit);
  if (value === undefined) throw new CudaError(CUDA_ERROR.UNSUPPORTED_LIMIT);
  return value;
}

export function cuCtxSetLimit(thread: CudaThread, limit: number, value: number): void {
  const context = thread.context();
  if (!DEFAULT_LIMITS.has(limit)) throw new CudaError(CUDA_ERROR.UNSUPPORTED_LIMIT);
  thread.client.session.cuCtxSetLimit(context.handle, limit, value);
  context.limits.set(limit, value);
}

/** A preference (CUfunc_cache, 0 to 3) that no driver here acts on. */
export function cuCtxSetCacheConfig(thread: CudaThread, config: number): void {
  thread.context();
  if (config < 0 || config > 3) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** CU_FUNC_CACHE_PREFER_NONE: caches are not configurable. */
export function cuCtxGetCacheConfig(thread: CudaThread): number {
  thread.context();
  return 0;
}

/** Priorities 0 (least) to -5 (greatest) are accepted; none is acted on. */
export function cuCtxGetStreamPriorityRange(thread: CudaThread): { leastPriority: number; greatestPriority: number } {
  thread.context();
  return { leastPriority: 0, greatestPriority: -5 };
}

/** The device's primary context, made when it is first retained. It does not become current. */
export function cuDevicePrimaryCtxRetain(thread: CudaThread, dev: number): number {
  const { client } = thread;
  client.device(dev);
  let primary = client.primary.get(dev);
  if (!primary) {
    primary = { context: client.createContext(dev, client.primaryFlags.get(dev) ?? 0), retained: 0 };
    client.primary.set(dev, primary);
  }
  primary.retained++;
  return primary.context.handle;
}

/** Undoes one retain; the last one destroys the context. */
export function cuDevicePrimaryCtxRelease(thread: CudaThread, dev: number): void {
  const { client } = thread;
  client.device(dev);
  const primary = client.primary.get(dev);
  if (!primary) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
  if (--primary.retained === 0) cuDevicePrimaryCtxReset(thread, dev);
}

export function cuDevicePrimaryCtxReset(thread: CudaThread, dev: number): void {
  const { client } = thread;
  client.device(dev);
  const primary = client.primary.get(dev);
  if (!primary) return;
  client.primary.delete(dev);
  client.destroyContext(primary.context);
}

export function cuDevicePrimaryCtxGetState(thread: CudaThread, dev: number): { flags: number; active: boolean } {
  const { client } = thread;
  client.device(dev);
  const primary = client.primary.get(dev);
  return { flags: primary?.context.flags ?? client.primaryFlags.get(dev) ?? 0, active: primary !== undefined };
}

export function cuDevicePrimaryCtxSetFlags(thread: CudaThread, dev: number, flags: number): void {
  const { client } = thread;
  client.device(dev);
  checkFlags(flags);
  client.primaryFlags.set(dev, flags);
  const primary = client.primary.get(dev);
  if (primary) primary.context.flags = flags;
}

function checkFlags(flags: number): void {
  if ((flags & ~CONTEXT_FLAGS) !== 0 || !SCHEDULING_FLAGS.has(flags & 7)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

function isPrimary(thread: CudaThread, context: Context): boolean {
  return thread.client.primary.get(context.device.ordinal)?.context === context;
}
