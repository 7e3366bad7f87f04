import { SIMD } from "@decant/wasm";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { lanes, range } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

/** Shuffles, unpacking, blends and the widening moves. */
export const sseShuffle: LoweringTable = {
  Punpcklbw: fixed(lanes(1, interleave(0, 8, 16))), Punpckhbw: fixed(lanes(1, interleave(8, 8, 16))),
  Punpcklwd: fixed(lanes(2, interleave(0, 4, 8))), Punpckhwd: fixed(lanes(2, interleave(4, 4, 8))),
  Punpckldq: fixed(lanes(4, [0, 4, 1, 5])), Punpckhdq: fixed(lanes(4, [2, 6, 3, 7])),
  Punpcklqdq: fixed(lanes(8, [0, 2])), Punpckhqdq: fixed(lanes(8, [1, 3])),
  Unpcklps: fixed(lanes(4, [0, 4, 1, 5])), Unpckhps: fixed(lanes(4, [2, 6, 3, 7])), Unpcklpd: fixed(lanes(8, [0, 2])), Unpckhpd: fixed(lanes(8, [1, 3])),
  Shufps: byImmediate((i) => lanes(4, [field(i, 0), field(i, 1), 4 + field(i, 2), 4 + field(i, 3)])),
  Shufpd: byImmediate((i) => lanes(8, [i & 1, 2 + ((i >> 1) & 1)])),
  Pshufd: single((i) => lanes(4, range(0, 4).map((n) => field(i, n)))),
  Pshuflw: single((i) => lanes(2, [...range(0, 4).map((n) => field(i, n)), 4, 5, 6, 7])),
  Pshufhw: single((i) => lanes(2, [0, 1, 2, 3, ...range(0, 4).map((n) => 4 + field(i, n))])),
  Pshufb: { operands: "ur", lower: shuffleBytes },
  Pslldq: shiftBytes((i) => range(0, 16).map((n) => (n < i ? 16 : n - i))),
  Psrldq: shiftBytes((i) => range(0, 16).map((n) => (n + i > 15 ? 16 : n + i))),
  Palignr: { operands: "ur-", lower: align },
  Blendps: byImmediate((i) => lanes(4, range(0, 4).map((n) => n + 4 * ((i >> n) & 1)))),
  Blendpd: byImmediate((i) => lanes(8, range(0, 2).map((n) => n + 2 * ((i >> n) & 1)))),
  Pblendw: byImmediate((i) => lanes(2, range(0, 8).map((n) => n + 8 * ((i >> n) & 1)))),
  Pblendvb: blendBySign(SIMD.i8x16_shr_s, 7), Blendvps: blendBySign(SIMD.i32x4_shr_s, 31), Blendvpd: blendBySign(SIMD.i64x2_shr_s, 63),
  Pmovsxbw: widen(SIMD.i16x8_extend_low_i8x16_s), Pmovzxbw: widen(SIMD.i16x8_extend_low_i8x16_u),
  Pmovsxwd: widen(SIMD.i32x4_extend_low_i16x8_s), Pmovzxwd: widen(SIMD.i32x4_extend_low_i16x8_u),
  Pmovsxdq: widen(SIMD.i64x2_extend_low_i32x4_s), Pmovzxdq: widen(SIMD.i64x2_extend_low_i32x4_u),
  Pmovsxbd: widen(SIMD.i16x8_extend_low_i8x16_s, SIMD.i32x4_extend_low_i16x8_s),
  Pmovzxbd: widen(SIMD.i16x8_extend_low_i8x16_u, SIMD.i32x4_extend_low_i16x8_u),
  Pmovsxwq: widen(SIMD.i32x4_extend_low_i16x8_s, SIMD.i64x2_extend_low_i32x4_s),
  Pmovzxwq: widen(SIMD.i32x4_extend_low_i16x8_u, SIMD.i64x2_extend_low_i32x4_u),
  Pmovsxbq: widen(SIMD.i16x8_extend_low_i8x16_s, SIMD.i32x4_extend_low_i16x8_s, SIMD.i64x2_extend_low_i32x4_s),
  Pmovzxbq: widen(SIMD.i16x8_extend_low_i8x16_u, SIMD.i32x4_extend_low_i16x8_u, SIMD.i64x2_extend_low_i32x4_u),
}; // prettier-ignore

/** Lanes of the first operand and of the second in turn. */
function interleave(start: number, count: number, second: number): number[] {
  return range(start, count).flatMap((n) => [n, n + second]);
}

function field(immediate: number, n: number): number {
  return (immediate >> (2 * n)) & 3;
}

function fixed(shuffle: readonly number[]): Lowering {
  return byImmediate(() => shuffle);
}

function byImmediate(shuffle: (immediate: number) => readonly number[]): Lowering {
  return {
    operands: "ur-",
    lower(e, insn) {
      e.put(insn, 0, () => e.vector(insn, 0).vector(insn, 1).f.shuffle(shuffle(insn.immediate)));
    },
  };
}

/** Shuffles of one source. */
function single(shuffle: (immediate: number) => readonly number[]): Lowering {
  return {
    operands: "wr-",
    lower(e, insn) {
      const source = e.vectorTemp();
      e.vector(insn, 1).f.localTee(source).localGet(source).shuffle(shuffle(insn.immediate));
      e.put(insn, 0, () => {});
    },
  };
}

/** wasm gives 0 for an index of 16 or more; x86 looks at bits 3-0 and, for 0, at bit 7. */
function shuffleBytes(e: Emitter, insn: Instruction): void {
  e.put(insn, 0, () => {
    e.vector(insn, 0).vector(insn, 1).f.i32Const(0x8f).simd(SIMD.i8x16_splat).simd(SIMD.v128_and).simd(SIMD.i8x16_swizzle);
  });
}

/** Shifts of the whole register by bytes: a shuffle with zeros. */
function shiftBytes(shuffle: (count: number) => readonly number[]): Lowering {
  return {
    operands: "u-",
    lower(e, insn) {
      e.put(insn, 0, () =>
        e
          .vector(insn, 0)
          .f.v128Const(new Uint8Array(16))
          .shuffle(shuffle(Math.min(insn.immediate, 16))),
      );
    },
  };
}

/** The 16 bytes from `immediate` on of the first operand above the second, with zeros above both. */
function align(e: Emitter, insn: Instruction): void {
  const { immediate } = insn;
  e.put(insn, 0, () => {
    if (immediate <= 16) e.vector(insn, 1).vector(insn, 0).f.shuffle(range(immediate, 16));
    else
      e.vector(insn, 0)
        .f.v128Const(new Uint8Array(16))
        .shuffle(range(0, 16).map((n) => Math.min(n + immediate - 16, 16)));
  });
}

/** Lanes of the second operand where xmm0's sign bit is set. */
function blendBySign(shift: number, bits: number): Lowering {
  return {
    operands: "urr",
    reads: 1 << 16,
    lower: (e, insn) =>
      e.put(insn, 0, () => e.vector(insn, 1).vector(insn, 0).getXmm(0).f.i32Const(bits).simd(shift).simd(SIMD.v128_bitselect)),
  };
}

function widen(...opcodes: readonly number[]): Lowering {
  return {
    operands: "wr",
    lower: (e, insn) =>
      e.put(insn, 0, () => {
        e.vector(insn, 1);
        for (const opcode of opcodes) e.simd(opcode);
      }),
  };
}
