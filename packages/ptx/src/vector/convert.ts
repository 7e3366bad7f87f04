import { SIMD } from "@decant/wasm";
import { bitsOf, isSigned, type ScalarType } from "../parse/types.ts";
import { Suffixes } from "../compile/suffixes.ts";
import type { VectorEmitter } from "./emitter.ts";
import { each, flush, saturate, words } from "./forms.ts";
import type { SsaInstruction } from "./ssa.ts";

const ROUNDINGS = {
  rni: { f32: SIMD.f32x4_nearest, f64: SIMD.f64x2_nearest },
  rzi: { f32: SIMD.f32x4_trunc, f64: SIMD.f64x2_trunc },
  rmi: { f32: SIMD.f32x4_floor, f64: SIMD.f64x2_floor },
  rpi: { f32: SIMD.f32x4_ceil, f64: SIMD.f64x2_ceil },
} as const;

/** cvt between numbers of 32 and 64 bits, and narrow unsigned and signed integers. */
export function convert(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const suffixes = new Suffixes(i);
  const rounding = suffixes.oneOf(["rn", "rz", "rm", "rp"]);
  const toInteger = suffixes.oneOf(["rni", "rzi", "rmi", "rpi"]);
  const ftz = suffixes.take("ftz");
  const sat = suffixes.take("sat");
  const [to, from] = [suffixes.type(), suffixes.type()];
  const [d, a] = i.operands;
  if (suffixes.left > 0 || (rounding !== undefined && rounding !== "rn") || d?.kind !== "register" || a?.kind !== "register") return false;
  if (bitsOf(d.register.type) !== bitsOf(to) && bitsOf(d.register.type) > 32) return false;
  if (bitsOf(a.register.type) !== bitsOf(from) && bitsOf(a.register.type) > 32) return false;
  const { f } = e;
  const key = `${to}.${from}`;
  const push = (j: number): void => e.pushVector(s, i, a, a.register.type, j);
  if (key === "f32.f32" && (toInteger !== undefined || sat || ftz)) {
    return each(e, s, "f32", (j) => {
      push(j);
      if (ftz) flush(e);
      if (toInteger !== undefined) f.simd(ROUNDINGS[toInteger].f32);
      if (sat) saturate(e, "f32");
    });
  }
  if (ftz || sat) return false;
  if (key === "f64.f64" && toInteger !== undefined) {
    return each(e, s, "f64", (j) => {
      push(j);
      f.simd(ROUNDINGS[toInteger].f64);
    });
  }
  if (key === "f32.s32" || key === "f32.u32") {
    return each(e, s, "f32", (j) => {
      push(j);
      f.simd(from === "s32" ? SIMD.f32x4_convert_i32x4_s : SIMD.f32x4_convert_i32x4_u);
    });
  }
  if ((key === "s32.f32" || key === "u32.f32") && toInteger !== undefined) {
    return each(e, s, "s32", (j) => {
      push(j);
      if (toInteger !== "rzi") f.simd(ROUNDINGS[toInteger].f32);
      f.simd(to === "s32" ? SIMD.i32x4_trunc_sat_f32x4_s : SIMD.i32x4_trunc_sat_f32x4_u);
    });
  }
  /** The low or the high half of a vector of words, in the low half. */
  const half = (j: number): void => {
    push(j >> 1);
    if ((j & 1) === 1)
      f.localTee(e.vectorTemporary("half"))
        .localGet(e.vectorTemporary("half"))
        .shuffle(words(2, 3, 2, 3));
  };
  if (key === "f64.f32" || key === "f64.s32" || key === "f64.u32") {
    return each(e, s, "f64", (j) => {
      half(j);
      if (from === "f32") f.simd(SIMD.f64x2_promote_low_f32x4);
      else f.simd(from === "s32" ? SIMD.f64x2_convert_low_i32x4_s : SIMD.f64x2_convert_low_i32x4_u);
    });
  }
  if (key === "f32.f64") {
    return each(e, s, "f32", (j) => {
      push(2 * j);
      f.simd(SIMD.f32x4_demote_f64x2_zero);
      push(2 * j + 1);
      f.simd(SIMD.f32x4_demote_f64x2_zero).shuffle(words(0, 1, 4, 5));
    });
  }
  return /^[us](8|16|32|64)$/.test(to) && /^[us](8|16|32|64)$/.test(from) && convertInteger(e, s, to, from, push);
}

function convertInteger(e: VectorEmitter, s: SsaInstruction, to: ScalarType, from: ScalarType, push: (j: number) => void): boolean {
  const { f } = e;
  const d = s.instruction.operands[0];
  const width = d?.kind === "register" ? bitsOf(d.register.type) : 32;
  if (bitsOf(to) === 64) {
    if (bitsOf(from) !== 32) return bitsOf(from) === 64 && each(e, s, "b64", push);
    return each(e, s, "b64", (j) => {
      push(j >> 1);
      const low = (j & 1) === 0;
      if (isSigned(from)) f.simd(low ? SIMD.i64x2_extend_low_i32x4_s : SIMD.i64x2_extend_high_i32x4_s);
      else f.simd(low ? SIMD.i64x2_extend_low_i32x4_u : SIMD.i64x2_extend_high_i32x4_u);
    });
  }
  return each(e, s, "b32", (j) => {
    if (bitsOf(from) === 64) {
      push(2 * j);
      push(2 * j + 1);
      f.shuffle(words(0, 2, 4, 6));
    } else push(j);
    // To the narrower of the two types' widths, with that type's sign, then to the register's width.
    const narrow = bitsOf(to) <= bitsOf(from) ? to : from;
    const bits = bitsOf(narrow);
    if (bits < 32) {
      f.i32Const(32 - bits)
        .simd(SIMD.i32x4_shl)
        .i32Const(32 - bits)
        .simd(isSigned(narrow) ? SIMD.i32x4_shr_s : SIMD.i32x4_shr_u);
    }
    // A signed number that became an unsigned one of more bits keeps only those.
    const kept = Math.min(isSigned(to) ? width : bitsOf(to), width);
    if (kept < 32 && bits <= 32)
      f.i32Const(2 ** kept - 1)
        .simd(SIMD.i32x4_splat)
        .simd(SIMD.v128_and);
  });
}
