import { api, fn, out, PVOID, SIZE_T, UINT, ULONGLONG } from "@decant/hook";
import { CUdevice, CUdeviceptr, CUenum, CUhandle, CURESULT, CUstream } from "./types.ts";

/* Pools, managed and virtual memory ("CUDA Driver API", Stream Ordered Memory Allocator, Unified Addressing and Virtual Memory Management, cuda.h 13.0). */

export const poolApi = api("nvcuda", {
  cuDeviceGetDefaultMemPool: fn(CURESULT, ["pool_out", out(CUhandle)], ["dev", CUdevice]),
  cuDeviceGetMemPool: fn(CURESULT, ["pool", out(CUhandle)], ["dev", CUdevice]),
  cuDeviceSetMemPool: fn(CURESULT, ["dev", CUdevice], ["pool", CUhandle]),
  cuMemPoolCreate: fn(CURESULT, ["pool", out(CUhandle)], ["poolProps", PVOID]),
  cuMemPoolDestroy: fn(CURESULT, ["pool", CUhandle]),
  cuMemPoolTrimTo: fn(CURESULT, ["pool", CUhandle], ["minBytesToKeep", SIZE_T]),
  cuMemPoolGetAttribute: fn(CURESULT, ["pool", CUhandle], ["attr", CUenum], ["value", PVOID]),
  cuMemPoolSetAttribute: fn(CURESULT, ["pool", CUhandle], ["attr", CUenum], ["value", PVOID]),
  cuMemPoolGetAccess: fn(CURESULT, ["flags", out(CUenum)], ["memPool", CUhandle], ["location", PVOID]),
  cuMemPoolSetAccess: fn(CURESULT, ["pool", CUhandle], ["map", PVOID], ["count", SIZE_T]),
  cuMemAllocAsync: fn(CURESULT, ["dptr", out(CUdeviceptr)], ["bytesize", SIZE_T], ["hStream", CUstream]),
  cuMemAllocFromPoolAsync: fn(CURESULT, ["dptr", out(CUdeviceptr)], ["bytesize", SIZE_T], ["pool", CUhandle], ["hStream", CUstream]),
  cuMemFreeAsync: fn(CURESULT, ["dptr", CUdeviceptr], ["hStream", CUstream]),
});

export const managedApi = api("nvcuda", {
  cuMemAllocManaged: fn(CURESULT, ["dptr", out(CUdeviceptr)], ["bytesize", SIZE_T], ["flags", UINT]),
  cuMemPrefetchAsync: fn(CURESULT, ["devPtr", CUdeviceptr], ["count", SIZE_T], ["dstDevice", CUdevice], ["hStream", CUstream]),
  cuMemPrefetchAsync_v2: fn(
    CURESULT,
    ["devPtr", CUdeviceptr],
    ["count", SIZE_T],
    ["location", ULONGLONG],
    ["flags", UINT],
    ["hStream", CUstream],
  ),
  cuMemAdvise: fn(CURESULT, ["devPtr", CUdeviceptr], ["count", SIZE_T], ["advice", CUenum], ["device", CUdevice]),
  cuMemAdvise_v2: fn(CURESULT, ["devPtr", CUdeviceptr], ["count", SIZE_T], ["advice", CUenum], ["location", ULONGLONG]),
});

export const virtualMemoryApi = api("nvcuda", {
  cuMemGetAllocationGranularity: fn(CURESULT, ["granularity", out(SIZE_T)], ["prop", PVOID], ["option", CUenum]),
  cuMemAddressReserve: fn(
    CURESULT,
    ["ptr", out(CUdeviceptr)],
    ["size", SIZE_T],
    ["alignment", SIZE_T],
    ["addr", CUdeviceptr],
    ["flags", ULONGLONG],
  ),
  cuMemAddressFree: fn(CURESULT, ["ptr", CUdeviceptr], ["size", SIZE_T]),
  cuMemCreate: fn(CURESULT, ["handle", out(ULONGLONG)], ["size", SIZE_T], ["prop", PVOID], ["flags", ULONGLONG]),
  cuMemRelease: fn(CURESULT, ["handle", CUhandle]),
  cuMemRetainAllocationHandle: fn(CURESULT, ["handle", out(ULONGLONG)], ["addr", CUdeviceptr]),
  cuMemGetAllocationPropertiesFromHandle: fn(CURESULT, ["prop", PVOID], ["handle", CUhandle]),
  cuMemMap: fn(CURESULT, ["ptr", CUdeviceptr], ["size", SIZE_T], ["offset", SIZE_T], ["handle", CUhandle], ["flags", ULONGLONG]),
  cuMemUnmap: fn(CURESULT, ["ptr", CUdeviceptr], ["size", SIZE_T]),
  cuMemSetAccess: fn(CURESULT, ["ptr", CUdeviceptr], ["size", SIZE_T], ["desc", PVOID], ["count", SIZE_T]),
  cuMemGetAccess: fn(CURESULT, ["flags", out(ULONGLONG)], ["location", PVOID], ["ptr", CUdeviceptr]),
});
