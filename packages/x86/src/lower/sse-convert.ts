import { OP, SIMD, TRUNC_SAT } from "@decant/wasm";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { lanes } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

/**
 * Conversions. What does not fit an integer, and NaN, becomes the "integer indefinite", the smallest number (Intel SDM volume 1, 4.8.2.1);
 * wasm saturates instead, so the magnitude is checked. Rounding is to nearest, or towards zero where the mnemonic says so.
 */
export const sseConvert: LoweringTable = {
  Cvtsi2ss: fromInteger(32), Cvtsi2sd: fromInteger(64),
  Cvtss2si: toInteger(32, false), Cvtsd2si: toInteger(64, false), Cvttss2si: toInteger(32, true), Cvttsd2si: toInteger(64, true),
  Cvtss2sd: scalarConvert(32, OP.f64_promote_f32), Cvtsd2ss: scalarConvert(64, OP.f32_demote_f64),
  Cvtps2pd: vectorConvert((e) => e.simd(SIMD.f64x2_promote_low_f32x4)), Cvtpd2ps: vectorConvert((e) => e.simd(SIMD.f32x4_demote_f64x2_zero)),
  Cvtdq2ps: vectorConvert((e) => e.simd(SIMD.f32x4_convert_i32x4_s)), Cvtdq2pd: vectorConvert((e) => e.simd(SIMD.f64x2_convert_low_i32x4_s)),
  Cvtps2dq: vectorConvert((e) => floatsToIntegers(e.simd(SIMD.f32x4_nearest))), Cvttps2dq: vectorConvert(floatsToIntegers),
  Cvtpd2dq: vectorConvert((e) => doublesToIntegers(e.simd(SIMD.f64x2_nearest))), Cvttpd2dq: vectorConvert(doublesToIntegers),
  // To MMX registers, whose half of the result is the lower.
  Cvtps2pi: vectorConvert((e) => floatsToIntegers(e.simd(SIMD.f32x4_nearest))), Cvttps2pi: vectorConvert(floatsToIntegers),
  Cvtpd2pi: vectorConvert((e) => doublesToIntegers(e.simd(SIMD.f64x2_nearest))), Cvttpd2pi: vectorConvert(doublesToIntegers),
}; // prettier-ignore

function fromInteger(bits: 32 | 64): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const wide = insn.operands[1]!.bits === 64;
      e.get(insn, 1);
      if (bits === 64) e.f.op(wide ? OP.f64_convert_i64_s : OP.f64_convert_i32_s);
      else e.f.op(wide ? OP.f32_convert_i64_s : OP.f32_convert_i32_s);
      e.setScalar(insn.operands[0]!.register, bits);
    },
  };
}

function toInteger(bits: 32 | 64, truncates: boolean): Lowering {
  return {
    operands: "wr",
    lower(e, insn) {
      const f = e.f;
      const wide = insn.operands[0]!.bits === 64;
      const double = bits === 64;
      e.scalar(insn, 1, bits);
      if (!truncates) f.op(double ? OP.f64_nearest : OP.f32_nearest);
      const value = e.floatTee(bits);
      const name = `${wide ? "i64" : "i32"}_trunc_sat_${double ? "f64" : "f32"}_s` as const;
      f.truncSat(TRUNC_SAT[name]);
      if (wide) f.i64Const(-(2n ** 63n));
      else f.i32Const(-(2 ** 31));
      // The smallest number itself is let through as indefinite: they are the same. A fraction below it truncates to it, too.
      f.localGet(value);
      if (double)
        f.op(OP.f64_abs)
          .f64Const(wide ? 2 ** 63 : 2 ** 31)
          .op(OP.f64_lt);
      else
        f.op(OP.f32_abs)
          .f32Const(wide ? 2 ** 63 : 2 ** 31)
          .op(OP.f32_lt);
      f.select();
      e.put(insn, 0, () => {});
    },
  };
}

function scalarConvert(from: 32 | 64, opcode: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      e.scalar(insn, 1, from).f.op(opcode);
      e.setScalar(insn.operands[0]!.register, 96 - from);
    },
  };
}

function vectorConvert(convert: (e: Emitter) => void): Lowering {
  return {
    operands: "wr",
    lower(e, insn: Instruction) {
      e.put(insn, 0, () => convert(e.vector(insn, 1)));
    },
  };
}

/** The integer indefinite in each lane where the float's magnitude is 2^31 or more, or NaN. */
function floatsToIntegers(e: Emitter): void {
  const f = e.f;
  const value = e.vectorTemp();
  f.localTee(value).simd(SIMD.i32x4_trunc_sat_f32x4_s);
  f.i32Const(-(2 ** 31)).simd(SIMD.i32x4_splat);
  f.localGet(value)
    .simd(SIMD.f32x4_abs)
    .f32Const(2 ** 31)
    .simd(SIMD.f32x4_splat)
    .simd(SIMD.f32x4_lt);
  f.simd(SIMD.v128_bitselect);
}

function doublesToIntegers(e: Emitter): void {
  const f = e.f;
  const value = e.vectorTemp();
  f.localTee(value).simd(SIMD.i32x4_trunc_sat_f64x2_s_zero);
  f.i32Const(-(2 ** 31)).simd(SIMD.i32x4_splat);
  f.localGet(value)
    .simd(SIMD.f64x2_abs)
    .f64Const(2 ** 31)
    .simd(SIMD.f64x2_splat)
    .simd(SIMD.f64x2_lt);
  // The upper two lanes take the zeros of the conversion.
  f.i64Const(-1)
    .simd(SIMD.i64x2_splat)
    .shuffle(lanes(4, [0, 2, 4, 4]));
  f.simd(SIMD.v128_bitselect);
}
