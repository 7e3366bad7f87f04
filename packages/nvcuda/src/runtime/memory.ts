import { CUDA_ERROR, CudaError, POINTER_ATTRIBUTE } from "@decant/cuda";
import { api, fn, out, PVOID, SIZE_T, UINT } from "@decant/hook";
import { low } from "../guest-copy.ts";
import { type GuestThread, need } from "../library.ts";
import { pointerAttribute } from "../pointer-attributes.ts";
import { CUdeviceptr, CUhandle } from "../types.ts";
import { arrayDescriptor, writeChannels } from "./channels.ts";
import { type DriverFunction, runtimeTopic } from "./forms.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CUDA_ERROR_T } from "./types.ts";

/* Allocations, arrays and pointers ("CUDA Runtime API", Memory Management and Unified Addressing). */

export const memoryApi = (dll: string) =>
  api(dll, {
    cudaFree: fn(CUDA_ERROR_T, ["devPtr", CUdeviceptr]),
    cudaFreeHost: fn(CUDA_ERROR_T, ["ptr", CUdeviceptr]),
    cudaMallocPitch: fn(CUDA_ERROR_T, ["devPtr", out(CUdeviceptr)], ["pitch", out(SIZE_T)], ["width", SIZE_T], ["height", SIZE_T]),
    cudaMalloc3D: fn(CUDA_ERROR_T, ["pitchedDevPtr", PVOID], ["extent", PVOID]),
    cudaMallocArray: fn(CUDA_ERROR_T, ["array", out(CUhandle)], ["desc", PVOID], ["width", SIZE_T], ["height", SIZE_T], ["flags", UINT]),
    cudaMalloc3DArray: fn(CUDA_ERROR_T, ["array", out(CUhandle)], ["desc", PVOID], ["extent", PVOID], ["flags", UINT]),
    cudaMallocMipmappedArray: fn(
      CUDA_ERROR_T,
      ["mipmappedArray", out(CUhandle)],
      ["desc", PVOID],
      ["extent", PVOID],
      ["numLevels", UINT],
      ["flags", UINT],
    ),
    cudaArrayGetInfo: fn(CUDA_ERROR_T, ["desc", PVOID], ["extent", PVOID], ["flags", PVOID], ["array", CUhandle]),
    cudaGetChannelDesc: fn(CUDA_ERROR_T, ["desc", PVOID], ["array", CUhandle]),
    cudaPointerGetAttributes: fn(CUDA_ERROR_T, ["attributes", PVOID], ["ptr", CUdeviceptr]),
    cudaGetSymbolAddress: fn(CUDA_ERROR_T, ["devPtr", out(CUdeviceptr)], ["symbol", PVOID]),
    cudaGetSymbolSize: fn(CUDA_ERROR_T, ["size", out(SIZE_T)], ["symbol", PVOID]),
  });

/** cudaMemoryType. */
const MEMORY_TYPE = { UNREGISTERED: 0, HOST: 1, DEVICE: 2, MANAGED: 3 } as const;
/** CU_MEMORYTYPE_HOST. */
const DRIVER_HOST = 1;
/** cudaInvalidDeviceId. */
const NO_DEVICE = -2;
/** cudaPointerAttributes: type, device, then these. */
const ATTRIBUTES = { device: 4, devicePointer: 8, hostPointer: 16 } as const;

type Extent = [width: number, height: number, depth: number];

