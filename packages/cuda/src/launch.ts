import { DEVICE_ATTRIBUTE } from "./attributes.ts";
import type { DeviceInfo, FunctionInfo } from "./driver-info.ts";
import { CUDA_ERROR, CudaError } from "./result.ts";

/** The shape of a launch: blocks in the grid, threads in a block, dynamic shared memory in bytes. */
export interface LaunchShape {
  readonly gridDimX: number;
  readonly gridDimY: number;
  readonly gridDimZ: number;
  readonly blockDimX: number;
  readonly blockDimY: number;
  readonly blockDimZ: number;
  readonly sharedMemBytes: number;
}

/** Attributes of a device by number, for look-ups. */
export function attributesOf(device: DeviceInfo): ReadonlyMap<number, number> {
  return new Map(device.attributes.map(({ attribute, value }) => [attribute, value]));
}

/**
 * Refuses a launch that the device could not start, as cuLaunchKernel does at the call:
 * CUDA_ERROR_INVALID_VALUE for a shape outside the device's limits, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES for a block
 * that is larger than this kernel allows. A limit that the driver does not state is not checked.
 *
 * `maxDynamicSharedSizeBytes` is the function's own limit as cuFuncSetAttribute may have raised it.
 */
export function checkLaunch(
  attributes: ReadonlyMap<number, number>,
  kernel: FunctionInfo,
  shape: LaunchShape,
  maxDynamicSharedSizeBytes = kernel.maxDynamicSharedSizeBytes,
): void {
  const { gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes } = shape;
  const threads = blockDimX * blockDimY * blockDimZ;
  const valid =
    isWithin(attributes, gridDimX, DEVICE_ATTRIBUTE.MAX_GRID_DIM_X) &&
    isWithin(attributes, gridDimY, DEVICE_ATTRIBUTE.MAX_GRID_DIM_Y) &&
    isWithin(attributes, gridDimZ, DEVICE_ATTRIBUTE.MAX_GRID_DIM_Z) &&
    isWithin(attributes, blockDimX, DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_X) &&
    isWithin(attributes, blockDimY, DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_Y) &&
    isWithin(attributes, blockDimZ, DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_Z) &&
    isWithin(attributes, threads, DEVICE_ATTRIBUTE.MAX_THREADS_PER_BLOCK) &&
    sharedMemBytes <= maxDynamicSharedSizeBytes;
  if (!valid) throw new CudaError(CUDA_ERROR.INVALID_VALUE, beyondLimits(attributes, shape, maxDynamicSharedSizeBytes));
  if (threads > kernel.maxThreadsPerBlock)
    throw new CudaError(
      CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES,
      `${kernel.name} takes ${kernel.maxThreadsPerBlock} threads in a block, not ${threads}`,
    );
}

function beyondLimits(attributes: ReadonlyMap<number, number>, shape: LaunchShape, sharedLimit: number): string {
  const { gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes } = shape;
  const limit = attributes.get(DEVICE_ATTRIBUTE.MAX_THREADS_PER_BLOCK) ?? "any number of";
  return `a grid of ${gridDimX} x ${gridDimY} x ${gridDimZ} blocks of ${blockDimX} x ${blockDimY} x ${blockDimZ} threads with ${sharedMemBytes} bytes of dynamic shared memory; a block may have ${limit} threads and ${sharedLimit} bytes`;
}

/** Hot: a function of its own, as a closure would be made anew at each launch. */
function isWithin(attributes: ReadonlyMap<number, number>, value: number, attribute: number): boolean {
  return value >= 1 && value <= (attributes.get(attribute) ?? 0xffffffff);
}

/** Blocks of a kernel that one multiprocessor holds at a time, by threads, blocks and shared memory; 0 for a block that is too large. */
export function activeBlocks(
  attributes: ReadonlyMap<number, number>,
  kernel: FunctionInfo,
  blockSize: number,
  dynamicSharedBytes: number,
): number {
  if (blockSize > kernel.maxThreadsPerBlock) return 0;
  const warp = attributes.get(DEVICE_ATTRIBUTE.WARP_SIZE) ?? 32;
  const threads = Math.ceil(blockSize / warp) * warp;
  const byThreads = Math.floor((attributes.get(DEVICE_ATTRIBUTE.MAX_THREADS_PER_MULTIPROCESSOR) ?? 1024) / threads);
  const byBlocks = attributes.get(DEVICE_ATTRIBUTE.MAX_BLOCKS_PER_MULTIPROCESSOR) || byThreads;
  const shared = kernel.sharedSizeBytes + dynamicSharedBytes;
  const sharedLimit = attributes.get(DEVICE_ATTRIBUTE.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR) ?? 0;
  const byShared = shared === 0 ? byThreads : Math.floor(sharedLimit / shared);
  return Math.max(0, Math.min(byThreads, byBlocks, byShared));
}

/** Refuses a cooperative launch that the device does not offer, or whose blocks it cannot run all at once. */
export function checkCooperative(attributes: ReadonlyMap<number, number>, kernel: FunctionInfo, shape: LaunchShape): void {
  if (!attributes.get(DEVICE_ATTRIBUTE.COOPERATIVE_LAUNCH)) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, "cooperative launches");
  const blocks = shape.gridDimX * shape.gridDimY * shape.gridDimZ;
  const resident = activeBlocks(attributes, kernel, shape.blockDimX * shape.blockDimY * shape.blockDimZ, shape.sharedMemBytes);
  if (blocks > resident * (attributes.get(DEVICE_ATTRIBUTE.MULTIPROCESSOR_COUNT) ?? 1))
    throw new CudaError(CUDA_ERROR.COOPERATIVE_LAUNCH_TOO_LARGE);
}

/** Bytes of the kernel's parameter block. */
export function parameterBytes(kernel: FunctionInfo): number {
  return kernel.parameters.reduce((end, { offset, size }) => Math.max(end, offset + size), 0);
}
