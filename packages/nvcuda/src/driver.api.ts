import {
  alias,
  api,
  arrayIn,
  byteBlock,
  BYTES,
  bytesIn,
  bytesOut,
  fn,
  INT,
  LPCSTR,
  optional,
  out,
  PVOID,
  SIZE_T,
  UCHAR,
  UINT,
  ULONGLONG,
  USHORT,
} from "@decant/hook";
import { CUcontext, CUdevice, CUdeviceptr, CUenum, CUfunction, CUmodule, CURESULT, CUstream } from "./types.ts";

/*
 * The Driver API by topic ("CUDA Driver API", cuda.h 13.0). Plain names of functions that have a later form are the
 * later form: the first forms, with 32-bit device pointers, ended with CUDA 3.1.
 */

export const driverApi = api("nvcuda", {
  cuInit: fn(CURESULT, ["Flags", UINT]),
  cuDriverGetVersion: fn(CURESULT, ["driverVersion", out(INT)]),
  cuGetProcAddress: fn(CURESULT, ["symbol", LPCSTR], ["pfn", out(PVOID)], ["cudaVersion", INT], ["flags", ULONGLONG]),
  cuGetProcAddress_v2: fn(
    CURESULT,
    ["symbol", LPCSTR],
    ["pfn", out(PVOID)],
    ["cudaVersion", INT],
    ["flags", ULONGLONG],
    ["symbolStatus", optional(out(CUenum))],
  ),
  cuGetExportTable: fn(CURESULT, ["ppExportTable", out(PVOID)], ["pExportTableId", PVOID]),
  cuGetErrorName: fn(CURESULT, ["error", INT], ["pStr", out(PVOID)]),
  cuGetErrorString: fn(CURESULT, ["error", INT], ["pStr", out(PVOID)]),
  cuModuleGetLoadingMode: fn(CURESULT, ["mode", out(CUenum)]),
});

export const deviceApi = api("nvcuda", {
  cuDeviceGetCount: fn(CURESULT, ["count", out(INT)]),
  cuDeviceGet: fn(CURESULT, ["device", out(CUdevice)], ["ordinal", INT]),
  cuDeviceGetName: fn(CURESULT, ["name", BYTES], ["len", INT], ["dev", CUdevice]),
  cuDeviceTotalMem: alias("cuDeviceTotalMem_v2"),
  cuDeviceTotalMem_v2: fn(CURESULT, ["bytes", out(SIZE_T)], ["dev", CUdevice]),
  cuDeviceGetAttribute: fn(CURESULT, ["pi", out(INT)], ["attrib", CUenum], ["dev", CUdevice]),
  cuDeviceGetUuid: alias("cuDeviceGetUuid_v2"),
  cuDeviceGetUuid_v2: fn(CURESULT, ["uuid", BYTES], ["dev", CUdevice]),
  cuDeviceGetLuid: fn(CURESULT, ["luid", BYTES], ["deviceNodeMask", out(UINT)], ["dev", CUdevice]),
  cuDeviceGetPCIBusId: fn(CURESULT, ["pciBusId", BYTES], ["len", INT], ["dev", CUdevice]),
  cuDeviceGetByPCIBusId: fn(CURESULT, ["dev", out(CUdevice)], ["pciBusId", LPCSTR]),
  cuDeviceComputeCapability: fn(CURESULT, ["major", out(INT)], ["minor", out(INT)], ["dev", CUdevice]),
  cuDeviceGetProperties: fn(CURESULT, ["prop", out(byteBlock(44))], ["dev", CUdevice]),
  cuDeviceGetP2PAttribute: fn(CURESULT, ["value", out(INT)], ["attrib", CUenum], ["srcDevice", CUdevice], ["dstDevice", CUdevice]),
  cuDeviceGetExecAffinitySupport: fn(CURESULT, ["pi", out(INT)], ["type", CUenum], ["dev", CUdevice]),
  cuDeviceCanAccessPeer: fn(CURESULT, ["canAccessPeer", out(INT)], ["dev", CUdevice], ["peerDev", CUdevice]),
});

