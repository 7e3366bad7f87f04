import { DEVICE_ATTRIBUTE } from "../attributes.ts";
import type { LaunchShape } from "../launch.ts";
import { checkLaunch } from "../launch.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import type { Kernel } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

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
export function cuLaunchKernel(
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
): void {
  const stream = thread.stream(hStream);
  const kernel = thread.client.kernel(f, stream.context);
  if (kernel.module.context !== stream.context) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
  const shape: LaunchShape = { gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes };
  checkLaunch(stream.context.device.attributes, kernel.info, shape, kernel.maxDynamicSharedSizeBytes);
  const parameters = kernelParams instanceof Uint8Array ? packed(kernel, kernelParams) : pack(kernel, kernelParams);
  stream.posted++;
  thread.client.session.cuLaunchKernel(
    stream.handle,
    kernel.module.handle,
    kernel.index,
    gridDimX,
    gridDimY,
    gridDimZ,
    blockDimX,
    blockDimY,
    blockDimZ,
    sharedMemBytes,
    parameters,
  );
}

/** Blocks of a kernel that one multiprocessor holds at a time, by threads, blocks and shared memory. */
export function cuOccupancyMaxActiveBlocksPerMultiprocessor(
  thread: CudaThread,
  func: number,
  blockSize: number,
  dynamicSMemSize: number,
): number {
  const kernel = thread.client.kernel(func, thread.context());
  const { attributes } = kernel.module.context.device;
  if (blockSize < 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (blockSize > kernel.info.maxThreadsPerBlock) return 0;
  const warp = attributes.get(DEVICE_ATTRIBUTE.WARP_SIZE) ?? 32;
  const threads = Math.ceil(blockSize / warp) * warp;
  const byThreads = Math.floor((attributes.get(DEVICE_ATTRIBUTE.MAX_THREADS_PER_MULTIPROCESSOR) ?? 1024) / threads);
  const byBlocks = attributes.get(DEVICE_ATTRIBUTE.MAX_BLOCKS_PER_MULTIPROCESSOR) || byThreads;
  const shared = kernel.info.sharedSizeBytes + dynamicSMemSize;
  const sharedLimit = attributes.get(DEVICE_ATTRIBUTE.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR) ?? 0;
  const byShared = shared === 0 ? byThreads : Math.floor(sharedLimit / shared);
  return Math.max(0, Math.min(byThreads, byBlocks, byShared));
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
