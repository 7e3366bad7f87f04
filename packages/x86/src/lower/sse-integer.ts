import { OP, SIMD } from "@decant/wasm";
import { FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { lanes } from "./lanes.ts";

/** Integer and bitwise operations on vectors: mostly one wasm instruction each. */
export const sseInteger: LoweringTable = {
  Paddb: both(SIMD.i8x16_add), Paddw: both(SIMD.i16x8_add), Paddd: both(SIMD.i32x4_add), Paddq: both(SIMD.i64x2_add),
  Psubb: difference(SIMD.i8x16_sub), Psubw: difference(SIMD.i16x8_sub), Psubd: difference(SIMD.i32x4_sub), Psubq: difference(SIMD.i64x2_sub),
  Paddsb: both(SIMD.i8x16_add_sat_s), Paddsw: both(SIMD.i16x8_add_sat_s), Paddusb: both(SIMD.i8x16_add_sat_u), Paddusw: both(SIMD.i16x8_add_sat_u),
  Psubsb: both(SIMD.i8x16_sub_sat_s), Psubsw: both(SIMD.i16x8_sub_sat_s), Psubusb: both(SIMD.i8x16_sub_sat_u), Psubusw: both(SIMD.i16x8_sub_sat_u),
  Pavgb: both(SIMD.i8x16_avgr_u), Pavgw: both(SIMD.i16x8_avgr_u),
  Pminub: both(SIMD.i8x16_min_u), Pmaxub: both(SIMD.i8x16_max_u), Pminsw: both(SIMD.i16x8_min_s), Pmaxsw: both(SIMD.i16x8_max_s),
  Pminsb: both(SIMD.i8x16_min_s), Pmaxsb: both(SIMD.i8x16_max_s), Pminuw: both(SIMD.i16x8_min_u), Pmaxuw: both(SIMD.i16x8_max_u),
  Pminsd: both(SIMD.i32x4_min_s), Pmaxsd: both(SIMD.i32x4_max_s), Pminud: both(SIMD.i32x4_min_u), Pmaxud: both(SIMD.i32x4_max_u),
  Pcmpeqb: equality(SIMD.i8x16_eq), Pcmpeqw: equality(SIMD.i16x8_eq), Pcmpeqd: equality(SIMD.i32x4_eq), Pcmpeqq: equality(SIMD.i64x2_eq),
  Pcmpgtb: both(SIMD.i8x16_gt_s), Pcmpgtw: both(SIMD.i16x8_gt_s), Pcmpgtd: both(SIMD.i32x4_gt_s), Pcmpgtq: both(SIMD.i64x2_gt_s),
  Packsswb: both(SIMD.i8x16_narrow_i16x8_s), Packuswb: both(SIMD.i8x16_narrow_i16x8_u),
  Packssdw: both(SIMD.i16x8_narrow_i32x4_s), Packusdw: both(SIMD.i16x8_narrow_i32x4_u),
  Pabsb: unary(SIMD.i8x16_abs), Pabsw: unary(SIMD.i16x8_abs), Pabsd: unary(SIMD.i32x4_abs),

  Pand: both(SIMD.v128_and), Andps: both(SIMD.v128_and), Andpd: both(SIMD.v128_and),
  Por: both(SIMD.v128_or), Orps: both(SIMD.v128_or), Orpd: both(SIMD.v128_or),
  Pxor: difference(SIMD.v128_xor), Xorps: difference(SIMD.v128_xor), Xorpd: difference(SIMD.v128_xor),
  Pandn: andNot(), Andnps: andNot(), Andnpd: andNot(),
  Ptest: { operands: "rr", flagsWritten: FLAG.ALL, lower: test },

  Pmullw: both(SIMD.i16x8_mul), Pmulld: both(SIMD.i32x4_mul), Pmaddwd: both(SIMD.i32x4_dot_i16x8_s),
  Pmulhw: highProducts(SIMD.i32x4_extmul_low_i16x8_s, SIMD.i32x4_extmul_high_i16x8_s),
  Pmulhuw: highProducts(SIMD.i32x4_extmul_low_i16x8_u, SIMD.i32x4_extmul_high_i16x8_u),
  Pmuludq: evenProducts(SIMD.i64x2_extmul_low_i32x4_u), Pmuldq: evenProducts(SIMD.i64x2_extmul_low_i32x4_s),
  Pmulhrsw: { operands: "ur", lower: roundedProducts },
  Pmaddubsw: { operands: "ur", lower: mixedProducts },
  Psadbw: { operands: "ur", lower: absoluteDifferences },
  Phaddw: pairs(SIMD.i16x8_add, 2), Phaddd: pairs(SIMD.i32x4_add, 4), Phaddsw: pairs(SIMD.i16x8_add_sat_s, 2),
  Phsubw: pairs(SIMD.i16x8_sub, 2), Phsubd: pairs(SIMD.i32x4_sub, 4), Phsubsw: pairs(SIMD.i16x8_sub_sat_s, 2),
  Psignb: sign("i8x16"), Psignw: sign("i16x8"), Psignd: sign("i32x4"),

  Psllw: shift(16, SIMD.i16x8_shl), Pslld: shift(32, SIMD.i32x4_shl), Psllq: shift(64, SIMD.i64x2_shl),
  Psrlw: shift(16, SIMD.i16x8_shr_u), Psrld: shift(32, SIMD.i32x4_shr_u), Psrlq: shift(64, SIMD.i64x2_shr_u),
  Psraw: arithmeticShift(16, SIMD.i16x8_shr_s), Psrad: arithmeticShift(32, SIMD.i32x4_shr_s),
}; // prettier-ignore

function both(opcode: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      e.put(insn, 0, () => e.vector(insn, 0).vector(insn, 1).simd(opcode));
    },
  };
}

