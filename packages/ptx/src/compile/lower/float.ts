import { F32, F64, I64, OP, SIMD, type ValueType } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import type { Emitter } from "../emitter.ts";
import { ROUNDING, type Rounding } from "../helper-bodies.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { flush, pushFloat, pushOddSum, pushSmaller, saturate } from "./float-parts.ts";
import type { Lowering } from "./table.ts";

const ROUNDINGS = ["rn", "rz", "rm", "rp"] as const;

interface FloatForm {
  readonly type: "f32" | "f64";
  readonly rounding: Rounding | undefined;
  readonly ftz: boolean;
  readonly sat: boolean;
}

function form(i: Instruction, suffixes: Suffixes): FloatForm {
  const rounding = suffixes.oneOf(ROUNDINGS);
  const ftz = suffixes.take("ftz");
  const sat = suffixes.take("sat");
  const type = suffixes.type();
  suffixes.end();
  if (type !== "f32" && type !== "f64") throw notTranslated(i, `type .${type}`);
  if (type === "f64" && (ftz || sat)) throw illegal(i, "'.ftz' and '.sat' need .f32");
  return { type, rounding, ftz, sat };
}

function finish(e: Emitter, i: Instruction, { type, ftz, sat }: FloatForm): void {
  if (ftz) flush(e);
  if (sat) saturate(e, type);
  e.set(i, i.operands[0], type);
}

const BASIC = {
  add: { f32: OP.f32_add, f64: OP.f64_add },
  sub: { f32: OP.f32_sub, f64: OP.f64_sub },
  mul: { f32: OP.f32_mul, f64: OP.f64_mul },
} as const;

export const floatBasic: Lowering = (e, i) => {
  const it = form(i, new Suffixes(i));
  const opcode = i.opcode as keyof typeof BASIC; // The table sends only these here.
  const [, a, b] = i.operands;
  const directed = it.rounding !== undefined && it.rounding !== "rn";
  if (!directed) {
    pushFloat(e, i, a, it.type, it.ftz);
    pushFloat(e, i, b, it.type, it.ftz);
    e.f.op(BASIC[opcode][it.type]);
  } else if (it.type === "f64") {
    e.push(i, a, "f64");
    if (opcode !== "mul") e.f.f64Const(1);
    e.push(i, b, "f64");
    if (opcode === "sub") e.f.op(OP.f64_neg);
    // a * b + c with a zero that does not change the sign of a zero product: (a * b) has the sign it should.
    if (opcode === "mul") pushZeroLikeProduct(e, i, a, b);
    e.f.i32Const(ROUNDING[it.rounding ?? "rn"]).call(e.helpers.get("fma64"));
  } else pushDirectedSingle(e, i, it, opcode);
  finish(e, i, it);
};

function pushZeroLikeProduct(e: Emitter, i: Instruction, a: Operand | undefined, b: Operand | undefined): void {
  e.f.f64Const(0).f64Const(1);
  e.push(i, a, "f64");
  e.f.op(OP.f64_copysign).f64Const(1);
  e.push(i, b, "f64");
  e.f.op(OP.f64_copysign).op(OP.f64_mul).op(OP.f64_copysign);
}

/** f32 arithmetic with a directed rounding: the double result, rounded to odd, then rounded down to float as asked. */
function pushDirectedSingle(e: Emitter, i: Instruction, it: FloatForm, opcode: "add" | "sub" | "mul"): void {
  const { f } = e;
  const a = pushPromoted(e, i, i.operands[1], it.ftz, "a");
  const b = pushPromoted(e, i, i.operands[2], it.ftz, "b");
  const mode = it.rounding ?? "rn";
  if (opcode === "mul") f.localGet(a).localGet(b).op(OP.f64_mul);
  else {
    if (opcode === "sub") f.localGet(b).op(OP.f64_neg).localSet(b);
    pushOddSum(e, a, b, mode === "rm");
  }
  f.i32Const(ROUNDING[mode]).call(e.helpers.get("demote"));
}

function pushPromoted(e: Emitter, i: Instruction, operand: Operand | undefined, ftz: boolean, name: string): number {
  const local = e.scratch(F64, name);
  pushFloat(e, i, operand, "f32", ftz);
  e.f.op(OP.f64_promote_f32).localSet(local);
  return local;
}

