import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { Out, Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { streamApi } from "./driver.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";
import { perThread } from "./per-thread.ts";

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
  return implement(streamApi, {
    ...bodies,
    cuStreamQuery_ptsz: perThread(0, bodies.cuStreamQuery),
    cuStreamSynchronize_ptsz: perThread(0, bodies.cuStreamSynchronize),
    cuStreamWaitEvent_ptsz: perThread(0, bodies.cuStreamWaitEvent),
    cuStreamGetFlags_ptsz: perThread(0, bodies.cuStreamGetFlags),
    cuStreamGetPriority_ptsz: perThread(0, bodies.cuStreamGetPriority),
    cuStreamGetCtx_ptsz: perThread(0, bodies.cuStreamGetCtx),
    cuStreamGetId_ptsz: perThread(0, bodies.cuStreamGetId),
    cuEventRecord_ptsz: perThread(1, bodies.cuEventRecord),
    cuEventRecordWithFlags_ptsz: perThread(1, bodies.cuEventRecordWithFlags),
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
