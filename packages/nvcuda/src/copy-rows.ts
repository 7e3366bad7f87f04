import { type Copy, type CopySide, CUDA_ERROR, CudaError, linearCopy } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import { copyApi } from "./copy.api.ts";
import { guestBytes, low, postCopy, unifiedSide } from "./guest-copy.ts";
import { type GuestThread, implement, type Nvcuda } from "./library.ts";

/** Where the fields of one side of CUDA_MEMCPY2D and CUDA_MEMCPY3D lie, from its first; 3D has z, a level of detail and a height besides. */
const SIDE_2D = { y: 8, z: -1, memoryType: 16, host: 24, device: 32, array: 40, pitch: 48, height: -1, bytes: 56 } as const;
const SIDE_3D = { y: 8, z: 16, memoryType: 32, host: 40, device: 48, array: 56, pitch: 72, height: 80, bytes: 88 } as const;
/** CUmemorytype. */
const MEMORY_TYPE = { HOST: 1, DEVICE: 2, ARRAY: 3, UNIFIED: 4 } as const;

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

/** Reads a CUDA_MEMCPY2D or CUDA_MEMCPY3D. `isPinned` says that the host's side, if it has one, is page-locked. */
export function readCopy(nvcuda: Nvcuda, thread: GuestThread, address: number, is3D: boolean): { copy: Copy; isPinned: boolean } {
  const { memory } = thread;
  const fields = is3D ? SIDE_3D : SIDE_2D;
  const size = (offset: number): number => Number(memory.u64(address + offset));
  const end = 2 * fields.bytes;
  const shape = { width: size(end), height: size(end + 8), depth: is3D ? size(end + 16) : 1 };
  const side = (begin: number, access: "read" | "write"): CopySide => {
    const field = (offset: number): number => (offset < 0 ? 0 : size(begin + offset));
    const [x, y, z] = [size(begin), field(fields.y), field(fields.z)];
    const type = memory.u32(address + begin + fields.memoryType);
    if (type === MEMORY_TYPE.ARRAY) return arraySide(nvcuda, thread, field(fields.array), { x, y, z }, shape);
    const pitch = field(fields.pitch) || x + shape.width;
    const slice = pitch * (field(fields.height) || y + shape.height);
    if (pitch < x + shape.width && shape.height > 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const offset = x + y * pitch + z * slice;
    const bytes = shape.width * shape.height * shape.depth === 0 ? 0 : (shape.depth - 1) * slice + (shape.height - 1) * pitch + shape.width;
    if (type === MEMORY_TYPE.DEVICE) return { at: field(fields.device) + offset, pitch, slice };
    if (type === MEMORY_TYPE.UNIFIED) return { ...unifiedSide(nvcuda, thread, field(fields.device) + offset, bytes, access), pitch, slice };
    if (type !== MEMORY_TYPE.HOST) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const host = low(field(fields.host)) + offset;
    return { at: 0, memory: guestBytes(thread, host, bytes, access), pitch, slice };
  };
  const isPinned = nvcuda.state(thread).pinned.find(low(size(fields.bytes + fields.host))) !== undefined;
  return { copy: { ...shape, src: side(0, "read"), dst: side(fields.bytes, "write") }, isPinned };
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
