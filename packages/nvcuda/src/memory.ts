import type { Cuda } from "@decant/cuda";
import { copyToHost, CUDA_ERROR, CudaError, PIECE_BYTES } from "@decant/cuda";
import type { Pointer } from "@decant/hook";
import { USER_END } from "@decant/memory";
import { waitFor } from "@decant/process";
import { memoryApi } from "./driver.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";
import { perThread } from "./per-thread.ts";
import { pointerAttribute, writePointerAttribute } from "./pointer-attributes.ts";

export const memory = (nvcuda: Nvcuda) => {
  const bodies = copies(nvcuda);
  return implement(memoryApi, {
    ...bodies,
    cuMemcpyHtoD_v2: bodies.copyHtoD,
    cuMemcpyHtoD_v2_ptds: perThread(3, bodies.copyHtoD),
    cuMemcpyHtoDAsync_v2: bodies.copyHtoD,
    cuMemcpyHtoDAsync_v2_ptsz: perThread(3, bodies.copyHtoD),
    cuMemcpyDtoH_v2: bodies.copyDtoH,
    cuMemcpyDtoH_v2_ptds: perThread(3, bodies.copyDtoH),
    cuMemcpyDtoHAsync_v2: bodies.copyDtoHAsync,
    cuMemcpyDtoHAsync_v2_ptsz: perThread(3, bodies.copyDtoHAsync),
    cuMemcpyDtoD_v2: bodies.copyDtoD,
    cuMemcpyDtoD_v2_ptds: perThread(3, bodies.copyDtoD),
    cuMemcpyDtoDAsync_v2: bodies.copyDtoD,
    cuMemcpyDtoDAsync_v2_ptsz: perThread(3, bodies.copyDtoD),
    cuMemcpy: bodies.copy,
    cuMemcpy_ptds: perThread(3, bodies.copy),
    cuMemcpyAsync: bodies.copyAsync,
    cuMemcpyAsync_ptsz: perThread(3, bodies.copyAsync),
    cuMemsetD8_v2: bodies.setD8,
    cuMemsetD8_v2_ptds: perThread(3, bodies.setD8),
    cuMemsetD8Async: bodies.setD8,
    cuMemsetD8Async_ptsz: perThread(3, bodies.setD8),
    cuMemsetD16_v2: bodies.setD16,
    cuMemsetD16_v2_ptds: perThread(3, bodies.setD16),
    cuMemsetD16Async: bodies.setD16,
    cuMemsetD16Async_ptsz: perThread(3, bodies.setD16),
    cuMemsetD32_v2: bodies.setD32,
    cuMemsetD32_v2_ptds: perThread(3, bodies.setD32),
    cuMemsetD32Async: bodies.setD32,
    cuMemsetD32Async_ptsz: perThread(3, bodies.setD32),
    cuMemsetD2D8_v2: bodies.setD2D8,
    cuMemsetD2D8_v2_ptds: perThread(5, bodies.setD2D8),
    cuMemsetD2D32_v2: bodies.setD2D32,
    cuMemsetD2D32_v2_ptds: perThread(5, bodies.setD2D32),
    cuMemAlloc_v2(thread, dptr, bytesize) {
      const cuda = nvcuda.cuda(thread);
      need(dptr);
      dptr.set(cuda.cuMemAlloc(bytesize));
    },
    cuMemAllocPitch_v2(thread, dptr, pPitch, widthInBytes, height, elementSizeBytes) {
      const cuda = nvcuda.cuda(thread);
      need(dptr, pPitch);
      const made = cuda.cuMemAllocPitch(widthInBytes, height, elementSizeBytes);
      dptr.set(made.dptr);
      pPitch.set(made.pitch);
    },
    cuMemFree_v2(thread, dptr) {
      nvcuda.cuda(thread).cuMemFree(dptr);
    },
    cuMemGetInfo_v2(thread, free, total) {
      const info = nvcuda.cuda(thread).cuMemGetInfo();
      need(free, total);
      free.set(info.free);
      total.set(info.total);
    },
    cuMemGetAddressRange_v2(thread, pbase, psize, dptr) {
      const { base, size } = nvcuda.cuda(thread).cuMemGetAddressRange(dptr);
      pbase.set(base);
      psize.set(size);
    },
    cuPointerGetAttribute(thread, data, attribute, ptr) {
      const value = pointerAttribute(nvcuda, thread, attribute, ptr);
      if (data === 0 || value === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      writePointerAttribute(thread.memory, attribute, data, value);
    },
    // For an unknown pointer every attribute is 0, and the call succeeds.
    cuPointerGetAttributes(thread, numAttributes, attributes, data, ptr) {
      nvcuda.cuda(thread);
      const places = data.read(numAttributes);
      for (const [index, attribute] of attributes.read(numAttributes).entries())
        writePointerAttribute(thread.memory, attribute, places[index]!, pointerAttribute(nvcuda, thread, attribute, ptr) ?? 0);
    },
  });
};

/** Bodies that take a stream last, where CUDA's synchronous forms have none. */
const copies = (nvcuda: Nvcuda) => {
  const isDevice = (address: number): boolean => address >= USER_END;
  const bodies = {
    // The source's bytes are taken piece by piece while the caller waits, so memory does not hold a second copy.
    *copyHtoD(thread: GuestThread, dstDevice: number, srcHost: Pick<Pointer, "address">, byteCount: number, hStream = 0) {
      yield* toDevice(thread, nvcuda.cuda(thread), dstDevice, srcHost.address, byteCount, hStream);
    },
    *copyDtoH(thread: GuestThread, dstHost: Pick<Pointer, "address">, srcDevice: number, byteCount: number, hStream = 0) {
      yield* waitFor(toHost(thread, nvcuda.cuda(thread), dstHost.address, srcDevice, byteCount, hStream));
    },
    // Only page-locked memory is filled later; a copy to pageable memory has ended on return, as CUDA documents.
    *copyDtoHAsync(thread: GuestThread, dstHost: Pick<Pointer, "address">, srcDevice: number, byteCount: number, hStream: number) {
      const cuda = nvcuda.cuda(thread);
      const isPinned = nvcuda.state(thread).pinned.find(dstHost.address, byteCount) !== undefined;
      const landed = toHost(thread, cuda, dstHost.address, srcDevice, byteCount, hStream, isPinned);
      if (!isPinned) yield* waitFor(landed);
    },
    copyDtoD(thread: GuestThread, dstDevice: number, srcDevice: number, byteCount: number, hStream = 0) {
      nvcuda.cuda(thread).cuMemcpyDtoD(dstDevice, srcDevice, byteCount, hStream);
    },
    *copy(thread: GuestThread, dst: number, src: number, byteCount: number, hStream = 0) {
      const cuda = nvcuda.cuda(thread);
      if (isDevice(dst) && isDevice(src)) bodies.copyDtoD(thread, dst, src, byteCount, hStream);
      else if (isDevice(dst)) yield* bodies.copyHtoD(thread, dst, { address: src }, byteCount, hStream);
      else if (isDevice(src)) yield* bodies.copyDtoH(thread, { address: dst }, src, byteCount, hStream);
      else {
        yield* waitFor(cuda.cuStreamSynchronize(hStream));
        thread.memory.copy(dst, src, byteCount);
      }
    },
    *copyAsync(thread: GuestThread, dst: number, src: number, byteCount: number, hStream: number) {
      if (!isDevice(dst) && isDevice(src)) yield* bodies.copyDtoHAsync(thread, { address: dst }, src, byteCount, hStream);
      else yield* bodies.copy(thread, dst, src, byteCount, hStream);
    },
    setD8(thread: GuestThread, dstDevice: number, uc: number, n: number, hStream = 0) {
      nvcuda.cuda(thread).cuMemsetD8(dstDevice, uc, n, hStream);
    },
    setD16(thread: GuestThread, dstDevice: number, us: number, n: number, hStream = 0) {
      nvcuda.cuda(thread).cuMemsetD16(dstDevice, us, n, hStream);
    },
    setD32(thread: GuestThread, dstDevice: number, ui: number, n: number, hStream = 0) {
      nvcuda.cuda(thread).cuMemsetD32(dstDevice, ui, n, hStream);
    },
    setD2D8(thread: GuestThread, dst: number, pitch: number, uc: number, width: number, height: number, hStream = 0) {
      nvcuda.cuda(thread).cuMemsetD2D8(dst, pitch, uc, width, height, hStream);
    },
    setD2D32(thread: GuestThread, dst: number, pitch: number, ui: number, width: number, height: number, hStream = 0) {
      nvcuda.cuda(thread).cuMemsetD2D32(dst, pitch, ui, width, height, hStream);
    },
  };
  return bodies;
};

function* toDevice(
  thread: GuestThread,
  cuda: Cuda,
  dstDevice: number,
  source: number,
  byteCount: number,
  hStream: number,
): Generator<any, void, any> {
  // All of the source and the target are looked at before the first piece goes.
  if (byteCount > 0 && !thread.memory.accessible(source, byteCount, "read")) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  cuda.thread.stream(hStream);
  if (byteCount > 0) cuda.client.contextOf(dstDevice, byteCount);
  for (let offset = 0; offset < byteCount; offset += PIECE_BYTES) {
    const piece = thread.memory.slice(source + offset, Math.min(PIECE_BYTES, byteCount - offset));
    const full = cuda.cuMemcpyHtoD(dstDevice + offset, piece, hStream);
    if (full) yield* waitFor(full);
  }
}

/** Starts a copy to guest memory; the bytes are written as they come. */
function toHost(
  thread: GuestThread,
  cuda: Cuda,
  destination: number,
  srcDevice: number,
  byteCount: number,
  hStream: number,
  reportLater = false,
): Promise<void> {
  if (byteCount > 0 && !thread.memory.accessible(destination, byteCount, "write")) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const land = (piece: Uint8Array, offset: number): void => thread.memory.write(destination + offset, piece);
  return copyToHost(cuda.thread, land, srcDevice, byteCount, hStream, reportLater);
}
