import { DEVICE_ATTRIBUTE } from "../attributes.ts";
import type { LaunchShape } from "../launch.ts";
import { activeBlocks, checkCooperative, checkLaunch } from "../launch.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import type { Context, Kernel } from "./objects.ts";
import type { CudaThread } from "./thread.ts";
import { type KernelWork, submit } from "./work.ts";

/** A kernel argument: bytes as they are, or an integer or address that takes the size of its parameter. */
export type KernelArgument = number | bigint | ArrayBufferView;

/** A float argument. */
export function f32(value: number): Float32Array {
  return Float32Array.of(value);
}

/** A double argument. */
export function f64(value: number): Float64Array {
  return Float64Array.of(value);
}

/**
 * Posts a launch. `kernelParams` has one value for each parameter of the kernel, or is the packed parameter block
 * itself. Fails at once for a shape that the device cannot run, and for arguments that do not fit.
 */
export const cuLaunchKernel = launcher(false);

/** As cuLaunchKernel, but all blocks run at the same time, and may wait for each other. Fails with COOPERATIVE_LAUNCH_TOO_LARGE where they cannot. */
export const cuLaunchCooperativeKernel = launcher(true);

function launcher(isCooperative: boolean) {
  return (
    thread: CudaThread,
    f: number,
    gridDimX: number,
    gridDimY: number,
    gridDimZ: number,
    blockDimX: number,
    blockDimY: number,
    blockDimZ: number,
    sharedMemBytes: number,
    hStream: number,
    kernelParams: readonly KernelArgument[] | Uint8Array = [],
  ): void => {
    const stream = thread.stream(hStream);
    const shape = { gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes };
    void submit(thread.client, stream, kernelWork(thread.client, stream.context, f, shape, kernelParams, isCooperative));
  };
}

/** A launch with its arguments, checked against the device. Fails at once for a shape that it cannot run, and for arguments that do not fit. */
export function kernelWork(
  client: CudaClient,
  context: Context,
  f: number,
  shape: LaunchShape,
  kernelParams: readonly KernelArgument[] | Uint8Array,
  isCooperative = false,
): KernelWork {
  const kernel = client.kernel(f, context);
  if (kernel.module.context !== context) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
  const { attributes } = context.device;
  checkLaunch(attributes, kernel.info, shape, kernel.maxDynamicSharedSizeBytes);
  if (isCooperative) checkCooperative(attributes, kernel.info, shape);
  const parameters = kernelParams instanceof Uint8Array ? packed(kernel, kernelParams) : pack(kernel, kernelParams);
  return { kind: "kernel", kernel, shape, parameters, isCooperative };
}

/** Blocks of a kernel that one multiprocessor holds at a time, by threads, blocks and shared memory. */
export function cuOccupancyMaxActiveBlocksPerMultiprocessor(
  thread: CudaThread,
  func: number,
  blockSize: number,
  dynamicSMemSize: number,
): number {
  const kernel = thread.client.kernel(func, thread.context());
  if (blockSize < 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return activeBlocks(kernel.module.context.device.attributes, kernel.info, blockSize, dynamicSMemSize);
}

/** The block size that keeps most threads busy, and the blocks that fill the device with it. */
export function cuOccupancyMaxPotentialBlockSize(
  thread: CudaThread,
  func: number,
  blockSizeToDynamicSMemSize: ((blockSize: number) => number) | undefined,
  dynamicSMemSize: number,
  blockSizeLimit = 0,
): { minGridSize: number; blockSize: number } {
  const search = potentialBlockSize(thread, func, blockSizeLimit);
  let step = search.next();
  while (!step.done) step = search.next(blockSizeToDynamicSMemSize?.(step.value) ?? dynamicSMemSize);
  return step.value;
}

/** The same as a search: it gives block sizes, and is told how much dynamic shared memory each needs. */
export function* potentialBlockSize(
  thread: CudaThread,
  func: number,
  blockSizeLimit: number,
): Generator<number, { minGridSize: number; blockSize: number }, number> {
  const kernel = thread.client.kernel(func, thread.context());
  const { attributes } = kernel.module.context.device;
  if (blockSizeLimit < 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const warp = attributes.get(DEVICE_ATTRIBUTE.WARP_SIZE) ?? 32;
  const most = Math.min(kernel.info.maxThreadsPerBlock, blockSizeLimit || Infinity);
  let best = { threads: 0, blocks: 0, blockSize: 0 };
  // The largest of equals is taken: the limit itself, then whole warps.
  for (let blockSize = most; blockSize > 0; blockSize = (Math.ceil(blockSize / warp) - 1) * warp) {
    const blocks = activeBlocks(attributes, kernel.info, blockSize, yield blockSize);
    if (blocks * blockSize > best.threads) best = { threads: blocks * blockSize, blocks, blockSize };
  }
  return { minGridSize: best.blocks * (attributes.get(DEVICE_ATTRIBUTE.MULTIPROCESSOR_COUNT) ?? 1), blockSize: best.blockSize };
}

/** Dynamic shared memory that each of `numBlocks` blocks on a multiprocessor may have, in bytes. */
export function cuOccupancyAvailableDynamicSMemPerBlock(thread: CudaThread, func: number, numBlocks: number, blockSize: number): number {
  const kernel = thread.client.kernel(func, thread.context());
  const { attributes } = kernel.module.context.device;
  if (numBlocks < 1 || blockSize < 1 || activeBlocks(attributes, kernel.info, blockSize, 0) < numBlocks)
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const shared = attributes.get(DEVICE_ATTRIBUTE.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR) ?? 0;
  return Math.max(0, Math.min(Math.floor(shared / numBlocks) - kernel.info.sharedSizeBytes, kernel.maxDynamicSharedSizeBytes));
}

/** A packed block must hold all parameters; what lies behind them is not sent. The copy is ours to keep. */
function packed(kernel: Kernel, block: Uint8Array): Uint8Array {
  if (block.length < kernel.parameterBytes) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return block.slice(0, kernel.parameterBytes);
}

function pack(kernel: Kernel, values: readonly KernelArgument[]): Uint8Array {
  const { parameters } = kernel.info;
  if (values.length !== parameters.length)
    throw new CudaError(CUDA_ERROR.INVALID_VALUE, `${kernel.info.name} has ${parameters.length} parameters, ${values.length} were given`);
  const block = new Uint8Array(kernel.parameterBytes);
  const view = new DataView(block.buffer);
  for (const [index, { offset, size }] of parameters.entries()) {
    const value = values[index]!;
    if (ArrayBuffer.isView(value)) {
      if (value.byteLength !== size)
        throw new CudaError(
          CUDA_ERROR.INVALID_VALUE,
          `parameter ${index} of ${kernel.info.name} has ${size} bytes, ${value.byteLength} were given`,
        );
      block.set(new Uint8Array(value.buffer, value.byteOffset, size), offset);
    } else setInteger(view, offset, size, value, () => `parameter ${index} of ${kernel.info.name}`);
  }
  return block;
}

function setInteger(view: DataView, offset: number, size: number, value: number | bigint, name: () => string): void {
  if (typeof value === "number" && !Number.isInteger(value))
    throw new CudaError(CUDA_ERROR.INVALID_VALUE, `${name()} is given as ${value}; use f32() or f64() for a floating-point argument`);
  if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
  else if (size === 4) view.setUint32(offset, Number(value), true);
  else if (size === 2) view.setUint16(offset, Number(value), true);
  else if (size === 1) view.setUint8(offset, Number(value));
  else throw new CudaError(CUDA_ERROR.INVALID_VALUE, `${name()} has ${size} bytes and needs an array`);
}
