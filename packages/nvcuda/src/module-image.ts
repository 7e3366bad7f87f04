import { CUDA_ERROR, CudaError } from "@decant/cuda";
import type { GuestMemory } from "@decant/memory";

/** The wrapper that nvcc puts around a fatbin (`__fatBinC_Wrapper_t`): its data's address is at offset 8. */
const FATBIN_WRAPPER = 0x466243b1;
const FATBIN = 0xba55ed50;
const ELF = 0x464c457f;
const MAX_IMAGE_BYTES = 0x4000_0000;

/**
 * A copy of the module image at an address. Its kind says how long it is: a fatbin by its header (a u16 header size at
 * 6, a u64 size of the rest at 8), an ELF cubin by its section and program header tables, PTX text by its NUL.
 */
export function readModuleImage(memory: GuestMemory, address: number): Uint8Array {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const magic = memory.accessible(address, 4, "read") ? memory.u32(address) : 0;
  if (magic === FATBIN_WRAPPER) return readModuleImage(memory, memory.u32(address + 8));
  if (magic === FATBIN) return memory.read(address, checked(memory.u16(address + 6) + Number(memory.u64(address + 8))));
  if (magic === ELF) return memory.read(address, checked(elfBytes(memory, address)));
  return memory.read(address, memory.cstringLength(address, MAX_IMAGE_BYTES));
}

/** ELF64: program headers at 0x20 (0x36 bytes each, 0x38 of them), section headers at 0x28 (0x3a, 0x3c); the tables end the file in a cubin. */
function elfBytes(memory: GuestMemory, address: number): number {
  const end = (offset: number, size: number, count: number): number =>
    Number(memory.u64(address + offset)) + memory.u16(address + size) * memory.u16(address + count);
  return Math.max(end(0x20, 0x36, 0x38), end(0x28, 0x3a, 0x3c));
}

function checked(bytes: number): number {
  if (bytes > MAX_IMAGE_BYTES) throw new CudaError(CUDA_ERROR.INVALID_IMAGE);
  return bytes;
}
