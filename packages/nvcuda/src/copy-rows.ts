import { type Copy, type CopySide, CUDA_ERROR, CudaError, linearCopy } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import { copyApi } from "./copy.api.ts";
import { guestBytes, low, postCopy, unifiedSide } from "./guest-copy.ts";
import { type GuestThread, implement, type Nvcuda } from "./library.ts";

/** Where the fields of one side of CUDA_MEMCPY2D and CUDA_MEMCPY3D lie, from its first; 3D has z, a level of detail and a height besides. */
const SIDE_2D = { y: 8, z: -1, memoryType: 16, host: 24, device: 32, array: 40, pitch: 48, height: -1, bytes: 56 } as const;
const SIDE_3D = { y: 8, z: 16, memoryType: 32, host: 40, device: 48, array: 56, pitch: 72, height: 80, bytes: 88 } as const;
/** CUmemorytype. */
export const MEMORY_TYPE = { HOST: 1, DEVICE: 2, ARRAY: 3, UNIFIED: 4 } as const;

export const copyRows = (nvcuda: Nvcuda) => {
  const copier = (is3D: boolean, isAsync: boolean) =>
    function* copyOfRows(thread: GuestThread, pCopy: number, hStream = 0): Waiting<void> {
      const { copy, isPinned } = readCopy(nvcuda, thread, pCopy, is3D);
      yield* postCopy(nvcuda, thread, copy, hStream, isAsync && isPinned);
    };
  function cuMemcpyPeer(thread: GuestThread, dst: number, dstContext: number, src: number, srcContext: number, bytes: number, hStream = 0) {
    nvcuda.cuda(thread).cuMemcpyPeer(dst, dstContext, src, srcContext, bytes, hStream);
  }
  /** A part of the only row of an array of one dimension. */
  const inRow = (thread: GuestThread, handle: number, offset: number, size: number): Pick<CopySide, "at"> => {
    const array = nvcuda.cuda(thread).array(handle);
    if (array.rows > 1 || array.slices > 1 || offset + size > array.rowBytes) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return { at: array.address + offset };
  };
  function* hostToArray(
    thread: GuestThread,
    dstArray: number,
    dstOffset: number,
    srcHost: number,
    size: number,
    hStream = 0,
  ): Waiting<void> {
    const src = { at: 0, memory: guestBytes(thread, low(srcHost), size, "read") };
    yield* postCopy(nvcuda, thread, linearCopy(inRow(thread, dstArray, dstOffset, size), src, size), hStream);
  }
  function* arrayToHost(
    thread: GuestThread,
    dstHost: number,
    srcArray: number,
    srcOffset: number,
    size: number,
    hStream = 0,
  ): Waiting<void> {
    const dst = { at: 0, memory: guestBytes(thread, low(dstHost), size, "write") };
    yield* postCopy(nvcuda, thread, linearCopy(dst, inRow(thread, srcArray, srcOffset, size), size), hStream);
  }
  return implement(copyApi, {
    cuMemcpyHtoA_v2: hostToArray,
    cuMemcpyHtoAAsync_v2: hostToArray,
    cuMemcpyAtoH_v2: arrayToHost,
    cuMemcpyAtoHAsync_v2: arrayToHost,
    *cuMemcpyDtoA_v2(thread, dstArray, dstOffset, srcDevice, size) {
      yield* postCopy(nvcuda, thread, linearCopy(inRow(thread, dstArray, dstOffset, size), { at: srcDevice }, size), 0);
    },
    *cuMemcpyAtoD_v2(thread, dstDevice, srcArray, srcOffset, size) {
      yield* postCopy(nvcuda, thread, linearCopy({ at: dstDevice }, inRow(thread, srcArray, srcOffset, size), size), 0);
    },
    *cuMemcpyAtoA_v2(thread, dstArray, dstOffset, srcArray, srcOffset, size) {
      const dst = inRow(thread, dstArray, dstOffset, size);
      yield* postCopy(nvcuda, thread, linearCopy(dst, inRow(thread, srcArray, srcOffset, size), size), 0);
    },
    cuMemcpy2D_v2: copier(false, false),
    cuMemcpy2DUnaligned_v2: copier(false, false),
    cuMemcpy2DAsync_v2: copier(false, true),
    cuMemcpy3D_v2: copier(true, false),
    cuMemcpy3DAsync_v2: copier(true, true),
    // The contexts that CUDA_MEMCPY3D_PEER names are those of the memory.
    cuMemcpy3DPeer: copier(true, false),
    cuMemcpy3DPeerAsync: copier(true, true),
    cuMemcpyPeer,
    cuMemcpyPeerAsync: cuMemcpyPeer,
  });
};

