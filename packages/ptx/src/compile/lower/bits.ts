import { I32, I64, OP } from "@decant/wasm";
import type { Instruction } from "../../parse/ast.ts";
import { bitsOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { integerOps, pushConstant } from "./integer.ts";
import type { Lowering } from "./table.ts";

export const logic: Lowering = (e, i) => {
  const type = onlyType(i);
  const { f } = e;
  const [d, a, b] = i.operands;
  e.push(i, a, type);
  if (i.opcode === "not") {
    if (type === "pred") f.op(OP.i32_eqz);
    else {
      pushConstant(e, valueType(type), -1);
      f.op(integerOps(valueType(type)).xor);
    }
  } else if (i.opcode === "cnot") {
    f.op(integerOps(valueType(type)).eqz);
    if (bitsOf(type) === 64) f.op(OP.i64_extend_i32_u);
  } else {
    e.push(i, b, type);
    const ops = integerOps(valueType(type));
    f.op(i.opcode === "and" ? ops.and : i.opcode === "or" ? ops.or : ops.xor);
  }
  e.set(i, d, type);
};

/** Any logical function of three inputs, by its truth table (PTX ISA, "lop3"). */
export const lop3: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const combine = suffixes.oneOf(["or", "and"]);
  const type = suffixes.type();
  suffixes.end();
  const [d, a, b, c, table, other] = i.operands;
  const lut = e.constant(table);
  if (type !== "b32" || lut === undefined || lut < 0n || lut > 255n) throw notTranslated(i);
  if ((combine === undefined) !== (d?.kind !== "pair"))
    throw illegal(i, "a second result goes with '.or' or '.and', and with nothing else");
  const { f } = e;
  const inputs = [a, b, c].map((operand, index) => {
    const local = e.scratch(I32, `lop${index}`);
    e.push(i, operand, "b32");
    f.localSet(local);
    return local;
  });
  f.i32Const(0);
  for (let row = 0; row < 8; row++) {
    if (((lut >> BigInt(row)) & 1n) === 0n) continue;
    f.i32Const(-1);
    for (const [index, input] of inputs.entries()) {
      f.localGet(input);
      if (((row >> (2 - index)) & 1) === 0) f.i32Const(-1).op(OP.i32_xor);
      f.op(OP.i32_and);
    }
    f.op(OP.i32_or);
  }
  if (combine === undefined || d?.kind !== "pair") {
    e.set(i, d, type);
    return;
  }
  const result = e.scratch(I32, "lop0");
  f.localTee(result).i32Const(0).op(OP.i32_ne);
  e.push(i, other, "pred");
  f.op(combine === "or" ? OP.i32_or : OP.i32_and);
  e.set(i, d.second, "pred");
  f.localGet(result);
  e.set(i, d.first, type);
};

/** Shifts. Counts beyond the width clamp to it. */
export const shift: Lowering = (e, i) => {
  const type = onlyType(i);
  const [d, a, count] = i.operands;
  const { f } = e;
  const bits = bitsOf(type);
  const local = valueType(type);
  const ops = integerOps(local);
  const left = i.opcode === "shl";
  const arithmetic = !left && isSigned(type);
  const op = left ? ops.shl : arithmetic ? ops.shrS : ops.shrU;
  const known = e.constant(count);
  if (known !== undefined) {
    const amount = Number(BigInt.asUintN(32, known));
    if (amount >= bits && !arithmetic) pushConstant(e, local, 0);
    else {
      e.push(i, a, type);
      pushConstant(e, local, Math.min(amount, bits - 1));
      f.op(op);
    }
    e.set(i, d, type);
    return;
  }
  const amount = e.scratch(I32, "count");
  e.push(i, count, "u32");
  f.localSet(amount);
  e.push(i, a, type);
  if (arithmetic) {
    f.localGet(amount)
      .i32Const(bits - 1)
      .localGet(amount)
      .i32Const(bits - 1)
      .op(OP.i32_lt_u)
      .select();
    if (bits === 64) f.op(OP.i64_extend_i32_u);
    f.op(op);
  } else {
    f.localGet(amount);
    if (bits === 64) f.op(OP.i64_extend_i32_u);
    f.op(op);
    pushConstant(e, local, 0);
    f.localGet(amount).i32Const(bits).op(OP.i32_lt_u).select();
  }
  e.set(i, d, type);
};

