import { alias, api, fn, PVOID, SIZE_T } from "@decant/hook";
import { CUcontext, CUdeviceptr, CUhandle, CURESULT, CUstream } from "./types.ts";

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

const bytes = ["ByteCount", SIZE_T] as const;
const toArray = [
  ["dstArray", CUhandle],
  ["dstOffset", SIZE_T],
] as const;
const fromArray = [
  ["srcArray", CUhandle],
  ["srcOffset", SIZE_T],
] as const;
const toHost = ["dstHost", CUdeviceptr] as const;
const fromHost = ["srcHost", CUdeviceptr] as const;
const onStream = ["hStream", CUstream] as const;

export const copyApi = api("nvcuda", {
  cuMemcpyDtoA: alias("cuMemcpyDtoA_v2"),
  cuMemcpyDtoA_v2: fn(CURESULT, ...toArray, ["srcDevice", CUdeviceptr], bytes),
  cuMemcpyAtoD: alias("cuMemcpyAtoD_v2"),
  cuMemcpyAtoD_v2: fn(CURESULT, ["dstDevice", CUdeviceptr], ...fromArray, bytes),
  cuMemcpyHtoA: alias("cuMemcpyHtoA_v2"),
  cuMemcpyHtoA_v2: fn(CURESULT, ...toArray, fromHost, bytes),
  cuMemcpyAtoH: alias("cuMemcpyAtoH_v2"),
  cuMemcpyAtoH_v2: fn(CURESULT, toHost, ...fromArray, bytes),
  cuMemcpyAtoA: alias("cuMemcpyAtoA_v2"),
  cuMemcpyAtoA_v2: fn(CURESULT, ...toArray, ...fromArray, bytes),
  cuMemcpyHtoAAsync: alias("cuMemcpyHtoAAsync_v2"),
  cuMemcpyHtoAAsync_v2: fn(CURESULT, ...toArray, fromHost, bytes, onStream),
  cuMemcpyAtoHAsync: alias("cuMemcpyAtoHAsync_v2"),
  cuMemcpyAtoHAsync_v2: fn(CURESULT, toHost, ...fromArray, bytes, onStream),
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
