import { SIMD } from "@decant/wasm";
import type { Operand } from "../parse/ast.ts";
import { bitsOf, isScalarType, isSigned, type ScalarType } from "../parse/types.ts";
import type { VectorEmitter } from "./emitter.ts";
import { I32_TYPE, I64_TYPE, plain, pushFloats, words } from "./forms.ts";
import type { SsaInstruction } from "./ssa.ts";

type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
const COMPARE32 = {
  s: { eq: SIMD.i32x4_eq, ne: SIMD.i32x4_ne, lt: SIMD.i32x4_lt_s, le: SIMD.i32x4_le_s, gt: SIMD.i32x4_gt_s, ge: SIMD.i32x4_ge_s },
  u: { eq: SIMD.i32x4_eq, ne: SIMD.i32x4_ne, lt: SIMD.i32x4_lt_u, le: SIMD.i32x4_le_u, gt: SIMD.i32x4_gt_u, ge: SIMD.i32x4_ge_u },
};
const COMPARE64 = {
  eq: SIMD.i64x2_eq,
  ne: SIMD.i64x2_ne,
  lt: SIMD.i64x2_lt_s,
  le: SIMD.i64x2_le_s,
  gt: SIMD.i64x2_gt_s,
  ge: SIMD.i64x2_ge_s,
};
const COMPARE_FLOAT = {
  f32: { eq: SIMD.f32x4_eq, ne: SIMD.f32x4_ne, lt: SIMD.f32x4_lt, le: SIMD.f32x4_le, gt: SIMD.f32x4_gt, ge: SIMD.f32x4_ge },
  f64: { eq: SIMD.f64x2_eq, ne: SIMD.f64x2_ne, lt: SIMD.f64x2_lt, le: SIMD.f64x2_le, gt: SIMD.f64x2_gt, ge: SIMD.f64x2_ge },
};
/** What comparisons of unsigned numbers are called besides. */
export const ALIASES: Readonly<Record<string, Comparison>> = { lo: "lt", ls: "le", hi: "gt", hs: "ge" };
/** Unordered comparisons are the negations of their ordered opposites. */
const OPPOSITES: Readonly<Record<string, Comparison>> = { ltu: "ge", leu: "gt", gtu: "le", geu: "lt" };

/** setp, of numbers of 16, 32 and 64 bits. */
export function setp(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [d, a, b, c] = i.operands;
  const [name = "", ...rest] = i.modifiers;
  const combine = rest[0] === "and" || rest[0] === "or" || rest[0] === "xor" ? rest.shift() : undefined;
  const ftz = rest[0] === "ftz" && rest.shift() !== undefined;
  const [type, more] = rest;
  if (type === undefined || !isScalarType(type) || more !== undefined) return false;
  if (!plain({ ...i, operands: i.operands.slice(1, 3) }, type)) return false;
  const compare = comparison(e, s, name, type, ftz, a, b);
  if (compare === undefined) return false;
  const { f } = e;
  const wide = bitsOf(type) === 64;
  for (let j = 0; j < e.vectors; j++) {
    if (wide) {
      compare(2 * j);
      compare(2 * j + 1);
      f.shuffle(words(0, 2, 4, 6));
    } else compare(j);
    const result = e.vectorTemporary("comparison");
    f.localSet(result);
    // The combining predicate is read before a result is written that may be the same register: they are different values here.
    const put = (operand: Operand | undefined, inverted: boolean): void => {
      if (operand === undefined || operand.kind === "sink") return;
      f.localGet(result);
      if (inverted) f.simd(SIMD.v128_not);
      if (combine !== undefined) {
        e.pushVector(s, i, c, "pred", j);
        f.simd(combine === "and" ? SIMD.v128_and : combine === "or" ? SIMD.v128_or : SIMD.v128_xor);
      }
      e.setVector(s, operand, j);
    };
    if (d?.kind === "pair") {
      put(d.first, false);
      put(d.second, true);
    } else put(d, false);
  }
  return true;
}

/** Writes a comparison of vector `j`, as a mask of the operands' width. */
function comparison(
  e: VectorEmitter,
  s: SsaInstruction,
  name: string,
  type: ScalarType,
  ftz: boolean,
  a: Operand | undefined,
  b: Operand | undefined,
): ((j: number) => void) | undefined {
  const { f } = e;
  const i = s.instruction;
  if (type === "f32" || type === "f64") {
    const ops = COMPARE_FLOAT[type];
    const it = { type, ftz, sat: false };
    const plainOp = name === "neu" ? ops.ne : name !== "ne" && name in ops ? ops[name as Comparison] : undefined;
    const opposite = OPPOSITES[name];
    const push = (j: number, op: number): void => {
      pushFloats(e, s, a, it, j);
      pushFloats(e, s, b, it, j);
      f.simd(op);
    };
    if (plainOp !== undefined) return (j) => push(j, plainOp);
    if (opposite !== undefined) {
      return (j) => {
        push(j, ops[opposite]);
        f.simd(SIMD.v128_not);
      };
    }
    if (name !== "ne" && name !== "equ") return undefined;
    return (j) => {
      push(j, ops.lt);
      push(j, ops.gt);
      f.simd(SIMD.v128_or);
      if (name === "equ") f.simd(SIMD.v128_not);
    };
  }
  const key = ALIASES[name] ?? name;
  if (!(key in COMPARE64)) return undefined;
  const unsigned = !isSigned(type);
  if (I32_TYPE.test(type)) {
    return (j) => {
      e.pushVector(s, i, a, type, j);
      e.pushVector(s, i, b, type, j);
      f.simd(COMPARE32[unsigned ? "u" : "s"][key as Comparison]);
    };
  }
  if (type === "u16" || type === "b16" || type === "s16") {
    return (j) => {
      for (const operand of [a, b]) {
        e.pushVector(s, i, operand, type, j);
        if (!unsigned) f.i32Const(16).simd(SIMD.i32x4_shl).i32Const(16).simd(SIMD.i32x4_shr_s);
      }
      f.simd(COMPARE32[unsigned ? "u" : "s"][key as Comparison]);
    };
  }
  if (!I64_TYPE.test(type)) return undefined;
  return (j) => {
    for (const operand of [a, b]) {
      e.pushVector(s, i, operand, type, j);
      // There is no unsigned comparison: with the top bit turned over, the signed one says the same.
      if (unsigned && key !== "eq" && key !== "ne")
        f.i64Const(-(1n << 63n))
          .simd(SIMD.i64x2_splat)
          .simd(SIMD.v128_xor);
    }
    f.simd(COMPARE64[key as Comparison]);
  };
}
