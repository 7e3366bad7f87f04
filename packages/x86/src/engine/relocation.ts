/**
 * What in a unit's code is known only when it is put into a module. A unit that was made once can so be put into any module of any run: no place of a module,
 * API index or stub address is part of it.
 */
export const RELOCATION = {
  /** i32: the module's slot. */
  slot: 0,
  /** i32: jumpCacheSalt(slot) * 8. */
  slotSalt: 1,
  /** i64: slot * 2^16. */
  slotHigh: 2,
  /** i32: a stub's API index, and its address. */
  apiIndex: 3,
  stubAddress: 4,
  /** A call of, or a jump to, a guest function: direct in the same module, through the module's table otherwise. */
  call: 5,
  jump: 6,
  /** The number of an imported function (module-context.ts). */
  import: 7,
} as const;

export type RelocationKind = (typeof RELOCATION)[keyof typeof RELOCATION];

/** In a unit's relocations a word holds the kind, and above it the number of the stub or target. */
export const KIND_BITS = 4;

/** Bytes of a constant's value: a LEB128 of 35 bits. */
export const CONSTANT_BYTES = 5;
/** Bytes of a call: `i32.const n; call_indirect type table`, or `call f` and three nops. */
export const CALL_BYTES = 9;

/** Writes a constant's value, or a function's number below 2^31: a LEB128 of a number taken as 32 bits, signed, at its full length. */
export function writeConstant(bytes: Uint8Array, at: number, value: number): void {
  let rest = value | 0;
  for (let i = 0; i < CONSTANT_BYTES - 1; i++) {
    bytes[at + i] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  bytes[at + CONSTANT_BYTES - 1] = rest & 0x7f;
}

const OP_CALL = 0x10;
const OP_CALL_INDIRECT = 0x11;
const OP_I32_CONST = 0x41;
const OP_NOP = 0x01;
/** From a call's opcode to that of its tail form. */
const TAIL = 2;

/** Writes a call of a function of the same module. */
export function writeDirectCall(bytes: Uint8Array, at: number, functionIndex: number, isTail: boolean): void {
  bytes[at] = OP_CALL + (isTail ? TAIL : 0);
  writeConstant(bytes, at + 1, functionIndex);
  bytes.fill(OP_NOP, at + 1 + CONSTANT_BYTES, at + CALL_BYTES);
}

/** Writes a call through place `n` of table 0. The type's index is below 64. */
export function writeTableCall(bytes: Uint8Array, at: number, n: number, typeIndex: number, isTail: boolean): void {
  bytes[at] = OP_I32_CONST;
  writeConstant(bytes, at + 1, n);
  bytes[at + 1 + CONSTANT_BYTES] = OP_CALL_INDIRECT + (isTail ? TAIL : 0);
  bytes[at + 2 + CONSTANT_BYTES] = typeIndex;
  bytes[at + 3 + CONSTANT_BYTES] = 0;
}
