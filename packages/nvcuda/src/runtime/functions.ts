import { CUDA_ERROR, CudaError, DEVICE_ATTRIBUTE, FUNC_ATTRIBUTE } from "@decant/cuda";
import { api, fn, INT, type Out, out, PVOID, SIZE_T, UINT, type Waiting } from "@decant/hook";
import { type GuestThread, need } from "../library.ts";
import { CUdevice, CUenum, CUhandle, CUstream } from "../types.ts";
import { CUDA_RUNTIME_ERROR } from "./error-names.ts";
import { type DriverFunction, runtimeTopic } from "./forms.ts";
import type { CudaRuntime, RuntimeVersion } from "./runtime.ts";
import { CUDA_ERROR_T, DIM3, type Dim3, ENTRY } from "./types.ts";

/* Kernels: launches, attributes, occupancy ("CUDA Runtime API", Execution Control and Occupancy). */

const launched = [["gridDim", DIM3], ["blockDim", DIM3], ["args", PVOID], ["sharedMem", SIZE_T], ["stream", CUstream]] as const; // prettier-ignore
const func = ["func", ENTRY] as const;
const occupancy = [["numBlocks", out(INT)], func, ["blockSize", INT], ["dynamicSMemSize", SIZE_T]] as const; // prettier-ignore

export const functionApi = (dll: string) =>
  api(dll, {
    cudaLaunchKernel: fn(CUDA_ERROR_T, func, ...launched),
    __cudaLaunchKernel: fn(CUDA_ERROR_T, ["kernel", CUhandle], ...launched),
    cudaLaunchCooperativeKernel: fn(CUDA_ERROR_T, func, ...launched),
    cudaLaunchKernelExC: fn(CUDA_ERROR_T, ["config", PVOID], func, ["args", PVOID]),
    __cudaGetKernel: fn(CUDA_ERROR_T, ["kernelPtr", out(CUhandle)], ["entryFuncAddr", ENTRY]),
    cudaGetKernel: fn(CUDA_ERROR_T, ["kernelPtr", out(CUhandle)], ["entryFuncAddr", ENTRY]),
    cudaGetFuncBySymbol: fn(CUDA_ERROR_T, ["functionPtr", out(CUhandle)], ["symbolPtr", ENTRY]),
    cudaFuncGetAttributes: fn(CUDA_ERROR_T, ["attr", PVOID], func),
    cudaFuncSetAttribute: fn(CUDA_ERROR_T, func, ["attr", CUenum], ["value", INT]),
    cudaKernelSetAttributeForDevice: fn(CUDA_ERROR_T, ["kernel", CUhandle], ["attr", CUenum], ["value", INT], ["device", CUdevice]),
    cudaFuncSetCacheConfig: fn(CUDA_ERROR_T, func, ["cacheConfig", CUenum]),
    cudaFuncSetSharedMemConfig: fn(CUDA_ERROR_T, func, ["config", CUenum]),
    cudaFuncGetName: fn(CUDA_ERROR_T, ["name", out(PVOID)], func),
    cudaFuncGetParamInfo: fn(CUDA_ERROR_T, func, ["paramIndex", SIZE_T], ["paramOffset", out(SIZE_T)], ["paramSize", PVOID]),
    cudaOccupancyMaxActiveBlocksPerMultiprocessor: fn(CUDA_ERROR_T, ...occupancy),
    cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags: fn(CUDA_ERROR_T, ...occupancy, ["flags", UINT]),
    cudaOccupancyAvailableDynamicSMemPerBlock: fn(
      CUDA_ERROR_T,
      ["dynamicSmemSize", out(SIZE_T)],
      func,
      ["numBlocks", INT],
      ["blockSize", INT],
    ),
  });

