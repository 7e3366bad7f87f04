import type { Cuda } from "@decant/cuda";
import { copyToHost, CUDA_ERROR, CudaError, PIECE_BYTES } from "@decant/cuda";
import type { Pointer, Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { memoryApi } from "./driver.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";
import { perThread } from "./per-thread.ts";
import { pointerAttribute, writePointerAttribute } from "./pointer-attributes.ts";

export const memory = (nvcuda: Nvcuda) => {
  const bodies = copies(nvcuda);
  return implement(memoryApi, {
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
  // The source's bytes are taken piece by piece while the caller waits, so memory does not hold a second copy.
  function* copyHtoD(thread: GuestThread, dstDevice: number, srcHost: Pick<Pointer, "address">, byteCount: number, hStream = 0) {
    yield* takeToDevice(thread, nvcuda.cuda(thread), dstDevice, srcHost.address, byteCount, hStream);
  }
  function* copyDtoH(thread: GuestThread, dstHost: Pick<Pointer, "address">, srcDevice: number, byteCount: number, hStream = 0) {
    yield* waitFor(toHost(thread, nvcuda.cuda(thread), dstHost.address, srcDevice, byteCount, hStream));
  }
  // Only page-locked memory is filled later; a copy to pageable memory has ended on return, as CUDA documents.
  function* copyDtoHAsync(thread: GuestThread, dstHost: Pick<Pointer, "address">, srcDevice: number, byteCount: number, hStream: number) {
    const cuda = nvcuda.cuda(thread);
    const isPinned = nvcuda.state(thread).pinned.find(dstHost.address, byteCount) !== undefined;
    const landed = toHost(thread, cuda, dstHost.address, srcDevice, byteCount, hStream, isPinned);
    if (!isPinned) yield* waitFor(landed);
  }
  function copyDtoD(thread: GuestThread, dstDevice: number, srcDevice: number, byteCount: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemcpyDtoD(dstDevice, srcDevice, byteCount, hStream);
  }
  function* copy(thread: GuestThread, dst: number, src: number, byteCount: number, hStream = 0) {
    const cuda = nvcuda.cuda(thread);
    const [toDevice, fromDevice] = [cuda.client.holder(dst) !== undefined, cuda.client.holder(src) !== undefined];
    if (toDevice && fromDevice) copyDtoD(thread, dst, src, byteCount, hStream);
    else if (toDevice) yield* copyHtoD(thread, dst, { address: low(src) }, byteCount, hStream);
    else if (fromDevice) yield* copyDtoH(thread, { address: low(dst) }, src, byteCount, hStream);
    else {
      yield* waitFor(cuda.cuStreamSynchronize(hStream));
      thread.memory.copy(low(dst), low(src), byteCount);
    }
  }
  function* copyAsync(thread: GuestThread, dst: number, src: number, byteCount: number, hStream: number) {
    const { client } = nvcuda.cuda(thread);
    if (client.holder(src) && !client.holder(dst)) yield* copyDtoHAsync(thread, { address: low(dst) }, src, byteCount, hStream);
    else yield* copy(thread, dst, src, byteCount, hStream);
  }
  function setD8(thread: GuestThread, dstDevice: number, uc: number, n: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD8(dstDevice, uc, n, hStream);
  }
  function setD16(thread: GuestThread, dstDevice: number, us: number, n: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD16(dstDevice, us, n, hStream);
  }
  function setD32(thread: GuestThread, dstDevice: number, ui: number, n: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD32(dstDevice, ui, n, hStream);
  }
  function setD2D8(thread: GuestThread, dst: number, pitch: number, uc: number, width: number, height: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD2D8(dst, pitch, uc, width, height, hStream);
  }
  function setD2D32(thread: GuestThread, dst: number, pitch: number, ui: number, width: number, height: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD2D32(dst, pitch, ui, width, height, hStream);
  }
  return { copyHtoD, copyDtoH, copyDtoHAsync, copyDtoD, copy, copyAsync, setD8, setD16, setD32, setD2D8, setD2D32 };
};

/** A host pointer's guest address: an image above 4 GiB puts a high half on it. */
function low(pointer: number): number {
  return pointer % 2 ** 32;
}

function* takeToDevice(
  thread: GuestThread,
  cuda: Cuda,
  dstDevice: number,
  source: number,
  byteCount: number,
  hStream: number,
): Waiting<void> {
  // All of the source and the target are looked at before the first piece goes.
  if (byteCount > 0 && !thread.memory.accessible(source, byteCount, "read")) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  cuda.thread.stream(hStream);
  if (byteCount > 0) cuda.client.contextOf(dstDevice, byteCount);
  for (let offset = 0; offset < byteCount; offset += PIECE_BYTES) {
    const piece = thread.memory.slice(source + offset, Math.min(PIECE_BYTES, byteCount - offset));
    cuda.cuMemcpyHtoD(dstDevice + offset, piece, hStream);
    const full = cuda.backpressure();
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
