import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { Out, Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { callOnHostThread } from "./host-functions.ts";
import { readHandles } from "./handles.ts";
import { streamApi } from "./stream.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";

export const stream = (nvcuda: Nvcuda) => {
  function* cuStreamQuery(thread: GuestThread, hStream: number) {
    yield* ready(nvcuda.cuda(thread).cuStreamQuery(hStream));
  }
  function* cuStreamSynchronize(thread: GuestThread, hStream: number) {
    yield* waitFor(nvcuda.cuda(thread).cuStreamSynchronize(hStream));
  }
  function cuStreamWaitEvent(thread: GuestThread, hStream: number, hEvent: number, flags: number) {
    nvcuda.cuda(thread).cuStreamWaitEvent(hStream, hEvent, flags);
  }
  function cuStreamGetFlags(thread: GuestThread, hStream: number, flags: Out<number>) {
    flags.set(nvcuda.cuda(thread).cuStreamGetFlags(hStream));
  }
  function cuStreamGetPriority(thread: GuestThread, hStream: number, priority: Out<number>) {
    priority.set(nvcuda.cuda(thread).cuStreamGetPriority(hStream));
  }
  function cuStreamGetCtx(thread: GuestThread, hStream: number, pctx: Out<number, number | bigint>) {
    pctx.set(nvcuda.cuda(thread).cuStreamGetCtx(hStream));
  }
  function cuStreamGetId(thread: GuestThread, hStream: number, streamId: Out<bigint, number | bigint>) {
    streamId.set(BigInt(nvcuda.cuda(thread).cuStreamGetId(hStream)));
  }
  function cuEventRecord(thread: GuestThread, hEvent: number, hStream: number) {
    nvcuda.cuda(thread).cuEventRecord(hEvent, hStream);
  }
  function cuEventRecordWithFlags(thread: GuestThread, hEvent: number, hStream: number, flags: number) {
    // CU_EVENT_RECORD_EXTERNAL is for stream capture only.
    const cuda = nvcuda.cuda(thread);
    if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    cuda.cuEventRecord(hEvent, hStream);
  }
  function* cuEventElapsedTime(thread: GuestThread, pMilliseconds: Out<number>, hStart: number, hEnd: number) {
    const cuda = nvcuda.cuda(thread);
    need(pMilliseconds);
    pMilliseconds.set(yield* waitFor(cuda.cuEventElapsedTime(hStart, hEnd)));
  }
  const bodies = {
    cuStreamQuery,
    cuStreamSynchronize,
    cuStreamWaitEvent,
    cuStreamGetFlags,
    cuStreamGetPriority,
    cuStreamGetCtx,
    cuStreamGetId,
    cuEventRecord,
    cuEventRecordWithFlags,
    cuEventElapsedTime,
  };
  /** The status of a capture, where a program wants to know; its dependencies lie in guest memory until the next question. */
  function captureInfo(
    thread: GuestThread,
    hStream: number,
    status: Out<number>,
    id: Out<bigint, number | bigint>,
    graph?: Out<number, number | bigint>,
    dependencies?: Out<number>,
    count?: Out<number, number | bigint>,
  ): void {
    const info = nvcuda.cuda(thread).cuStreamGetCaptureInfo(hStream);
    need(status);
    status.set(info.captureStatus);
    id.set(BigInt(info.id));
    graph?.set(info.graph);
    if (dependencies && !dependencies.isNull) dependencies.set(nvcuda.handles(thread, info.dependencies));
    count?.set(info.dependencies.length);
  }
  return implement(streamApi, {
    ...bodies,
    cuStreamAddCallback(thread, hStream, callback, userData, flags) {
      const cuda = nvcuda.cuda(thread);
      if (callback === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      cuda.cuStreamAddCallback(hStream, (status) => callOnHostThread(nvcuda, thread, callback, hStream, status, userData), flags);
    },
    cuLaunchHostFunc(thread, hStream, f, userData) {
      const cuda = nvcuda.cuda(thread);
      if (f === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      cuda.cuLaunchHostFunc(hStream, () => callOnHostThread(nvcuda, thread, f, userData));
    },
    cuStreamGetDevice(thread, hStream, device) {
      device.set(nvcuda.cuda(thread).thread.stream(hStream).context.device.ordinal);
    },
    // There are no green contexts.
    cuStreamGetCtx_v2(thread, hStream, pCtx, pGreenCtx) {
      pCtx.set(nvcuda.cuda(thread).cuStreamGetCtx(hStream));
      pGreenCtx.set(0);
    },
    cuStreamAttachMemAsync(thread, hStream, dptr, length, flags) {
      nvcuda.cuda(thread).cuStreamAttachMemAsync(hStream, dptr, length, flags);
    },
    cuStreamBeginCapture(thread, hStream) {
      nvcuda.cuda(thread).cuStreamBeginCapture(hStream);
    },
    cuStreamBeginCapture_v2(thread, hStream, mode) {
      nvcuda.cuda(thread).cuStreamBeginCapture(hStream, mode);
    },
    cuStreamBeginCaptureToGraph(thread, hStream, hGraph, dependencies, _dependencyData, numDependencies, mode) {
      const cuda = nvcuda.cuda(thread);
      cuda.cuStreamBeginCaptureToGraph(hStream, hGraph, readHandles(thread, dependencies, numDependencies), mode);
    },
    cuStreamEndCapture(thread, hStream, phGraph) {
      const cuda = nvcuda.cuda(thread);
      need(phGraph);
      phGraph.set(0);
      phGraph.set(cuda.cuStreamEndCapture(hStream));
    },
    cuStreamIsCapturing(thread, hStream, captureStatus) {
      captureStatus.set(nvcuda.cuda(thread).cuStreamIsCapturing(hStream));
    },
    cuStreamGetCaptureInfo(thread, hStream, status, id) {
      captureInfo(thread, hStream, status, id);
    },
    cuStreamGetCaptureInfo_v2(thread, hStream, status, id, graph, dependencies, count) {
      captureInfo(thread, hStream, status, id, graph, dependencies, count);
    },
    cuStreamGetCaptureInfo_v3(thread, hStream, status, id, graph, dependencies, edgeData, count) {
      captureInfo(thread, hStream, status, id, graph, dependencies, count);
      edgeData.set(0);
    },
    cuStreamUpdateCaptureDependencies(thread, hStream, dependencies, numDependencies, flags) {
      const cuda = nvcuda.cuda(thread);
      cuda.cuStreamUpdateCaptureDependencies(hStream, readHandles(thread, dependencies, numDependencies), flags);
    },
    cuStreamUpdateCaptureDependencies_v2(thread, hStream, dependencies, _dependencyData, numDependencies, flags) {
      const cuda = nvcuda.cuda(thread);
      cuda.cuStreamUpdateCaptureDependencies(hStream, readHandles(thread, dependencies, numDependencies), flags);
    },
    cuThreadExchangeStreamCaptureMode(thread, mode) {
      const cuda = nvcuda.cuda(thread);
      need(mode);
      mode.set(cuda.cuThreadExchangeStreamCaptureMode(mode.get()));
    },
    cuEventElapsedTime_v2: bodies.cuEventElapsedTime,
    cuStreamCreate(thread, phStream, flags) {
      const cuda = nvcuda.cuda(thread);
      need(phStream);
      phStream.set(cuda.cuStreamCreate(flags));
    },
    cuStreamCreateWithPriority(thread, phStream, flags, priority) {
      const cuda = nvcuda.cuda(thread);
      need(phStream);
      phStream.set(cuda.cuStreamCreateWithPriority(flags, priority));
    },
    cuStreamDestroy_v2(thread, hStream) {
      nvcuda.cuda(thread).cuStreamDestroy(hStream);
    },
    cuEventCreate(thread, phEvent, flags) {
      const cuda = nvcuda.cuda(thread);
      need(phEvent);
      phEvent.set(cuda.cuEventCreate(flags));
    },
    cuEventDestroy_v2(thread, hEvent) {
      nvcuda.cuda(thread).cuEventDestroy(hEvent);
    },
    *cuEventQuery(thread, hEvent) {
      yield* ready(nvcuda.cuda(thread).cuEventQuery(hEvent));
    },
    *cuEventSynchronize(thread, hEvent) {
      yield* waitFor(nvcuda.cuda(thread).cuEventSynchronize(hEvent));
    },
  });
};

/** Fails with CUDA_ERROR_NOT_READY when not done, after a turn of the host's: a program that polls lets the answer come in. */
function* ready(done: boolean): Waiting<void> {
  if (done) return;
  yield* waitFor(new Promise<void>((resolve) => setTimeout(resolve, 0)));
  throw new CudaError(CUDA_ERROR.NOT_READY);
}
