import { I32, OP, SIMD } from "@decant/wasm";
import { bitsOf, isScalarType, isSigned, type ScalarType } from "../parse/types.ts";
import { setp } from "./compare.ts";
import { convert } from "./convert.ts";
import type { VectorEmitter } from "./emitter.ts";
import { each, finishFloat, floatForm, I32_TYPE, integerForm, plain, pushFloats, shortForm, words, type VectorLowering } from "./forms.ts";
import type { SsaInstruction } from "./ssa.ts";
import { transcendental } from "./transcendental.ts";

const lowerings: Readonly<Record<string, VectorLowering>> = {
  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  mad: multiplyAdd,
  fma: multiplyAdd,
  div: divide,
  sqrt: root,
  rcp: root,
  rsqrt: root,
  ex2: transcendental,
  lg2: transcendental,
  sin: transcendental,
  cos: transcendental,
  and: logic,
  or: logic,
  xor: logic,
  not: logic,
  lop3,
  shl: shift,
  shr: shift,
  shf: funnelShift,
  min: minMax,
  max: minMax,
  abs: absNeg,
  neg: absNeg,
  popc: countBits,
  prmt: permute,
  setp,
  selp,
  cvt: convert,
  mov: move,
  cvta: (e, s) => copy(e, s, "b64"),
};

/** The vector form of an opcode, if it has one. */
export function vectorLowering(opcode: string): VectorLowering | undefined {
  return Object.hasOwn(lowerings, opcode) ? lowerings[opcode] : undefined;
}

function arithmetic(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [, a, b] = i.operands;
  const opcode = i.opcode as "add" | "sub" | "mul"; // The table sends only these here.
  if (/^f(32|64)$/.test(i.modifiers.at(-1) ?? "")) {
    const it = floatForm(i);
    if (it === undefined) return false;
    const ops = {
      add: { f32: SIMD.f32x4_add, f64: SIMD.f64x2_add },
      sub: { f32: SIMD.f32x4_sub, f64: SIMD.f64x2_sub },
      mul: { f32: SIMD.f32x4_mul, f64: SIMD.f64x2_mul },
    };
    return each(e, s, it.type, (j) => {
      pushFloats(e, s, a, it, j);
      pushFloats(e, s, b, it, j);
      e.f.simd(ops[opcode][it.type]);
      finishFloat(e, it);
    });
  }
  if (opcode === "mul" && !i.modifiers.includes("lo")) return multiplyWide(e, s);
  const type = shortForm(i, opcode === "mul" ? ["lo"] : []) ?? integerForm(i, opcode === "mul" ? ["lo"] : []);
  if (type === undefined || !plain(i, type)) return false;
  const wide = bitsOf(type) === 64;
  const ops = {
    add: wide ? SIMD.i64x2_add : SIMD.i32x4_add,
    sub: wide ? SIMD.i64x2_sub : SIMD.i32x4_sub,
    mul: wide ? SIMD.i64x2_mul : SIMD.i32x4_mul,
  };
  return each(e, s, type, (j) => {
    e.pushVector(s, i, a, type, j);
    e.pushVector(s, i, b, type, j);
    e.f.simd(ops[opcode]);
    if (bitsOf(type) === 16) clearHigh(e);
  });
}

/** Narrow registers hold nothing above their width. */
function clearHigh({ f }: VectorEmitter): void {
  f.i32Const(0xffff).simd(SIMD.i32x4_splat).simd(SIMD.v128_and);
}

/** mul.wide of 16-bit numbers. */
function multiplyShorts(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [d, ...factors] = i.operands;
  const [, type, ...rest] = i.modifiers;
  if ((type !== "u16" && type !== "s16") || rest.length > 0 || !plain(i, type, 1)) return false;
  if (d?.kind !== "register" || bitsOf(d.register.type) !== 32) return false;
  return each(e, s, "b32", (j) => {
    for (const factor of factors) {
      e.pushVector(s, i, factor, type, j);
      if (type === "u16") clearHigh(e);
      else e.f.i32Const(16).simd(SIMD.i32x4_shl).i32Const(16).simd(SIMD.i32x4_shr_s);
    }
    e.f.simd(SIMD.i32x4_mul);
  });
}

/** mul.hi and mul.wide of 32-bit numbers. */
function multiplyWide(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [d, a, b] = i.operands;
  const [half, type, ...rest] = i.modifiers;
  if (half === "wide" && multiplyShorts(e, s)) return true;
  if ((type !== "u32" && type !== "s32") || rest.length > 0 || !plain(i, type, 1) || d?.kind !== "register") return false;
  const { f } = e;
  const product = (j: number, high: boolean): void => {
    e.pushVector(s, i, a, type, j);
    e.pushVector(s, i, b, type, j);
    if (type === "u32") f.simd(high ? SIMD.i64x2_extmul_high_i32x4_u : SIMD.i64x2_extmul_low_i32x4_u);
    else f.simd(high ? SIMD.i64x2_extmul_high_i32x4_s : SIMD.i64x2_extmul_low_i32x4_s);
  };
  if (half === "wide") return bitsOf(d.register.type) === 64 && each(e, s, "b64", (j) => product(j >> 1, (j & 1) === 1));
  if (bitsOf(d.register.type) !== 32) return false;
  return each(e, s, type, (j) => {
    product(j, false);
    product(j, true);
    f.shuffle(words(1, 3, 5, 7));
  });
}

