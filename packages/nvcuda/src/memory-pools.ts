import { checkAttach, CUDA_ERROR, CudaError } from "@decant/cuda";
import { managedApi, poolApi, virtualMemoryApi } from "./memory-pools.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";
import { allocateShared } from "./shared-memory.ts";

/** CU_MEM_LOCATION_TYPE_DEVICE and HOST. */
const LOCATION = { DEVICE: 1, HOST: 2 } as const;
/** CU_MEM_ALLOCATION_TYPE_PINNED. */
const PINNED = 1;
/** CUmemPoolProps and CUmemAllocationProp begin alike: type, handle types, then a location. */
const PROPERTIES = { handleTypes: 4, location: 8, bytes: 32 } as const;
/** CUmemAccessDesc: a location, then flags. */
const ACCESS = { flags: 8, bytes: 12 } as const;
const MOST_DESCRIPTIONS = 64;
/** The attributes of a pool from here on have 8 bytes; those before, 4. */
const FIRST_WIDE_ATTRIBUTE = 4;

/** The device of a CUmemLocation; fails with CUDA_ERROR_INVALID_VALUE for any other place. */
function deviceAt({ memory }: GuestThread, location: number): number {
  if (location === 0 || memory.u32(location) !== LOCATION.DEVICE) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return memory.u32(location + 4);
}

/** The device of memory that is described by properties: pinned device memory, not to be given to other processes. */
function deviceOf(thread: GuestThread, properties: number): number {
  if (properties === 0 || thread.memory.u32(properties) !== PINNED) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (thread.memory.u32(properties + PROPERTIES.handleTypes) !== 0) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
  return deviceAt(thread, properties + PROPERTIES.location);
}

