import { I32, I64, V128 } from "@decant/wasm";

/** Bits of what `compareStrings` answers: the index from bit 0, flags above it, the mask from bit 16. */
export const STRING_FLAGS = { CF: 1 << 8, ZF: 1 << 9, SF: 1 << 10, OF: 1 << 11 } as const;
export const STRING_MASK_SHIFT = 16;

/** The functions of the module, which generated code imports as helpers. */
export const VECTOR_HELPERS = {
  /** (imm, first, second, length of the first, of the second): a length is in elements, -1 up to the first that is 0. */
  compareStrings: { parameters: [I32, V128, V128, I32, I32], results: [I32] },
  /** (state, round key) */
  aesenc: { parameters: [V128, V128], results: [V128] },
  aesenclast: { parameters: [V128, V128], results: [V128] },
  aesdec: { parameters: [V128, V128], results: [V128] },
  aesdeclast: { parameters: [V128, V128], results: [V128] },
  aesimc: { parameters: [V128], results: [V128] },
  /** (key, round constant) */
  aeskeygen: { parameters: [V128, I32], results: [V128] },
  /** Two polynomials over GF(2) of 64 bits. */
  carrylessMultiply: { parameters: [I64, I64], results: [V128] },
  /** (crc, data, bytes): CRC-32C. */
  crc32: { parameters: [I32, I64, I32], results: [I32] },
} as const;
