import { CUDA_ERROR, CudaError } from "@decant/cuda";

/**
 * The functions of libcuda that the driver calls, as C declares them (cuda.h 13.0; the names are those that the library exports). Handles and device
 * addresses are uint64_t; what is passed out goes to a typed array. koffi reads these texts.
 */
const declarations = {
  cuInit: "int cuInit(unsigned int flags)",
  cuDriverGetVersion: "int cuDriverGetVersion(void *version)",
  cuDeviceGetCount: "int cuDeviceGetCount(void *count)",
  cuDeviceGet: "int cuDeviceGet(void *device, int ordinal)",
  cuDeviceGetName: "int cuDeviceGetName(void *name, int len, int dev)",
  cuDeviceGetUuid_v2: "int cuDeviceGetUuid_v2(void *uuid, int dev)",
  cuDeviceTotalMem_v2: "int cuDeviceTotalMem_v2(void *bytes, int dev)",
  cuDeviceGetAttribute: "int cuDeviceGetAttribute(void *value, int attribute, int dev)",
  cuCtxCreate_v2: "int cuCtxCreate_v2(void *ctx, unsigned int flags, int dev)",
  cuCtxDestroy_v2: "int cuCtxDestroy_v2(uint64_t ctx)",
  cuCtxSetCurrent: "int cuCtxSetCurrent(uint64_t ctx)",
  cuCtxSynchronize: "int cuCtxSynchronize()",
  cuCtxSetLimit: "int cuCtxSetLimit(int limit, size_t value)",
  cuModuleLoadDataEx: "int cuModuleLoadDataEx(void *module, const void *image, unsigned int count, void *options, void *values)",
  cuLinkCreate_v2: "int cuLinkCreate_v2(unsigned int count, void *options, void *values, void *state)",
  cuLinkAddData_v2:
    "int cuLinkAddData_v2(uint64_t state, int type, const void *data, size_t size, const char *name, unsigned int count, void *options, void *values)",
  cuLinkComplete: "int cuLinkComplete(uint64_t state, void *cubin, void *size)",
  cuLinkDestroy: "int cuLinkDestroy(uint64_t state)",
  cuModuleUnload: "int cuModuleUnload(uint64_t module)",
  cuModuleGetFunctionCount: "int cuModuleGetFunctionCount(void *count, uint64_t module)",
  cuModuleEnumerateFunctions: "int cuModuleEnumerateFunctions(void *functions, unsigned int count, uint64_t module)",
  cuModuleGetGlobal_v2: "int cuModuleGetGlobal_v2(void *address, void *bytes, uint64_t module, const char *name)",
  cuFuncGetName: "int cuFuncGetName(void *name, uint64_t function)",
  cuFuncGetParamInfo: "int cuFuncGetParamInfo(uint64_t function, size_t index, void *offset, void *size)",
  cuFuncGetAttribute: "int cuFuncGetAttribute(void *value, int attribute, uint64_t function)",
  cuFuncSetAttribute: "int cuFuncSetAttribute(uint64_t function, int attribute, int value)",
  cuMemAddressReserve: "int cuMemAddressReserve(void *address, size_t size, size_t alignment, uint64_t hint, uint64_t flags)",
  cuMemAddressFree: "int cuMemAddressFree(uint64_t address, size_t size)",
  cuMemGetAllocationGranularity: "int cuMemGetAllocationGranularity(void *granularity, const void *properties, int option)",
  cuMemCreate: "int cuMemCreate(void *handle, size_t size, const void *properties, uint64_t flags)",
  cuMemRelease: "int cuMemRelease(uint64_t handle)",
  cuMemMap: "int cuMemMap(uint64_t address, size_t size, size_t offset, uint64_t handle, uint64_t flags)",
  cuMemUnmap: "int cuMemUnmap(uint64_t address, size_t size)",
  cuMemSetAccess: "int cuMemSetAccess(uint64_t address, size_t size, const void *access, size_t count)",
  cuMemHostAlloc: "int cuMemHostAlloc(void *address, size_t size, unsigned int flags)",
  cuArray3DCreate_v2: "int cuArray3DCreate_v2(void *array, const void *descriptor)",
  cuArrayDestroy: "int cuArrayDestroy(uint64_t array)",
  cuMipmappedArrayCreate: "int cuMipmappedArrayCreate(void *array, const void *descriptor, unsigned int levels)",
  cuMipmappedArrayGetLevel: "int cuMipmappedArrayGetLevel(void *array, uint64_t mipmapped, unsigned int level)",
  cuMipmappedArrayDestroy: "int cuMipmappedArrayDestroy(uint64_t mipmapped)",
  cuTexObjectCreate: "int cuTexObjectCreate(void *object, const void *resource, const void *texture, const void *view)",
  cuTexObjectDestroy: "int cuTexObjectDestroy(uint64_t object)",
  cuSurfObjectCreate: "int cuSurfObjectCreate(void *object, const void *resource)",
  cuSurfObjectDestroy: "int cuSurfObjectDestroy(uint64_t object)",
  cuMemcpyHtoDAsync_v2: "int cuMemcpyHtoDAsync_v2(uint64_t dst, const void *src, size_t bytes, uint64_t stream)",
  cuMemcpyAsync: "int cuMemcpyAsync(uint64_t dst, uint64_t src, size_t bytes, uint64_t stream)",
  cuMemcpyDtoDAsync_v2: "int cuMemcpyDtoDAsync_v2(uint64_t dst, uint64_t src, size_t bytes, uint64_t stream)",
  cuMemcpy3DAsync_v2: "int cuMemcpy3DAsync_v2(const void *copy, uint64_t stream)",
  cuMemsetD2D8Async: "int cuMemsetD2D8Async(uint64_t dst, size_t pitch, unsigned char value, size_t width, size_t height, uint64_t stream)",
  cuMemsetD2D16Async:
    "int cuMemsetD2D16Async(uint64_t dst, size_t pitch, unsigned short value, size_t width, size_t height, uint64_t stream)",
  cuMemsetD2D32Async:
    "int cuMemsetD2D32Async(uint64_t dst, size_t pitch, unsigned int value, size_t width, size_t height, uint64_t stream)",
  cuLaunchKernel:
    "int cuLaunchKernel(uint64_t f, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared, uint64_t stream, void *params, void *extra)",
  cuLaunchCooperativeKernel:
    "int cuLaunchCooperativeKernel(uint64_t f, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared, uint64_t stream, void *params)",
  cuStreamCreateWithPriority: "int cuStreamCreateWithPriority(void *stream, unsigned int flags, int priority)",
  cuStreamDestroy_v2: "int cuStreamDestroy_v2(uint64_t stream)",
  cuStreamQuery: "int cuStreamQuery(uint64_t stream)",
  cuStreamSynchronize: "int cuStreamSynchronize(uint64_t stream)",
  cuStreamWaitEvent: "int cuStreamWaitEvent(uint64_t stream, uint64_t event, unsigned int flags)",
  cuStreamWaitValue32_v2: "int cuStreamWaitValue32_v2(uint64_t stream, uint64_t address, uint32_t value, unsigned int flags)",
  cuEventCreate: "int cuEventCreate(void *event, unsigned int flags)",
  cuEventDestroy_v2: "int cuEventDestroy_v2(uint64_t event)",
  cuEventRecord: "int cuEventRecord(uint64_t event, uint64_t stream)",
  cuEventQuery: "int cuEventQuery(uint64_t event)",
  cuEventElapsedTime: "int cuEventElapsedTime(void *ms, uint64_t start, uint64_t end)",
} as const;