export const runtimeMemory = (runtime: CudaRuntime, dll: string, driver: ReadonlyMap<string, DriverFunction>) => {
  const { nvcuda } = runtime;
  const [free, freeHost] = [driver.get("cuMemFree_v2")!.body, driver.get("cuMemFreeHost")!.body];
  const readExtent = ({ memory }: GuestThread, address: number): Extent =>
    [0, 8, 16].map((offset) => Number(memory.u64(address + offset))) as Extent;

  return runtimeTopic(runtime, "context")(memoryApi(dll), {
    cudaFree: (thread, devPtr) => (devPtr === 0 ? undefined : (free(thread, devPtr) as undefined)),
    cudaFreeHost: (thread, ptr) => (ptr === 0 ? undefined : (freeHost(thread, ptr) as undefined)),
    cudaMallocPitch(thread, devPtr, pitch, width, height) {
      need(devPtr, pitch);
      const made = runtime.cuda(thread).cuMemAllocPitch(width, height, 4);
      devPtr.set(made.dptr);
      pitch.set(made.pitch);
    },
    cudaMalloc3D(thread, pitchedDevPtr, extent) {
      const [width, height, depth] = readExtent(thread, extent);
      if (pitchedDevPtr === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const { dptr, pitch } = runtime.cuda(thread).cuMemAllocPitch(width, height * Math.max(1, depth), 4);
      for (const [index, value] of [dptr, pitch, width, height].entries()) thread.memory.setU64(pitchedDevPtr + 8 * index, BigInt(value));
    },
    cudaMallocArray(thread, array, desc, width, height, flags) {
      need(array);
      array.set(runtime.cuda(thread).cuArray3DCreate(arrayDescriptor(thread, desc, [width, height, 0], flags)));
    },
    cudaMalloc3DArray(thread, array, desc, extent, flags) {
      need(array);
      array.set(runtime.cuda(thread).cuArray3DCreate(arrayDescriptor(thread, desc, readExtent(thread, extent), flags)));
    },
    cudaMallocMipmappedArray(thread, mipmappedArray, desc, extent, numLevels, flags) {
      need(mipmappedArray);
      const descriptor = arrayDescriptor(thread, desc, readExtent(thread, extent), flags);
      mipmappedArray.set(runtime.cuda(thread).cuMipmappedArrayCreate(descriptor, numLevels));
    },
    cudaArrayGetInfo(thread, desc, extent, flags, array) {
      const described = runtime.cuda(thread).cuArray3DGetDescriptor(array);
      if (desc !== 0) writeChannels(thread, desc, described);
      for (const [index, value] of [described.width, described.height, described.depth].entries())
        if (extent !== 0) thread.memory.setU64(extent + 8 * index, BigInt(value));
      if (flags !== 0) thread.memory.setU32(flags, described.flags);
    },
    cudaGetChannelDesc(thread, desc, array) {
      if (desc === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      writeChannels(thread, desc, runtime.cuda(thread).cuArray3DGetDescriptor(array));
    },
    // A pointer that CUDA knows nothing of is the host's: that is no error.
    cudaPointerGetAttributes(thread, attributes, ptr) {
      const { memory } = thread;
      if (attributes === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const ask = (attribute: number): number | undefined => pointerAttribute(nvcuda, thread, attribute, ptr);
      const type = ask(POINTER_ATTRIBUTE.MEMORY_TYPE);
      const isManaged = ask(POINTER_ATTRIBUTE.IS_MANAGED) === 1;
      const kind = type === undefined ? MEMORY_TYPE.UNREGISTERED : isManaged ? MEMORY_TYPE.MANAGED : type === DRIVER_HOST ? MEMORY_TYPE.HOST : MEMORY_TYPE.DEVICE; // prettier-ignore
      memory.setU32(attributes, kind);
      memory.setU32(attributes + ATTRIBUTES.device, (ask(POINTER_ATTRIBUTE.DEVICE_ORDINAL) ?? NO_DEVICE) >>> 0);
      memory.setU64(attributes + ATTRIBUTES.devicePointer, BigInt(ask(POINTER_ATTRIBUTE.DEVICE_POINTER) ?? 0));
      const host = kind === MEMORY_TYPE.UNREGISTERED ? low(ptr) : (ask(POINTER_ATTRIBUTE.HOST_POINTER) ?? 0);
      memory.setU64(attributes + ATTRIBUTES.hostPointer, BigInt(host));
    },
    *cudaGetSymbolAddress(thread, devPtr, symbol) {
      need(devPtr);
      devPtr.set((yield* runtime.variable(thread, symbol)).dptr);
    },
    *cudaGetSymbolSize(thread, size, symbol) {
      need(size);
      size.set((yield* runtime.variable(thread, symbol)).bytes);
    },
  });
};