/** fma, and mad of floats, which means the same. */
export const fma: Lowering = (e, i) => {
  const it = form(i, new Suffixes(i));
  const [, a, b, c] = i.operands;
  const { f } = e;
  const directed = it.rounding !== undefined && it.rounding !== "rn";
  if (it.type === "f64") {
    if (e.kernel.features.fusedMultiplyAdd && !directed) pushRelaxed(e, i, [a, b, c], "f64", false);
    else {
      for (const operand of [a, b, c]) e.push(i, operand, "f64");
      f.i32Const(ROUNDING[it.rounding ?? "rn"]).call(e.helpers.get("fma64"));
    }
  } else if (e.kernel.features.fusedMultiplyAdd && !directed) pushRelaxed(e, i, [a, b, c], "f32", it.ftz);
  else {
    const product = e.scratch(F64, "a");
    const addend = e.scratch(F64, "b");
    for (const operand of [a, b]) {
      pushFloat(e, i, operand, "f32", it.ftz);
      f.op(OP.f64_promote_f32);
    }
    f.op(OP.f64_mul).localSet(product);
    pushFloat(e, i, c, "f32", it.ftz);
    f.op(OP.f64_promote_f32).localSet(addend);
    if (directed) {
      pushOddSum(e, product, addend, it.rounding === "rm");
      f.i32Const(ROUNDING[it.rounding ?? "rn"]).call(e.helpers.get("demote"));
    } else pushNearest(e, product, addend);
  }
  finish(e, i, it);
};

/** One lane of the vector operation, which the probe has found to round once. */
function pushRelaxed(e: Emitter, i: Instruction, operands: readonly (Operand | undefined)[], type: "f32" | "f64", ftz: boolean): void {
  const single = type === "f32";
  for (const operand of operands) {
    pushFloat(e, i, operand, type, ftz);
    e.f.simd(single ? SIMD.f32x4_splat : SIMD.f64x2_splat);
  }
  e.f.simd(single ? SIMD.f32x4_relaxed_madd : SIMD.f64x2_relaxed_madd);
  e.f.simdLane(single ? SIMD.f32x4_extract_lane : SIMD.f64x2_extract_lane, 0);
}

/**
 * Float of product + addend, rounded once. Rounding to double first is harmless unless the double lies half way between
 * two floats; then its low 28 bits are zero, for normal and subnormal floats alike.
 */
function pushNearest(e: Emitter, product: number, addend: number): void {
  const { f } = e;
  const sum = e.scratch(F64, "sum");
  f.localGet(product)
    .localGet(addend)
    .op(OP.f64_add)
    .localTee(sum)
    .op(OP.i64_reinterpret_f64)
    .op(OP.i32_wrap_i64)
    .i32Const(0x0fff_ffff)
    .op(OP.i32_and)
    .if(F32);
  f.localGet(sum).op(OP.f32_demote_f64);
  f.else().localGet(product).localGet(addend).localGet(sum).call(e.helpers.get("fmaTie")).end();
}

export const floatDivide: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  // The exact quotient is within the error that approx and full allow.
  const approximate = suffixes.oneOf(["approx", "full"]) !== undefined;
  const it = form(i, suffixes);
  const directed = it.rounding !== undefined && it.rounding !== "rn";
  if (!approximate && it.rounding === undefined && it.type === "f64") throw illegal(i, "div.f64 needs a rounding mode");
  pushFloat(e, i, i.operands[1], it.type, it.ftz);
  pushFloat(e, i, i.operands[2], it.type, it.ftz);
  pushQuotient(e, it, directed);
  finish(e, i, it);
};

/** Divides the two floats on the stack. */
function pushQuotient(e: Emitter, it: FloatForm, directed: boolean): void {
  const { f } = e;
  if (!directed) {
    f.op(it.type === "f32" ? OP.f32_div : OP.f64_div);
    return;
  }
  if (it.type === "f64") {
    const [dividend, divisor] = [e.scratch(F64, "a"), e.scratch(F64, "b")];
    f.localSet(divisor).localTee(dividend).localGet(divisor).op(OP.f64_div).localGet(divisor).localGet(dividend);
    f.i32Const(ROUNDING[it.rounding ?? "rn"]).call(e.helpers.get("roundQuotient"));
    return;
  }
  const a = e.scratch(F32, "dividend");
  const b = e.scratch(F32, "divisor");
  const quotient = e.scratch(F64, "quotient");
  f.localSet(b).localTee(a).op(OP.f64_promote_f32).localGet(b).op(OP.f64_promote_f32).op(OP.f64_div).localTee(quotient);
  // The double is exact, or on the side that the remainder says; that only matters where it looks exact as a float.
  f.localGet(quotient).op(OP.f32_demote_f64).op(OP.f64_promote_f32).localGet(b).op(OP.f64_promote_f32).op(OP.f64_mul);
  f.localGet(a)
    .op(OP.f64_promote_f32)
    .op(OP.f64_sub)
    .f64Const(-1)
    .f64Const(1)
    .localGet(b)
    .f32Const(0)
    .op(OP.f32_gt)
    .select()
    .op(OP.f64_mul);
  pushIfExactSingle(e, quotient);
  f.call(e.helpers.get("demoteOdd"))
    .i32Const(ROUNDING[it.rounding ?? "rn"])
    .call(e.helpers.get("demote"));
}

