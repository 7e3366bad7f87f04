import { type Copy, copy, type CopySide, CUDA_ERROR, CudaError, type HostMemory, PIECE_BYTES } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import type { GuestThread, Nvcuda } from "./library.ts";

/** Guest memory as a copy sees it. All of it must be accessible at the call: CUDA_ERROR_INVALID_VALUE. */
export function guestBytes({ memory }: GuestThread, address: number, size: number, access: "read" | "write"): HostMemory {
  if (size > 0 && !memory.accessible(address, size, access)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return {
    read: (offset, length) => memory.slice(address + offset, length),
    write: (offset, bytes) => memory.write(address + offset, bytes),
    view: (offset, length) => memory.writableSlice(address + offset, length),
  };
}

/** A host pointer's guest address: an image above 4 GiB, and managed memory, put a high half on it. */
export function low(pointer: number): number {
  return pointer % 2 ** 32;
}

/** What a pointer of unified addressing means: device memory where there is an allocation, otherwise the guest's. `bytes` are all that the copy touches from it on. */
export function unifiedSide(
  nvcuda: Nvcuda,
  thread: GuestThread,
  pointer: number,
  bytes: number,
  access: "read" | "write",
): Pick<CopySide, "at" | "memory"> {
  if (nvcuda.cuda(thread).client.holder(pointer)) return { at: pointer };
  return { at: 0, memory: guestBytes(thread, low(pointer), bytes, access) };
}

/**
 * Posts a copy for a guest. One to the host is waited for, unless it goes to page-locked memory. A large one to the device goes piece by piece, and waits
 * while the channel is full; its bytes are taken as it goes.
 */
export function* postCopy(nvcuda: Nvcuda, thread: GuestThread, given: Copy, hStream: number, isPinned = false): Waiting<void> {
  const cuda = nvcuda.cuda(thread);
  const { dst, src, width, height, depth } = given;
  const isLongRow = height === 1 && depth === 1 && width > PIECE_BYTES && src.memory !== undefined && dst.memory === undefined;
  if (!isLongRow || cuda.thread.stream(hStream).capture) {
    const landed = copy(cuda.thread, given, hStream, isPinned ? "leaves" : "waits");
    if (landed && !isPinned) yield* waitFor(landed);
    return;
  }
  // The whole target is looked at before the first piece goes.
  cuda.client.contextOf(dst.at, width);
  for (let offset = 0; offset < width; offset += PIECE_BYTES) {
    const size = Math.min(PIECE_BYTES, width - offset);
    void copy(cuda.thread, { ...given, dst: { ...dst, at: dst.at + offset }, src: { ...src, at: src.at + offset }, width: size }, hStream);
    const full = cuda.backpressure();
    if (full) yield* waitFor(full);
  }
}