function multiplyAdd(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [, a, b, c] = i.operands;
  const { f } = e;
  if (/^f(32|64)$/.test(i.modifiers.at(-1) ?? "")) {
    const it = floatForm(i);
    if (it === undefined || !e.kernel.features.fusedMultiplyAdd) return false;
    return each(e, s, it.type, (j) => {
      for (const operand of [a, b, c]) pushFloats(e, s, operand, it, j);
      f.simd(it.type === "f32" ? SIMD.f32x4_relaxed_madd : SIMD.f64x2_relaxed_madd);
      finishFloat(e, it);
    });
  }
  const type = integerForm(i, ["lo"]);
  if (type === undefined || !i.modifiers.includes("lo") || !plain(i, type)) return false;
  const wide = bitsOf(type) === 64;
  return each(e, s, type, (j) => {
    e.pushVector(s, i, a, type, j);
    e.pushVector(s, i, b, type, j);
    f.simd(wide ? SIMD.i64x2_mul : SIMD.i32x4_mul);
    e.pushVector(s, i, c, type, j);
    f.simd(wide ? SIMD.i64x2_add : SIMD.i32x4_add);
  });
}

/** Division of floats; that of integers has no vector instruction. */
function divide(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  if (!/^f(32|64)$/.test(i.modifiers.at(-1) ?? "")) return false;
  const it = floatForm(i, ["approx", "full"]);
  if (it === undefined) return false;
  return each(e, s, it.type, (j) => {
    pushFloats(e, s, i.operands[1], it, j);
    pushFloats(e, s, i.operands[2], it, j);
    e.f.simd(it.type === "f32" ? SIMD.f32x4_div : SIMD.f64x2_div);
    finishFloat(e, it);
  });
}

/** sqrt, rcp and rsqrt. 1/sqrt in two roundings stays within the 2^-22.9 that rsqrt.approx allows. */
function root(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const it = floatForm(i, ["approx"]);
  if (it === undefined || (it.type === "f64" && i.modifiers.includes("approx"))) return false;
  const { f } = e;
  const single = it.type === "f32";
  return each(e, s, it.type, (j) => {
    if (i.opcode !== "sqrt") {
      if (single) f.f32Const(1).simd(SIMD.f32x4_splat);
      else f.f64Const(1).simd(SIMD.f64x2_splat);
    }
    pushFloats(e, s, i.operands[1], it, j);
    if (i.opcode !== "rcp") f.simd(single ? SIMD.f32x4_sqrt : SIMD.f64x2_sqrt);
    if (i.opcode !== "sqrt") f.simd(single ? SIMD.f32x4_div : SIMD.f64x2_div);
    finishFloat(e, it);
  });
}

function logic(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [type, ...rest] = i.modifiers;
  if (type === undefined || !/^(pred|b(16|32|64))$/.test(type) || !isScalarType(type) || rest.length > 0 || !plain(i, type)) return false;
  const ops: Record<string, number> = { and: SIMD.v128_and, or: SIMD.v128_or, xor: SIMD.v128_xor };
  return each(e, s, type, (j) => {
    e.pushVector(s, i, i.operands[1], type, j);
    if (i.opcode === "not") e.f.simd(SIMD.v128_not);
    else {
      e.pushVector(s, i, i.operands[2], type, j);
      e.f.simd(ops[i.opcode] ?? 0);
    }
    if (i.opcode === "not" && type === "b16") clearHigh(e);
  });
}

function lop3(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const lut = Number(e.constant(i.operands[4]) ?? -1);
  if (i.modifiers.join() !== "b32" || lut < 0 || lut > 255 || !plain(i, "b32")) return false;
  const { f } = e;
  return each(e, s, "b32", (j) => {
    const inputs = [1, 2, 3].map((at) => {
      const local = e.vectorTemporary(`lop ${at}`);
      e.pushVector(s, i, i.operands[at], "b32", j);
      f.localSet(local);
      return local;
    });
    f.i32Const(0).simd(SIMD.i32x4_splat);
    for (let row = 0; row < 8; row++) {
      if (((lut >> row) & 1) === 0) continue;
      f.i32Const(-1).simd(SIMD.i32x4_splat);
      for (const [index, input] of inputs.entries())
        f.localGet(input).simd(((row >> (2 - index)) & 1) === 0 ? SIMD.v128_andnot : SIMD.v128_and);
      f.simd(SIMD.v128_or);
    }
  });
}

