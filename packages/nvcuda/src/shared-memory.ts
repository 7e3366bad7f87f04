import { CUDA_ERROR, CudaError, sharedAllocation } from "@decant/cuda";
import { PAGE, USER_END } from "@decant/memory";
import { guestBytes } from "./guest-copy.ts";
import type { GuestThread, Nvcuda } from "./library.ts";

/** Windows reserves at multiples of it. */
const GRANULE = 0x1_0000;
/** Places that are tried before there is said to be no room. */
const TRIES = 64;

/**
 * Memory that guest and device see under the same pointer: the device's address, whose low 32 bits are the guest's (which is all of a pointer that guest code
 * looks at). `address` is the guest's part.
 */
export function allocateShared(nvcuda: Nvcuda, thread: GuestThread, size: number): { address: number; dptr: number } {
  const cuda = nvcuda.cuda(thread);
  const { base, end, isFree } = sharedAllocation(cuda.thread);
  const address = findPlace(thread, size, end, (at) => isFree(base + at, size));
  try {
    const memory = guestBytes(thread, address, size, "write");
    return { address, dptr: cuda.allocateShared(size, memory, base + address) };
  } catch (error) {
    thread.memory.release(address);
    throw error;
  }
}

/** Device memory that mirrors memory that the guest has: the device's pointer is another. */
export function mirror(nvcuda: Nvcuda, thread: GuestThread, address: number, size: number): number {
  return nvcuda.cuda(thread).allocateShared(size, guestBytes(thread, address, size, "read"));
}

/** Guest memory at an address that suits the device too: from the top down, as the device's own allocations begin at the bottom. */
function findPlace(thread: GuestThread, size: number, end: number, suits: (address: number) => boolean): number {
  const { memory } = thread;
  const refused: number[] = [];
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const address = memory.allocate(Math.ceil(size / GRANULE) * GRANULE, PAGE.READWRITE, {
        topDown: true,
        below: Math.min(end, USER_END),
      });
      if (address === undefined) break;
      if (suits(address)) return address;
      // It is kept for the moment, so that the next one is another.
      refused.push(address);
    }
  } finally {
    for (const address of refused) memory.release(address);
  }
  throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
}
