import { I32, I64, ModuleBuilder, OP, SIMD, type FunctionBuilder } from "@decant/wasm";
import { lanes, range } from "./lanes.ts";
import { STRING_FLAGS, STRING_MASK_SHIFT, VECTOR_HELPERS } from "./vector-functions.ts";

/** Where the module's tables lie in its own memory. */
const TABLE = { crc: 0, encrypt: 1024, decrypt: 2048, box: 3072, inverseBox: 3328 } as const;

/** The functions of VECTOR_HELPERS as a module. */
export function vectorModule(): Uint8Array {
  const m = new ModuleBuilder();
  m.memory({ initial: 1, maximum: 1 });
  const bodies: Record<keyof typeof VECTOR_HELPERS, (f: FunctionBuilder) => void> = {
    compareStrings: emitCompareStrings,
    aesenc: (f) => emitRound(f, TABLE.encrypt, 1),
    aesenclast: (f) => emitLastRound(f, TABLE.box, 1),
    aesdec: (f) => emitRound(f, TABLE.decrypt, -1),
    aesdeclast: (f) => emitLastRound(f, TABLE.inverseBox, -1),
    aesimc: emitInverseMix,
    aeskeygen: emitKeygen,
    carrylessMultiply: emitCarrylessMultiply,
    crc32: emitCrc32,
  };
  for (const [name, { parameters, results }] of Object.entries(VECTOR_HELPERS)) {
    const f = m.function(m.type(parameters, results));
    bodies[name as keyof typeof VECTOR_HELPERS](f);
    m.exportFunction(name, f.index);
  }
  const tables = new Uint8Array(4096);
  const words = new DataView(tables.buffer);
  const { forward, inverse } = makeBoxes();
  for (let n = 0; n < 256; n++) {
    words.setUint32(TABLE.crc + 4 * n, crcOfByte(n), true);
    words.setUint32(TABLE.encrypt + 4 * n, column(forward[n]!, [2, 1, 1, 3]), true);
    words.setUint32(TABLE.decrypt + 4 * n, column(inverse[n]!, [14, 9, 13, 11]), true);
  }
  tables.set(forward, TABLE.box);
  tables.set(inverse, TABLE.inverseBox);
  m.data(0, tables);
  return m.finish();
}

// pcmpestri and kin: Intel SDM, "Imm8 control byte operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM".

function emitCompareStrings(f: FunctionBuilder): void {
  const IMM = 0;
  const bits = f.local(I32);
  f.localGet(IMM).i32Const(1).op(OP.i32_and).if();
  emitElements(f, 8, bits);
  f.else();
  emitElements(f, 16, bits);
  f.end();
  const [lengthA, lengthB, count] = [3, 4, f.local(I32)];
  f.i32Const(16).localGet(IMM).i32Const(1).op(OP.i32_and).i32Const(3).op(OP.i32_shl).op(OP.i32_sub).localSet(count);
  // The index of the lowest bit that is set, or of the highest; the number of elements where none is.
  f.i32Const(31).localGet(bits).op(OP.i32_clz).op(OP.i32_sub);
  f.localGet(bits).op(OP.i32_ctz);
  f.localGet(IMM).i32Const(0x40).op(OP.i32_and).select();
  f.localGet(count).localGet(bits).select();
  const flag = (value: number, push: () => void): void => {
    push();
    f.i32Const(31 - Math.clz32(value))
      .op(OP.i32_shl)
      .op(OP.i32_or);
  };
  flag(STRING_FLAGS.CF, () => f.localGet(bits).i32Const(0).op(OP.i32_ne));
  flag(STRING_FLAGS.ZF, () => f.localGet(lengthB).localGet(count).op(OP.i32_lt_u));
  flag(STRING_FLAGS.SF, () => f.localGet(lengthA).localGet(count).op(OP.i32_lt_u));
  flag(STRING_FLAGS.OF, () => f.localGet(bits).i32Const(1).op(OP.i32_and));
  f.localGet(bits).i32Const(STRING_MASK_SHIFT).op(OP.i32_shl).op(OP.i32_or);
}