export const pools = (nvcuda: Nvcuda) =>
  implement(poolApi, {
    cuDeviceGetDefaultMemPool(thread, pool, dev) {
      pool.set(nvcuda.cuda(thread).cuDeviceGetDefaultMemPool(dev));
    },
    cuDeviceGetMemPool(thread, pool, dev) {
      pool.set(nvcuda.cuda(thread).cuDeviceGetMemPool(dev));
    },
    cuDeviceSetMemPool(thread, dev, pool) {
      nvcuda.cuda(thread).cuDeviceSetMemPool(dev, pool);
    },
    cuMemPoolCreate(thread, pool, poolProps) {
      const cuda = nvcuda.cuda(thread);
      need(pool);
      pool.set(cuda.cuMemPoolCreate(deviceOf(thread, poolProps)));
    },
    cuMemPoolDestroy(thread, pool) {
      nvcuda.cuda(thread).cuMemPoolDestroy(pool);
    },
    cuMemPoolTrimTo(thread, pool, minBytesToKeep) {
      nvcuda.cuda(thread).cuMemPoolTrimTo(pool, minBytesToKeep);
    },
    cuMemPoolGetAttribute(thread, pool, attr, value) {
      const result = nvcuda.cuda(thread).cuMemPoolGetAttribute(pool, attr);
      if (value === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      if (attr < FIRST_WIDE_ATTRIBUTE) thread.memory.setU32(value, result);
      else thread.memory.setU64(value, BigInt(result));
    },
    cuMemPoolSetAttribute(thread, pool, attr, value) {
      const cuda = nvcuda.cuda(thread);
      if (value === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      cuda.cuMemPoolSetAttribute(pool, attr, attr < FIRST_WIDE_ATTRIBUTE ? thread.memory.u32(value) : Number(thread.memory.u64(value)));
    },
    cuMemPoolGetAccess(thread, flags, memPool, location) {
      flags.set(nvcuda.cuda(thread).cuMemPoolGetAccess(memPool, deviceAt(thread, location)));
    },
    // The pool's own device has all access, and there are no others.
    cuMemPoolSetAccess(thread, pool, map, count) {
      const cuda = nvcuda.cuda(thread);
      for (let index = 0; index < Math.min(count, MOST_DESCRIPTIONS); index++)
        if (cuda.cuMemPoolGetAccess(pool, deviceAt(thread, map + index * ACCESS.bytes)) === 0)
          throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
    },
    cuMemAllocAsync(thread, dptr, bytesize, hStream) {
      const cuda = nvcuda.cuda(thread);
      need(dptr);
      dptr.set(cuda.cuMemAllocAsync(bytesize, hStream));
    },
    cuMemAllocFromPoolAsync(thread, dptr, bytesize, pool, hStream) {
      const cuda = nvcuda.cuda(thread);
      need(dptr);
      dptr.set(cuda.cuMemAllocFromPoolAsync(bytesize, pool, hStream));
    },
    cuMemFreeAsync(thread, dptr, hStream) {
      nvcuda.cuda(thread).cuMemFreeAsync(dptr, hStream);
    },
  });

export const managed = (nvcuda: Nvcuda) => {
  /** A CUmemLocation by value: type and id. The device, or -1 for the host. */
  const placed = (location: bigint): number => {
    const [type, id] = [Number(location & 0xffff_ffffn), Number(location >> 32n)];
    if (type === LOCATION.DEVICE) return id;
    if (type < LOCATION.HOST) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return -1;
  };
  return implement(managedApi, {
    // Guest and device see it under the same pointer.
    cuMemAllocManaged(thread, dptr, bytesize, flags) {
      nvcuda.cuda(thread).thread.context();
      need(dptr);
      checkAttach(flags);
      if (bytesize === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const made = allocateShared(nvcuda, thread, bytesize);
      nvcuda.state(thread).managed.set(made.dptr, made.address);
      dptr.set(made.dptr);
    },
    cuMemPrefetchAsync(thread, devPtr, count, dstDevice, hStream) {
      nvcuda.cuda(thread).cuMemPrefetchAsync(devPtr, count, dstDevice, hStream);
    },
    cuMemPrefetchAsync_v2(thread, devPtr, count, location, flags, hStream) {
      const cuda = nvcuda.cuda(thread);
      if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      cuda.cuMemPrefetchAsync(devPtr, count, placed(location), hStream);
    },
    cuMemAdvise(thread, devPtr, count, advice, device) {
      nvcuda.cuda(thread).cuMemAdvise(devPtr, count, advice, device);
    },
    cuMemAdvise_v2(thread, devPtr, count, advice, location) {
      nvcuda.cuda(thread).cuMemAdvise(devPtr, count, advice, advice <= 2 ? -1 : placed(location));
    },
  });
};

export const virtualMemory = (nvcuda: Nvcuda) => {
  const noFlags = (flags: bigint): void => {
    if (flags !== 0n) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  };
  return implement(virtualMemoryApi, {
    cuMemGetAllocationGranularity(thread, granularity, prop, option) {
      const cuda = nvcuda.cuda(thread);
      if (option > 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      granularity.set(cuda.cuMemGetAllocationGranularity(deviceOf(thread, prop)));
    },
    cuMemAddressReserve(thread, ptr, size, alignment, addr, flags) {
      const cuda = nvcuda.cuda(thread);
      need(ptr);
      noFlags(flags);
      ptr.set(cuda.cuMemAddressReserve(size, alignment, addr));
    },
    cuMemAddressFree(thread, ptr, size) {
      nvcuda.cuda(thread).cuMemAddressFree(ptr, size);
    },
    cuMemCreate(thread, handle, size, prop, flags) {
      const cuda = nvcuda.cuda(thread);
      need(handle);
      noFlags(flags);
      handle.set(BigInt(cuda.cuMemCreate(size, deviceOf(thread, prop))));
    },
    cuMemRelease(thread, handle) {
      nvcuda.cuda(thread).cuMemRelease(handle);
    },
    cuMemRetainAllocationHandle(thread, handle, addr) {
      const cuda = nvcuda.cuda(thread);
      need(handle);
      handle.set(BigInt(cuda.cuMemRetainAllocationHandle(addr)));
    },
    cuMemGetAllocationPropertiesFromHandle(thread, prop, handle) {
      const device = nvcuda.cuda(thread).allocationDevice(handle);
      if (prop === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      thread.memory.write(prop, new Uint8Array(PROPERTIES.bytes));
      thread.memory.setU32(prop, PINNED);
      thread.memory.setU32(prop + PROPERTIES.location, LOCATION.DEVICE);
      thread.memory.setU32(prop + PROPERTIES.location + 4, device);
    },
    cuMemMap(thread, ptr, size, offset, handle, flags) {
      const cuda = nvcuda.cuda(thread);
      noFlags(flags);
      cuda.cuMemMap(ptr, size, offset, handle);
    },
    cuMemUnmap(thread, ptr, size) {
      nvcuda.cuda(thread).cuMemUnmap(ptr, size);
    },
    cuMemSetAccess(thread, ptr, size, desc, count) {
      const cuda = nvcuda.cuda(thread);
      if (desc === 0 || count === 0 || count > MOST_DESCRIPTIONS) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      for (let index = 0; index < count; index++) {
        const description = desc + index * ACCESS.bytes;
        cuda.cuMemSetAccess(ptr, size, deviceAt(thread, description), thread.memory.u32(description + ACCESS.flags));
      }
    },
    cuMemGetAccess(thread, flags, location, ptr) {
      flags.set(BigInt(nvcuda.cuda(thread).cuMemGetAccess(ptr, deviceAt(thread, location))));
    },
  });
};