/** Keeps the error on the stack if the double is a float's value, else takes 0: then its own rounding cannot mislead. */
function pushIfExactSingle(e: Emitter, value: number): void {
  e.f.f64Const(0).localGet(value).op(OP.f32_demote_f64).op(OP.f64_promote_f32).localGet(value).op(OP.f64_eq).select();
}

/** rcp, sqrt and rsqrt. */
export const floatRoot: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const approximate = suffixes.take("approx");
  const it = approximate && i.modifiers.includes("f64") ? doubleForm(i, suffixes) : form(i, suffixes);
  const directed = it.rounding !== undefined && it.rounding !== "rn";
  const { f } = e;
  const [, a] = i.operands;
  if (i.opcode === "rcp") {
    if (it.type === "f32") f.f32Const(1);
    else f.f64Const(1);
    pushFloat(e, i, a, it.type, it.ftz);
    pushQuotient(e, it, directed);
    if (approximate && it.type === "f64") clearLowHalf(e);
  } else if (i.opcode === "rsqrt") {
    pushFloat(e, i, a, it.type, it.ftz);
    const value = e.scratch(F64, "a");
    if (it.type === "f32") f.op(OP.f64_promote_f32);
    f.localSet(value).f64Const(1).localGet(value).op(OP.f64_sqrt).op(OP.f64_div);
    if (it.type === "f32") f.op(OP.f32_demote_f64);
    else clearLowHalf(e);
  } else {
    pushFloat(e, i, a, it.type, it.ftz);
    if (directed && it.type === "f64") {
      // A root is a quotient by itself.
      const [square, root64] = [e.scratch(F64, "a"), e.scratch(F64, "b")];
      f.localTee(square).op(OP.f64_sqrt).localTee(root64).localGet(root64).localGet(square);
      f.i32Const(ROUNDING[it.rounding ?? "rn"]).call(e.helpers.get("roundQuotient"));
    } else if (directed) pushDirectedRoot(e, it);
    else f.op(it.type === "f32" ? OP.f32_sqrt : OP.f64_sqrt);
  }
  finish(e, i, it);
};

/** rcp.approx.ftz.f64 and rsqrt.approx(.ftz).f64: the only doubles with .approx. */
function doubleForm(i: Instruction, suffixes: Suffixes): FloatForm {
  suffixes.take("ftz");
  suffixes.type();
  suffixes.end();
  if (i.opcode === "sqrt") throw illegal(i, "sqrt.approx needs .f32");
  return { type: "f64", rounding: undefined, ftz: false, sat: false };
}

/** The approximations of doubles give the high half only. */
function clearLowHalf(e: Emitter): void {
  e.f.op(OP.i64_reinterpret_f64).i64Const(-0x1_0000_0000n).op(OP.i64_and).op(OP.f64_reinterpret_i64);
}

function pushDirectedRoot(e: Emitter, it: FloatForm): void {
  const { f } = e;
  const square = e.scratch(F64, "square");
  const root = e.scratch(F64, "quotient");
  f.op(OP.f64_promote_f32).localTee(square).op(OP.f64_sqrt).localTee(root);
  // The square of a float is exact in double.
  f.localGet(square).localGet(root).localGet(root).op(OP.f64_mul).op(OP.f64_sub);
  pushIfExactSingle(e, root);
  f.call(e.helpers.get("demoteOdd"))
    .i32Const(ROUNDING[it.rounding ?? "rn"])
    .call(e.helpers.get("demote"));
}

