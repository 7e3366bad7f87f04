import { CudaError } from "@decant/cuda";
import { api, fn, INT, PVOID, SIZE_T, type Waiting } from "@decant/hook";
import { MEMORY_TYPE, type RowsCopy, rowsCopy, type RowsSide } from "../copy-rows.ts";
import { postCopy } from "../guest-copy.ts";
import type { GuestThread } from "../library.ts";
import { copies } from "../memory.ts";
import { CUdevice, CUdeviceptr, CUhandle, CUstream } from "../types.ts";
import { CUDA_RUNTIME_ERROR } from "./error-names.ts";
import { runtimeTopic } from "./forms.ts";
import { readCopyParameters } from "./copy-parameters.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CopyKind, CUDA_ERROR_T } from "./types.ts";

/* Copies and fills ("CUDA Runtime API", Memory Management). Where memory lies is told by its address, as with unified addressing it is; `kind` is only checked. */

const stream = ["stream", CUstream] as const;
const kind = ["kind", CopyKind] as const;
const linear = [["dst", CUdeviceptr], ["src", CUdeviceptr], ["count", SIZE_T]] as const; // prettier-ignore
const rows = [["dst", CUdeviceptr], ["dpitch", SIZE_T], ["src", CUdeviceptr], ["spitch", SIZE_T], ["width", SIZE_T], ["height", SIZE_T]] as const; // prettier-ignore
const toArray = [["dst", CUhandle], ["wOffset", SIZE_T], ["hOffset", SIZE_T], ["src", CUdeviceptr]] as const; // prettier-ignore
const fromArray = [["dst", CUdeviceptr]] as const;
const inArray = [["src", CUhandle], ["wOffset", SIZE_T], ["hOffset", SIZE_T]] as const; // prettier-ignore
const size = [["width", SIZE_T], ["height", SIZE_T]] as const; // prettier-ignore
const count = ["count", SIZE_T] as const;
const pitch = ["pitch", SIZE_T] as const;
const toSymbol = [["symbol", PVOID], ["src", CUdeviceptr], count, ["offset", SIZE_T], kind] as const; // prettier-ignore
const fromSymbol = [["dst", CUdeviceptr], ["symbol", PVOID], count, ["offset", SIZE_T], kind] as const; // prettier-ignore
const peer = [["dst", CUdeviceptr], ["dstDevice", CUdevice], ["src", CUdeviceptr], ["srcDevice", CUdevice], count] as const; // prettier-ignore
const fill = [["devPtr", CUdeviceptr], ["value", INT], count] as const; // prettier-ignore
const fillRows = [["devPtr", CUdeviceptr], pitch, ["value", INT], ...size] as const;
/** cudaPitchedPtr and cudaExtent by value: by a pointer to a copy. */
const fillSlices = [["pitchedDevPtr", PVOID], ["value", INT], ["extent", PVOID]] as const; // prettier-ignore

export const copyApi = (dll: string) =>
  api(dll, {
    cudaMemcpy: fn(CUDA_ERROR_T, ...linear, kind),
    cudaMemcpyAsync: fn(CUDA_ERROR_T, ...linear, kind, stream),
    cudaMemcpy2D: fn(CUDA_ERROR_T, ...rows, kind),
    cudaMemcpy2DAsync: fn(CUDA_ERROR_T, ...rows, kind, stream),
    cudaMemcpyToArray: fn(CUDA_ERROR_T, ...toArray, count, kind),
    cudaMemcpyToArrayAsync: fn(CUDA_ERROR_T, ...toArray, count, kind, stream),
    cudaMemcpyFromArray: fn(CUDA_ERROR_T, ...fromArray, ...inArray, count, kind),
    cudaMemcpyFromArrayAsync: fn(CUDA_ERROR_T, ...fromArray, ...inArray, count, kind, stream),
    cudaMemcpy2DToArray: fn(CUDA_ERROR_T, ...toArray, ["spitch", SIZE_T], ...size, kind),
    cudaMemcpy2DToArrayAsync: fn(CUDA_ERROR_T, ...toArray, ["spitch", SIZE_T], ...size, kind, stream),
    cudaMemcpy2DFromArray: fn(CUDA_ERROR_T, ...fromArray, ["dpitch", SIZE_T], ...inArray, ...size, kind),
    cudaMemcpy2DFromArrayAsync: fn(CUDA_ERROR_T, ...fromArray, ["dpitch", SIZE_T], ...inArray, ...size, kind, stream),
    cudaMemcpy2DArrayToArray: fn(
      CUDA_ERROR_T,
      ["dst", CUhandle],
      ["wOffsetDst", SIZE_T],
      ["hOffsetDst", SIZE_T],
      ["src", CUhandle],
      ["wOffsetSrc", SIZE_T],
      ["hOffsetSrc", SIZE_T],
      ...size,
      kind,
    ),
    cudaMemcpy3D: fn(CUDA_ERROR_T, ["p", PVOID]),
    cudaMemcpy3DAsync: fn(CUDA_ERROR_T, ["p", PVOID], stream),
    cudaMemcpy3DPeer: fn(CUDA_ERROR_T, ["p", PVOID]),
    cudaMemcpy3DPeerAsync: fn(CUDA_ERROR_T, ["p", PVOID], stream),
    cudaMemcpyPeer: fn(CUDA_ERROR_T, ...peer),
    cudaMemcpyPeerAsync: fn(CUDA_ERROR_T, ...peer, stream),
    cudaMemcpyToSymbol: fn(CUDA_ERROR_T, ...toSymbol),
    cudaMemcpyToSymbolAsync: fn(CUDA_ERROR_T, ...toSymbol, stream),
    cudaMemcpyFromSymbol: fn(CUDA_ERROR_T, ...fromSymbol),
    cudaMemcpyFromSymbolAsync: fn(CUDA_ERROR_T, ...fromSymbol, stream),
    cudaMemset: fn(CUDA_ERROR_T, ...fill),
    cudaMemsetAsync: fn(CUDA_ERROR_T, ...fill, stream),
    cudaMemset2D: fn(CUDA_ERROR_T, ...fillRows),
    cudaMemset2DAsync: fn(CUDA_ERROR_T, ...fillRows, stream),
    cudaMemset3D: fn(CUDA_ERROR_T, ...fillSlices),
    cudaMemset3DAsync: fn(CUDA_ERROR_T, ...fillSlices, stream),
  });

