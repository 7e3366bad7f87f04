import { CUDA_ERROR, CudaError, POINTER_ATTRIBUTE } from "@decant/cuda";
import type { GuestMemory } from "@decant/memory";
import { low } from "./guest-copy.ts";
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
  POINTER_ATTRIBUTE.ALLOWED_HANDLE_TYPES,
]);

/** What cuPointerGetAttribute answers for a pointer to device, managed or page-locked memory; undefined for any other, and for what such memory has not. */
export function pointerAttribute(nvcuda: Nvcuda, thread: GuestThread, attribute: number, pointer: number): number | undefined {
  const { client } = nvcuda.cuda(thread);
  const { pinned, hostBlocks, managed } = nvcuda.state(thread);
  const host = pinned.find(low(pointer));
  const block = host && hostBlocks.get(host.address);
  // Mapped memory has the same pointer on both sides; CUDA counts it as the host's.
  const context = block ? undefined : client.holder(pointer);
  const allocation = context?.memory.allocations.find(pointer);
  if (context && allocation) {
    const ownMemory = managed.get(allocation.address);
    return new Map<number, number | undefined>([
      [POINTER_ATTRIBUTE.CONTEXT, context.handle],
      [POINTER_ATTRIBUTE.MEMORY_TYPE, MEMORY_TYPE.DEVICE],
      [POINTER_ATTRIBUTE.DEVICE_POINTER, pointer],
      [POINTER_ATTRIBUTE.HOST_POINTER, ownMemory === undefined ? undefined : pointer],
      [POINTER_ATTRIBUTE.BUFFER_ID, allocation.address],
      [POINTER_ATTRIBUTE.IS_MANAGED, ownMemory === undefined ? 0 : 1],
      [POINTER_ATTRIBUTE.DEVICE_ORDINAL, context.device.ordinal],
      [POINTER_ATTRIBUTE.RANGE_START_ADDR, allocation.address],
      [POINTER_ATTRIBUTE.RANGE_SIZE, allocation.size],
      [POINTER_ATTRIBUTE.ACCESS_FLAGS, READWRITE],
      [POINTER_ATTRIBUTE.MEMPOOL_HANDLE, client.pools.ownerOf(allocation.address)?.handle ?? 0],
      ...common,
    ]).get(attribute);
  }
  if (!host || !block) return undefined;
  const offset = low(pointer) - host.address;
  return new Map<number, number | undefined>([
    [POINTER_ATTRIBUTE.MEMORY_TYPE, MEMORY_TYPE.HOST],
    [POINTER_ATTRIBUTE.DEVICE_POINTER, block.devicePointer === undefined ? undefined : block.devicePointer + offset],
    [POINTER_ATTRIBUTE.HOST_POINTER, pointer],
    [POINTER_ATTRIBUTE.BUFFER_ID, host.address],
    [POINTER_ATTRIBUTE.IS_MANAGED, 0],
    [POINTER_ATTRIBUTE.DEVICE_ORDINAL, 0],
    [POINTER_ATTRIBUTE.RANGE_START_ADDR, pointer - offset],
    [POINTER_ATTRIBUTE.RANGE_SIZE, host.size],
    ...common,
  ]).get(attribute);
}

/** CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE. */
const READWRITE = 3;

/** What is the same for all memory: it is mapped, and nothing else can be done with it. */
const common: readonly (readonly [number, number])[] = [
  [POINTER_ATTRIBUTE.MAPPED, 1],
  [POINTER_ATTRIBUTE.SYNC_MEMOPS, 0],
  [POINTER_ATTRIBUTE.IS_LEGACY_CUDA_IPC_CAPABLE, 0],
  [POINTER_ATTRIBUTE.ALLOWED_HANDLE_TYPES, 0],
  [POINTER_ATTRIBUTE.IS_GPU_DIRECT_RDMA_CAPABLE, 0],
];

/** Stores an attribute with the size that it has. */
export function writePointerAttribute(memory: GuestMemory, attribute: number, address: number, value: number): void {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (WIDE.has(attribute)) memory.setU64(address, BigInt(value));
  else memory.setU32(address, value);
}
