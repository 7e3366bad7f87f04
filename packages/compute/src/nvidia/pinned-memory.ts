import { check, type Libcuda } from "./libcuda.ts";

/** Page-locked memory of the host, which the device reaches at the same address (cuMemHostAlloc, portable and mapped). It lives as long as the process. */
export interface PinnedMemory {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

const PORTABLE_AND_MAPPED = 3;

/** Needs a current context. */
export function pinnedMemory(cuda: Libcuda, size: number): PinnedMemory {
  const address = new BigUint64Array(1);
  check(cuda.cuMemHostAlloc(address, size, PORTABLE_AND_MAPPED));
  return { address: address[0]!, bytes: cuda.view(address[0]!, size) };
}
