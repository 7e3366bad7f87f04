import { CUDA_ERROR, CudaError, type Kernel, loadKernel, potentialBlockSize } from "@decant/cuda";
import type { Out, Waiting } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { guestCall, type Thread, waitFor } from "@decant/process";
import { launchApi } from "./launch.api.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";

/** The keys of cuLaunchKernel's `extra`. */
const LAUNCH_PARAM = { END: 0, BUFFER_POINTER: 1, BUFFER_SIZE: 2 } as const;
const MAX_EXTRA = 16;
/** CUlaunchConfig: three sizes each of grid and block, shared memory, then these; an attribute has its id at 0 and its value at 8. */
const CONFIG = { stream: 32, attributes: 40, count: 48, attributeBytes: 72 } as const;
/** CUlaunchAttributeID. */
const ATTRIBUTE = { COOPERATIVE: 2, CLUSTER_DIMENSION: 4 } as const;
/** Hints, which change nothing but time: access policy, synchronisation policy, cluster policy, programmatic serialisation, priority, domains, carveout. */
const HINTS = new Set([0, 1, 3, 5, 6, 8, 9, 10, 14]);
const MAX_ATTRIBUTES = 64;

type Shape = [number, number, number, number, number, number, number];

export const launch = (nvcuda: Nvcuda) => {
  // Programs launch by the hundred thousand: nothing here waits while the channel takes more, and the parameters are copied once.
  const post = (
    thread: GuestThread,
    f: number,
    shape: Shape,
    hStream: number,
    kernelParams: number,
    extra: number,
    isCooperative: boolean,
  ): Waiting<void> | undefined => {
    const cuda = nvcuda.cuda(thread);
    const loading = loadKernel(cuda.thread, f);
    if (loading) return afterLoading(loading, () => post(thread, f, shape, hStream, kernelParams, extra, isCooperative));
    const block = readParameters(thread.memory, cuda.client.kernel(f, cuda.thread.context()), kernelParams, extra);
    if (isCooperative) cuda.cuLaunchCooperativeKernel(f, ...shape, hStream, block);
    else cuda.cuLaunchKernel(f, ...shape, hStream, block);
    const full = cuda.backpressure();
    return full && waitFor(full);
  };

  function* maxPotentialBlockSize(
    thread: GuestThread,
    minGridSize: Out<number>,
    blockSize: Out<number>,
    func: number,
    blockSizeToDynamicSMemSize: number,
    dynamicSMemSize: number,
    blockSizeLimit: number,
    flags = 0,
  ): Waiting<void> {
    const cuda = nvcuda.cuda(thread);
    need(minGridSize, blockSize);
    if (flags > 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const search = potentialBlockSize(cuda.thread, func, blockSizeLimit);
    let step = search.next();
    while (!step.done) {
      // The function is called on the calling thread, as the hook layer has it.
      const own =
        blockSizeToDynamicSMemSize !== 0
          ? yield* guestCall(thread as unknown as Thread, blockSizeToDynamicSMemSize, step.value)
          : dynamicSMemSize;
      step = search.next(own);
    }
    minGridSize.set(step.value.minGridSize);
    blockSize.set(step.value.blockSize);
  }

  return implement(launchApi, {
    cuLaunchKernel: (thread, f, gx, gy, gz, bx, by, bz, shared, hStream, kernelParams, extra) =>
      post(thread, f, [gx, gy, gz, bx, by, bz, shared], hStream, kernelParams, extra, false),
    cuLaunchCooperativeKernel: (thread, f, gx, gy, gz, bx, by, bz, shared, hStream, kernelParams) =>
      post(thread, f, [gx, gy, gz, bx, by, bz, shared], hStream, kernelParams, 0, true),
    // The stream lies in the configuration; the form for per-thread default streams gives one more argument.
    cuLaunchKernelEx(thread, config, f, kernelParams, extra, ...rest) {
      nvcuda.cuda(thread);
      const { shape, hStream, isCooperative } = readConfig(thread.memory, config);
      const [defaultStream = 0] = rest as number[];
      return post(thread, f, shape, hStream || defaultStream, kernelParams, extra, isCooperative);
    },
    cuOccupancyMaxPotentialBlockSize: maxPotentialBlockSize,
    cuOccupancyMaxPotentialBlockSizeWithFlags: maxPotentialBlockSize,
    cuOccupancyAvailableDynamicSMemPerBlock(thread, dynamicSmemSize, func, numBlocks, blockSize) {
      dynamicSmemSize.set(nvcuda.cuda(thread).cuOccupancyAvailableDynamicSMemPerBlock(func, numBlocks, blockSize));
    },
  });
};

function* afterLoading(loading: Promise<unknown>, next: () => Waiting<void> | undefined): Waiting<void> {
  yield* waitFor(loading);
  const waiting = next();
  if (waiting) yield* waiting;
}

function readConfig(memory: GuestMemory, config: number): { shape: Shape; hStream: number; isCooperative: boolean } {
  if (config === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const shape = [0, 4, 8, 12, 16, 20, 24].map((offset) => memory.u32(config + offset)) as Shape;
  const attributes = memory.u32(config + CONFIG.attributes);
  const count = memory.u32(config + CONFIG.count);
  if (count > MAX_ATTRIBUTES || (count > 0 && attributes === 0)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  let isCooperative = false;
  for (let index = 0; index < count; index++) {
    const attribute = attributes + index * CONFIG.attributeBytes;
    const id = memory.u32(attribute);
    if (id === ATTRIBUTE.COOPERATIVE) isCooperative = memory.u32(attribute + 8) !== 0;
    else if (id === ATTRIBUTE.CLUSTER_DIMENSION) {
      // A cluster of one block is what every block is.
      if ([8, 12, 16].some((offset) => memory.u32(attribute + offset) > 1))
        throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, "clusters of blocks");
    } else if (!HINTS.has(id)) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, `launch attribute ${id}`);
  }
  return { shape, hStream: Number(memory.u64(config + CONFIG.stream)), isCooperative };
}

/** The parameter block: gathered through `kernelParams` by the kernel's layout, or as `extra` has it packed. */
export function readParameters(memory: GuestMemory, kernel: Kernel, kernelParams: number, extra: number): Uint8Array {
  if (kernelParams !== 0 && extra !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (extra !== 0) return readExtra(memory, extra);
  const { parameters } = kernel.info;
  if (parameters.length > 0 && kernelParams === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const block = new Uint8Array(kernel.parameterBytes);
  for (const [index, { offset, size }] of parameters.entries()) {
    const address = memory.u32(kernelParams + 8 * index);
    block.set(memory.slice(address, size), offset);
  }
  return block;
}

/** `extra` is a list of key and value, each a pointer's size, up to CU_LAUNCH_PARAM_END. */
function readExtra(memory: GuestMemory, extra: number): Uint8Array {
  let buffer = 0;
  let size = 0;
  for (let index = 0; index < MAX_EXTRA; index++) {
    const key = memory.u32(extra + 16 * index);
    if (key === LAUNCH_PARAM.END) {
      if (buffer === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      return memory.read(buffer, size);
    }
    const value = memory.u32(extra + 16 * index + 8);
    if (key === LAUNCH_PARAM.BUFFER_POINTER) buffer = value;
    else if (key === LAUNCH_PARAM.BUFFER_SIZE) size = memory.u32(value);
    else throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  }
  throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}
