import { type ArrayDescriptor, CUDA_ERROR, CudaError } from "@decant/cuda";
import { arrayApi } from "./array.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";

/** CUDA_ARRAY_DESCRIPTOR and CUDA_ARRAY3D_DESCRIPTOR: width and height, then these. */
const FLAT = { format: 16, channels: 20 } as const;
const DEEP = { depth: 16, format: 24, channels: 28, flags: 32 } as const;

export const array = (nvcuda: Nvcuda) =>
  implement(arrayApi, {
    cuArrayCreate_v2(thread, pHandle, descriptor) {
      const { memory } = thread;
      const cuda = nvcuda.cuda(thread);
      need(pHandle);
      if (descriptor === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const [width, height] = [Number(memory.u64(descriptor)), Number(memory.u64(descriptor + 8))];
      const [format, numChannels] = [memory.u32(descriptor + FLAT.format), memory.u32(descriptor + FLAT.channels)];
      pHandle.set(cuda.cuArrayCreate({ width, height, format, numChannels }));
    },
    cuArray3DCreate_v2(thread, pHandle, descriptor) {
      const cuda = nvcuda.cuda(thread);
      need(pHandle);
      pHandle.set(cuda.cuArray3DCreate(readArrayDescriptor(thread, descriptor)));
    },
    cuArrayGetDescriptor_v2(thread, descriptor, hArray) {
      const { width, height, format, numChannels } = nvcuda.cuda(thread).cuArray3DGetDescriptor(hArray);
      if (descriptor === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      for (const [index, size] of [width, height].entries()) thread.memory.setU64(descriptor + 8 * index, BigInt(size));
      thread.memory.setU32(descriptor + FLAT.format, format);
      thread.memory.setU32(descriptor + FLAT.channels, numChannels);
    },
    cuArray3DGetDescriptor_v2(thread, descriptor, hArray) {
      const { width, height, depth, format, numChannels, flags } = nvcuda.cuda(thread).cuArray3DGetDescriptor(hArray);
      if (descriptor === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      for (const [index, size] of [width, height, depth].entries()) thread.memory.setU64(descriptor + 8 * index, BigInt(size));
      thread.memory.setU32(descriptor + DEEP.format, format);
      thread.memory.setU32(descriptor + DEEP.channels, numChannels);
      thread.memory.setU32(descriptor + DEEP.flags, flags);
    },
    cuArrayDestroy: (thread, hArray) => nvcuda.cuda(thread).cuArrayDestroy(hArray),
  });

/** Reads a CUDA_ARRAY3D_DESCRIPTOR. */
export function readArrayDescriptor({ memory }: GuestThread, address: number): ArrayDescriptor {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return {
    width: Number(memory.u64(address)),
    height: Number(memory.u64(address + 8)),
    depth: Number(memory.u64(address + DEEP.depth)),
    format: memory.u32(address + DEEP.format),
    numChannels: memory.u32(address + DEEP.channels),
    flags: memory.u32(address + DEEP.flags),
  };
}
