import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { contextApi } from "./driver.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";

export const context = (nvcuda: Nvcuda) =>
  implement(contextApi, {
    cuDevicePrimaryCtxRetain(thread, pctx, dev) {
      const cuda = nvcuda.cuda(thread);
      need(pctx);
      pctx.set(cuda.cuDevicePrimaryCtxRetain(dev));
    },
    cuDevicePrimaryCtxRelease_v2(thread, dev) {
      nvcuda.cuda(thread).cuDevicePrimaryCtxRelease(dev);
    },
    *cuDevicePrimaryCtxReset_v2(thread, dev) {
      yield* resetPrimary(nvcuda, thread, dev);
    },
    cuDevicePrimaryCtxSetFlags_v2(thread, dev, flags) {
      nvcuda.cuda(thread).cuDevicePrimaryCtxSetFlags(dev, flags);
    },
    cuDevicePrimaryCtxGetState(thread, dev, flags, active) {
      const state = nvcuda.cuda(thread).cuDevicePrimaryCtxGetState(dev);
      need(flags, active);
      flags.set(state.flags);
      active.set(Number(state.active));
    },
    cuCtxCreate_v2(thread, pctx, flags, dev) {
      const cuda = nvcuda.cuda(thread);
      need(pctx);
      pctx.set(cuda.cuCtxCreate(flags, dev));
    },
    // Execution affinity: no device here has it.
    cuCtxCreate_v3(thread, pctx, _paramsArray, numParams, flags, dev) {
      const cuda = nvcuda.cuda(thread);
      need(pctx);
      if (numParams !== 0) throw new CudaError(CUDA_ERROR.UNSUPPORTED_EXEC_AFFINITY);
      pctx.set(cuda.cuCtxCreate(flags, dev));
    },
    cuCtxCreate_v4(thread, pctx, ctxCreateParams, flags, dev) {
      const cuda = nvcuda.cuda(thread);
      need(pctx);
      // CUctxCreateParams: execution affinity parameters, their number, CIG parameters.
      if (ctxCreateParams !== 0 && (thread.memory.u64(ctxCreateParams) !== 0n || thread.memory.u64(ctxCreateParams + 16) !== 0n))
        throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
      pctx.set(cuda.cuCtxCreate(flags, dev));
    },
    *cuCtxDestroy_v2(thread, ctx) {
      yield* finish(nvcuda, thread, ctx);
      nvcuda.cuda(thread).cuCtxDestroy(ctx);
    },
    cuCtxGetCurrent(thread, pctx) {
      pctx.set(nvcuda.cuda(thread).cuCtxGetCurrent());
    },
    cuCtxSetCurrent(thread, ctx) {
      nvcuda.cuda(thread).cuCtxSetCurrent(ctx);
    },
    cuCtxPushCurrent_v2(thread, ctx) {
      nvcuda.cuda(thread).cuCtxPushCurrent(ctx);
    },
    cuCtxPopCurrent_v2(thread, pctx) {
      pctx.set(nvcuda.cuda(thread).cuCtxPopCurrent());
    },
    cuCtxGetDevice(thread, device) {
      device.set(nvcuda.cuda(thread).cuCtxGetDevice());
    },
    cuCtxGetDevice_v2(thread, device, ctx) {
      device.set(nvcuda.cuda(thread).cuCtxGetDevice(ctx));
    },
    *cuCtxSynchronize_v2(thread, ctx) {
      yield* waitFor(nvcuda.cuda(thread).cuCtxSynchronize(ctx));
    },
    cuCtxSetFlags(thread, flags) {
      nvcuda.cuda(thread).cuCtxSetFlags(flags);
    },
    cuCtxGetSharedMemConfig(thread, config) {
      config.set(nvcuda.cuda(thread).cuCtxGetSharedMemConfig());
    },
    cuCtxSetSharedMemConfig(thread, config) {
      nvcuda.cuda(thread).cuCtxSetSharedMemConfig(config);
    },
    // There is no such cache.
    cuCtxResetPersistingL2Cache(thread) {
      nvcuda.cuda(thread).thread.context();
    },
    cuCtxEnablePeerAccess(thread, peerContext, flags) {
      nvcuda.cuda(thread).cuCtxEnablePeerAccess(peerContext, flags);
    },
    cuCtxDisablePeerAccess(thread, peerContext) {
      nvcuda.cuda(thread).cuCtxDisablePeerAccess(peerContext);
    },
    cuCtxGetFlags(thread, flags) {
      flags.set(nvcuda.cuda(thread).cuCtxGetFlags());
    },
    cuCtxGetId(thread, ctx, ctxId) {
      ctxId.set(BigInt(nvcuda.cuda(thread).cuCtxGetId(ctx)));
    },
    cuCtxGetApiVersion(thread, ctx, version) {
      version.set(nvcuda.cuda(thread).cuCtxGetApiVersion(ctx));
    },
    *cuCtxSynchronize(thread) {
      yield* waitFor(nvcuda.cuda(thread).cuCtxSynchronize());
    },
    cuCtxGetLimit(thread, pvalue, limit) {
      pvalue.set(nvcuda.cuda(thread).cuCtxGetLimit(limit));
    },
    cuCtxSetLimit(thread, limit, value) {
      nvcuda.cuda(thread).cuCtxSetLimit(limit, value);
    },
    cuCtxGetCacheConfig(thread, pconfig) {
      pconfig.set(nvcuda.cuda(thread).cuCtxGetCacheConfig());
    },
    cuCtxSetCacheConfig(thread, config) {
      nvcuda.cuda(thread).cuCtxSetCacheConfig(config);
    },
    cuCtxGetStreamPriorityRange(thread, leastPriority, greatestPriority) {
      const range = nvcuda.cuda(thread).cuCtxGetStreamPriorityRange();
      leastPriority.set(range.leastPriority);
      greatestPriority.set(range.greatestPriority);
    },
  });

/** Ends a device's primary context, whoever holds it. */
export function* resetPrimary(nvcuda: Nvcuda, thread: GuestThread, dev: number): Waiting<void> {
  const cuda = nvcuda.cuda(thread);
  const primary = cuda.client.primary.get(cuda.cuDeviceGet(dev));
  if (primary) yield* finish(nvcuda, thread, primary.context.handle);
  cuda.cuDevicePrimaryCtxReset(dev);
}

/** Waits for what a context is doing before it goes: what its kernels print is shown by then, as CUDA documents. How they ended no longer matters. */
function* finish(nvcuda: Nvcuda, thread: GuestThread, ctx: number): Waiting<void> {
  try {
    yield* waitFor(nvcuda.cuda(thread).cuCtxSynchronize(ctx));
  } catch (error) {
    if (!(error instanceof CudaError)) throw error;
  }
}
