import { I32, OP, type ValueType } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { flushBits, pushFloat, widenHalf } from "./float-parts.ts";
import { halfType } from "./half.ts";
import type { Lowering } from "./table.ts";

const COMPARISONS = [
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "lo",
  "ls",
  "hi",
  "hs",
  "equ",
  "neu",
  "ltu",
  "leu",
  "gtu",
  "geu",
  "num",
  "nan",
] as const;
type Comparison = (typeof COMPARISONS)[number];

interface CompareForm {
  readonly comparison: Comparison;
  readonly combine: "and" | "or" | "xor" | undefined;
  readonly ftz: boolean;
}

function compareForm(i: Instruction, suffixes: Suffixes): CompareForm {
  const comparison = suffixes.oneOf(COMPARISONS);
  const combine = suffixes.oneOf(["and", "or", "xor"]);
  if (comparison === undefined) throw illegal(i, `'${i.opcode}' needs a comparison`);
  return { comparison, combine, ftz: suffixes.take("ftz") };
}

export const setp: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const it = compareForm(i, suffixes);
  const type = suffixes.type();
  suffixes.end();
  const [d, a, b, c] = i.operands;
  const { f } = e;
  if (halfType(type)?.lanes === 2) {
    setPacked(e, i, it, type);
    return;
  }
  pushComparison(e, i, it, type, a, b);
  if (d?.kind !== "pair") {
    combineWith(e, i, it, c);
    e.set(i, d, "pred");
    return;
  }
  const result = e.scratch(I32, "compare");
  // The combining predicate is read before either result is written: they may be the same register.
  const other = e.scratch(I32, "combine");
  f.localSet(result);
  if (it.combine !== undefined) {
    e.push(i, c, "pred");
    f.localSet(other);
  }
  for (const [operand, inverted] of [
    [d.first, false],
    [d.second, true],
  ] as const) {
    if (operand.kind === "sink") continue;
    f.localGet(result);
    if (inverted) f.op(OP.i32_eqz);
    if (it.combine !== undefined) f.localGet(other).op(combineOp(it.combine));
    e.set(i, operand, "pred");
  }
};

/** setp of two halves each: a predicate for each, the second for the upper ones. */
function setPacked(e: Emitter, i: Instruction, it: CompareForm, type: ScalarType): void {
  const [d, a, b, c] = i.operands;
  const other = e.scratch(I32, "combine");
  if (it.combine !== undefined) {
    e.push(i, c, "pred");
    e.f.localSet(other);
  }
  const results = d?.kind === "pair" ? [d.first, d.second] : [d];
  for (const [lane, result] of results.entries()) {
    pushHalfComparison(e, i, it, type, a, b, lane);
    if (it.combine !== undefined) e.f.localGet(other).op(combineOp(it.combine));
    e.set(i, result, "pred");
  }
}

function combineWith(e: Emitter, i: Instruction, it: CompareForm, operand: Operand | undefined): void {
  if (it.combine === undefined) return;
  e.push(i, operand, "pred");
  e.f.op(combineOp(it.combine));
}

function combineOp(combine: "and" | "or" | "xor"): number {
  return combine === "and" ? OP.i32_and : combine === "or" ? OP.i32_or : OP.i32_xor;
}

/** set: like setp, with a number as the result: all ones, or 1.0. */
export const set: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const it = compareForm(i, suffixes);
  const result = suffixes.type();
  const type = suffixes.type();
  suffixes.end();
  const [d, a, b, c] = i.operands;
  const { f } = e;
  if (halfType(type)?.lanes === 2) {
    if (halfType(result)?.lanes !== 2) throw notTranslated(i, `result type .${result}`);
    for (const lane of [0, 1]) {
      pushHalfComparison(e, i, it, type, a, b, lane);
      combineWith(e, i, it, c);
      f.i32Const(oneOf(result)).op(OP.i32_mul);
      if (lane === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
    }
    e.set(i, d, "b32");
    return;
  }
  pushComparison(e, i, it, type, a, b);
  combineWith(e, i, it, c);
  if (result === "f32") f.op(OP.f32_convert_i32_u);
  else if (result === "f16" || result === "bf16") f.i32Const(oneOf(result)).op(OP.i32_mul);
  else if (/^[us](16|32)$/.test(result)) {
    const value = e.scratch(I32, "compare");
    f.localSet(value).i32Const(0).localGet(value).op(OP.i32_sub);
  } else throw notTranslated(i, `result type .${result}`);
  e.set(i, d, result === "f16" || result === "bf16" ? "b16" : result);
};

/** The bits of 1.0. */
function oneOf(type: ScalarType): number {
  return halfType(type)?.element === "bf16" ? 0x3f80 : 0x3c00;
}

export const selp: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const type = requireSelectable(i, suffixes.type());
  suffixes.end();
  const [d, a, b, p] = i.operands;
  e.push(i, a, type);
  e.push(i, b, type);
  e.push(i, p, "pred");
  e.f.select();
  e.set(i, d, type);
};

function requireSelectable(i: Instruction, type: ScalarType): ScalarType {
  if (!/^([bus](16|32|64)|f(32|64))$/.test(type)) throw illegal(i, `'.${type}' is not a type of '${i.opcode}'`);
  return type;
}