/** shf: 32 bits out of 64, shifted left or right. */
export const funnelShift: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const direction = suffixes.oneOf(["l", "r"]);
  const mode = suffixes.oneOf(["wrap", "clamp"]);
  if (suffixes.type() !== "b32" || direction === undefined || mode === undefined)
    throw illegal(i, "shf needs .l or .r, .wrap or .clamp, and .b32");
  suffixes.end();
  const [d, a, b, count] = i.operands;
  const { f } = e;
  const rotates = a?.kind === "register" && b?.kind === "register" && a.register === b.register && mode === "wrap";
  if (rotates) {
    e.push(i, a, "b32");
    e.push(i, count, "u32");
    f.op(direction === "l" ? OP.i32_rotl : OP.i32_rotr);
    e.set(i, d, "b32");
    return;
  }
  e.push(i, b, "b32");
  f.op(OP.i64_extend_i32_u).i64Const(32).op(OP.i64_shl);
  e.push(i, a, "b32");
  f.op(OP.i64_extend_i32_u).op(OP.i64_or);
  e.push(i, count, "u32");
  if (mode === "wrap") f.i32Const(31).op(OP.i32_and);
  else clampUnsigned(e, 32);
  f.op(OP.i64_extend_i32_u).op(direction === "l" ? OP.i64_shl : OP.i64_shr_u);
  if (direction === "l") f.i64Const(32).op(OP.i64_shr_u);
  f.op(OP.i32_wrap_i64);
  e.set(i, d, "b32");
};

/** The u32 on the stack, at most `limit`. */
function clampUnsigned(e: Emitter, limit: number): void {
  const value = e.scratch(I32, "clamp");
  e.f.localTee(value).i32Const(limit).localGet(value).i32Const(limit).op(OP.i32_lt_u).select();
}

/** Pushes the low byte of an operand as an i64. */
function pushByte(e: Emitter, i: Instruction, operand: Instruction["operands"][number] | undefined): void {
  e.push(i, operand, "u32");
  e.f.i32Const(0xff).op(OP.i32_and).op(OP.i64_extend_i32_u);
}

