import { CUDA_ERROR, CudaError, POINTER_ATTRIBUTE } from "@decant/cuda";
import type { GuestMemory } from "@decant/memory";
import type { GuestThread, Nvcuda } from "./library.ts";

/** CU_MEMORYTYPE_HOST and CU_MEMORYTYPE_DEVICE. */
const MEMORY_TYPE = { HOST: 1, DEVICE: 2 } as const;

/** Attributes whose value has 8 bytes; the others have 4. */
const WIDE = new Set<number>([
  POINTER_ATTRIBUTE.CONTEXT,
  POINTER_ATTRIBUTE.DEVICE_POINTER,
  POINTER_ATTRIBUTE.HOST_POINTER,
  POINTER_ATTRIBUTE.BUFFER_ID,
  POINTER_ATTRIBUTE.RANGE_START_ADDR,
  POINTER_ATTRIBUTE.RANGE_SIZE,
  POINTER_ATTRIBUTE.MEMPOOL_HANDLE,
]);

/** What cuPointerGetAttribute answers for a pointer to device memory or page-locked memory; undefined for any other. */
export function pointerAttribute(nvcuda: Nvcuda, thread: GuestThread, attribute: number, pointer: number): number | undefined {
  const { client } = nvcuda.cuda(thread);
  for (const context of client.contexts) {
    const allocation = context.memory.allocations.find(pointer);
    if (!allocation) continue;
    const values = new Map<number, number>([
      [POINTER_ATTRIBUTE.CONTEXT, context.handle],
      [POINTER_ATTRIBUTE.MEMORY_TYPE, MEMORY_TYPE.DEVICE],
      [POINTER_ATTRIBUTE.DEVICE_POINTER, pointer],
      [POINTER_ATTRIBUTE.BUFFER_ID, allocation.address],
      [POINTER_ATTRIBUTE.IS_MANAGED, 0],
      [POINTER_ATTRIBUTE.DEVICE_ORDINAL, context.device.ordinal],
      [POINTER_ATTRIBUTE.RANGE_START_ADDR, allocation.address],
      [POINTER_ATTRIBUTE.RANGE_SIZE, allocation.size],
      [POINTER_ATTRIBUTE.MAPPED, 1],
    ]);
    return values.get(attribute);
  }
  const pinned = nvcuda.state(thread).pinned.find(pointer);
  if (!pinned) return undefined;
  const values = new Map<number, number>([
    [POINTER_ATTRIBUTE.MEMORY_TYPE, MEMORY_TYPE.HOST],
    [POINTER_ATTRIBUTE.HOST_POINTER, pointer],
    [POINTER_ATTRIBUTE.IS_MANAGED, 0],
    [POINTER_ATTRIBUTE.DEVICE_ORDINAL, 0],
    [POINTER_ATTRIBUTE.RANGE_START_ADDR, pinned.address],
    [POINTER_ATTRIBUTE.RANGE_SIZE, pinned.size],
    [POINTER_ATTRIBUTE.MAPPED, 1],
  ]);
  return values.get(attribute);
}

/** Stores an attribute with the size that it has. */
export function writePointerAttribute(memory: GuestMemory, attribute: number, address: number, value: number): void {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (WIDE.has(attribute)) memory.setU64(address, BigInt(value));
  else memory.setU32(address, value);
}
