import { F32, F64, I32, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import type { ScalarType } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { pushSumError, type NarrowName } from "../helper-bodies.ts";

const SMALLEST_NORMAL = 2 ** -126;

/** Pushes a float operand, subnormals made zero of the same sign when `ftz`. */
export function pushFloat(e: Emitter, i: Instruction, operand: Operand | undefined, type: "f32" | "f64", ftz: boolean): void {
  e.push(i, operand, type);
  if (ftz) flush(e);
}

/** The f32 on the stack with subnormals flushed. */
export function flush(e: Emitter): void {
  const value = e.scratch(F32, "flush");
  e.f.localTee(value).f32Const(0).localGet(value).op(OP.f32_copysign);
  e.f.localGet(value).op(OP.f32_abs).f32Const(SMALLEST_NORMAL).op(OP.f32_lt).op(OP.i32_eqz).select();
}

/** Clamps to [0, 1]; NaN and -0 become 0. */
export function saturate(e: Emitter, type: "f32" | "f64"): void {
  const { f } = e;
  const single = type === "f32";
  const value = e.scratch(single ? F32 : F64, "sat");
  const constant = (number: number): void => {
    if (single) f.f32Const(number);
    else f.f64Const(number);
  };
  f.localTee(value);
  constant(0);
  f.localGet(value);
  constant(0);
  f.op(single ? OP.f32_gt : OP.f64_gt)
    .select()
    .localTee(value);
  constant(1);
  f.localGet(value);
  constant(1);
  f.op(single ? OP.f32_lt : OP.f64_lt).select();
}

/** a + b rounded to odd. Downwards, an exact zero from unlike signs is -0: the sum of the negatives, negated. */
export function pushOddSum(e: Emitter, a: number, b: number, downwards: boolean): void {
  const { f } = e;
  const sum = e.scratch(F64, "sum");
  if (downwards) f.localGet(a).op(OP.f64_neg).localGet(b).op(OP.f64_sub).op(OP.f64_neg);
  else f.localGet(a).localGet(b).op(OP.f64_add);
  f.localTee(sum);
  pushSumError(f, a, b, sum);
  f.call(e.helpers.get("demoteOdd"));
}

/** The float of the half whose bits are on the stack. */
export function widenHalf(e: Emitter, element: "f16" | "bf16"): void {
  if (element === "f16") e.f.call(e.helpers.get("halfToSingle"));
  else e.f.i32Const(16).op(OP.i32_shl).op(OP.f32_reinterpret_i32);
}

/** The half nearest to the double on the stack, as bits. */
export function narrowHalf(e: Emitter, element: "f16" | "bf16", mode = 0): void {
  e.f.i32Const(mode).call(e.helpers.get(element === "f16" ? "toF16" : "toBf16"));
}

/** Subnormals on the stack, as bits, become zeros of their sign. */
export function flushBits(e: Emitter, element: "f16" | "bf16"): void {
  const bits = e.scratch(I32, "flush half");
  e.f.localTee(bits).localGet(bits).i32Const(0x8000).op(OP.i32_and);
  e.f
    .localGet(bits)
    .i32Const(element === "f16" ? 0x7c00 : 0x7f80)
    .op(OP.i32_and)
    .select();
}

/** Pushes the smaller or larger of two floats in locals; a NaN loses unless it propagates. */
export function pushSmaller(e: Emitter, min: boolean, a: number, b: number, propagate: boolean, single = true): void {
  const { f } = e;
  const op = min ? (single ? OP.f32_min : OP.f64_min) : single ? OP.f32_max : OP.f64_max;
  const differs = single ? OP.f32_ne : OP.f64_ne;
  if (propagate) {
    f.localGet(a).localGet(b).op(op);
    return;
  }
  f.localGet(b).localGet(a).localGet(a).localGet(b).op(op).localGet(b).localGet(b).op(differs).select();
  f.localGet(a).localGet(a).op(differs).select();
}

/** The double on the stack as a narrow float's bits. */
export function narrow(
  e: Emitter,
  to: ScalarType,
  mode: number,
  it: { readonly sat: boolean; readonly satfinite: boolean; readonly relu: boolean },
): void {
  const { f } = e;
  const value = e.scratch(F64, "narrow");
  if (it.sat) saturate(e, "f64");
  if (it.relu) f.localTee(value).f64Const(0).localGet(value).f64Const(0).op(OP.f64_le).op(OP.i32_eqz).select();
  const largest = { f16: 65504, bf16: 2 ** 127 * (2 - 2 ** -7), tf32: 2 ** 127 * (2 - 2 ** -10) }[to as "f16"];
  // Past the largest number, and infinity, become the largest number.
  if (it.satfinite && largest !== undefined) f.f64Const(largest).op(OP.f64_min).f64Const(-largest).op(OP.f64_max);
  f.i32Const(mode).call(e.helpers.get(`to${to[0]?.toUpperCase()}${to.slice(1)}` as NarrowName)); // Named after the formats.
  if (to !== "tf32") return;
  // A tf32 is the upper 19 bits of a float.
  const bits = e.scratch(I32, "tf32");
  f.i32Const(13).op(OP.i32_shl).localTee(bits).i32Const(0x7fff_ffff).localGet(bits).i32Const(0x7fff_e000).op(OP.i32_ne).select();
}