/** Leaves in `bits` which elements of the second operand match, after the polarity; the lengths in their parameters, at most `count`. */
function emitElements(f: FunctionBuilder, count: 8 | 16, bits: number): void {
  const [imm, a, b] = [0, 1, 2];
  const all = (1 << count) - 1;
  const shape = count === 8 ? "i16x8" : "i8x16";
  const extract = count === 8 ? SIMD.i16x8_extract_lane_u : SIMD.i8x16_extract_lane_u;
  const bitmask = SIMD[`${shape}_bitmask`];
  const valid = [f.local(I32), f.local(I32)];
  for (const [n, vector] of [a, b].entries()) {
    const length = 3 + n;
    // Where no length is given: up to the first that is 0.
    f.localGet(vector).v128Const(new Uint8Array(16)).simd(SIMD[`${shape}_eq`]).simd(bitmask).i32Const(1 << count).op(OP.i32_or).op(OP.i32_ctz);
    f.localGet(length).i32Const(count).localGet(length).i32Const(count).op(OP.i32_lt_u).select();
    f.localGet(length).i32Const(0).op(OP.i32_lt_s).select().localTee(length);
    f.localSet(valid[n]!);
    f.i32Const(1).localGet(valid[n]!).op(OP.i32_shl).i32Const(1).op(OP.i32_sub).localSet(valid[n]!);
  } // prettier-ignore
  const [validA, validB] = valid as [number, number];
  const splat = (n: number): void => void f.localGet(a).simdLane(extract, n).simd(SIMD[`${shape}_splat`]);
  /** Pushes all ones when element n of the first is part of it. */
  const isPart = (n: number): void =>
    void f.i32Const(0).localGet(validA).i32Const(n).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and).op(OP.i32_sub);
  const mode = f.local(I32);
  f.localGet(imm).i32Const(2).op(OP.i32_shr_u).i32Const(3).op(OP.i32_and).localTee(mode).op(OP.i32_eqz);
  // Equal to any of the first.
  f.if();
  f.i32Const(0);
  for (const n of range(0, count)) {
    splat(n);
    f.localGet(b).simd(SIMD[`${shape}_eq`]).simd(bitmask);
    isPart(n);
    f.op(OP.i32_and).op(OP.i32_or);
  }
  f.localGet(validB).op(OP.i32_and).localSet(bits);
  // In a range of the first.
  f.else().localGet(mode).i32Const(1).op(OP.i32_eq).if();
  const ranges = (sign: "s" | "u"): void => {
    f.i32Const(0);
    for (let n = 0; n < count; n += 2) {
      f.localGet(b);
      splat(n);
      f.simd(SIMD[`${shape}_ge_${sign}`]).localGet(b);
      splat(n + 1);
      f.simd(SIMD[`${shape}_le_${sign}`]).simd(SIMD.v128_and).simd(bitmask);
      isPart(n + 1);
      f.op(OP.i32_and).op(OP.i32_or);
    }
    f.localGet(validB).op(OP.i32_and).localSet(bits);
  };
  f.localGet(imm).i32Const(2).op(OP.i32_and).if();
  ranges("s");
  f.else();
  ranges("u");
  f.end();
  // Equal to its own; past both ends is equal too.
  f.else().localGet(mode).i32Const(2).op(OP.i32_eq).if();
  f.localGet(a).localGet(b).simd(SIMD[`${shape}_eq`]).simd(bitmask).localGet(validA).localGet(validB).op(OP.i32_and).op(OP.i32_and);
  f.localGet(validA).localGet(validB).op(OP.i32_or).i32Const(all).op(OP.i32_xor).op(OP.i32_or).localSet(bits);
  // Where the first begins, as far as the vector reaches.
  f.else().i32Const(all);
  for (const n of range(0, count)) {
    splat(n);
    f.localGet(b).simd(SIMD[`${shape}_eq`]).simd(bitmask).localGet(validB).op(OP.i32_and).i32Const(n).op(OP.i32_shr_u);
    f.i32Const(all & ~(all >> n)).op(OP.i32_or);
    isPart(n);
    f.i32Const(-1).op(OP.i32_xor).op(OP.i32_or).op(OP.i32_and);
  }
  f.localSet(bits).end().end().end();
  // Polarity: negated where bit 4 says so, with bit 5 only what belongs to the second.
  f.localGet(bits);
  f.localGet(validB).i32Const(all).localGet(imm).i32Const(0x20).op(OP.i32_and).select();
  f.i32Const(0).localGet(imm).i32Const(0x10).op(OP.i32_and).select().op(OP.i32_xor).localSet(bits);
}