export const contextApi = api("nvcuda", {
  cuDevicePrimaryCtxRetain: fn(CURESULT, ["pctx", out(CUcontext)], ["dev", CUdevice]),
  cuDevicePrimaryCtxRelease: alias("cuDevicePrimaryCtxRelease_v2"),
  cuDevicePrimaryCtxRelease_v2: fn(CURESULT, ["dev", CUdevice]),
  cuDevicePrimaryCtxReset: alias("cuDevicePrimaryCtxReset_v2"),
  cuDevicePrimaryCtxReset_v2: fn(CURESULT, ["dev", CUdevice]),
  cuDevicePrimaryCtxSetFlags: alias("cuDevicePrimaryCtxSetFlags_v2"),
  cuDevicePrimaryCtxSetFlags_v2: fn(CURESULT, ["dev", CUdevice], ["flags", UINT]),
  cuDevicePrimaryCtxGetState: fn(CURESULT, ["dev", CUdevice], ["flags", out(UINT)], ["active", out(INT)]),
  cuCtxCreate: alias("cuCtxCreate_v2"),
  cuCtxCreate_v2: fn(CURESULT, ["pctx", out(CUcontext)], ["flags", UINT], ["dev", CUdevice]),
  cuCtxCreate_v3: fn(CURESULT, ["pctx", out(CUcontext)], ["paramsArray", PVOID], ["numParams", INT], ["flags", UINT], ["dev", CUdevice]),
  cuCtxCreate_v4: fn(CURESULT, ["pctx", out(CUcontext)], ["ctxCreateParams", PVOID], ["flags", UINT], ["dev", CUdevice]),
  cuCtxDestroy: alias("cuCtxDestroy_v2"),
  cuCtxDestroy_v2: fn(CURESULT, ["ctx", CUcontext]),
  cuCtxGetCurrent: fn(CURESULT, ["pctx", out(CUcontext)]),
  cuCtxSetCurrent: fn(CURESULT, ["ctx", CUcontext]),
  cuCtxPushCurrent: alias("cuCtxPushCurrent_v2"),
  cuCtxPushCurrent_v2: fn(CURESULT, ["ctx", CUcontext]),
  cuCtxPopCurrent: alias("cuCtxPopCurrent_v2"),
  cuCtxPopCurrent_v2: fn(CURESULT, ["pctx", optional(out(CUcontext))]),
  cuCtxGetDevice: fn(CURESULT, ["device", out(CUdevice)]),
  cuCtxGetDevice_v2: fn(CURESULT, ["device", out(CUdevice)], ["ctx", CUcontext]),
  cuCtxSynchronize_v2: fn(CURESULT, ["ctx", CUcontext]),
  cuCtxSetFlags: fn(CURESULT, ["flags", UINT]),
  cuCtxGetSharedMemConfig: fn(CURESULT, ["pConfig", out(CUenum)]),
  cuCtxSetSharedMemConfig: fn(CURESULT, ["config", CUenum]),
  cuCtxResetPersistingL2Cache: fn(CURESULT),
  cuCtxEnablePeerAccess: fn(CURESULT, ["peerContext", CUcontext], ["Flags", UINT]),
  cuCtxDisablePeerAccess: fn(CURESULT, ["peerContext", CUcontext]),
  cuCtxGetFlags: fn(CURESULT, ["flags", out(UINT)]),
  cuCtxGetId: fn(CURESULT, ["ctx", CUcontext], ["ctxId", out(ULONGLONG)]),
  cuCtxGetApiVersion: fn(CURESULT, ["ctx", CUcontext], ["version", out(UINT)]),
  cuCtxSynchronize: fn(CURESULT),
  cuCtxGetLimit: fn(CURESULT, ["pvalue", out(SIZE_T)], ["limit", CUenum]),
  cuCtxSetLimit: fn(CURESULT, ["limit", CUenum], ["value", SIZE_T]),
  cuCtxGetCacheConfig: fn(CURESULT, ["pconfig", out(CUenum)]),
  cuCtxSetCacheConfig: fn(CURESULT, ["config", CUenum]),
  cuCtxGetStreamPriorityRange: fn(CURESULT, ["leastPriority", optional(out(INT))], ["greatestPriority", optional(out(INT))]),
});

