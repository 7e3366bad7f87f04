import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { PAGE } from "@decant/memory";
import { hostMemoryApi } from "./driver.api.ts";
import { low } from "./guest-copy.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";
import { allocateShared, mirror } from "./shared-memory.ts";

/** CU_MEMHOSTALLOC_PORTABLE, DEVICEMAP and WRITECOMBINED. */
const ALLOC_FLAGS = 7;
const DEVICEMAP = 2;
/** CU_MEMHOSTREGISTER_PORTABLE, DEVICEMAP, IOMEMORY and READ_ONLY. */
const REGISTER_FLAGS = 15;
const REGISTER_IOMEMORY = 4;

/**
 * Page-locked memory is the guest's own: asynchronous copies to it do not wait. Mapped into a device it has a mirror there (see `Mirror`): from the start where
 * it was asked for (and then the pointer is the same on both sides), otherwise when the device's pointer is first asked for.
 */
export const hostMemory = (nvcuda: Nvcuda) => {
  const allocate = (thread: GuestThread, bytesize: number, flags: number): number => {
    nvcuda.cuda(thread).thread.context();
    if (bytesize === 0 || flags & ~ALLOC_FLAGS) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const shared = flags & DEVICEMAP ? allocateShared(nvcuda, thread, bytesize) : undefined;
    const address = shared?.address ?? thread.memory.allocate(bytesize, PAGE.READWRITE);
    if (address === undefined) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
    const { pinned, hostBlocks } = nvcuda.state(thread);
    pinned.add(address, bytesize);
    hostBlocks.set(address, { flags, isAllocated: true, devicePointer: shared?.dptr });
    return shared?.dptr ?? address;
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
      const cuda = nvcuda.cuda(thread);
      cuda.thread.context();
      const { pinned, hostBlocks } = nvcuda.state(thread);
      const block = hostBlocks.get(low(p));
      if (!block?.isAllocated) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (block.devicePointer !== undefined) cuda.cuMemFree(block.devicePointer);
      hostBlocks.delete(low(p));
      pinned.remove(low(p));
      thread.memory.release(low(p));
    },
    cuMemHostRegister_v2(thread, p, bytesize, flags) {
      nvcuda.cuda(thread).thread.context();
      const address = low(p);
      if (address === 0 || bytesize === 0 || flags & ~REGISTER_FLAGS) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (flags & REGISTER_IOMEMORY) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
      if (!thread.memory.accessible(address, bytesize, "read")) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const { pinned, hostBlocks } = nvcuda.state(thread);
      if (!pinned.add(address, bytesize)) throw new CudaError(CUDA_ERROR.HOST_MEMORY_ALREADY_REGISTERED);
      hostBlocks.set(address, { flags, isAllocated: false, devicePointer: undefined });
    },
    cuMemHostUnregister(thread, p) {
      const cuda = nvcuda.cuda(thread);
      cuda.thread.context();
      const { pinned, hostBlocks } = nvcuda.state(thread);
      const block = hostBlocks.get(low(p));
      if (block?.isAllocated) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (!block) throw new CudaError(CUDA_ERROR.HOST_MEMORY_NOT_REGISTERED);
      if (block.devicePointer !== undefined) cuda.cuMemFree(block.devicePointer);
      hostBlocks.delete(low(p));
      pinned.remove(low(p));
    },
    cuMemHostGetDevicePointer_v2(thread, pdptr, p, flags) {
      nvcuda.cuda(thread).thread.context();
      need(pdptr);
      const { pinned, hostBlocks } = nvcuda.state(thread);
      const range = pinned.find(low(p));
      const block = range && hostBlocks.get(range.address);
      if (flags !== 0 || !range || !block) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      block.devicePointer ??= mirror(nvcuda, thread, range.address, range.size);
      pdptr.set(block.devicePointer + low(p) - range.address);
    },
    cuMemHostGetFlags(thread, pFlags, p) {
      nvcuda.cuda(thread).thread.context();
      const { pinned, hostBlocks } = nvcuda.state(thread);
      const block = hostBlocks.get(pinned.find(low(p))?.address ?? 0);
      if (!block?.isAllocated) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      pFlags.set(block.flags);
    },
  });
};
