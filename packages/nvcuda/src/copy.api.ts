import { alias, api, fn, PVOID, SIZE_T } from "@decant/hook";
import { CUcontext, CUdeviceptr, CURESULT, CUstream } from "./types.ts";

/* Copies of rows and slices, and between contexts ("CUDA Driver API", Memory Management, cuda.h 13.0). */

const rows = fn(CURESULT, ["pCopy", PVOID]);
const rowsAsync = fn(CURESULT, ["pCopy", PVOID], ["hStream", CUstream]);
const peer = [
  ["dstDevice", CUdeviceptr],
  ["dstContext", CUcontext],
  ["srcDevice", CUdeviceptr],
  ["srcContext", CUcontext],
  ["ByteCount", SIZE_T],
] as const;

export const copyApi = api("nvcuda", {
  cuMemcpy2D: alias("cuMemcpy2D_v2"),
  cuMemcpy2D_v2: rows,
  cuMemcpy2DUnaligned: alias("cuMemcpy2DUnaligned_v2"),
  cuMemcpy2DUnaligned_v2: rows,
  cuMemcpy2DAsync: alias("cuMemcpy2DAsync_v2"),
  cuMemcpy2DAsync_v2: rowsAsync,
  cuMemcpy3D: alias("cuMemcpy3D_v2"),
  cuMemcpy3D_v2: rows,
  cuMemcpy3DAsync: alias("cuMemcpy3DAsync_v2"),
  cuMemcpy3DAsync_v2: rowsAsync,
  cuMemcpy3DPeer: rows,
  cuMemcpy3DPeerAsync: rowsAsync,
  cuMemcpyPeer: fn(CURESULT, ...peer),
  cuMemcpyPeerAsync: fn(CURESULT, ...peer, ["hStream", CUstream]),
});
