import { I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { isSigned, type ScalarType } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import type { Lowering } from "./table.ts";

/**
 * Video instructions (PTX ISA, "Video Instructions"): everything is computed in 64 bits, where no 34-bit intermediate overflows.
 */
const COMPARE = { eq: OP.i64_eq, ne: OP.i64_ne, lt: OP.i64_lt_s, le: OP.i64_le_s, gt: OP.i64_gt_s, ge: OP.i64_ge_s } as const;

function wordType(i: Instruction, type: ScalarType): ScalarType {
  if (type !== "u32" && type !== "s32") throw illegal(i, `'.${type}' is not a type of '${i.opcode}'`);
  return type;
}

/** Where a selector's part lies, in bits. */
function partOf(i: Instruction, part: string | undefined): { at: number; bits: number } {
  if (part === undefined) return { at: 0, bits: 32 };
  const match = /^(?:b([0-3])|h([01]))$/.exec(part);
  if (match === null) throw illegal(i, `unknown selector '.${part}'`);
  return match[1] === undefined ? { at: 16 * Number(match[2]), bits: 16 } : { at: 8 * Number(match[1]), bits: 8 };
}

/** Pushes an operand's part as a 64-bit number, and leaves it in a local. */
function take(e: Emitter, i: Instruction, operand: Operand | undefined, type: ScalarType, name: string): number {
  const part = operand?.kind === "register" ? operand.part : undefined;
  const whole: Operand | undefined = operand?.kind === "register" ? { kind: "register", register: operand.register } : operand;
  const local = e.scratch(I64, name);
  e.push(i, whole, "b32");
  e.f.op(OP.i64_extend_i32_u);
  extractPart(e, partOf(i, part), isSigned(type));
  e.f.localSet(local);
  return local;
}

function extractPart(e: Emitter, { at, bits }: { at: number; bits: number }, signed: boolean): void {
  e.f
    .i64Const(64 - at - bits)
    .op(OP.i64_shl)
    .i64Const(64 - bits)
    .op(signed ? OP.i64_shr_s : OP.i64_shr_u);
}

/** The 64-bit number on the stack, clamped; `whole` takes it as unsigned, of all 64 bits. */
function clamp(e: Emitter, bits: number, signed: boolean, whole = false): void {
  const value = e.scratch(I64, "clamp");
  if (whole) {
    e.f
      .localTee(value)
      .i64Const(2 ** bits - 1)
      .localGet(value)
      .i64Const(2 ** bits - 1)
      .op(OP.i64_lt_u)
      .select();
    return;
  }
  const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  e.f.localTee(value).i64Const(high).localGet(value).i64Const(high).op(OP.i64_lt_s).select();
  e.f.localTee(value).i64Const(low).localGet(value).i64Const(low).op(OP.i64_gt_s).select();
}

function smaller(e: Emitter, a: number, b: number, min: boolean): void {
  e.f
    .localGet(a)
    .localGet(b)
    .localGet(a)
    .localGet(b)
    .op(min ? OP.i64_lt_s : OP.i64_gt_s)
    .select();
}

/** Pushes what an instruction computes of two parts in locals. */
function compute(e: Emitter, i: Instruction, a: number, b: number, mode: "clamp" | "wrap" | undefined, signed: boolean): void {
  const { f } = e;
  switch (/^v[a-z]+/.exec(i.opcode)?.[0]) {
    case "vadd":
      f.localGet(a).localGet(b).op(OP.i64_add);
      return;
    case "vsub":
      f.localGet(a).localGet(b).op(OP.i64_sub);
      return;
    case "vavrg":
      // Halves are rounded away from zero when the sum is not negative, and down when it is.
      f.localGet(a).localGet(b).op(OP.i64_add);
      f.localGet(a).localGet(b).op(OP.i64_add).i64Const(0).op(OP.i64_ge_s).op(OP.i64_extend_i32_u);
      f.op(OP.i64_add).i64Const(1).op(OP.i64_shr_s);
      return;
    case "vabsdiff":
      f.localGet(a).localGet(b).op(OP.i64_sub).localGet(b).localGet(a).op(OP.i64_sub).localGet(a).localGet(b).op(OP.i64_gt_s).select();
      return;
    case "vmin":
      smaller(e, a, b, true);
      return;
    case "vmax":
      smaller(e, a, b, false);
      return;
    case "vshl":
    case "vshr": {
      if (mode === undefined) throw illegal(i, `'${i.opcode}' needs .clamp or .wrap`);
      const count = e.scratch(I64, "video count");
      if (mode === "wrap") f.localGet(b).i64Const(31).op(OP.i64_and).localSet(count);
      else f.localGet(b).i64Const(32).localGet(b).i64Const(32).op(OP.i64_lt_u).select().localSet(count);
      f.localGet(a).localGet(count);
      f.op(i.opcode === "vshl" ? OP.i64_shl : signed ? OP.i64_shr_s : OP.i64_shr_u);
      return;
    }
    default:
      throw notTranslated(i);
  }
}

/** vadd, vsub, vabsdiff, vmin, vmax, vshl and vshr of words, halves and bytes. */
export const videoScalar: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const result = wordType(i, suffixes.type());
  const aType = wordType(i, suffixes.type());
  const bType = wordType(i, suffixes.type());
  const saturates = suffixes.take("sat");
  const mode = suffixes.oneOf(["clamp", "wrap"]);
  const second = suffixes.oneOf(["add", "min", "max"]);
  suffixes.end();
  const a = take(e, i, i.operands[1], aType, "video a");
  const b = take(e, i, i.operands[2], bType, "video b");
  compute(e, i, a, b, mode, isSigned(aType));
  finish(e, i, result, saturates, second);
};