/** A place that its address tells. */
const anywhere = (at: number, rowPitch = 0): RowsSide => ({ type: MEMORY_TYPE.UNIFIED, at, pitch: rowPitch });
/** A place in an array: bytes and rows. */
const within = (at: number, x: number, y: number): RowsSide => ({ type: MEMORY_TYPE.ARRAY, at, x, y });

export const runtimeCopies = (runtime: CudaRuntime, dll: string) => {
  const { nvcuda } = runtime;
  const { copyAny, setD8, setD2D8 } = copies(nvcuda);

  function* post(thread: GuestThread, described: RowsCopy, hStream: number, isAsync: boolean): Waiting<void> {
    const { copy, isPinned } = rowsCopy(nvcuda, thread, described);
    yield* postCopy(nvcuda, thread, copy, hStream, isAsync && isPinned);
  }
  const copyLinear =
    (isAsync: boolean) =>
    (thread: GuestThread, dst: number, src: number, bytes: number, way: number, hStream = 0): Waiting<void> | undefined => {
      checkKind(way);
      return bytes === 0 ? undefined : copyAny(thread, dst, src, bytes, hStream, isAsync);
    };
  const copyRows =
    (isAsync: boolean) =>
    (
      thread: GuestThread,
      dst: number,
      dpitch: number,
      src: number,
      spitch: number,
      width: number,
      height: number,
      way: number,
      hStream = 0,
    ) => {
      checkKind(way);
      return post(thread, { dst: anywhere(dst, dpitch), src: anywhere(src, spitch), width, height, depth: 1 }, hStream, isAsync);
    };
  const rowsToArray =
    (isAsync: boolean) =>
    (
      thread: GuestThread,
      dst: number,
      x: number,
      y: number,
      src: number,
      spitch: number,
      width: number,
      height: number,
      way: number,
      hStream = 0,
    ) => {
      checkKind(way);
      return post(thread, { dst: within(dst, x, y), src: anywhere(src, spitch), width, height, depth: 1 }, hStream, isAsync);
    };
  const rowsFromArray =
    (isAsync: boolean) =>
    (
      thread: GuestThread,
      dst: number,
      dpitch: number,
      src: number,
      x: number,
      y: number,
      width: number,
      height: number,
      way: number,
      hStream = 0,
    ) => {
      checkKind(way);
      return post(thread, { dst: anywhere(dst, dpitch), src: within(src, x, y), width, height, depth: 1 }, hStream, isAsync);
    };
  // A count of bytes goes along the rows of an array, the first from wOffset on.
  const toRowsOf =
    (isAsync: boolean) =>
    (thread: GuestThread, dst: number, x: number, y: number, src: number, bytes: number, way: number, hStream = 0) =>
      rowsToArray(isAsync)(thread, dst, x, y, src, ...rowsOf(thread, dst, bytes), way, hStream);
  const fromRowsOf =
    (isAsync: boolean) =>
    (thread: GuestThread, dst: number, src: number, x: number, y: number, bytes: number, way: number, hStream = 0) => {
      const [rowPitch, width, height] = rowsOf(thread, src, bytes);
      return rowsFromArray(isAsync)(thread, dst, rowPitch, src, x, y, width, height, way, hStream);
    };
  const rowsOf = (thread: GuestThread, array: number, bytes: number): [pitch: number, width: number, height: number] => {
    const { rowBytes } = runtime.cuda(thread).array(array);
    return bytes <= rowBytes ? [bytes, bytes, 1] : [rowBytes, rowBytes, Math.ceil(bytes / rowBytes)];
  };
  const copySlices =
    (isAsync: boolean, isPeer: boolean) =>
    (thread: GuestThread, p: number, hStream = 0) =>
      post(thread, readCopyParameters(runtime, thread, p, isPeer), hStream, isAsync);
  const copyPeer = (thread: GuestThread, dst: number, dstDevice: number, src: number, srcDevice: number, bytes: number, hStream = 0) =>
    runtime.cuda(thread).cuMemcpyPeer(dst, runtime.primary(thread, dstDevice), src, runtime.primary(thread, srcDevice), bytes, hStream);
  const copyToSymbol = (isAsync: boolean) =>
    function* toVariable(
      thread: GuestThread,
      symbol: number,
      src: number,
      bytes: number,
      offset: number,
      way: number,
      hStream = 0,
    ): Waiting<void> {
      checkKind(way);
      const { dptr } = yield* runtime.variable(thread, symbol);
      yield* copyAny(thread, dptr + offset, src, bytes, hStream, isAsync);
    };
  const copyFromSymbol = (isAsync: boolean) =>
    function* fromVariable(
      thread: GuestThread,
      dst: number,
      symbol: number,
      bytes: number,
      offset: number,
      way: number,
      hStream = 0,
    ): Waiting<void> {
      checkKind(way);
      const { dptr } = yield* runtime.variable(thread, symbol);
      yield* copyAny(thread, dst, dptr + offset, bytes, hStream, isAsync);
    };
  const set = (thread: GuestThread, devPtr: number, value: number, bytes: number, hStream = 0) => {
    if (bytes > 0) setD8(thread, devPtr, value & 0xff, bytes, hStream);
  };
  const setRows = (thread: GuestThread, devPtr: number, rowPitch: number, value: number, width: number, height: number, hStream = 0) => {
    if (width * height > 0) setD2D8(thread, devPtr, rowPitch, value & 0xff, width, height, hStream);
  };
  const setSlices = (thread: GuestThread, pitched: number, value: number, extent: number, hStream = 0) => {
    const word = (address: number): number => Number(thread.memory.u64(address));
    const [devPtr, rowPitch, , ysize] = [0, 8, 16, 24].map((offset) => word(pitched + offset)) as [number, number, number, number];
    const [width, height, depth] = [0, 8, 16].map((offset) => word(extent + offset)) as [number, number, number];
    for (let slice = 0; slice < depth; slice++) setRows(thread, devPtr + slice * rowPitch * ysize, rowPitch, value, width, height, hStream);
  };

  return runtimeTopic(runtime, "context")(copyApi(dll), {
    cudaMemcpy: copyLinear(false),
    cudaMemcpyAsync: copyLinear(true),
    cudaMemcpy2D: copyRows(false),
    cudaMemcpy2DAsync: copyRows(true),
    cudaMemcpyToArray: toRowsOf(false),
    cudaMemcpyToArrayAsync: toRowsOf(true),
    cudaMemcpyFromArray: fromRowsOf(false),
    cudaMemcpyFromArrayAsync: fromRowsOf(true),
    cudaMemcpy2DToArray: rowsToArray(false),
    cudaMemcpy2DToArrayAsync: rowsToArray(true),
    cudaMemcpy2DFromArray: rowsFromArray(false),
    cudaMemcpy2DFromArrayAsync: rowsFromArray(true),
    cudaMemcpy2DArrayToArray: (thread, dst, x, y, src, fromX, fromY, width, height, way) => {
      checkKind(way);
      return post(thread, { dst: within(dst, x, y), src: within(src, fromX, fromY), width, height, depth: 1 }, 0, false);
    },
    cudaMemcpy3D: copySlices(false, false),
    cudaMemcpy3DAsync: copySlices(true, false),
    cudaMemcpy3DPeer: copySlices(false, true),
    cudaMemcpy3DPeerAsync: copySlices(true, true),
    cudaMemcpyPeer: copyPeer,
    cudaMemcpyPeerAsync: copyPeer,
    cudaMemcpyToSymbol: copyToSymbol(false),
    cudaMemcpyToSymbolAsync: copyToSymbol(true),
    cudaMemcpyFromSymbol: copyFromSymbol(false),
    cudaMemcpyFromSymbolAsync: copyFromSymbol(true),
    cudaMemset: set,
    cudaMemsetAsync: set,
    cudaMemset2D: setRows,
    cudaMemset2DAsync: setRows,
    cudaMemset3D: setSlices,
    cudaMemset3DAsync: setSlices,
  });
};

/** cudaMemcpyHostToHost to cudaMemcpyDefault. */
function checkKind(way: number): void {
  if (way > 4) throw new CudaError(CUDA_RUNTIME_ERROR.INVALID_MEMCPY_DIRECTION);
}