function unary(opcode: number): Lowering {
  return {
    operands: "wr",
    lower(e, insn) {
      e.put(insn, 0, () => e.vector(insn, 1).simd(opcode));
    },
  };
}

function isSameRegister(insn: Instruction): boolean {
  const [a, b] = insn.operands;
  return a!.kind === "xmm" && b!.kind === "xmm" && a!.register === b!.register;
}

/** An operation of which a register with itself is a constant, whatever it holds; compilers write that to make the constant. */
function constant(opcode: number, byte: number): Lowering {
  const general = both(opcode);
  return {
    operands: "ur",
    adjust(effects, insn) {
      if (isSameRegister(insn)) effects.reads = 0;
    },
    lower(e, insn) {
      if (isSameRegister(insn)) e.put(insn, 0, () => e.f.v128Const(new Uint8Array(16).fill(byte)));
      else general.lower(e, insn);
    },
  };
}

function difference(opcode: number): Lowering {
  return constant(opcode, 0);
}

function equality(opcode: number): Lowering {
  return constant(opcode, 0xff);
}

/** not a, and b. */
function andNot(): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      e.put(insn, 0, () => e.vector(insn, 1).vector(insn, 0).simd(SIMD.v128_andnot));
    },
  };
}

/** ZF: no common bit; CF: no bit of the second outside the first. */
function test(e: Emitter, insn: Instruction): void {
  const b = e.vectorTemp();
  e.vector(insn, 1).f.localSet(b);
  e.flags.set(FLAG.ALL, 0);
  if (e.isLive(FLAG.ZF)) {
    e.vector(insn, 0).f.localGet(b).simd(SIMD.v128_and).simd(SIMD.v128_any_true).op(OP.i32_eqz);
    e.flags.setLocal(FLAG.ZF);
  }
  if (e.isLive(FLAG.CF)) {
    e.f.localGet(b);
    e.vector(insn, 0).f.simd(SIMD.v128_andnot).simd(SIMD.v128_any_true).op(OP.i32_eqz);
    e.flags.setLocal(FLAG.CF);
  }
}

/** Both operands into locals, for operations that read each twice. */
function locals(e: Emitter, insn: Instruction): [number, number] {
  const a = e.vectorTemp();
  const b = e.vectorTemp();
  e.vector(insn, 0).f.localSet(a);
  e.vector(insn, 1).f.localSet(b);
  return [a, b];
}

function highProducts(low: number, high: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const [a, b] = locals(e, insn);
      e.f
        .localGet(a)
        .localGet(b)
        .simd(low)
        .localGet(a)
        .localGet(b)
        .simd(high)
        .shuffle(lanes(2, [1, 3, 5, 7, 9, 11, 13, 15]));
      e.put(insn, 0, () => {});
    },
  };
}

function evenProducts(opcode: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const [a, b] = locals(e, insn);
      for (const local of [a, b])
        e.f
          .localGet(local)
          .localGet(local)
          .shuffle(lanes(4, [0, 2, 0, 2]));
      e.simd(opcode);
      e.put(insn, 0, () => {});
    },
  };
}

/** wasm saturates -1 * -1 to 0x7FFF where x86 wraps to 0x8000: these lanes, all ones in the mask, are inverted. */
function roundedProducts(e: Emitter, insn: Instruction): void {
  const [a, b] = locals(e, insn);
  const f = e.f;
  f.localGet(a).localGet(b).simd(SIMD.i16x8_q15mulr_sat_s);
  for (const local of [a, b]) f.localGet(local).i32Const(0x8000).simd(SIMD.i16x8_splat).simd(SIMD.i16x8_eq);
  f.simd(SIMD.v128_and).simd(SIMD.v128_xor);
  e.put(insn, 0, () => {});
}

