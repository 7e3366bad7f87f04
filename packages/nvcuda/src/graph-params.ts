import { type Copy, CUDA_ERROR, CudaError, type HostFunction, type KernelNodeParams, type MemsetParams, nodeWork } from "@decant/cuda";
import { readCopy } from "./copy-rows.ts";
import { callOnHostThread } from "./host-functions.ts";
import { readParameters } from "./launch.ts";
import type { GuestThread, Nvcuda } from "./library.ts";

/** CUDA_KERNEL_NODE_PARAMS: a function, three sizes of grid and block each, shared memory, then these; version 2 has a CUkernel and a context besides. */
const KERNEL = { grid: 8, shared: 32, kernelParams: 40, extra: 48, kern: 56 } as const;
/** CUDA_MEMSET_NODE_PARAMS, but `dst`, which is first. */
const MEMSET = { pitch: 8, value: 16, elementSize: 20, width: 24, height: 32 } as const;
/** CUDA_HOST_NODE_PARAMS: a function and what it is given. */
const USER_DATA = 8;

/** Reads the parameters of a kernel node; `version` is that of the struct. */
export function readKernelNode(nvcuda: Nvcuda, thread: GuestThread, address: number, version: 1 | 2): KernelNodeParams {
  const { memory } = thread;
  required(address);
  const size = (index: number): number => memory.u32(address + KERNEL.grid + 4 * index);
  const func = Number(memory.u64(address)) || (version === 2 ? Number(memory.u64(address + KERNEL.kern)) : 0);
  const cuda = nvcuda.cuda(thread);
  const kernel = cuda.client.kernel(func, cuda.thread.context());
  const block = readParameters(memory, kernel, memory.u32(address + KERNEL.kernelParams), memory.u32(address + KERNEL.extra));
  return {
    func,
    gridDimX: size(0),
    gridDimY: size(1),
    gridDimZ: size(2),
    blockDimX: size(3),
    blockDimY: size(4),
    blockDimZ: size(5),
    sharedMemBytes: memory.u32(address + KERNEL.shared),
    kernelParams: block,
  };
}

/** Shows a program what a kernel node does; the values that `kernelParams` leads to hold until the node is asked for again. */
export function writeKernelNode(nvcuda: Nvcuda, thread: GuestThread, hNode: number, address: number, version: 1 | 2): void {
  const { memory, process } = thread;
  required(address);
  const { kernel, shape, parameters } = nodeWork(nvcuda.cuda(thread).thread, hNode, "kernel");
  const { nodeBlocks } = nvcuda.state(thread);
  const count = kernel.info.parameters.length;
  const values = nodeBlocks.get(hNode) ?? process.heap.allocate(Math.max(8, 8 * count + parameters.length));
  nodeBlocks.set(hNode, values);
  memory.write(values + 8 * count, parameters);
  for (const [index, { offset }] of kernel.info.parameters.entries())
    memory.setU64(values + 8 * index, BigInt(values + 8 * count + offset));
  memory.setU64(address, BigInt(kernel.handle));
  const sizes = [shape.gridDimX, shape.gridDimY, shape.gridDimZ, shape.blockDimX, shape.blockDimY, shape.blockDimZ];
  for (const [index, size] of sizes.entries()) memory.setU32(address + KERNEL.grid + 4 * index, size);
  memory.setU32(address + KERNEL.shared, shape.sharedMemBytes);
  memory.setU64(address + KERNEL.kernelParams, BigInt(count === 0 ? 0 : values));
  memory.setU64(address + KERNEL.extra, 0n);
  if (version === 2) {
    memory.setU64(address + KERNEL.kern, 0n);
    memory.setU64(address + KERNEL.kern + 8, BigInt(kernel.module.context.handle));
  }
}

export function readMemsetNode(thread: GuestThread, address: number): MemsetParams {
  const { memory } = thread;
  required(address);
  return {
    dst: Number(memory.u64(address)),
    pitch: Number(memory.u64(address + MEMSET.pitch)),
    value: memory.u32(address + MEMSET.value),
    elementSize: memory.u32(address + MEMSET.elementSize),
    width: Number(memory.u64(address + MEMSET.width)),
    height: Number(memory.u64(address + MEMSET.height)),
  };
}

export function writeMemsetNode(nvcuda: Nvcuda, thread: GuestThread, hNode: number, address: number): void {
  const { memory } = thread;
  required(address);
  const work = nodeWork(nvcuda.cuda(thread).thread, hNode, "memset");
  memory.setU64(address, BigInt(work.dst));
  for (const field of ["pitch", "width", "height"] as const) memory.setU64(address + MEMSET[field], BigInt(work[field]));
  for (const field of ["value", "elementSize"] as const) memory.setU32(address + MEMSET[field], work[field]);
}

/** Reads a CUDA_MEMCPY3D. The guest's memory is looked at again at each launch. */
export function readCopyNode(nvcuda: Nvcuda, thread: GuestThread, address: number): Copy {
  required(address);
  return readCopy(nvcuda, thread, address, true).copy;
}

/** The function of a host node, called with its user data on the hidden thread, and both as the program knows them. */
export function readHostNode(
  nvcuda: Nvcuda,
  thread: GuestThread,
  address: number,
): [fn: HostFunction, known: { fn: number; userData: bigint }] {
  required(address);
  const fn = thread.memory.u32(address);
  const userData = thread.memory.u64(address + USER_DATA);
  required(fn);
  return [() => callOnHostThread(nvcuda, thread, fn, userData), { fn, userData }];
}

export function writeHostNode(nvcuda: Nvcuda, thread: GuestThread, hNode: number, address: number): void {
  required(address);
  const { fn, userData } = nodeWork(nvcuda.cuda(thread).thread, hNode, "host");
  thread.memory.setU64(address, BigInt(fn));
  thread.memory.setU64(address + USER_DATA, userData);
}

function required(address: number): void {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}
