import { F32, F64, I64, OP, TRUNC_SAT } from "@decant/wasm";
import type { Instruction } from "../../parse/ast.ts";
import { bitsOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { ROUNDING, type Rounding } from "../helper-bodies.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { flush, saturate } from "./float.ts";
import { pushConstant } from "./integer.ts";
import type { Lowering } from "./table.ts";

const INTEGER = /^[us](8|16|32|64)$/;
const FLOAT = /^f(16|32|64)$/;

interface ConvertForm {
  readonly to: ScalarType;
  readonly from: ScalarType;
  readonly rounding: Rounding | undefined;
  readonly integerRounding: "rni" | "rzi" | "rmi" | "rpi" | undefined;
  readonly ftz: boolean;
  readonly sat: boolean;
}

/** cvt between integers, half, single and double (PTX ISA, "cvt"). */
export const convert: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const it: ConvertForm = {
    rounding: suffixes.oneOf(["rn", "rz", "rm", "rp"]),
    integerRounding: suffixes.oneOf(["rni", "rzi", "rmi", "rpi"]),
    ftz: suffixes.take("ftz"),
    sat: suffixes.take("sat"),
    to: suffixes.type(),
    from: suffixes.type(),
  };
  suffixes.end();
  const [fromInteger, toInteger] = [INTEGER.test(it.from), INTEGER.test(it.to)];
  if ((!fromInteger && !FLOAT.test(it.from)) || (!toInteger && !FLOAT.test(it.to)))
    throw notTranslated(i, `conversion from .${it.from} to .${it.to}`);
  if (it.ftz && it.from !== "f32" && it.to !== "f32") throw illegal(i, "'.ftz' needs .f32");
  e.push(i, i.operands[1], it.from, { wide: true });
  if (fromInteger && toInteger) integerToInteger(e, it);
  else if (fromInteger) integerToFloat(e, i, it);
  else if (toInteger) floatToInteger(e, i, it);
  else floatToFloat(e, i, it);
  e.set(i, i.operands[0], it.to, { wide: true });
};

