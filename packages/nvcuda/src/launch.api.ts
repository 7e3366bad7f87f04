import { api, CALLBACK, fn, INT, out, PVOID, SIZE_T, UINT } from "@decant/hook";
import { CUfunction, CURESULT, CUstream } from "./types.ts";

/* Launches and occupancy ("CUDA Driver API", Execution Control and Occupancy, cuda.h 13.0). */

const shape = [
  ["f", CUfunction],
  ["gridDimX", UINT],
  ["gridDimY", UINT],
  ["gridDimZ", UINT],
  ["blockDimX", UINT],
  ["blockDimY", UINT],
  ["blockDimZ", UINT],
  ["sharedMemBytes", UINT],
  ["hStream", CUstream],
  ["kernelParams", PVOID],
] as const;
const blockSize = [
  ["minGridSize", out(INT)],
  ["blockSize", out(INT)],
  ["func", CUfunction],
  ["blockSizeToDynamicSMemSize", CALLBACK],
  ["dynamicSMemSize", SIZE_T],
  ["blockSizeLimit", INT],
] as const;

export const launchApi = api("nvcuda", {
  cuLaunchKernel: fn(CURESULT, ...shape, ["extra", PVOID]),
  cuLaunchCooperativeKernel: fn(CURESULT, ...shape),
  cuLaunchKernelEx: fn(CURESULT, ["config", PVOID], ["f", CUfunction], ["kernelParams", PVOID], ["extra", PVOID]),
  cuOccupancyMaxPotentialBlockSize: fn(CURESULT, ...blockSize),
  cuOccupancyMaxPotentialBlockSizeWithFlags: fn(CURESULT, ...blockSize, ["flags", UINT]),
  cuOccupancyAvailableDynamicSMemPerBlock: fn(
    CURESULT,
    ["dynamicSmemSize", out(SIZE_T)],
    ["func", CUfunction],
    ["numBlocks", INT],
    ["blockSize", INT],
  ),
});
