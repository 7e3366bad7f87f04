import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { Out } from "@decant/hook";
import type { GuestThread } from "./library.ts";

/** No program gives more at a time. */
const MOST_HANDLES = 1_000_000;

/** Reads an array of handles; NULL is no array, unless it has no elements. */
export function readHandles({ memory }: GuestThread, address: number, count: number): number[] {
  if (count > MOST_HANDLES || (count > 0 && address === 0)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return Array.from({ length: count }, (_, index) => Number(memory.u64(address + 8 * index)));
}

/** Stores handles in an array of the guest's. */
export function writeHandles({ memory }: GuestThread, address: number, handles: readonly number[]): void {
  if (handles.length > 0 && address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  for (const [index, handle] of handles.entries()) memory.setU64(address + 8 * index, BigInt(handle));
}

/** Answers a question for handles as CUDA does: how many there are where the array is NULL; otherwise as many as it holds, and NULL behind the last. */
export function giveHandles(thread: GuestThread, address: number, count: Out<number, number | bigint>, handles: readonly number[]): void {
  if (count.isNull) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (address !== 0) {
    const room = Math.min(count.get(), MOST_HANDLES);
    writeHandles(
      thread,
      address,
      Array.from({ length: room }, (_, index) => handles[index] ?? 0),
    );
    if (room < handles.length) {
      count.set(room);
      return;
    }
  }
  count.set(handles.length);
}