/** cudaFuncAttributes: three sizes, then ints in this order; a runtime before 12 has those before the first of clusters. */
const SIZES = [FUNC_ATTRIBUTE.SHARED_SIZE_BYTES, FUNC_ATTRIBUTE.CONST_SIZE_BYTES, FUNC_ATTRIBUTE.LOCAL_SIZE_BYTES] as const;
const INTS = [
  FUNC_ATTRIBUTE.MAX_THREADS_PER_BLOCK,
  FUNC_ATTRIBUTE.NUM_REGS,
  FUNC_ATTRIBUTE.PTX_VERSION,
  FUNC_ATTRIBUTE.BINARY_VERSION,
  FUNC_ATTRIBUTE.CACHE_MODE_CA,
  FUNC_ATTRIBUTE.MAX_DYNAMIC_SHARED_SIZE_BYTES,
  FUNC_ATTRIBUTE.PREFERRED_SHARED_MEMORY_CARVEOUT,
] as const;
const CLUSTER_INTS = [
  FUNC_ATTRIBUTE.CLUSTER_SIZE_MUST_BE_SET,
  FUNC_ATTRIBUTE.REQUIRED_CLUSTER_WIDTH,
  FUNC_ATTRIBUTE.REQUIRED_CLUSTER_HEIGHT,
  FUNC_ATTRIBUTE.REQUIRED_CLUSTER_DEPTH,
  FUNC_ATTRIBUTE.CLUSTER_SCHEDULING_POLICY_PREFERENCE,
  FUNC_ATTRIBUTE.NON_PORTABLE_CLUSTER_SIZE_ALLOWED,
] as const;

