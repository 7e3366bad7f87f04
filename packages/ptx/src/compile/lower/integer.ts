import { I32, I64, OP, type ValueType } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import type { Lowering } from "./table.ts";

/** Opcodes of one wasm integer type. */
export function integerOps(type: ValueType) {
  const wide = type === I64;
  return {
    add: wide ? OP.i64_add : OP.i32_add,
    sub: wide ? OP.i64_sub : OP.i32_sub,
    mul: wide ? OP.i64_mul : OP.i32_mul,
    and: wide ? OP.i64_and : OP.i32_and,
    or: wide ? OP.i64_or : OP.i32_or,
    xor: wide ? OP.i64_xor : OP.i32_xor,
    shl: wide ? OP.i64_shl : OP.i32_shl,
    shrS: wide ? OP.i64_shr_s : OP.i32_shr_s,
    shrU: wide ? OP.i64_shr_u : OP.i32_shr_u,
    ltS: wide ? OP.i64_lt_s : OP.i32_lt_s,
    ltU: wide ? OP.i64_lt_u : OP.i32_lt_u,
    gtS: wide ? OP.i64_gt_s : OP.i32_gt_s,
    gtU: wide ? OP.i64_gt_u : OP.i32_gt_u,
    eq: wide ? OP.i64_eq : OP.i32_eq,
    eqz: wide ? OP.i64_eqz : OP.i32_eqz,
    clz: wide ? OP.i64_clz : OP.i32_clz,
    popcnt: wide ? OP.i64_popcnt : OP.i32_popcnt,
  };
}

export function pushConstant(e: Emitter, type: ValueType, value: bigint | number): void {
  if (type === I64) e.f.i64Const(value);
  else e.f.i32Const(Number(value));
}

function requireInteger(i: Instruction, type: ScalarType): void {
  if (!/^[us](16|32|64)$/.test(type))
    throw /^[us]16x2$/.test(type) ? notTranslated(i) : illegal(i, `'.${type}' is not a type of '${i.opcode}'`);
}

/** Pushes two operands into scratch locals `a` and `b`. */
function two(
  e: Emitter,
  i: Instruction,
  type: ScalarType,
  first: Operand | undefined,
  second: Operand | undefined,
): readonly [number, number] {
  const a = e.scratch(valueType(type), "a");
  const b = e.scratch(valueType(type), "b");
  e.push(i, first, type);
  e.f.localSet(a);
  e.push(i, second, type);
  e.f.localSet(b);
  return [a, b];
}

export const addSub: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const type = suffixes.type();
  const saturate = suffixes.take("sat");
  const carryOut = suffixes.take("cc");
  suffixes.end();
  if (type === "u16x2" || type === "s16x2") {
    eachHalfWord(e, i, type, (x, y) =>
      e.f
        .localGet(x)
        .localGet(y)
        .op(i.opcode === "add" ? OP.i32_add : OP.i32_sub),
    );
    return;
  }
  requireInteger(i, type);
  const [d, a, b] = i.operands;
  const carryIn = i.opcode.endsWith("c");
  const add = i.opcode.startsWith("add");
  if (carryIn || carryOut) {
    withCarry(e, i, type, add, carryIn, carryOut);
    return;
  }
  const { f } = e;
  if (saturate) {
    if (type !== "s32") throw illegal(i, "'.sat' needs type .s32");
    e.push(i, a, "s32");
    f.op(OP.i64_extend_i32_s);
    e.push(i, b, "s32");
    f.op(OP.i64_extend_i32_s).op(add ? OP.i64_add : OP.i64_sub);
    clampToS32(e);
  } else {
    e.push(i, a, type);
    e.push(i, b, type);
    const ops = integerOps(valueType(type));
    f.op(add ? ops.add : ops.sub);
  }
  e.set(i, d, type);
};

/** An i64 to the nearest s32. */
function clampToS32(e: Emitter): void {
  const value = e.scratch(I64, "clamp");
  const { f } = e;
  f.localTee(value).i64Const(0x7fff_ffff).localGet(value).i64Const(0x7fff_ffff).op(OP.i64_lt_s).select().localSet(value);
  f.localGet(value).i64Const(-0x8000_0000).localGet(value).i64Const(-0x8000_0000).op(OP.i64_gt_s).select().op(OP.i32_wrap_i64);
}