/** bfe: all in 64 bits; what lies beyond the top is the sign, or zero. */
export const extractField: Lowering = (e, i) => {
  const type = onlyType(i);
  const [d, a, position, length] = i.operands;
  const { f } = e;
  const signed = isSigned(type);
  const value = e.scratch(I64, "field");
  const count = e.scratch(I64, "count");
  e.push(i, a, type);
  if (bitsOf(type) === 32) f.op(signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
  f.localSet(value);
  pushByte(e, i, position);
  f.localSet(count);
  if (signed) {
    f.localGet(value).localGet(count).i64Const(63).localGet(count).i64Const(63).op(OP.i64_lt_u).select().op(OP.i64_shr_s).localSet(value);
  } else
    f.localGet(value).localGet(count).op(OP.i64_shr_u).i64Const(0).localGet(count).i64Const(63).op(OP.i64_le_u).select().localSet(value);
  pushByte(e, i, length);
  f.localSet(count);
  f.localGet(count).op(OP.i64_eqz).if(I64);
  f.i64Const(0);
  f.else().localGet(count).i64Const(63).op(OP.i64_gt_u).if(I64);
  f.localGet(value);
  f.else().localGet(value).i64Const(64).localGet(count).op(OP.i64_sub).op(OP.i64_shl);
  f.i64Const(64)
    .localGet(count)
    .op(OP.i64_sub)
    .op(signed ? OP.i64_shr_s : OP.i64_shr_u)
    .end()
    .end();
  if (bitsOf(type) === 32) f.op(OP.i32_wrap_i64);
  e.set(i, d, type);
};

export const insertField: Lowering = (e, i) => {
  const type = onlyType(i);
  const [d, a, b, position, length] = i.operands;
  const { f } = e;
  const mask = e.scratch(I64, "mask");
  const at = e.scratch(I64, "count");
  const widen = (): void => {
    if (bitsOf(type) === 32) f.op(OP.i64_extend_i32_u);
  };
  pushByte(e, i, length);
  f.localSet(at);
  f.i64Const(-1)
    .i64Const(1)
    .localGet(at)
    .op(OP.i64_shl)
    .i64Const(1)
    .op(OP.i64_sub)
    .localGet(at)
    .i64Const(63)
    .op(OP.i64_gt_u)
    .select()
    .localSet(mask);
  pushByte(e, i, position);
  f.localSet(at);
  f.localGet(mask).i64Const(0).localGet(at).i64Const(63).op(OP.i64_le_u).select().localSet(mask);
  e.push(i, b, type);
  widen();
  f.localGet(mask).localGet(at).op(OP.i64_shl).i64Const(-1).op(OP.i64_xor).op(OP.i64_and);
  e.push(i, a, type);
  widen();
  f.localGet(mask).op(OP.i64_and).localGet(at).op(OP.i64_shl).op(OP.i64_or);
  if (bitsOf(type) === 32) f.op(OP.i32_wrap_i64);
  e.set(i, d, type);
};

export const countBits: Lowering = (e, i) => {
  const type = onlyType(i);
  const ops = integerOps(valueType(type));
  e.push(i, i.operands[1], type);
  e.f.op(i.opcode === "popc" ? ops.popcnt : ops.clz);
  if (bitsOf(type) === 64) e.f.op(OP.i32_wrap_i64);
  e.set(i, i.operands[0], "u32");
};

/** bfind: the position of the highest bit that is not the sign, or all ones. */
export const findBit: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const shiftAmount = suffixes.take("shiftamt");
  const type = requireBits(i, suffixes.type());
  suffixes.end();
  const { f } = e;
  const local = valueType(type);
  const ops = integerOps(local);
  const value = e.scratch(local, "a");
  e.push(i, i.operands[1], type);
  f.localSet(value);
  if (isSigned(type)) {
    f.localGet(value).localGet(value);
    pushConstant(e, local, bitsOf(type) - 1);
    f.op(ops.shrS).op(ops.xor).localSet(value);
  }
  f.i32Const(-1);
  if (!shiftAmount) f.i32Const(bitsOf(type) - 1);
  f.localGet(value).op(ops.clz);
  if (local === I64) f.op(OP.i32_wrap_i64);
  if (!shiftAmount) f.op(OP.i32_sub);
  f.localGet(value).op(ops.eqz).select();
  e.set(i, i.operands[0], "u32");
};

export const reverseBits: Lowering = (e, i) => {
  const type = onlyType(i);
  const { f } = e;
  const local = valueType(type);
  const ops = integerOps(local);
  const value = e.scratch(local, "a");
  e.push(i, i.operands[1], type);
  f.localSet(value);
  const width = bitsOf(type);
  for (let step = 1; step < width; step *= 2) {
    let mask = 0n;
    for (let bit = 0; bit < width; bit++) if ((Math.floor(bit / step) & 1) === 0) mask |= 1n << BigInt(bit);
    const signedMask = BigInt.asIntN(width, mask);
    f.localGet(value);
    pushConstant(e, local, step);
    f.op(ops.shrU);
    pushConstant(e, local, signedMask);
    f.op(ops.and).localGet(value);
    pushConstant(e, local, signedMask);
    f.op(ops.and);
    pushConstant(e, local, step);
    f.op(ops.shl).op(ops.or).localSet(value);
  }
  f.localGet(value);
  e.set(i, i.operands[0], type);
};

/** The selectors of prmt's modes, for each value of the lowest two bits of its last operand, the first lowest (PTX ISA, "prmt"). */
const PERMUTE_MODES = {
  f4e: 0x6543_5432_4321_3210n,
  b4e: 0x0123_7012_6701_5670n,
  rc8: 0x3333_2222_1111_0000n,
  ecl: 0x3333_3222_3211_3210n,
  ecr: 0x3210_2210_1110_0000n,
  rc16: 0x3232_1010_3232_1010n,
} as const;