function integerToInteger(e: Emitter, { from, to, sat }: ConvertForm): void {
  const { f } = e;
  if (sat) {
    clampInteger(e, from, to);
    return;
  }
  if (bitsOf(from) < 64 && bitsOf(to) === 64) f.op(isSigned(from) ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
  else if (bitsOf(from) === 64 && bitsOf(to) < 64) f.op(OP.i32_wrap_i64);
}

/** Saturates to the range of `to`. */
function clampInteger(e: Emitter, from: ScalarType, to: ScalarType): void {
  const { f } = e;
  const bits = BigInt(bitsOf(to));
  const high = isSigned(to) ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  const low = isSigned(to) ? -(1n << (bits - 1n)) : 0n;
  const fromBits = BigInt(bitsOf(from));
  const fromHigh = isSigned(from) ? (1n << (fromBits - 1n)) - 1n : (1n << fromBits) - 1n;
  const fromLow = isSigned(from) ? -(1n << (fromBits - 1n)) : 0n;
  const value = e.scratch(I64, "clamp");
  if (fromBits < 64n) f.op(isSigned(from) ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
  const [less, greater] = isSigned(from) ? [OP.i64_lt_s, OP.i64_gt_s] : [OP.i64_lt_u, OP.i64_gt_u];
  if (high < fromHigh)
    f.localTee(value).i64Const(BigInt.asIntN(64, high)).localGet(value).i64Const(BigInt.asIntN(64, high)).op(less).select();
  if (low > fromLow) f.localTee(value).i64Const(low).localGet(value).i64Const(low).op(greater).select();
  if (bits < 64n) f.op(OP.i32_wrap_i64);
}

function integerToFloat(e: Emitter, i: Instruction, { from, to, rounding, sat }: ConvertForm): void {
  const { f } = e;
  const signed = isSigned(from);
  const wide = bitsOf(from) === 64;
  if (rounding === undefined && !(to === "f64" && !wide)) throw illegal(i, "this conversion needs a rounding mode");
  const nearest = rounding === undefined || rounding === "rn";
  const mode = ROUNDING[rounding ?? "rn"];
  if (to === "f32" && nearest)
    f.op(wide ? (signed ? OP.f32_convert_i64_s : OP.f32_convert_i64_u) : signed ? OP.f32_convert_i32_s : OP.f32_convert_i32_u);
  else if (to === "f64" && wide && !nearest)
    f.i32Const(signed ? 1 : 0)
      .i32Const(mode)
      .call(e.helpers.get("roundFromInteger"));
  else if (wide && to !== "f64") f.i32Const(signed ? 1 : 0).call(e.helpers.get("oddFromInteger"));
  else f.op(wide ? (signed ? OP.f64_convert_i64_s : OP.f64_convert_i64_u) : signed ? OP.f64_convert_i32_s : OP.f64_convert_i32_u);
  if (to === "f32" && !nearest) f.i32Const(mode).call(e.helpers.get("demote"));
  if (to === "f16") f.i32Const(mode).call(e.helpers.get("singleToHalf"));
  if (sat) saturateAny(e, i, to);
}

function saturateAny(e: Emitter, i: Instruction, type: ScalarType): void {
  if (type === "f32" || type === "f64") saturate(e, type);
  else throw notTranslated(i, "'.sat' to .f16");
}

function floatToInteger(e: Emitter, i: Instruction, { from, to, integerRounding, ftz }: ConvertForm): void {
  const { f } = e;
  if (integerRounding === undefined) throw illegal(i, "this conversion needs an integer rounding mode");
  if (from === "f16") f.call(e.helpers.get("halfToSingle"));
  const single = from !== "f64";
  if (ftz && from === "f32") flush(e);
  roundToInteger(e, single, integerRounding);
  const bits = bitsOf(to);
  const signed = isSigned(to);
  const source = e.scratch(single ? F32 : F64, "convert");
  f.localTee(source);
  // Out of range goes to the nearest number that fits.
  if (bits === 64) {
    f.truncSat(
      single
        ? signed
          ? TRUNC_SAT.i64_trunc_sat_f32_s
          : TRUNC_SAT.i64_trunc_sat_f32_u
        : signed
          ? TRUNC_SAT.i64_trunc_sat_f64_s
          : TRUNC_SAT.i64_trunc_sat_f64_u,
    );
  } else {
    f.truncSat(
      single
        ? signed
          ? TRUNC_SAT.i32_trunc_sat_f32_s
          : TRUNC_SAT.i32_trunc_sat_f32_u
        : signed
          ? TRUNC_SAT.i32_trunc_sat_f64_s
          : TRUNC_SAT.i32_trunc_sat_f64_u,
    );
    if (bits < 32) clampInteger(e, signed ? "s32" : "u32", to);
  }
  // NaN gives 0, but the top bit alone where a double or a 64-bit result is involved.
  if (from === "f64" || bits === 64) {
    const result = valueType(to);
    const converted = e.scratch(result, "converted");
    f.localSet(converted);
    pushConstant(e, result, BigInt.asIntN(bits < 32 ? 32 : bits, 1n << BigInt(bits - 1)));
    f.localGet(converted)
      .localGet(source)
      .localGet(source)
      .op(single ? OP.f32_ne : OP.f64_ne)
      .select();
  }
}

function roundToInteger(e: Emitter, single: boolean, mode: "rni" | "rzi" | "rmi" | "rpi"): void {
  const ops = {
    rni: single ? OP.f32_nearest : OP.f64_nearest,
    rzi: single ? OP.f32_trunc : OP.f64_trunc,
    rmi: single ? OP.f32_floor : OP.f64_floor,
    rpi: single ? OP.f32_ceil : OP.f64_ceil,
  };
  e.f.op(ops[mode]);
}

function floatToFloat(e: Emitter, i: Instruction, { from, to, rounding, integerRounding, ftz, sat }: ConvertForm): void {
  const { f } = e;
  const mode = ROUNDING[rounding ?? "rn"];
  if (from === "f16" && to === "f16") throw notTranslated(i, "rounding of .f16");
  if (from === "f16") f.call(e.helpers.get("halfToSingle"));
  if (from === "f32" && ftz) flush(e);
  if (from !== "f64" && to === "f64") f.op(OP.f64_promote_f32);
  if (from === to) {
    if (integerRounding !== undefined) roundToInteger(e, to === "f32", integerRounding);
    else if (rounding !== undefined) throw illegal(i, "a rounding mode needs a narrower result");
  } else if (bitsOf(to) < bitsOf(from)) {
    if (rounding === undefined) throw illegal(i, "this conversion needs a rounding mode");
    if (to === "f32" && mode === 0) f.op(OP.f32_demote_f64);
    else if (to === "f32") f.i32Const(mode).call(e.helpers.get("demote"));
    else {
      if (from === "f32") f.op(OP.f64_promote_f32);
      f.i32Const(mode).call(e.helpers.get("singleToHalf"));
    }
  }
  if (to === "f32" && ftz) flush(e);
  if (sat) saturateAny(e, i, to);
}
