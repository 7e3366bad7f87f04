import { I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import type { ScalarType } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { ROUNDING, type NarrowName, type Rounding } from "../helper-bodies.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { flush, narrow, narrowHalf, widenHalf } from "./float-parts.ts";

/** Formats of 8 bits and less, two of which are converted at a time: their bits, and those of a fraction. */
const SMALL = {
  e4m3x2: { bits: 8, fraction: 3, bias: 7, helper: "toE4m3" },
  e5m2x2: { bits: 8, fraction: 2, bias: 15, helper: "toE5m2" },
  e2m3x2: { bits: 8, fraction: 3, bias: 1, helper: "toE2m3" },
  e3m2x2: { bits: 8, fraction: 2, bias: 3, helper: "toE3m2" },
  e2m1x2: { bits: 4, fraction: 1, bias: 1, helper: "toE2m1" },
} as const satisfies Record<string, { bits: number; fraction: number; bias: number; helper: NarrowName }>;

interface PackedForm {
  readonly to: ScalarType;
  readonly from: ScalarType;
  readonly rounding: Rounding | undefined;
  readonly ftz: boolean;
  readonly sat: boolean;
  readonly satfinite: boolean;
  readonly relu: boolean;
}

export function isPackedConversion(to: ScalarType, from: ScalarType): boolean {
  return to.endsWith("x2") || from.endsWith("x2");
}

/** cvt of two numbers at a time: the first source becomes the upper half. */
export function packedConversion(e: Emitter, i: Instruction, it: PackedForm): void {
  const { to, from } = it;
  if (Object.hasOwn(SMALL, from)) {
    widenSmall(e, i, it, SMALL[from as keyof typeof SMALL]);
    return;
  }
  const small = Object.hasOwn(SMALL, to) ? SMALL[to as keyof typeof SMALL] : undefined;
  const half = to === "f16x2" ? "f16" : to === "bf16x2" ? "bf16" : undefined;
  if ((small === undefined && half === undefined) || (from !== "f32" && !(from === "f16x2" && small !== undefined)))
    throw notTranslated(i, `conversion from .${from} to .${to}`);
  if (it.rounding === undefined) throw illegal(i, "this conversion needs a rounding mode");
  if (small !== undefined && !it.satfinite) throw illegal(i, `'.satfinite' is needed for .${to}`);
  const mode = ROUNDING[it.rounding];
  const { f } = e;
  const bits = small?.bits ?? 16;
  const packed = e.scratch(I32, "packed source");
  if (from === "f16x2") {
    e.push(i, i.operands[1], "b32");
    f.localSet(packed);
  }
  for (const half16 of [0, 1]) {
    if (from === "f16x2") {
      f.localGet(packed)
        .i32Const(16 * half16)
        .op(OP.i32_shr_u)
        .i32Const(0xffff)
        .op(OP.i32_and);
      widenHalf(e, "f16");
    } else {
      e.push(i, i.operands[half16 === 0 ? 2 : 1], "f32");
      if (it.ftz) flush(e);
    }
    f.op(OP.f64_promote_f32);
    narrow(e, small === undefined ? (half ?? "f16") : (to.slice(0, -2) as ScalarType), mode, it);
    if (half16 === 1) f.i32Const(bits).op(OP.i32_shl).op(OP.i32_or);
  }
  setPacked(e, i, i.operands[0], 2 * bits);
}

function setPacked(e: Emitter, i: Instruction, operand: Operand | undefined, bits: number): void {
  e.set(i, operand, bits === 32 ? "b32" : bits === 16 ? "b16" : "b8", { wide: bits === 8 });
}

/** Two small floats to two halves, which hold all of them. */
function widenSmall(
  e: Emitter,
  i: Instruction,
  it: PackedForm,
  { bits, fraction, bias }: { bits: number; fraction: number; bias: number },
): void {
  if (it.to !== "f16x2") throw notTranslated(i, `conversion from .${it.from} to .${it.to}`);
  const { f } = e;
  const packed = e.scratch(I32, "packed source");
  e.push(i, i.operands[1], bits === 8 ? "b16" : "b8", { wide: bits === 4 });
  f.localSet(packed);
  const element = e.scratch(I32, "small");
  const width = it.from === "e2m3x2" || it.from === "e3m2x2" ? 6 : bits;
  for (const lane of [0, 1]) {
    f.localGet(packed)
      .i32Const(bits * lane)
      .op(OP.i32_shr_u)
      .i32Const(2 ** bits - 1)
      .op(OP.i32_and)
      .localSet(element);
    if (it.from === "e5m2x2") f.localGet(element).i32Const(8).op(OP.i32_shl);
    else {
      if (it.from === "e4m3x2") f.localGet(element).call(e.helpers.get("decodeE4m3"));
      else {
        f.localGet(element)
          .i32Const(2 ** (width - 1) - 1)
          .op(OP.i32_and)
          .i32Const(23 - fraction)
          .op(OP.i32_shl)
          .op(OP.f32_reinterpret_i32);
        f.f32Const(2 ** (127 - bias)).op(OP.f32_mul);
        f.localGet(element)
          .i32Const(32 - width)
          .op(OP.i32_shl)
          .op(OP.f32_reinterpret_i32)
          .op(OP.f32_copysign);
      }
      f.op(OP.f64_promote_f32);
      narrowHalf(e, "f16");
    }
    if (it.relu) {
      // Negative numbers, but not NaN, become +0.
      const value = e.scratch(I32, "relu half");
      f.localTee(value).i32Const(0).localGet(value).i32Const(0x8000).op(OP.i32_and).op(OP.i32_eqz);
      f.localGet(value).i32Const(0x7fff).op(OP.i32_and).i32Const(0x7c00).op(OP.i32_gt_u).op(OP.i32_or).select();
    }
    if (lane === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
  }
  e.set(i, i.operands[0], "b32");
}

/** cvt.pack.sat: integers, clamped to a narrow type and put together (PTX ISA, "cvt.pack"). */
export function packIntegers(e: Emitter, i: Instruction): void {
  const suffixes = new Suffixes(i);
  suffixes.take("pack");
  const saturates = suffixes.take("sat");
  const name = suffixes.oneOf(["u16", "s16", "u8", "s8", "u4", "s4", "u2", "s2"]);
  const from = suffixes.type();
  suffixes.take("b32");
  suffixes.end();
  if (!saturates || name === undefined || from !== "s32") throw illegal(i, "cvt.pack needs .sat, a narrow integer type and .s32");
  const bits = Number(name.slice(1));
  const { f } = e;
  const [d, a, b, c] = i.operands;
  const clamped = (operand: Operand | undefined): void => {
    e.push(i, operand, "s32");
    if (name.startsWith("s")) clampTo(e, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
    else clampTo(e, 0, 2 ** bits - 1);
    f.i32Const(2 ** bits - 1).op(OP.i32_and);
  };
  // What does not fit in the result is taken from the third operand, moved up.
  clamped(b);
  clamped(a);
  f.i32Const(bits).op(OP.i32_shl).op(OP.i32_or);
  if (bits < 16) {
    e.push(i, c, "b32");
    f.i32Const(2 * bits)
      .op(OP.i32_shl)
      .op(OP.i32_or);
  }
  e.set(i, d, "b32");
}

/** The s32 on the stack, between two numbers. */
function clampTo(e: Emitter, low: number, high: number): void {
  const value = e.scratch(I64, "clamp");
  e.f.op(OP.i64_extend_i32_s);
  e.f.localTee(value).i64Const(high).localGet(value).i64Const(high).op(OP.i64_lt_s).select();
  e.f.localTee(value).i64Const(low).localGet(value).i64Const(low).op(OP.i64_gt_s).select().op(OP.i32_wrap_i64);
}