export const moduleApi = api("nvcuda", {
  cuModuleLoad: fn(CURESULT, ["module", out(CUmodule)], ["fname", LPCSTR]),
  cuModuleLoadData: fn(CURESULT, ["module", out(CUmodule)], ["image", PVOID]),
  cuModuleLoadDataEx: fn(
    CURESULT,
    ["module", out(CUmodule)],
    ["image", PVOID],
    ["numOptions", UINT],
    ["options", arrayIn(INT, "numOptions")],
    ["optionValues", PVOID],
  ),
  cuModuleLoadFatBinary: fn(CURESULT, ["module", out(CUmodule)], ["fatCubin", PVOID]),
  cuModuleUnload: fn(CURESULT, ["hmod", CUmodule]),
  cuModuleGetFunction: fn(CURESULT, ["hfunc", out(CUfunction)], ["hmod", CUmodule], ["name", LPCSTR]),
  cuModuleGetFunctionCount: fn(CURESULT, ["count", out(UINT)], ["mod", CUmodule]),
  cuModuleGetGlobal: alias("cuModuleGetGlobal_v2"),
  cuModuleGetGlobal_v2: fn(
    CURESULT,
    ["dptr", optional(out(CUdeviceptr))],
    ["bytes", optional(out(SIZE_T))],
    ["hmod", CUmodule],
    ["name", LPCSTR],
  ),
  cuFuncGetAttribute: fn(CURESULT, ["pi", out(INT)], ["attrib", CUenum], ["hfunc", CUfunction]),
  cuFuncSetAttribute: fn(CURESULT, ["hfunc", CUfunction], ["attrib", CUenum], ["value", INT]),
  cuFuncSetCacheConfig: fn(CURESULT, ["hfunc", CUfunction], ["config", CUenum]),
  cuFuncSetSharedMemConfig: fn(CURESULT, ["hfunc", CUfunction], ["config", CUenum]),
  cuFuncGetModule: fn(CURESULT, ["hmod", out(CUmodule)], ["hfunc", CUfunction]),
  cuFuncGetName: fn(CURESULT, ["name", out(PVOID)], ["hfunc", CUfunction]),
  cuFuncGetParamInfo: fn(
    CURESULT,
    ["func", CUfunction],
    ["paramIndex", SIZE_T],
    ["paramOffset", out(SIZE_T)],
    ["paramSize", optional(out(SIZE_T))],
  ),
  cuOccupancyMaxActiveBlocksPerMultiprocessor: fn(
    CURESULT,
    ["numBlocks", out(INT)],
    ["func", CUfunction],
    ["blockSize", INT],
    ["dynamicSMemSize", SIZE_T],
  ),
  cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags: fn(
    CURESULT,
    ["numBlocks", out(INT)],
    ["func", CUfunction],
    ["blockSize", INT],
    ["dynamicSMemSize", SIZE_T],
    ["flags", UINT],
  ),
});