export const functions = (runtime: CudaRuntime, dll: string, version: RuntimeVersion, driver: ReadonlyMap<string, DriverFunction>) => {
  const bodyOf = (name: string) => driver.get(name)!.body as (thread: GuestThread, ...args: unknown[]) => Waiting<void> | undefined;
  const [launch, launchEx] = [bodyOf("cuLaunchKernel"), bodyOf("cuLaunchKernelEx")];
  const launchCooperative = bodyOf("cuLaunchCooperativeKernel");

  /** Calls with the kernel of a stand-in: at once where it is known. */
  const withKernel = (thread: GuestThread, entry: number, call: (kernel: number) => Waiting<void> | undefined) => {
    const known = runtime.state(thread).kernels.get(entry);
    return known === undefined ? afterLoading(thread, entry, call) : call(known);
  };
  function* afterLoading(thread: GuestThread, entry: number, call: (kernel: number) => Waiting<void> | undefined): Waiting<void> {
    const waiting = call(yield* runtime.kernel(thread, entry));
    if (waiting) yield* waiting;
  }
  /** A shape that no kernel may have is cudaErrorInvalidConfiguration; the driver has one code for all that is wrong. */
  const checkShape = (thread: GuestThread, grid: Dim3, block: Dim3): void => {
    const { attributes } = runtime.cuda(thread).thread.context().device;
    const within = ({ x, y, z }: Dim3, first: number): boolean =>
      [x, y, z].every((size, axis) => size >= 1 && size <= (attributes.get(first + axis) ?? 0xffffffff));
    const threads = block.x * block.y * block.z;
    const isValid =
      within(grid, DEVICE_ATTRIBUTE.MAX_GRID_DIM_X) &&
      within(block, DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_X) &&
      threads <= (attributes.get(DEVICE_ATTRIBUTE.MAX_THREADS_PER_BLOCK) ?? Infinity);
    if (!isValid) throw new CudaError(CUDA_RUNTIME_ERROR.INVALID_CONFIGURATION);
  };
  const launcher =
    (isCooperative: boolean) =>
    (thread: GuestThread, entry: number, grid: Dim3, block: Dim3, args: number, shared: number, stream: number) =>
      withKernel(thread, entry, (kernel) => {
        checkShape(thread, grid, block);
        const shape = [grid.x, grid.y, grid.z, block.x, block.y, block.z, shared, stream, args];
        return isCooperative ? launchCooperative(thread, kernel, ...shape) : launch(thread, kernel, ...shape, 0);
      });
  function* getKernel(thread: GuestThread, kernelPtr: Out<number, number | bigint>, entry: number): Waiting<void> {
    need(kernelPtr);
    kernelPtr.set(yield* runtime.kernel(thread, entry));
  }
  function* blocksPerMultiprocessor(
    thread: GuestThread,
    numBlocks: { set(value: number): void },
    entry: number,
    blockSize: number,
    dynamicSMemSize: number,
    flags = 0,
  ): Waiting<void> {
    if (flags > 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const kernel = yield* runtime.function(thread, entry);
    numBlocks.set(runtime.cuda(thread).cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, blockSize, dynamicSMemSize));
  }

  return runtimeTopic(runtime, "context")(functionApi(dll), {
    cudaLaunchKernel: launcher(false),
    __cudaLaunchKernel: launcher(false),
    cudaLaunchCooperativeKernel: launcher(true),
    // cudaLaunchConfig_t lies as CUlaunchConfig does. The form for per-thread default streams gives one more argument.
    cudaLaunchKernelExC: (thread, config, entry, args, ...defaultStream: unknown[]) =>
      withKernel(thread, entry, (kernel) => {
        if (config === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
        const [x, y, z, bx, by, bz] = [0, 4, 8, 12, 16, 20].map((offset) => thread.memory.u32(config + offset));
        checkShape(thread, { x: x!, y: y!, z: z! }, { x: bx!, y: by!, z: bz! });
        return launchEx(thread, config, kernel, args, 0, ...defaultStream);
      }),
    __cudaGetKernel: getKernel,
    cudaGetKernel: getKernel,
    *cudaGetFuncBySymbol(thread, functionPtr, entry) {
      need(functionPtr);
      functionPtr.set(yield* runtime.function(thread, entry));
    },
    *cudaFuncGetAttributes(thread, attr, entry) {
      if (attr === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const hfunc = yield* runtime.function(thread, entry);
      const ask = (attribute: number): number => runtime.cuda(thread).cuFuncGetAttribute(attribute, hfunc);
      for (const [index, attribute] of SIZES.entries()) thread.memory.setU64(attr + 8 * index, BigInt(ask(attribute)));
      const ints = version < 12 ? INTS : [...INTS, ...CLUSTER_INTS];
      for (const [index, attribute] of ints.entries()) thread.memory.setU32(attr + 24 + 4 * index, ask(attribute) >>> 0);
    },
    *cudaFuncSetAttribute(thread, entry, attr, value) {
      runtime.cuda(thread).cuFuncSetAttribute(yield* runtime.function(thread, entry), attr, value);
    },
    *cudaKernelSetAttributeForDevice(thread, kernel, attr, value, device) {
      yield* driver.get("cuKernelSetAttribute")!.body(thread, attr, value, kernel, device) as Waiting<void>;
    },
    *cudaFuncSetCacheConfig(thread, entry, cacheConfig) {
      runtime.cuda(thread).cuFuncSetCacheConfig(yield* runtime.function(thread, entry), cacheConfig);
    },
    *cudaFuncSetSharedMemConfig(thread, entry, config) {
      runtime.cuda(thread).cuFuncSetSharedMemConfig(yield* runtime.function(thread, entry), config);
    },
    *cudaFuncGetName(thread, name, entry) {
      need(name);
      name.set(runtime.nvcuda.text(thread, runtime.cuda(thread).cuFuncGetName(yield* runtime.function(thread, entry))));
    },
    *cudaFuncGetParamInfo(thread, entry, paramIndex, paramOffset, paramSize) {
      const { offset, size } = runtime.cuda(thread).cuFuncGetParamInfo(yield* runtime.function(thread, entry), paramIndex);
      paramOffset.set(offset);
      if (paramSize !== 0) thread.memory.setU64(paramSize, BigInt(size));
    },
    cudaOccupancyMaxActiveBlocksPerMultiprocessor: blocksPerMultiprocessor,
    cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags: blocksPerMultiprocessor,
    *cudaOccupancyAvailableDynamicSMemPerBlock(thread, dynamicSmemSize, entry, numBlocks, blockSize) {
      const hfunc = yield* runtime.function(thread, entry);
      dynamicSmemSize.set(runtime.cuda(thread).cuOccupancyAvailableDynamicSMemPerBlock(hfunc, numBlocks, blockSize));
    },
  });
};