/** The second half of an instruction: saturation, then an operation with a third operand, or its place in it. */
function finish(e: Emitter, i: Instruction, result: ScalarType, saturates: boolean, second: "add" | "min" | "max" | undefined): void {
  const { f } = e;
  const [d, , , c] = i.operands;
  const part = d?.kind === "register" ? d.part : undefined;
  const place = partOf(i, part);
  const signed = isSigned(result);
  if (saturates) clamp(e, place.bits, signed);
  // The intermediate result is a 32-bit number from here on.
  extractPart(e, { at: 0, bits: 32 }, signed);
  const value = e.scratch(I64, "video value");
  f.localSet(value);
  if (part !== undefined) {
    const mask = ((1n << BigInt(place.bits)) - 1n) << BigInt(place.at);
    f.localGet(value).i64Const(place.at).op(OP.i64_shl).i64Const(mask).op(OP.i64_and);
    e.push(i, c, "b32");
    f.op(OP.i64_extend_i32_u).i64Const(BigInt.asIntN(64, ~mask)).op(OP.i64_and).op(OP.i64_or);
  } else if (second !== undefined) {
    const third = take(e, i, c, result, "video c");
    if (second === "add") f.localGet(value).localGet(third).op(OP.i64_add);
    else smaller(e, value, third, second === "min");
  } else f.localGet(value);
  f.op(OP.i32_wrap_i64);
  e.set(i, d?.kind === "register" ? { kind: "register", register: d.register } : d, "b32");
}

/** vmad: a product and a sum, of which one may be negated, scaled down. All in 64 bits, which hold every product of 32 by 32 with its sign but that of u32 by u32. */
export const videoMultiplyAdd: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  wordType(i, suffixes.type());
  const aType = wordType(i, suffixes.type());
  const bType = wordType(i, suffixes.type());
  const plusOne = suffixes.take("po");
  const saturates = suffixes.take("sat");
  const scale = suffixes.oneOf(["shr7", "shr15"]);
  suffixes.end();
  const { f } = e;
  const [, x, y, z] = i.operands;
  const minus = (operand: Operand | undefined): boolean => operand?.kind === "register" && (operand.minus ?? false);
  const negatesProduct = minus(x) !== minus(y);
  const signed = isSigned(aType) || isSigned(bType) || negatesProduct || minus(z);
  const a = take(e, i, x, aType, "video a");
  const b = take(e, i, y, bType, "video b");
  const c = take(e, i, z, signed ? "s32" : "u32", "video c");
  const flip = (): void => void f.i64Const(-1).op(OP.i64_xor);
  f.localGet(a).localGet(b).op(OP.i64_mul);
  if (negatesProduct) flip();
  f.localGet(c);
  if (minus(z) && !negatesProduct) flip();
  f.op(OP.i64_add);
  if (plusOne || negatesProduct || minus(z)) f.i64Const(1).op(OP.i64_add);
  if (scale !== undefined) f.i64Const(scale === "shr7" ? 7 : 15).op(signed ? OP.i64_shr_s : OP.i64_shr_u);
  if (saturates) clamp(e, 32, signed, !signed);
  f.op(OP.i32_wrap_i64);
  e.set(i, i.operands[0], "b32");
};

