import { F32, F64, OP, TRUNC_SAT } from "@decant/wasm";
import type { Instruction } from "../../parse/ast.ts";
import { bitsOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { ROUNDING, type Rounding } from "../helper-bodies.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { flush, narrow, saturate, widenHalf } from "./float-parts.ts";
import { clampInteger, pushConstant } from "./integer.ts";
import { isPackedConversion, packedConversion, packIntegers } from "./convert-packed.ts";
import type { Lowering } from "./table.ts";

const INTEGER = /^[us](8|16|32|64)$/;
const FLOAT = /^(f(16|32|64)|bf16|tf32)$/;

interface ConvertForm {
  readonly to: ScalarType;
  readonly from: ScalarType;
  readonly rounding: Rounding | undefined;
  readonly integerRounding: "rni" | "rzi" | "rmi" | "rpi" | undefined;
  readonly ftz: boolean;
  readonly sat: boolean;
  readonly satfinite: boolean;
  readonly relu: boolean;
}

/** cvt between integers and floats of all widths (PTX ISA, "cvt"). */
export const convert: Lowering = (e, i) => {
  if (i.modifiers[0] === "pack") {
    packIntegers(e, i);
    return;
  }
  const suffixes = new Suffixes(i);
  const it: ConvertForm = {
    rounding: suffixes.oneOf(["rn", "rz", "rm", "rp", "rna"]),
    integerRounding: suffixes.oneOf(["rni", "rzi", "rmi", "rpi"]),
    ftz: suffixes.take("ftz"),
    satfinite: suffixes.take("satfinite"),
    relu: suffixes.take("relu"),
    sat: suffixes.take("sat"),
    to: suffixes.type(),
    from: suffixes.type(),
  };
  suffixes.end();
  if (isPackedConversion(it.to, it.from)) {
    packedConversion(e, i, it);
    return;
  }
  const [fromInteger, toInteger] = [INTEGER.test(it.from), INTEGER.test(it.to)];
  if ((!fromInteger && !FLOAT.test(it.from)) || (!toInteger && !FLOAT.test(it.to)))
    throw notTranslated(i, `conversion from .${it.from} to .${it.to}`);
  if (it.from === "tf32" || (it.to === "tf32" && it.from !== "f32")) throw illegal(i, "a .tf32 is made of .f32, and of nothing else");
  if (it.ftz && it.from !== "f32" && it.to !== "f32") throw illegal(i, "'.ftz' needs .f32");
  e.push(i, i.operands[1], isHalf(it.from) ? "b16" : it.from, { wide: !isHalf(it.from) });
  if (fromInteger && toInteger) integerToInteger(e, it);
  else if (fromInteger) integerToFloat(e, i, it);
  else if (toInteger) floatToInteger(e, i, it);
  else floatToFloat(e, i, it);
  e.set(i, i.operands[0], isHalf(it.to) ? "b16" : it.to === "tf32" ? "b32" : it.to, { wide: !isHalf(it.to) });
};

function isHalf(type: ScalarType): type is "f16" | "bf16" {
  return type === "f16" || type === "bf16";
}

function integerToInteger(e: Emitter, { from, to, sat }: ConvertForm): void {
  const { f } = e;
  if (sat) {
    clampInteger(e, from, to);
    return;
  }
  if (bitsOf(from) < 64 && bitsOf(to) === 64) f.op(isSigned(from) ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
  else if (bitsOf(from) === 64 && bitsOf(to) < 64) f.op(OP.i32_wrap_i64);
}

function integerToFloat(e: Emitter, i: Instruction, it: ConvertForm): void {
  const { from, to, rounding, sat } = it;
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
  if (to !== "f32" && to !== "f64") narrow(e, to, mode, it);
  else if (sat) saturate(e, to);
}

function floatToInteger(e: Emitter, i: Instruction, { from, to, integerRounding, ftz }: ConvertForm): void {
  const { f } = e;
  if (integerRounding === undefined) throw illegal(i, "this conversion needs an integer rounding mode");
  if (isHalf(from)) widenHalf(e, from);
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

function floatToFloat(e: Emitter, i: Instruction, it: ConvertForm): void {
  const { f } = e;
  const { from, to, rounding, integerRounding, ftz, sat } = it;
  const mode = ROUNDING[rounding ?? "rn"];
  if (isHalf(from)) widenHalf(e, from);
  if (from === "f32" && ftz) flush(e);
  if (from === to && integerRounding !== undefined) roundToInteger(e, from !== "f64", integerRounding);
  else if (from === to && rounding !== undefined) throw illegal(i, "a rounding mode needs a narrower result");
  else if (from !== to && rounding === undefined && (bitsOf(to) < bitsOf(from) || to === "tf32" || isHalf(to)))
    throw illegal(i, "this conversion needs a rounding mode");
  if (to !== "f32" && to !== "f64") {
    if (from !== "f64") f.op(OP.f64_promote_f32);
    narrow(e, to, mode, it);
    return;
  }
  if (from !== "f64" && to === "f64") f.op(OP.f64_promote_f32);
  if (from === "f64" && to === "f32") {
    if (mode === 0) f.op(OP.f32_demote_f64);
    else f.i32Const(mode).call(e.helpers.get("demote"));
  }
  if (to === "f32" && ftz) flush(e);
  if (sat) saturate(e, to);
}