type CArgument = number | bigint | string | ArrayBufferView | null;

/** libcuda's functions by name; each gives its CUresult. */
export type Libcuda = { readonly [N in keyof typeof declarations]: (...args: CArgument[]) => number } & {
  /** Memory of the C heap, for what the library reads by pointer: its address, and a view of it. */
  allocate(bytes: number): { readonly address: bigint; readonly bytes: Uint8Array };
  /** What lies at an address of the C heap, or of page-locked memory; it must outlive the view. */
  view(address: bigint, size: number): Uint8Array;
  /** A copy of what lies at an address of the C heap. */
  bytes(address: bigint, size: number): Uint8Array;
  /** The text at an address of the C heap. */
  text(address: bigint): string;
  /** Writes out what the library printed to standard output. */
  flushOutput(): void;
};

/** What the driver uses of koffi. */
interface Koffi {
  load(path: string | null): { func(declaration: string): (...args: CArgument[]) => number };
  alloc(type: string, count: number): unknown;
  address(pointer: unknown): bigint;
  view(pointer: unknown, bytes: number): ArrayBuffer;
  decode(pointer: unknown, type: string, length: number): unknown;
}

/** Where libcuda is looked for, unless DECANT_LIBCUDA names another. */
const LIBRARY = process.platform === "win32" ? "nvcuda.dll" : "libcuda.so.1";

/** Opens libcuda through koffi; throws with a sentence when either is not there, or the library lacks a function. */
export async function openLibcuda(path = process.env["DECANT_LIBCUDA"] || LIBRARY): Promise<Libcuda> {
  let koffi: Koffi;
  try {
    koffi = ((await import("koffi")) as unknown as { default: Koffi }).default;
  } catch {
    throw new Error("the nvidia driver needs the npm package koffi beside decant: npm install koffi");
  }
  let library: ReturnType<Koffi["load"]>;
  try {
    library = koffi.load(path);
  } catch {
    throw new Error(`the nvidia driver needs ${path}, which comes with NVIDIA's driver; it cannot be loaded`);
  }
  const functions: Record<string, (...args: CArgument[]) => number> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    try {
      functions[name] = library.func(declaration);
    } catch {
      throw new Error(`${path} has no ${name}: NVIDIA's driver is older than CUDA 12.4`);
    }
  }
  const process_ = koffi.load(null);
  const fflush = process_.func("int fflush(void *stream)");
  const strnlen = process_.func("size_t strnlen(uint64_t text, size_t most)");
  const memcpy = process_.func("size_t memcpy(void *to, uint64_t from, size_t bytes)");
  return {
    ...functions,
    allocate(bytes: number) {
      const pointer = koffi.alloc("uint8_t", bytes);
      return { address: koffi.address(pointer), bytes: new Uint8Array(koffi.view(pointer, bytes)) };
    },
    view: (address: bigint, size: number) => new Uint8Array(koffi.view(address, size)),
    bytes(address: bigint, size: number) {
      const copy = new Uint8Array(size);
      if (size > 0) memcpy(copy, address, size);
      return copy;
    },
    text(address: bigint) {
      const bytes = new Uint8Array(strnlen(address, MOST_TEXT));
      if (bytes.length > 0) memcpy(bytes, address, bytes.length);
      return new TextDecoder().decode(bytes);
    },
    flushOutput: () => void fflush(null),
  } as unknown as Libcuda;
}

const MOST_TEXT = 64 * 1024;

/** Throws the CudaError of a CUresult that is none of success. */
export function check(result: number, log?: string): void {
  if (result !== CUDA_ERROR.SUCCESS) throw new CudaError(result, log);
}
