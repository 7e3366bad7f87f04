import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { MEMORY_TYPE, type RowsCopy, type RowsSide } from "../copy-rows.ts";
import type { GuestThread } from "../library.ts";
import type { CudaRuntime } from "./runtime.ts";

/** cudaMemcpy3DParms: source, destination, then the extent. Each side: an array, a position (x, y, z), a cudaPitchedPtr (pointer, pitch, xsize, ysize). */
const PARAMETERS = { src: 0, dst: 64, extent: 128 } as const;
/** cudaMemcpy3DPeerParms: as above, with a device behind each side. */
const PEER = { src: 0, dst: 72, extent: 144 } as const;
const SIDE = { position: 8, pointer: 32, pitch: 40, ysize: 56 } as const;

/** Reads a cudaMemcpy3DParms. Where an array takes part, widths and the positions in it count its elements; otherwise all are bytes. */
export function readCopyParameters(runtime: CudaRuntime, thread: GuestThread, address: number, isPeer = false): RowsCopy {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const word = (offset: number): number => Number(thread.memory.u64(address + offset));
  const fields = isPeer ? PEER : PARAMETERS;
  const elementOf = (begin: number): number => (word(begin) === 0 ? 0 : runtime.cuda(thread).array(word(begin)).elementBytes);
  const element = elementOf(fields.src) || elementOf(fields.dst) || 1;
  const side = (begin: number): RowsSide => {
    const array = word(begin);
    const [x, y, z] = [0, 8, 16].map((offset) => word(begin + SIDE.position + offset)) as [number, number, number];
    if (array !== 0) return { type: MEMORY_TYPE.ARRAY, at: array, x: x * element, y, z };
    const [at, pitch, height] = [word(begin + SIDE.pointer), word(begin + SIDE.pitch), word(begin + SIDE.ysize)];
    return { type: MEMORY_TYPE.UNIFIED, at, x, y, z, pitch, height };
  };
  const [width, height, depth] = [0, 8, 16].map((offset) => word(fields.extent + offset)) as [number, number, number];
  return { src: side(fields.src), dst: side(fields.dst), width: width * element, height, depth };
}
