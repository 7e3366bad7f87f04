import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { PAGE } from "@decant/memory";
import { hostMemoryApi } from "./driver.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";

/** CU_MEMHOSTALLOC_PORTABLE, DEVICEMAP and WRITECOMBINED. */
const ALLOC_FLAGS = 7;
const DEVICEMAP = 2;
/** CU_MEMHOSTREGISTER_PORTABLE, DEVICEMAP, IOMEMORY and READ_ONLY. */
const REGISTER_FLAGS = 15;

/** Page-locked memory is the guest's own: what it changes is that asynchronous copies to it do not wait. Mapping it into a device is not offered. */
export const hostMemory = (nvcuda: Nvcuda) => {
  const allocate = (thread: GuestThread, bytesize: number, flags: number): number => {
    nvcuda.cuda(thread).thread.context();
    if (bytesize === 0 || flags & ~ALLOC_FLAGS) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    if (flags & DEVICEMAP) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
    const address = thread.memory.allocate(bytesize, PAGE.READWRITE);
    if (address === undefined) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
    const { pinned, allocatedHere } = nvcuda.state(thread);
    pinned.add(address, bytesize);
    allocatedHere.add(address);
    return address;
  };
  return implement(hostMemoryApi, {
    cuMemHostAlloc(thread, pp, bytesize, flags) {
      nvcuda.cuda(thread);
      need(pp);
      pp.set(allocate(thread, bytesize, flags));
    },
    cuMemAllocHost_v2(thread, pp, bytesize) {
      nvcuda.cuda(thread);
      need(pp);
      pp.set(allocate(thread, bytesize, 0));
    },
    cuMemFreeHost(thread, p) {
      nvcuda.cuda(thread).thread.context();
      const { pinned, allocatedHere } = nvcuda.state(thread);
      if (!allocatedHere.delete(p)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      pinned.remove(p);
      thread.memory.release(p);
    },
    cuMemHostRegister_v2(thread, p, bytesize, flags) {
      nvcuda.cuda(thread).thread.context();
      if (p === 0 || bytesize === 0 || flags & ~REGISTER_FLAGS) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (flags & DEVICEMAP) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
      if (!thread.memory.accessible(p, bytesize, "read")) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (!nvcuda.state(thread).pinned.add(p, bytesize)) throw new CudaError(CUDA_ERROR.HOST_MEMORY_ALREADY_REGISTERED);
    },
    cuMemHostUnregister(thread, p) {
      nvcuda.cuda(thread).thread.context();
      const { pinned, allocatedHere } = nvcuda.state(thread);
      if (allocatedHere.has(p)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (!pinned.remove(p)) throw new CudaError(CUDA_ERROR.HOST_MEMORY_NOT_REGISTERED);
    },
    cuMemHostGetFlags(thread, pFlags, p) {
      nvcuda.cuda(thread).thread.context();
      if (!nvcuda.state(thread).allocatedHere.has(p)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      pFlags.set(0);
    },
  });
};