/** Shifts by a count that is the same in all lanes. */
function shift(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [, a, count] = i.operands;
  const type = integerForm(i);
  if (type === undefined || !plain({ ...i, operands: i.operands.slice(0, 2) }, type)) return false;
  if (e.shapes.of(s.reads, count).kind !== "uniform") return false;
  const { f } = e;
  const bits = bitsOf(type);
  const wide = bits === 64;
  const left = i.opcode === "shl";
  const arithmeticShift = !left && isSigned(type);
  const op = left
    ? wide
      ? SIMD.i64x2_shl
      : SIMD.i32x4_shl
    : arithmeticShift
      ? wide
        ? SIMD.i64x2_shr_s
        : SIMD.i32x4_shr_s
      : wide
        ? SIMD.i64x2_shr_u
        : SIMD.i32x4_shr_u;
  const known = e.constant(count);
  if (known !== undefined) {
    const amount = Number(BigInt.asUintN(32, known));
    return each(e, s, type, (j) => {
      e.pushVector(s, i, a, type, j);
      f.i32Const(Math.min(amount, bits - 1)).simd(op);
      if (amount >= bits && !arithmeticShift) f.drop().v128Const(new Uint8Array(16));
    });
  }
  const amount = e.temporary(I32, "amount");
  const inside = e.vectorTemporary("inside");
  e.pushScalar(s, i, count, "u32");
  f.localTee(amount).i32Const(bits).op(OP.i32_lt_u).localSet(e.temporary(I32, "fits"));
  f.i32Const(0).localGet(e.temporary(I32, "fits")).op(OP.i32_sub).simd(SIMD.i32x4_splat).localSet(inside);
  f.localGet(amount)
    .i32Const(bits - 1)
    .localGet(e.temporary(I32, "fits"))
    .select()
    .localSet(amount);
  return each(e, s, type, (j) => {
    e.pushVector(s, i, a, type, j);
    f.localGet(amount).simd(op);
    if (!arithmeticShift) f.localGet(inside).simd(SIMD.v128_and);
  });
}

/** shf by a constant. */
function funnelShift(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [, a, b, count] = i.operands;
  const known = e.constant(count);
  const [direction, mode, type] = i.modifiers;
  if (known === undefined || type !== "b32" || !plain({ ...i, operands: i.operands.slice(0, 3) }, "b32")) return false;
  const limit = mode === "wrap" ? known & 31n : known > 32n ? 32n : known;
  if (known < 0n || limit === 32n) return false;
  const amount = Number(limit);
  const { f } = e;
  return each(e, s, "b32", (j) => {
    const [high, low] = direction === "l" ? [amount, 32 - amount] : [32 - amount, amount];
    if (amount === 0) {
      e.pushVector(s, i, direction === "l" ? b : a, "b32", j);
      return;
    }
    e.pushVector(s, i, b, "b32", j);
    f.i32Const(high).simd(SIMD.i32x4_shl);
    e.pushVector(s, i, a, "b32", j);
    f.i32Const(low).simd(SIMD.i32x4_shr_u).simd(SIMD.v128_or);
  });
}

function minMax(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [, a, b] = i.operands;
  const { f } = e;
  const min = i.opcode === "min";
  if (i.operands.length !== 3) return false;
  if (/^f(32|64)$/.test(i.modifiers.at(-1) ?? "")) {
    const propagate = i.modifiers.includes("NaN");
    const it = floatForm(i, ["NaN"]);
    if (it === undefined) return false;
    const single = it.type === "f32";
    const [x, y] = [e.vectorTemporary("x"), e.vectorTemporary("y")];
    const equal = single ? SIMD.f32x4_eq : SIMD.f64x2_eq;
    return each(e, s, it.type, (j) => {
      pushFloats(e, s, a, it, j);
      f.localSet(x);
      pushFloats(e, s, b, it, j);
      f.localSet(y);
      f.localGet(x)
        .localGet(y)
        .simd(min ? (single ? SIMD.f32x4_min : SIMD.f64x2_min) : single ? SIMD.f32x4_max : SIMD.f64x2_max);
      if (propagate) return;
      // A NaN loses against a number.
      f.localGet(x).localGet(y).localGet(y).simd(equal).simd(SIMD.v128_bitselect);
      f.localGet(y).localGet(x).localGet(x).simd(equal).simd(SIMD.v128_bitselect);
    });
  }
  const type = integerForm(i);
  if (type === undefined || !I32_TYPE.test(type) || !plain(i, type)) return false;
  return each(e, s, type, (j) => {
    e.pushVector(s, i, a, type, j);
    e.pushVector(s, i, b, type, j);
    if (isSigned(type)) f.simd(min ? SIMD.i32x4_min_s : SIMD.i32x4_max_s);
    else f.simd(min ? SIMD.i32x4_min_u : SIMD.i32x4_max_u);
  });
}