/** One side of a copy of rows, as a program describes it: where its first byte lies, and how rows and slices follow each other. */
export interface RowsSide {
  /** CUmemorytype. */
  readonly type: number;
  /** A pointer of the host's, or of the device's, or an array. */
  readonly at: number;
  readonly x?: number;
  readonly y?: number;
  readonly z?: number;
  /** Bytes from row to row, and rows from slice to slice; 0 for those that are copied, and no more. */
  readonly pitch?: number;
  readonly height?: number;
}

/** A copy of rows: `width` in bytes. */
export interface RowsCopy {
  readonly src: RowsSide;
  readonly dst: RowsSide;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/** Reads a CUDA_MEMCPY2D or CUDA_MEMCPY3D. `isPinned` says that the host's side, if it has one, is page-locked. */
export function readCopy(nvcuda: Nvcuda, thread: GuestThread, address: number, is3D: boolean): { copy: Copy; isPinned: boolean } {
  const { memory } = thread;
  const fields = is3D ? SIDE_3D : SIDE_2D;
  const size = (offset: number): number => Number(memory.u64(address + offset));
  const end = 2 * fields.bytes;
  const side = (begin: number): RowsSide => {
    const field = (offset: number): number => (offset < 0 ? 0 : size(begin + offset));
    const type = memory.u32(address + begin + fields.memoryType);
    const place = type === MEMORY_TYPE.ARRAY ? fields.array : type === MEMORY_TYPE.HOST ? fields.host : fields.device;
    return {
      type,
      at: field(place),
      x: size(begin),
      y: field(fields.y),
      z: field(fields.z),
      pitch: field(fields.pitch),
      height: field(fields.height),
    };
  };
  return rowsCopy(nvcuda, thread, {
    src: side(0),
    dst: side(fields.bytes),
    width: size(end),
    height: size(end + 8),
    depth: is3D ? size(end + 16) : 1,
  });
}

/** The copy that a description means, all of whose memory must be there. */
export function rowsCopy(nvcuda: Nvcuda, thread: GuestThread, described: RowsCopy): { copy: Copy; isPinned: boolean } {
  const { width, height, depth } = described;
  const side = ({ type, at, x = 0, y = 0, z = 0, ...rest }: RowsSide, access: "read" | "write"): CopySide => {
    if (type === MEMORY_TYPE.ARRAY) return arraySide(nvcuda, thread, at, { x, y, z }, described);
    const pitch = rest.pitch || x + width;
    const slice = pitch * (rest.height || y + height);
    if (pitch < x + width && height > 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const offset = x + y * pitch + z * slice;
    const bytes = width * height * depth === 0 ? 0 : (depth - 1) * slice + (height - 1) * pitch + width;
    if (type === MEMORY_TYPE.DEVICE) return { at: at + offset, pitch, slice };
    if (type === MEMORY_TYPE.UNIFIED) return { ...unifiedSide(nvcuda, thread, at + offset, bytes, access), pitch, slice };
    if (type !== MEMORY_TYPE.HOST) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return { at: 0, memory: guestBytes(thread, low(at) + offset, bytes, access), pitch, slice };
  };
  const isPinned = described.dst.type !== MEMORY_TYPE.ARRAY && nvcuda.state(thread).pinned.find(low(described.dst.at)) !== undefined;
  return { copy: { width, height, depth, src: side(described.src, "read"), dst: side(described.dst, "write") }, isPinned };
}

/** A place in an array: rows and slices as the array has them. */
function arraySide(
  nvcuda: Nvcuda,
  thread: GuestThread,
  handle: number,
  { x, y, z }: { x: number; y: number; z: number },
  { width, height, depth }: { width: number; height: number; depth: number },
): CopySide {
  const array = nvcuda.cuda(thread).array(handle);
  const isInside = x + width <= array.rowBytes && y + height <= array.rows && z + depth <= array.slices;
  if (!isInside || x % array.elementBytes !== 0 || width % array.elementBytes !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return { at: array.address + x + y * array.pitch + z * array.slice, pitch: array.pitch, slice: array.slice };
}