// AES: FIPS 197, with tables of a column for each byte; Intel SDM, AESENC and kin. A column is a little-endian word.

/** Pushes the byte of the state that comes to `row` of column `c` when the rows are shifted by `direction`. */
function pushShifted(f: FunctionBuilder, c: number, row: number, direction: 1 | -1): void {
  f.localGet(0).simdLane(SIMD.i8x16_extract_lane_u, (4 * (c + direction * row) + row + 16) % 16);
}

function emitRound(f: FunctionBuilder, table: number, direction: 1 | -1): void {
  emitColumns(f, (c, row) => {
    pushShifted(f, c, row, direction);
    f.i32Const(2).op(OP.i32_shl).load(OP.i32_load, table);
  });
  f.localGet(1).simd(SIMD.v128_xor);
}

function emitInverseMix(f: FunctionBuilder): void {
  // The table is of boxed bytes, so that what goes in is boxed the other way first.
  emitColumns(f, (c, row) => {
    f.localGet(0).simdLane(SIMD.i8x16_extract_lane_u, 4 * c + row);
    f.load(OP.i32_load8_u, TABLE.box).i32Const(2).op(OP.i32_shl).load(OP.i32_load, TABLE.decrypt);
  });
}

/** A vector of four columns, each the sum of its rows' table words, which are turned by the row. */
function emitColumns(f: FunctionBuilder, pushWord: (column: number, row: number) => void): void {
  f.v128Const(new Uint8Array(16));
  for (const c of range(0, 4)) {
    for (const row of range(0, 4)) {
      pushWord(c, row);
      if (row > 0) f.i32Const(8 * row).op(OP.i32_rotl).op(OP.i32_xor);
    } // prettier-ignore
    f.simdLane(SIMD.i32x4_replace_lane, c);
  }
}

function emitLastRound(f: FunctionBuilder, box: number, direction: 1 | -1): void {
  f.v128Const(new Uint8Array(16));
  for (const n of range(0, 16)) {
    pushShifted(f, n >> 2, n & 3, direction);
    f.load(OP.i32_load8_u, box).simdLane(SIMD.i8x16_replace_lane, n);
  }
  f.localGet(1).simd(SIMD.v128_xor);
}

/** Words 1 and 3 boxed, each also turned by a byte with the round constant. */
function emitKeygen(f: FunctionBuilder): void {
  f.localGet(0);
  for (const n of range(0, 16)) {
    const word = n >> 3;
    f.localGet(0).simdLane(SIMD.i8x16_extract_lane_u, 4 + 8 * word + ((n & 4) === 0 ? n & 3 : (n + 1) & 3));
    f.load(OP.i32_load8_u, TABLE.box);
    if ((n & 7) === 4) f.localGet(1).op(OP.i32_xor);
    f.simdLane(SIMD.i8x16_replace_lane, n);
  }
}

/** In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let x = a, y = b; x > 0; x >>= 1) {
    if (x & 1) product ^= y;
    y = (y << 1) ^ (y & 0x80 ? 0x11b : 0);
  }
  return product;
}

function column(byte: number, factors: readonly number[]): number {
  return factors.reduce((word, factor, row) => word | (multiply(factor, byte) << (8 * row)), 0) >>> 0;
}

/** The substitution box: the multiplicative inverse, then an affine map (FIPS 197, 5.1.1). */
function makeBoxes(): { forward: Uint8Array; inverse: Uint8Array } {
  const forward = new Uint8Array(256);
  const inverse = new Uint8Array(256);
  // 3 generates the field's multiplicative group: its power runs through it, and the inverse of that backwards.
  for (let n = 0, power = 1, inverted = 1; n < 255; n++) {
    const rotate = (by: number): number => ((inverted << by) | (inverted >> (8 - by))) & 0xff;
    forward[power] = inverted ^ rotate(1) ^ rotate(2) ^ rotate(3) ^ rotate(4) ^ 0x63;
    power = multiply(3, power);
    inverted = multiply(0xf6, inverted);
  }
  forward[0] = 0x63;
  forward.forEach((value, n) => (inverse[value] = n));
  return { forward, inverse };
}