function absNeg(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const abs = i.opcode === "abs";
  if (/^f(32|64)$/.test(i.modifiers.at(-1) ?? "")) {
    const it = floatForm(i);
    if (it === undefined) return false;
    const single = it.type === "f32";
    return each(e, s, it.type, (j) => {
      pushFloats(e, s, i.operands[1], it, j);
      e.f.simd(abs ? (single ? SIMD.f32x4_abs : SIMD.f64x2_abs) : single ? SIMD.f32x4_neg : SIMD.f64x2_neg);
    });
  }
  const type = integerForm(i);
  if (type === undefined || !plain(i, type)) return false;
  const wide = bitsOf(type) === 64;
  return each(e, s, type, (j) => {
    e.pushVector(s, i, i.operands[1], type, j);
    e.f.simd(abs ? (wide ? SIMD.i64x2_abs : SIMD.i32x4_abs) : wide ? SIMD.i64x2_neg : SIMD.i32x4_neg);
  });
}

function countBits(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  if (i.modifiers.join() !== "b32" || !plain(i, "b32")) return false;
  return each(e, s, "b32", (j) => {
    e.pushVector(s, i, i.operands[1], "b32", j);
    e.f.simd(SIMD.i8x16_popcnt).simd(SIMD.i16x8_extadd_pairwise_i8x16_u).simd(SIMD.i32x4_extadd_pairwise_i16x8_u);
  });
}

/** prmt with a constant selector that asks for no signs. */
function permute(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const selector = e.constant(i.operands[3]);
  if (i.modifiers.join() !== "b32" || selector === undefined || (selector & 0x8888n) !== 0n || !plain(i, "b32")) return false;
  const lanes: number[] = [];
  for (let lane = 0; lane < 4; lane++) {
    for (let byte = 0; byte < 4; byte++) {
      const from = Number((selector >> BigInt(4 * byte)) & 7n);
      lanes.push(from < 4 ? 4 * lane + from : 16 + 4 * lane + from - 4);
    }
  }
  return each(e, s, "b32", (j) => {
    e.pushVector(s, i, i.operands[1], "b32", j);
    e.pushVector(s, i, i.operands[2], "b32", j);
    e.f.shuffle(lanes);
  });
}

function selp(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [, a, b, p] = i.operands;
  const type = i.modifiers[0];
  if (type === undefined || !isScalarType(type) || !plain({ ...i, operands: i.operands.slice(0, 3) }, type) || bitsOf(type) < 16)
    return false;
  const wide = bitsOf(type) === 64;
  return each(e, s, type, (j) => {
    e.pushVector(s, i, a, type, j);
    e.pushVector(s, i, b, type, j);
    e.pushVector(s, i, p, "pred", wide ? j >> 1 : j);
    if (wide) e.f.simd((j & 1) === 0 ? SIMD.i64x2_extend_low_i32x4_s : SIMD.i64x2_extend_high_i32x4_s);
    e.f.simd(SIMD.v128_bitselect);
  });
}

function copy(e: VectorEmitter, s: SsaInstruction, type: ScalarType): boolean {
  const i = s.instruction;
  if (!plain(i, type) || i.modifiers.some((name) => /^(shared|local|param)\b/.test(name))) return false;
  return each(e, s, type, (j) => e.pushVector(s, i, i.operands[1], type, j));
}

function move(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const [d, a] = i.operands;
  const type = i.modifiers[0];
  if (type === undefined || !isScalarType(type)) return false;
  if (d?.kind === "register" && a?.kind === "register") return copy(e, s, type);
  if (type !== "b64") return false;
  // Two words to one of 64 bits, and back.
  if (d?.kind === "register" && a?.kind === "vector" && a.elements.length === 2) {
    if (!plain({ ...i, operands: a.elements }, "b32")) return false;
    return each(e, s, "b64", (j) => {
      for (const element of a.elements) e.pushVector(s, i, element, "b32", j >> 1);
      e.f.shuffle((j & 1) === 0 ? words(0, 4, 1, 5) : words(2, 6, 3, 7));
    });
  }
  if (d?.kind !== "vector" || d.elements.length !== 2 || a?.kind !== "register") return false;
  for (const [half, element] of d.elements.entries()) {
    if (element.kind === "sink") continue;
    for (let j = 0; j < e.vectors; j++) {
      e.pushVector(s, i, a, "b64", 2 * j);
      e.pushVector(s, i, a, "b64", 2 * j + 1);
      e.f.shuffle(half === 0 ? words(0, 2, 4, 6) : words(1, 3, 5, 7));
      e.setVector(s, element, j);
    }
  }
  return true;
}