/** Unsigned bytes of the first times signed bytes of the second, neighbours added with saturation. */
function mixedProducts(e: Emitter, insn: Instruction): void {
  const [a, b] = locals(e, insn);
  const f = e.f;
  const even = () => {
    f.localGet(a).i32Const(0xff).simd(SIMD.i16x8_splat).simd(SIMD.v128_and);
    f.localGet(b).i32Const(8).simd(SIMD.i16x8_shl).i32Const(8).simd(SIMD.i16x8_shr_s).simd(SIMD.i16x8_mul);
  };
  even();
  f.localGet(a).i32Const(8).simd(SIMD.i16x8_shr_u).localGet(b).i32Const(8).simd(SIMD.i16x8_shr_s).simd(SIMD.i16x8_mul);
  f.simd(SIMD.i16x8_add_sat_s);
  e.put(insn, 0, () => {});
}

/** The sums of eight absolute differences, one in each half. */
function absoluteDifferences(e: Emitter, insn: Instruction): void {
  const [a, b] = locals(e, insn);
  const f = e.f;
  f.localGet(a).localGet(b).simd(SIMD.i8x16_sub_sat_u).localGet(b).localGet(a).simd(SIMD.i8x16_sub_sat_u).simd(SIMD.v128_or);
  f.simd(SIMD.i16x8_extadd_pairwise_i8x16_u).i32Const(1).simd(SIMD.i16x8_splat).simd(SIMD.i32x4_dot_i16x8_s);
  // Two sums of 32 bits in each half: the lower is added to the upper, and that shifted down.
  const sums = e.vectorTemp();
  f.localTee(sums).i32Const(32).simd(SIMD.i64x2_shl).localGet(sums).simd(SIMD.i64x2_add).i32Const(32).simd(SIMD.i64x2_shr_u);
  e.put(insn, 0, () => {});
}

/** Neighbouring lanes of both operands combined. */
function pairs(opcode: number, bytes: 2 | 4): Lowering {
  const count = 32 / bytes;
  const even = lanes(
    bytes,
    Array.from({ length: count / 2 }, (_, n) => n * 2),
  );
  const odd = lanes(
    bytes,
    Array.from({ length: count / 2 }, (_, n) => n * 2 + 1),
  );
  return {
    operands: "ur",
    lower(e, insn) {
      const [a, b] = locals(e, insn);
      e.f.localGet(a).localGet(b).shuffle(even).localGet(a).localGet(b).shuffle(odd).simd(opcode);
      e.put(insn, 0, () => {});
    },
  };
}

/** The first operand negated, zeroed or kept as the second is negative, zero or positive. */
function sign(shape: "i8x16" | "i16x8" | "i32x4"): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const [a, b] = locals(e, insn);
      const f = e.f;
      const bits = shape === "i8x16" ? 8 : shape === "i16x8" ? 16 : 32;
      f.localGet(a).simd(SIMD[`${shape}_neg`]).localGet(a);
      f.localGet(b)
        .i32Const(bits - 1)
        .simd(SIMD[`${shape}_shr_s`])
        .simd(SIMD.v128_bitselect);
      f.localGet(b).v128Const(new Uint8Array(16)).simd(SIMD[`${shape}_eq`]).simd(SIMD.v128_andnot);
      e.put(insn, 0, () => {});
    },
  };
}

/** Shifts that fill with zeros: a count of the lane's width or more clears. The count in a register or in memory is its low 64 bits. */
function shift(bits: number, opcode: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const f = e.f;
      if (insn.operands[1]!.kind === "immediate") {
        if (insn.immediate >= bits) return e.put(insn, 0, () => f.v128Const(new Uint8Array(16)));
        return e.put(insn, 0, () => e.vector(insn, 0).f.i32Const(insn.immediate).simd(opcode));
      }
      e.vector(insn, 1).f.simdLane(SIMD.i64x2_extract_lane, 0);
      const count = e.save(64);
      e.vector(insn, 0).value(count, 64).f.op(OP.i32_wrap_i64).simd(opcode).v128Const(new Uint8Array(16));
      e.value(count, 64).const(bits, 64).int(64, "lt_u").f.select();
      e.put(insn, 0, () => {});
    },
  };
}

/** A count of the lane's width or more fills with the sign, as width - 1 does. */
function arithmeticShift(bits: number, opcode: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const f = e.f;
      if (insn.operands[1]!.kind === "immediate") {
        return e.put(insn, 0, () =>
          e
            .vector(insn, 0)
            .f.i32Const(Math.min(insn.immediate, bits - 1))
            .simd(opcode),
        );
      }
      e.vector(insn, 1).f.simdLane(SIMD.i64x2_extract_lane, 0);
      const count = e.save(64);
      e.vector(insn, 0)
        .value(count, 64)
        .const(bits - 1, 64)
        .value(count, 64)
        .const(bits, 64)
        .int(64, "lt_u")
        .f.select();
      f.op(OP.i32_wrap_i64).simd(opcode);
      e.put(insn, 0, () => {});
    },
  };
}