export const permute: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const mode = suffixes.oneOf(["f4e", "b4e", "rc8", "ecl", "ecr", "rc16"]);
  const type = suffixes.type();
  suffixes.end();
  if (type !== "b32") throw illegal(i, "prmt needs .b32");
  const [d, a, b, selector] = i.operands;
  if (mode !== undefined) {
    e.push(i, a, "b32");
    e.push(i, b, "b32");
    e.f.i64Const(PERMUTE_MODES[mode]);
    e.push(i, selector, "b32");
    e.f.i32Const(3).op(OP.i32_and).i32Const(4).op(OP.i32_shl).op(OP.i64_extend_i32_u).op(OP.i64_shr_u).op(OP.i32_wrap_i64);
  } else for (const operand of [a, b, selector]) e.push(i, operand, "b32");
  e.f.call(e.helpers.get("permute"));
  e.set(i, d, "b32");
};

/** bmsk: a mask of `length` bits from `position`. */
export const bitMask: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const mode = suffixes.oneOf(["clamp", "wrap"]);
  if (suffixes.type() !== "b32") throw illegal(i, "bmsk needs .b32");
  suffixes.end();
  const { f } = e;
  const limit = (): void => {
    if (mode === "wrap") f.i32Const(31).op(OP.i32_and);
    else clampUnsigned(e, 32);
    f.op(OP.i64_extend_i32_u);
  };
  f.i64Const(1);
  e.push(i, i.operands[2], "u32");
  limit();
  f.op(OP.i64_shl).i64Const(1).op(OP.i64_sub);
  e.push(i, i.operands[1], "u32");
  limit();
  f.op(OP.i64_shl).op(OP.i32_wrap_i64);
  e.set(i, i.operands[0], "b32");
};

/** szext: the low bits of a number, extended by their sign or by zeros. */
export const extendBits: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const mode = suffixes.oneOf(["clamp", "wrap"]);
  const type = suffixes.type();
  suffixes.end();
  if (type !== "u32" && type !== "s32") throw illegal(i, "szext needs .u32 or .s32");
  const { f } = e;
  const count = e.scratch(I64, "count");
  e.push(i, i.operands[1], type);
  f.op(OP.i64_extend_i32_u);
  e.push(i, i.operands[2], "u32");
  if (mode === "wrap") f.i32Const(31).op(OP.i32_and);
  else clampUnsigned(e, 32);
  f.op(OP.i64_extend_i32_u).localSet(count);
  // Up to the top of 64 bits and back; a count of 0 leaves nothing.
  f.i64Const(64).localGet(count).op(OP.i64_sub).op(OP.i64_shl).i64Const(64).localGet(count).op(OP.i64_sub);
  f.op(isSigned(type) ? OP.i64_shr_s : OP.i64_shr_u)
    .i64Const(0)
    .localGet(count)
    .i64Const(0)
    .op(OP.i64_ne)
    .select()
    .op(OP.i32_wrap_i64);
  e.set(i, i.operands[0], type);
};

/** fns: the position of the n-th set bit, up or down from a base. */
export const findNth: Lowering = (e, i) => {
  if (onlyType(i) !== "b32") throw illegal(i, "fns needs .b32");
  const [d, mask, base, offset] = i.operands;
  e.push(i, mask, "b32");
  e.push(i, base, "b32");
  e.push(i, offset, "s32");
  e.f.call(e.helpers.get("nthBit"));
  e.set(i, d, "b32");
};

function onlyType(i: Instruction): ScalarType {
  const suffixes = new Suffixes(i);
  const type = suffixes.type();
  suffixes.end();
  return requireBits(i, type);
}

/** Bits have no floating-point types, and only logic has predicates. */
function requireBits(i: Instruction, type: ScalarType): ScalarType {
  const predicates = i.opcode === "and" || i.opcode === "or" || i.opcode === "xor" || i.opcode === "not";
  if (!/^[bus](16|32|64)$/.test(type) && !(predicates && type === "pred")) throw illegal(i, `'.${type}' is not a type of '${i.opcode}'`);
  return type;
}