/**
 * 64 by 64 bits to 128. Integer multiplication carries; where only every fourth bit is set, at most 16 ones meet in a place, and their sum does not reach
 * the next bit that counts. So four parts of each factor are multiplied, and the bits that count are kept. The upper half is that of the factors reversed.
 */
function emitCarrylessMultiply(f: FunctionBuilder): void {
  const low = f.local(I64);
  const parts = Array.from({ length: 8 }, () => f.local(I64));
  emitLowProduct(f, 0, 1, parts, low);
  for (const factor of [0, 1]) emitReverse(f, factor);
  f.localGet(low).simd(SIMD.i64x2_splat);
  emitLowProduct(f, 0, 1, parts, low);
  emitReverse(f, low);
  f.localGet(low).i64Const(1).op(OP.i64_shr_u).simdLane(SIMD.i64x2_replace_lane, 1);
}

function emitLowProduct(f: FunctionBuilder, x: number, y: number, parts: readonly number[], result: number): void {
  const mask = (n: number): bigint => BigInt.asIntN(64, 0x1111_1111_1111_1111n << BigInt(n));
  for (const n of range(0, 8))
    f.localGet(n < 4 ? x : y)
      .i64Const(mask(n & 3))
      .op(OP.i64_and)
      .localSet(parts[n]!);
  f.i64Const(0);
  for (const place of range(0, 4)) {
    f.i64Const(0);
    for (const n of range(0, 4)) f.localGet(parts[n]!).localGet(parts[4 + ((place - n + 4) & 3)]!).op(OP.i64_mul).op(OP.i64_xor);
    f.i64Const(mask(place)).op(OP.i64_and).op(OP.i64_or);
  } // prettier-ignore
  f.localSet(result);
}

/** Turns a local's 64 bits round: bits, pairs and halves of bytes change places, then bytes, by a shuffle. */
function emitReverse(f: FunctionBuilder, local: number): void {
  for (const [shift, mask] of [[1, 0x5555_5555_5555_5555n], [2, 0x3333_3333_3333_3333n], [4, 0x0f0f_0f0f_0f0f_0f0fn]] as const) {
    f.localGet(local).i64Const(shift).op(OP.i64_shr_u).i64Const(mask).op(OP.i64_and);
    f.localGet(local).i64Const(mask).op(OP.i64_and).i64Const(shift).op(OP.i64_shl).op(OP.i64_or).localSet(local);
  } // prettier-ignore
  f.localGet(local)
    .simd(SIMD.i64x2_splat)
    .v128Const(new Uint8Array(16))
    .shuffle(lanes(1, [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8]));
  f.simdLane(SIMD.i64x2_extract_lane, 0).localSet(local);
}

function emitCrc32(f: FunctionBuilder): void {
  const [crc, data, left] = [0, 1, 2];
  const again = f.loop();
  f.localGet(crc).localGet(data).op(OP.i32_wrap_i64).op(OP.i32_xor).i32Const(0xff).op(OP.i32_and).i32Const(2).op(OP.i32_shl);
  f.load(OP.i32_load, TABLE.crc).localGet(crc).i32Const(8).op(OP.i32_shr_u).op(OP.i32_xor).localSet(crc);
  f.localGet(data).i64Const(8).op(OP.i64_shr_u).localSet(data);
  f.localGet(left).i32Const(1).op(OP.i32_sub).localTee(left).brIf(again).end();
  f.localGet(crc);
}

/** The reflected polynomial 0x82F63B78 (Intel SDM, CRC32). */
function crcOfByte(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
}
