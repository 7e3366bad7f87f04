import { CUDA_ERROR, CudaError, Kernel } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { waitFor } from "@decant/process";
import { launchApi } from "./driver.api.ts";
import { type GuestThread, implement, type Nvcuda } from "./library.ts";
import { perThread } from "./per-thread.ts";

/** The keys of cuLaunchKernel's `extra`. */
const LAUNCH_PARAM = { END: 0, BUFFER_POINTER: 1, BUFFER_SIZE: 2 } as const;
const MAX_EXTRA = 16;

export const launch = (nvcuda: Nvcuda) => {
  // Programs launch by the hundred thousand: nothing here waits while the channel takes more, and the parameters are copied once.
  const cuLaunchKernel = (
    thread: GuestThread,
    f: number,
    gridDimX: number,
    gridDimY: number,
    gridDimZ: number,
    blockDimX: number,
    blockDimY: number,
    blockDimZ: number,
    sharedMemBytes: number,
    hStream: number,
    kernelParams: number,
    extra: number,
  ): Waiting<void> | undefined => {
    const cuda = nvcuda.cuda(thread);
    cuda.thread.context();
    const kernel = cuda.client.object(f, Kernel);
    const block = readParameters(thread.memory, kernel, kernelParams, extra);
    cuda.cuLaunchKernel(f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes, hStream, block);
    const full = cuda.backpressure();
    return full && waitFor(full);
  };
  return implement(launchApi, { cuLaunchKernel, cuLaunchKernel_ptsz: perThread(8, cuLaunchKernel) });
};

/** The parameter block: gathered through `kernelParams` by the kernel's layout, or as `extra` has it packed. */
function readParameters(memory: GuestMemory, kernel: Kernel, kernelParams: number, extra: number): Uint8Array {
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