/** sin, cos, lg2, ex2, tanh: computed in double, so the result is the nearest float or its neighbour. */
export const transcendental: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  if (!suffixes.take("approx")) throw illegal(i, `'${i.opcode}' needs .approx`);
  const it = form(i, suffixes);
  if (it.type !== "f32") throw notTranslated(i, `type .${it.type}`);
  const { imports } = e.helpers;
  const functions: Record<string, number> = {
    sin: imports.sin,
    cos: imports.cos,
    lg2: imports.log2,
    ex2: imports.exp2,
    tanh: imports.tanh,
  };
  pushFloat(e, i, i.operands[1], "f32", it.ftz);
  e.f
    .op(OP.f64_promote_f32)
    .call(functions[i.opcode] ?? imports.sin)
    .op(OP.f32_demote_f64);
  finish(e, i, it);
};

export const floatAbsNeg: Lowering = (e, i) => {
  const it = form(i, new Suffixes(i));
  const single = it.type === "f32";
  pushFloat(e, i, i.operands[1], it.type, it.ftz);
  e.f.op(i.opcode === "abs" ? (single ? OP.f32_abs : OP.f64_abs) : single ? OP.f32_neg : OP.f64_neg);
  e.set(i, i.operands[0], it.type);
};

/** min and max: a NaN loses against a number, unless .NaN asks otherwise; -0 is below +0. */
export const floatMinMax: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const propagate = suffixes.take("NaN");
  const crossed = suffixes.take("xorsign") && suffixes.take("abs");
  const it = form(i, suffixes);
  const { f } = e;
  const single = it.type === "f32";
  const type: ValueType = single ? F32 : F64;
  const [a, b] = [e.scratch(type, "a"), e.scratch(type, "b")];
  const operands = i.operands.slice(1);
  if (operands.length < 2 || operands.length > 3) throw illegal(i, `wrong number of operands for '${i.opcode}'`);
  for (const [index, operand] of operands.entries()) {
    pushFloat(e, i, operand, it.type, it.ftz);
    if (crossed) f.op(OP.f32_abs);
    f.localSet(index === 0 ? a : b);
    if (index === 0) continue;
    pushSmaller(e, i.opcode === "min", a, b, propagate, single);
    f.localSet(a);
  }
  f.localGet(a);
  if (crossed) {
    // The sign of a product: one, with the sign of each.
    f.f32Const(1);
    e.push(i, operands[0], "f32");
    f.op(OP.f32_copysign).f32Const(1);
    e.push(i, operands[1], "f32");
    f.op(OP.f32_copysign).op(OP.f32_mul).op(OP.f32_copysign);
  }
  e.set(i, i.operands[0], it.type);
};

/** copysign d, a, b: b's magnitude with a's sign. */
export const copySign: Lowering = (e, i) => {
  const it = form(i, new Suffixes(i));
  e.push(i, i.operands[2], it.type);
  e.push(i, i.operands[1], it.type);
  e.f.op(it.type === "f32" ? OP.f32_copysign : OP.f64_copysign);
  e.set(i, i.operands[0], it.type);
};

export const testProperty: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const property = suffixes.oneOf(["finite", "infinite", "number", "notanumber", "normal", "subnormal"]);
  const it = form(i, suffixes);
  if (property === undefined) throw illegal(i, "testp needs a property");
  const { f } = e;
  const value = e.scratch(I64, "magnitude");
  // In double, every float keeps its class but subnormals; so the class is read from the bits of its own width.
  const single = it.type === "f32";
  e.push(i, i.operands[1], it.type);
  if (single) f.op(OP.i32_reinterpret_f32).op(OP.i64_extend_i32_u).i64Const(0x7fff_ffff).op(OP.i64_and).localSet(value);
  else f.op(OP.i64_reinterpret_f64).i64Const(0x7fff_ffff_ffff_ffffn).op(OP.i64_and).localSet(value);
  const infinity = single ? 0x7f80_0000n : 0x7ffn << 52n;
  const normal = single ? 1n << 23n : 1n << 52n;
  const compare = (op: number, limit: bigint): void => {
    f.localGet(value).i64Const(limit).op(op);
  };
  if (property === "finite") compare(OP.i64_lt_u, infinity);
  else if (property === "infinite") compare(OP.i64_eq, infinity);
  else if (property === "number") compare(OP.i64_le_u, infinity);
  else if (property === "notanumber") compare(OP.i64_gt_u, infinity);
  else if (property === "normal") {
    compare(OP.i64_ge_u, normal);
    compare(OP.i64_lt_u, infinity);
    f.op(OP.i32_and);
  } else {
    compare(OP.i64_ne, 0n);
    compare(OP.i64_lt_u, normal);
    f.op(OP.i32_and);
  }
  e.set(i, i.operands[0], "pred");
};