const copyHtoD = fn(CURESULT, ["dstDevice", CUdeviceptr], ["srcHost", bytesIn("ByteCount")], ["ByteCount", SIZE_T]);
const copyDtoH = fn(CURESULT, ["dstHost", bytesOut("ByteCount")], ["srcDevice", CUdeviceptr], ["ByteCount", SIZE_T]);
const copyDtoD = fn(CURESULT, ["dstDevice", CUdeviceptr], ["srcDevice", CUdeviceptr], ["ByteCount", SIZE_T]);
const copyAny = fn(CURESULT, ["dst", CUdeviceptr], ["src", CUdeviceptr], ["ByteCount", SIZE_T]);
const copyHtoDAsync = fn(
  CURESULT,
  ["dstDevice", CUdeviceptr],
  ["srcHost", bytesIn("ByteCount")],
  ["ByteCount", SIZE_T],
  ["hStream", CUstream],
);
const copyDtoHAsync = fn(
  CURESULT,
  ["dstHost", bytesOut("ByteCount")],
  ["srcDevice", CUdeviceptr],
  ["ByteCount", SIZE_T],
  ["hStream", CUstream],
);
const copyDtoDAsync = fn(CURESULT, ["dstDevice", CUdeviceptr], ["srcDevice", CUdeviceptr], ["ByteCount", SIZE_T], ["hStream", CUstream]);
const copyAnyAsync = fn(CURESULT, ["dst", CUdeviceptr], ["src", CUdeviceptr], ["ByteCount", SIZE_T], ["hStream", CUstream]);
const setD8 = fn(CURESULT, ["dstDevice", CUdeviceptr], ["uc", UCHAR], ["N", SIZE_T]);
const setD16 = fn(CURESULT, ["dstDevice", CUdeviceptr], ["us", USHORT], ["N", SIZE_T]);
const setD32 = fn(CURESULT, ["dstDevice", CUdeviceptr], ["ui", UINT], ["N", SIZE_T]);
const setD8Async = fn(CURESULT, ["dstDevice", CUdeviceptr], ["uc", UCHAR], ["N", SIZE_T], ["hStream", CUstream]);
const setD16Async = fn(CURESULT, ["dstDevice", CUdeviceptr], ["us", USHORT], ["N", SIZE_T], ["hStream", CUstream]);
const setD32Async = fn(CURESULT, ["dstDevice", CUdeviceptr], ["ui", UINT], ["N", SIZE_T], ["hStream", CUstream]);
const rowsOnStream = (value: typeof UINT) =>
  fn(
    CURESULT,
    ["dstDevice", CUdeviceptr],
    ["dstPitch", SIZE_T],
    ["value", value],
    ["Width", SIZE_T],
    ["Height", SIZE_T],
    ["hStream", CUstream],
  );
const setD2D8 = fn(CURESULT, ["dstDevice", CUdeviceptr], ["dstPitch", SIZE_T], ["uc", UCHAR], ["Width", SIZE_T], ["Height", SIZE_T]);
const setD2D16 = fn(CURESULT, ["dstDevice", CUdeviceptr], ["dstPitch", SIZE_T], ["us", USHORT], ["Width", SIZE_T], ["Height", SIZE_T]);
const setD2D32 = fn(CURESULT, ["dstDevice", CUdeviceptr], ["dstPitch", SIZE_T], ["ui", UINT], ["Width", SIZE_T], ["Height", SIZE_T]);