/** Saturates to the range of `to`. */
export function clampInteger(e: Emitter, from: ScalarType, to: ScalarType): void {
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

/** The carry of add.cc and its kind (PTX ISA, "Extended-Precision Integer Arithmetic Instructions"): a local, 0 or 1. */
function carryLocal(e: Emitter): number {
  return e.scratch(I32, "carry flag");
}

function withCarry(e: Emitter, i: Instruction, type: ScalarType, add: boolean, carryIn: boolean, carryOut: boolean): void {
  const [a, b] = two(e, i, type, i.operands[1], i.operands[2]);
  addWithCarry(e, valueType(type), a, b, add, carryIn, carryOut);
  e.set(i, i.operands[0], type);
}

/** Pushes a + b (+ carry), or a - b (- borrow), of two locals. */
function addWithCarry(e: Emitter, type: ValueType, a: number, b: number, add: boolean, carryIn: boolean, carryOut: boolean): void {
  const { f } = e;
  const ops = integerOps(type);
  const carry = carryLocal(e);
  const result = e.scratch(type, "carry result");
  f.localGet(a)
    .localGet(b)
    .op(add ? ops.add : ops.sub);
  if (carryIn) {
    f.localGet(carry);
    if (type === I64) f.op(OP.i64_extend_i32_u);
    f.op(add ? ops.add : ops.sub);
  }
  f.localSet(result);
  if (carryOut) {
    // Out when the result passed the end: strictly, or at equality when a carry came in and the other operand is all ones.
    f.localGet(add ? result : a)
      .localGet(add ? a : b)
      .op(ops.ltU);
    if (carryIn)
      f.localGet(add ? result : a)
        .localGet(add ? a : b)
        .op(ops.eq)
        .localGet(carry)
        .op(OP.i32_and)
        .op(OP.i32_or);
    f.localSet(carry);
  }
  f.localGet(result);
}

export const mulMad: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const half = suffixes.oneOf(["lo", "hi", "wide"]) ?? "lo";
  const type = suffixes.type();
  const saturate = suffixes.take("sat");
  const carryOut = suffixes.take("cc");
  suffixes.end();
  requireInteger(i, type);
  const [d, a, b, c] = i.operands;
  const mad = i.opcode.startsWith("mad");
  const carryIn = i.opcode === "madc";
  const result = half === "wide" ? widen(i, type) : type;
  pushProduct(e, i, type, half, a, b);
  const { f } = e;
  if (!mad) {
    e.set(i, d, result);
    return;
  }
  const ops = integerOps(valueType(result));
  if (carryIn || carryOut) {
    const product = e.scratch(valueType(result), "a");
    const addend = e.scratch(valueType(result), "b");
    f.localSet(product);
    e.push(i, c, result);
    f.localSet(addend);
    addWithCarry(e, valueType(result), product, addend, true, carryIn, carryOut);
  } else if (saturate) {
    if (type !== "s32" || half !== "hi") throw illegal(i, "'.sat' needs mad.hi.s32");
    f.op(OP.i64_extend_i32_s);
    e.push(i, c, "s32");
    f.op(OP.i64_extend_i32_s).op(OP.i64_add);
    clampToS32(e);
  } else {
    e.push(i, c, result);
    f.op(ops.add);
  }
  e.set(i, d, result);
};

function widen(i: Instruction, type: ScalarType): ScalarType {
  const wide: Partial<Record<ScalarType, ScalarType>> = { u16: "u32", s16: "s32", u32: "u64", s32: "s64" };
  const result = wide[type];
  if (result === undefined) throw illegal(i, `'.wide' does not go with .${type}`);
  return result;
}

function pushProduct(
  e: Emitter,
  i: Instruction,
  type: ScalarType,
  half: "lo" | "hi" | "wide",
  a: Operand | undefined,
  b: Operand | undefined,
): void {
  const { f } = e;
  const bits = bitsOf(type);
  const signed = isSigned(type);
  if (bits === 64 && half === "hi") {
    const [x, y] = two(e, i, type, a, b);
    f.localGet(x).localGet(y).call(e.helpers.get("mulHighUnsigned"));
    // The unsigned product counts a negative factor as 2^64 more.
    if (signed) {
      f.localGet(y).i64Const(0).localGet(x).i64Const(0).op(OP.i64_lt_s).select().op(OP.i64_sub);
      f.localGet(x).i64Const(0).localGet(y).i64Const(0).op(OP.i64_lt_s).select().op(OP.i64_sub);
    }
    return;
  }
  const extend = bits === 32 && half !== "lo" ? (signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u) : undefined;
  for (const operand of [a, b]) {
    e.push(i, operand, type);
    if (extend !== undefined) f.op(extend);
  }
  f.op(bits === 64 || extend !== undefined ? OP.i64_mul : OP.i32_mul);
  if (half !== "hi") return;
  if (bits === 32) f.i64Const(32).op(OP.i64_shr_u).op(OP.i32_wrap_i64);
  else f.i32Const(16).op(signed ? OP.i32_shr_s : OP.i32_shr_u);
}