/** vset: 1 or 0. */
export const videoSet: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const aType = wordType(i, suffixes.type());
  const bType = wordType(i, suffixes.type());
  const comparison = suffixes.oneOf(["eq", "ne", "lt", "le", "gt", "ge"]);
  const second = suffixes.oneOf(["add", "min", "max"]);
  suffixes.end();
  if (comparison === undefined) throw illegal(i, "vset needs a comparison");
  const a = take(e, i, i.operands[1], aType, "video a");
  const b = take(e, i, i.operands[2], bType, "video b");
  e.f.localGet(a).localGet(b).op(COMPARE[comparison]).op(OP.i64_extend_i32_u);
  finish(e, i, "u32", false, second);
};

/** vadd2, vadd4 and their kind: two or four lanes of a word, merged into a third operand or added to it. */
export const videoSimd: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const set = i.opcode.startsWith("vset");
  const result = set ? "u32" : wordType(i, suffixes.type());
  const aType = wordType(i, suffixes.type());
  const bType = wordType(i, suffixes.type());
  const comparison = suffixes.oneOf(["eq", "ne", "lt", "le", "gt", "ge"]);
  const saturates = suffixes.take("sat");
  const adds = suffixes.take("add");
  suffixes.end();
  if (set && comparison === undefined) throw illegal(i, `'${i.opcode}' needs a comparison`);
  const lanes = i.opcode.endsWith("4") ? 4 : 2;
  const bits = 32 / lanes;
  const [d, x, y, c] = i.operands;
  const { f } = e;
  const letter = lanes === 4 ? "b" : "h";
  const places = (operand: Operand | undefined): number[] => {
    const digits = operand?.kind === "register" && operand.part !== undefined ? operand.part : undefined;
    const own = Array.from({ length: lanes }, (_, lane) => lane + (operand === y ? lanes : 0));
    if (digits === undefined) return own;
    if (!new RegExp(`^${letter}[0-${2 * lanes - 1}]{${lanes}}$`).test(digits)) throw illegal(i, `unknown selector '.${digits}'`);
    return [...digits.slice(1)].toReversed().map(Number);
  };
  const masked =
    d?.kind === "register" && d.part !== undefined ? [...d.part.slice(1)].map(Number) : Array.from({ length: lanes }, (_, lane) => lane);
  const plain = (operand: Operand | undefined): Operand | undefined =>
    operand?.kind === "register" ? { kind: "register", register: operand.register } : operand;
  // Both sources are one number of which each lane selects a part.
  const all = e.scratch(I64, "video sources");
  e.push(i, plain(y), "b32");
  f.op(OP.i64_extend_i32_u).i64Const(32).op(OP.i64_shl);
  e.push(i, plain(x), "b32");
  f.op(OP.i64_extend_i32_u).op(OP.i64_or).localSet(all);
  const out = e.scratch(I64, "video result");
  e.push(i, c, "b32");
  f.op(OP.i64_extend_i32_u);
  if (adds && isSigned(result)) f.op(OP.i32_wrap_i64).op(OP.i64_extend_i32_s);
  f.localSet(out);
  const [a, b] = [e.scratch(I64, "video a"), e.scratch(I64, "video b")];
  const [aPlaces, bPlaces] = [places(x), places(y)];
  for (const lane of masked) {
    for (const [local, from, type] of [
      [a, aPlaces[lane] ?? 0, aType],
      [b, bPlaces[lane] ?? 0, bType],
    ] as const) {
      f.localGet(all);
      extractPart(e, { at: bits * from, bits }, isSigned(type));
      f.localSet(local);
    }
    if (set)
      f.localGet(a)
        .localGet(b)
        .op(COMPARE[comparison ?? "eq"])
        .op(OP.i64_extend_i32_u);
    else compute(e, i, a, b, undefined, isSigned(aType));
    if (saturates) clamp(e, bits, isSigned(result));
    if (adds) f.localGet(out).op(OP.i64_add).localSet(out);
    else {
      const mask = ((1n << BigInt(bits)) - 1n) << BigInt(bits * lane);
      f.i64Const(bits * lane)
        .op(OP.i64_shl)
        .i64Const(mask)
        .op(OP.i64_and);
      f.localGet(out).i64Const(BigInt.asIntN(64, ~mask)).op(OP.i64_and).op(OP.i64_or).localSet(out);
    }
  }
  f.localGet(out).op(OP.i32_wrap_i64);
  e.set(i, plain(d), "b32");
};
