import { CUDA_ERROR, CudaError, linearCopy } from "@decant/cuda";
import type { Pointer } from "@decant/hook";
import { memoryApi } from "./driver.api.ts";
import { guestBytes, low, postCopy, unifiedSide } from "./guest-copy.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";
import { pointerAttribute, writePointerAttribute } from "./pointer-attributes.ts";

export const memory = (nvcuda: Nvcuda) => {
  const bodies = copies(nvcuda);
  return implement(memoryApi, {
    cuMemcpyHtoD_v2: bodies.copyHtoD,
    cuMemcpyHtoDAsync_v2: bodies.copyHtoD,
    cuMemcpyDtoH_v2: bodies.copyDtoH,
    cuMemcpyDtoHAsync_v2: bodies.copyDtoHAsync,
    cuMemcpyDtoD_v2: bodies.copyDtoD,
    cuMemcpyDtoDAsync_v2: bodies.copyDtoD,
    cuMemcpy: bodies.copyAny,
    cuMemcpyAsync: bodies.copyAnyAsync,
    cuMemsetD8_v2: bodies.setD8,
    cuMemsetD8Async: bodies.setD8,
    cuMemsetD16_v2: bodies.setD16,
    cuMemsetD16Async: bodies.setD16,
    cuMemsetD32_v2: bodies.setD32,
    cuMemsetD32Async: bodies.setD32,
    cuMemsetD2D8_v2: bodies.setD2D8,
    cuMemsetD2D8Async: bodies.setD2D8,
    cuMemsetD2D16_v2: bodies.setD2D16,
    cuMemsetD2D16Async: bodies.setD2D16,
    cuMemsetD2D32_v2: bodies.setD2D32,
    cuMemsetD2D32Async: bodies.setD2D32,
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
      const { managed } = nvcuda.state(thread);
      const own = managed.get(dptr);
      if (own !== undefined) thread.memory.release(own);
      managed.delete(dptr);
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
export const copies = (nvcuda: Nvcuda) => {
  function* copyHtoD(thread: GuestThread, dstDevice: number, srcHost: Pick<Pointer, "address">, byteCount: number, hStream = 0) {
    const src = { at: 0, memory: guestBytes(thread, srcHost.address, byteCount, "read") };
    yield* postCopy(nvcuda, thread, linearCopy({ at: dstDevice }, src, byteCount), hStream);
  }
  function* copyDtoH(thread: GuestThread, dstHost: Pick<Pointer, "address">, srcDevice: number, byteCount: number, hStream = 0) {
    const dst = { at: 0, memory: guestBytes(thread, dstHost.address, byteCount, "write") };
    yield* postCopy(nvcuda, thread, linearCopy(dst, { at: srcDevice }, byteCount), hStream);
  }
  // Only page-locked memory is filled later; a copy to pageable memory has ended on return, as CUDA documents.
  function* copyDtoHAsync(thread: GuestThread, dstHost: Pick<Pointer, "address">, srcDevice: number, byteCount: number, hStream: number) {
    const isPinned = nvcuda.state(thread).pinned.find(dstHost.address, byteCount) !== undefined;
    const dst = { at: 0, memory: guestBytes(thread, dstHost.address, byteCount, "write") };
    yield* postCopy(nvcuda, thread, linearCopy(dst, { at: srcDevice }, byteCount), hStream, isPinned);
  }
  function copyDtoD(thread: GuestThread, dstDevice: number, srcDevice: number, byteCount: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemcpyDtoD(dstDevice, srcDevice, byteCount, hStream);
  }
  function* copyAny(thread: GuestThread, dst: number, src: number, byteCount: number, hStream = 0, isAsync = false) {
    const isPinned = isAsync && nvcuda.state(thread).pinned.find(low(dst), byteCount) !== undefined;
    const sides = [unifiedSide(nvcuda, thread, dst, byteCount, "write"), unifiedSide(nvcuda, thread, src, byteCount, "read")] as const;
    yield* postCopy(nvcuda, thread, linearCopy(...sides, byteCount), hStream, isPinned);
  }
  function* copyAnyAsync(thread: GuestThread, dst: number, src: number, byteCount: number, hStream: number) {
    yield* copyAny(thread, dst, src, byteCount, hStream, true);
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
  function setD2D16(thread: GuestThread, dst: number, pitch: number, us: number, width: number, height: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD2D16(dst, pitch, us, width, height, hStream);
  }
  function setD2D32(thread: GuestThread, dst: number, pitch: number, ui: number, width: number, height: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemsetD2D32(dst, pitch, ui, width, height, hStream);
  }
  return { copyHtoD, copyDtoH, copyDtoHAsync, copyDtoD, copyAny, copyAnyAsync, setD8, setD16, setD32, setD2D8, setD2D16, setD2D32 };
};