/** mul24 and mad24: 24-bit factors, the low 32 bits or bits 16 to 47 of the product. */
export const mul24: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const half = suffixes.oneOf(["lo", "hi"]) ?? "lo";
  const type = suffixes.type();
  const saturate = suffixes.take("sat");
  suffixes.end();
  if (type !== "s32" && type !== "u32") throw illegal(i, `'.${type}' is not a type of '${i.opcode}'`);
  const [d, a, b, c] = i.operands;
  const { f } = e;
  for (const operand of [a, b]) {
    e.push(i, operand, type);
    f.op(OP.i64_extend_i32_u)
      .i64Const(40)
      .op(OP.i64_shl)
      .i64Const(40)
      .op(type === "s32" ? OP.i64_shr_s : OP.i64_shr_u);
  }
  f.op(OP.i64_mul);
  if (half === "hi") f.i64Const(16).op(OP.i64_shr_u);
  f.op(OP.i32_wrap_i64);
  if (i.opcode === "mad24") {
    if (saturate) f.op(OP.i64_extend_i32_s);
    e.push(i, c, type);
    if (saturate) {
      f.op(OP.i64_extend_i32_s).op(OP.i64_add);
      clampToS32(e);
    } else f.op(OP.i32_add);
  }
  e.set(i, d, type);
};

/** Division. By zero the ISA leaves the result open: quotients are all ones, remainders the dividend, as GPUs give. */
export const divRem: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const type = suffixes.type();
  suffixes.end();
  requireInteger(i, type);
  const { f } = e;
  const [a, b] = two(e, i, type, i.operands[1], i.operands[2]);
  const wide = bitsOf(type) === 64;
  const signed = isSigned(type);
  const result = valueType(type);
  const ops = integerOps(result);
  const divide = i.opcode === "div";
  f.localGet(b).op(ops.eqz).if(result);
  if (divide) pushConstant(e, result, -1);
  else f.localGet(a);
  f.else();
  if (signed) {
    // The smallest number by -1 does not fit, and would trap.
    f.localGet(b);
    pushConstant(e, result, -1);
    f.op(ops.eq).if(result);
    pushConstant(e, result, 0);
    if (divide) f.localGet(a).op(ops.sub);
    f.else();
  }
  const op = divide
    ? wide
      ? signed
        ? OP.i64_div_s
        : OP.i64_div_u
      : signed
        ? OP.i32_div_s
        : OP.i32_div_u
    : wide
      ? signed
        ? OP.i64_rem_s
        : OP.i64_rem_u
      : signed
        ? OP.i32_rem_s
        : OP.i32_rem_u;
  f.localGet(a).localGet(b).op(op);
  if (signed) f.end();
  f.end();
  e.set(i, i.operands[0], type);
};

export const absNeg: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const type = suffixes.type();
  suffixes.end();
  if (!isSigned(type)) throw illegal(i, `'${i.opcode}' needs a signed type`);
  const { f } = e;
  const result = valueType(type);
  const ops = integerOps(result);
  if (i.opcode === "neg") {
    pushConstant(e, result, 0);
    e.push(i, i.operands[1], type);
    f.op(ops.sub);
  } else {
    const value = e.scratch(result, "a");
    pushConstant(e, result, 0);
    e.push(i, i.operands[1], type);
    f.localTee(value).op(ops.sub).localGet(value).localGet(value);
    pushConstant(e, result, 0);
    f.op(ops.ltS).select();
  }
  e.set(i, i.operands[0], type);
};