export const memoryApi = api("nvcuda", {
  cuMemAlloc: alias("cuMemAlloc_v2"),
  cuMemAlloc_v2: fn(CURESULT, ["dptr", out(CUdeviceptr)], ["bytesize", SIZE_T]),
  cuMemAllocPitch: alias("cuMemAllocPitch_v2"),
  cuMemAllocPitch_v2: fn(
    CURESULT,
    ["dptr", out(CUdeviceptr)],
    ["pPitch", out(SIZE_T)],
    ["WidthInBytes", SIZE_T],
    ["Height", SIZE_T],
    ["ElementSizeBytes", UINT],
  ),
  cuMemFree: alias("cuMemFree_v2"),
  cuMemFree_v2: fn(CURESULT, ["dptr", CUdeviceptr]),
  cuMemGetInfo: alias("cuMemGetInfo_v2"),
  cuMemGetInfo_v2: fn(CURESULT, ["free", out(SIZE_T)], ["total", out(SIZE_T)]),
  cuMemGetAddressRange: alias("cuMemGetAddressRange_v2"),
  cuMemGetAddressRange_v2: fn(CURESULT, ["pbase", optional(out(CUdeviceptr))], ["psize", optional(out(SIZE_T))], ["dptr", CUdeviceptr]),
  cuMemcpy: copyAny,
  cuMemcpyAsync: copyAnyAsync,
  cuMemcpyHtoD: alias("cuMemcpyHtoD_v2"),
  cuMemcpyHtoD_v2: copyHtoD,
  cuMemcpyHtoDAsync: alias("cuMemcpyHtoDAsync_v2"),
  cuMemcpyHtoDAsync_v2: copyHtoDAsync,
  cuMemcpyDtoH: alias("cuMemcpyDtoH_v2"),
  cuMemcpyDtoH_v2: copyDtoH,
  cuMemcpyDtoHAsync: alias("cuMemcpyDtoHAsync_v2"),
  cuMemcpyDtoHAsync_v2: copyDtoHAsync,
  cuMemcpyDtoD: alias("cuMemcpyDtoD_v2"),
  cuMemcpyDtoD_v2: copyDtoD,
  cuMemcpyDtoDAsync: alias("cuMemcpyDtoDAsync_v2"),
  cuMemcpyDtoDAsync_v2: copyDtoDAsync,
  cuMemsetD8: alias("cuMemsetD8_v2"),
  cuMemsetD8_v2: setD8,
  cuMemsetD8Async: setD8Async,
  cuMemsetD16: alias("cuMemsetD16_v2"),
  cuMemsetD16_v2: setD16,
  cuMemsetD16Async: setD16Async,
  cuMemsetD32: alias("cuMemsetD32_v2"),
  cuMemsetD32_v2: setD32,
  cuMemsetD32Async: setD32Async,
  cuMemsetD2D8: alias("cuMemsetD2D8_v2"),
  cuMemsetD2D8_v2: setD2D8,
  cuMemsetD2D8Async: rowsOnStream(UCHAR),
  cuMemsetD2D16: alias("cuMemsetD2D16_v2"),
  cuMemsetD2D16_v2: setD2D16,
  cuMemsetD2D16Async: rowsOnStream(USHORT),
  cuMemsetD2D32: alias("cuMemsetD2D32_v2"),
  cuMemsetD2D32_v2: setD2D32,
  cuMemsetD2D32Async: rowsOnStream(UINT),
  cuPointerGetAttribute: fn(CURESULT, ["data", PVOID], ["attribute", CUenum], ["ptr", CUdeviceptr]),
  cuPointerGetAttributes: fn(
    CURESULT,
    ["numAttributes", UINT],
    ["attributes", arrayIn(CUenum, "numAttributes")],
    ["data", arrayIn(PVOID, "numAttributes")],
    ["ptr", CUdeviceptr],
  ),
});

export const hostMemoryApi = api("nvcuda", {
  cuMemHostAlloc: fn(CURESULT, ["pp", out(CUdeviceptr)], ["bytesize", SIZE_T], ["Flags", UINT]),
  cuMemAllocHost: alias("cuMemAllocHost_v2"),
  cuMemAllocHost_v2: fn(CURESULT, ["pp", out(CUdeviceptr)], ["bytesize", SIZE_T]),
  cuMemFreeHost: fn(CURESULT, ["p", CUdeviceptr]),
  cuMemHostRegister: alias("cuMemHostRegister_v2"),
  cuMemHostRegister_v2: fn(CURESULT, ["p", CUdeviceptr], ["bytesize", SIZE_T], ["Flags", UINT]),
  cuMemHostUnregister: fn(CURESULT, ["p", CUdeviceptr]),
  cuMemHostGetDevicePointer: alias("cuMemHostGetDevicePointer_v2"),
  cuMemHostGetDevicePointer_v2: fn(CURESULT, ["pdptr", out(CUdeviceptr)], ["p", CUdeviceptr], ["Flags", UINT]),
  cuMemHostGetFlags: fn(CURESULT, ["pFlags", out(UINT)], ["p", CUdeviceptr]),
});