/** slct: a where c is not negative, else b. */
export const slct: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const ftz = suffixes.take("ftz");
  const type = requireSelectable(i, suffixes.type());
  const selector = suffixes.type();
  suffixes.end();
  if (selector !== "f32" && selector !== "s32") throw illegal(i, `'slct' selects by .s32 or .f32, not by .${selector}`);
  const [d, a, b, c] = i.operands;
  e.push(i, a, type);
  e.push(i, b, type);
  if (selector === "f32") {
    pushFloat(e, i, c, "f32", ftz);
    e.f.f32Const(0).op(OP.f32_ge);
  } else {
    e.push(i, c, "s32");
    e.f.i32Const(0).op(OP.i32_ge_s);
  }
  e.f.select();
  e.set(i, d, type);
};

function pushComparison(
  e: Emitter,
  i: Instruction,
  it: CompareForm,
  type: ScalarType,
  a: Operand | undefined,
  b: Operand | undefined,
): void {
  if (type === "f32" || type === "f64") {
    pushFloatComparison(e, i, it, type, () => {
      if (it.ftz && type !== "f32") throw illegal(i, "'.ftz' needs .f32");
      pushFloat(e, i, a, type, it.ftz);
      pushFloat(e, i, b, type, it.ftz);
    });
  } else if (halfType(type)?.lanes === 1) pushHalfComparison(e, i, it, type, a, b, 0);
  else if (/^[usb](16|32|64)$/.test(type)) pushIntegerComparison(e, i, it.comparison, type, a, b);
  else throw notTranslated(i, `comparison of .${type}`);
}

/** Compares one element of two halves, or of two pairs of them. */
function pushHalfComparison(
  e: Emitter,
  i: Instruction,
  it: CompareForm,
  type: ScalarType,
  a: Operand | undefined,
  b: Operand | undefined,
  lane: number,
): void {
  const half = halfType(type);
  if (half === undefined) throw notTranslated(i, `comparison of .${type}`);
  pushFloatComparison(e, i, it, "f32", () => {
    for (const operand of [a, b]) {
      e.push(i, operand, half.lanes === 2 ? "b32" : "b16");
      if (half.lanes === 2 && lane === 0) e.f.i32Const(0xffff).op(OP.i32_and);
      if (lane === 1) e.f.i32Const(16).op(OP.i32_shr_u);
      if (it.ftz) flushBits(e, half.element);
      widenHalf(e, half.element);
    }
  });
}

function pushIntegerComparison(
  e: Emitter,
  i: Instruction,
  comparison: Comparison,
  type: ScalarType,
  a: Operand | undefined,
  b: Operand | undefined,
): void {
  const wide = bitsOf(type) === 64;
  const signed = isSigned(type);
  const names: Partial<Record<Comparison, "eq" | "ne" | "lt" | "le" | "gt" | "ge">> = {
    eq: "eq",
    ne: "ne",
    lt: "lt",
    le: "le",
    gt: "gt",
    ge: "ge",
    lo: "lt",
    ls: "le",
    hi: "gt",
    hs: "ge",
  };
  const name = names[comparison];
  if (name === undefined || (type.startsWith("b") && name !== "eq" && name !== "ne"))
    throw illegal(i, `'.${comparison}' does not go with .${type}`);
  const ops = {
    eq: wide ? OP.i64_eq : OP.i32_eq,
    ne: wide ? OP.i64_ne : OP.i32_ne,
    lt: wide ? (signed ? OP.i64_lt_s : OP.i64_lt_u) : signed ? OP.i32_lt_s : OP.i32_lt_u,
    le: wide ? (signed ? OP.i64_le_s : OP.i64_le_u) : signed ? OP.i32_le_s : OP.i32_le_u,
    gt: wide ? (signed ? OP.i64_gt_s : OP.i64_gt_u) : signed ? OP.i32_gt_s : OP.i32_gt_u,
    ge: wide ? (signed ? OP.i64_ge_s : OP.i64_ge_u) : signed ? OP.i32_ge_s : OP.i32_ge_u,
  };
  e.push(i, a, type);
  e.push(i, b, type);
  e.f.op(ops[name]);
}

function pushFloatComparison(e: Emitter, i: Instruction, it: CompareForm, type: "f32" | "f64", push: () => void): void {
  const { f } = e;
  const single = type === "f32";
  const ops = {
    eq: single ? OP.f32_eq : OP.f64_eq,
    neu: single ? OP.f32_ne : OP.f64_ne,
    lt: single ? OP.f32_lt : OP.f64_lt,
    le: single ? OP.f32_le : OP.f64_le,
    gt: single ? OP.f32_gt : OP.f64_gt,
    ge: single ? OP.f32_ge : OP.f64_ge,
  };
  const { comparison } = it;
  if (comparison in ops) {
    push();
    f.op(ops[comparison as keyof typeof ops]);
    return;
  }
  // An unordered comparison is the negation of the opposite ordered one.
  const opposites: Partial<Record<Comparison, keyof typeof ops>> = { ltu: "ge", leu: "gt", gtu: "le", geu: "lt" };
  const opposite = opposites[comparison];
  if (opposite !== undefined) {
    push();
    f.op(ops[opposite]).op(OP.i32_eqz);
    return;
  }
  const local: ValueType = valueType(type);
  const x = e.scratch(local, "a");
  const y = e.scratch(local, "b");
  push();
  f.localSet(y).localSet(x);
  if (comparison === "ne" || comparison === "equ") {
    f.localGet(x).localGet(y).op(ops.lt).localGet(x).localGet(y).op(ops.gt).op(OP.i32_or);
    if (comparison === "equ") f.op(OP.i32_eqz);
  } else if (comparison === "num" || comparison === "nan") {
    f.localGet(x).localGet(x).op(ops.eq).localGet(y).localGet(y).op(ops.eq).op(OP.i32_and);
    if (comparison === "nan") f.op(OP.i32_eqz);
  } else throw illegal(i, `'.${comparison}' does not go with .${type}`);
}