export const minMax: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const relu = suffixes.take("relu");
  const type = suffixes.type();
  suffixes.end();
  if (type === "u16x2" || type === "s16x2") {
    eachHalfWord(e, i, type, (a, b) => {
      const less = type === "s16x2" ? OP.i32_lt_s : OP.i32_lt_u;
      e.f.localGet(a).localGet(b).localGet(a).localGet(b).op(less);
      if (i.opcode === "max") e.f.op(OP.i32_eqz);
      e.f.select();
      if (relu) keepPositive(e);
    });
    return;
  }
  requireInteger(i, type);
  const [a, b] = two(e, i, type, i.operands[1], i.operands[2]);
  const ops = integerOps(valueType(type));
  const less = isSigned(type) ? ops.ltS : ops.ltU;
  e.f.localGet(a).localGet(b).localGet(a).localGet(b).op(less);
  if (i.opcode === "max") e.f.op(OP.i32_eqz);
  e.f.select();
  if (relu) {
    if (type !== "s32") throw illegal(i, "'.relu' needs .s32 or .s16x2");
    keepPositive(e);
  }
  e.set(i, i.operands[0], type);
};

/** The s32 on the stack, or 0 when it is negative. */
function keepPositive(e: Emitter): void {
  const value = e.scratch(I32, "relu");
  e.f.localTee(value).i32Const(0).localGet(value).i32Const(0).op(OP.i32_gt_s).select();
}

/** Computes with two 16-bit numbers at a time; `write` pushes the result of what is in two locals. */
function eachHalfWord(e: Emitter, i: Instruction, type: "u16x2" | "s16x2", write: (a: number, b: number) => void): void {
  const { f } = e;
  const words = [1, 2].map((index) => {
    const word = e.scratch(I32, `word ${index}`);
    e.push(i, i.operands[index], "b32");
    f.localSet(word);
    return word;
  });
  const locals = [e.scratch(I32, "a"), e.scratch(I32, "b")] as const;
  for (const lane of [0, 1]) {
    for (const [index, word] of words.entries()) {
      f.localGet(word)
        .i32Const(16 - 16 * lane)
        .op(OP.i32_shl)
        .i32Const(16)
        .op(type === "s16x2" ? OP.i32_shr_s : OP.i32_shr_u)
        .localSet(locals[index] ?? 0);
    }
    write(...locals);
    f.i32Const(0xffff).op(OP.i32_and);
    if (lane === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
  }
  e.set(i, i.operands[0], "b32");
}

/** sad: |a - b| + c. */
export const sad: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const type = suffixes.type();
  suffixes.end();
  requireInteger(i, type);
  const [a, b] = two(e, i, type, i.operands[1], i.operands[2]);
  const ops = integerOps(valueType(type));
  const { f } = e;
  f.localGet(a).localGet(b).op(ops.sub).localGet(b).localGet(a).op(ops.sub);
  f.localGet(a)
    .localGet(b)
    .op(isSigned(type) ? ops.gtS : ops.gtU)
    .select();
  e.push(i, i.operands[3], type);
  f.op(ops.add);
  e.set(i, i.operands[0], type);
};

/** dp4a and dp2a: dot products of bytes, and of halves with bytes, added to c. */
export const dotProduct: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const half = i.opcode === "dp2a" ? suffixes.oneOf(["lo", "hi"]) : undefined;
  const aType = suffixes.type();
  const bType = suffixes.type();
  suffixes.end();
  for (const type of [aType, bType]) if (type !== "u32" && type !== "s32") throw illegal(i, `'.${type}' is not a type of '${i.opcode}'`);
  const { f } = e;
  const [a, b] = two(e, i, "b32", i.operands[1], i.operands[2]);
  const part = (local: number, at: number, bits: number, signed: boolean): void => {
    f.localGet(local)
      .i32Const(32 - bits - at)
      .op(OP.i32_shl)
      .i32Const(32 - bits)
      .op(signed ? OP.i32_shr_s : OP.i32_shr_u);
  };
  e.push(i, i.operands[3], isSigned(aType) || isSigned(bType) ? "s32" : "u32");
  const lanes = i.opcode === "dp4a" ? 4 : 2;
  for (let lane = 0; lane < lanes; lane++) {
    part(a, lanes === 4 ? lane * 8 : lane * 16, lanes === 4 ? 8 : 16, isSigned(aType));
    part(b, lane * 8 + (half === "hi" ? 16 : 0), 8, isSigned(bType));
    f.op(OP.i32_mul).op(OP.i32_add);
  }
  e.set(i, i.operands[0], "b32");
};
