import { SIMD } from "@decant/wasm";
import type { Instruction, Operand } from "../parse/ast.ts";
import { bitsOf, isScalarType, type ScalarType } from "../parse/types.ts";
import { Suffixes } from "../compile/suffixes.ts";
import type { VectorEmitter } from "./emitter.ts";
import type { SsaInstruction } from "./ssa.ts";

/** Writes one instruction whose operands differ between lanes. False: not in this form; it is done lane by lane. */
export type VectorLowering = (e: VectorEmitter, s: SsaInstruction) => boolean;

export const I32_TYPE = /^[usb]32$/;
export const I64_TYPE = /^[usb]64$/;

/** How many vectors a value of a type takes. */
function vectorsFor(e: VectorEmitter, type: ScalarType): number {
  return bitsOf(type) === 64 ? 2 * e.vectors : e.vectors;
}

/** True when every register among the operands from `from` on has exactly the type's width, and the result is a plain register. */
export function plain({ operands }: Instruction, type: ScalarType, from = 0): boolean {
  return operands.slice(from).every((operand) => {
    if (operand.kind !== "register") return operand.kind === "integer" || operand.kind === "float" || operand.kind === "special";
    return bitsOf(operand.register.type) === bitsOf(type) && operand.part === undefined;
  });
}

/** Writes each vector of the result. */
export function each(e: VectorEmitter, s: SsaInstruction, type: ScalarType, write: (j: number) => void): true {
  for (let j = 0; j < vectorsFor(e, type); j++) {
    write(j);
    e.setVector(s, s.instruction.operands[0], j);
  }
  return true;
}

export interface FloatForm {
  readonly type: "f32" | "f64";
  readonly ftz: boolean;
  readonly sat: boolean;
}

/** The form of a float instruction that rounds to nearest; undefined for others. */
export function floatForm(i: Instruction, dropped: readonly string[] = []): FloatForm | undefined {
  const suffixes = new Suffixes(i);
  for (const name of dropped) suffixes.take(name);
  suffixes.take("rn");
  const ftz = suffixes.take("ftz");
  const sat = suffixes.take("sat");
  const type = suffixes.type();
  if ((type !== "f32" && type !== "f64") || suffixes.left > 0 || !plain(i, type)) return undefined;
  return { type, ftz, sat };
}

/** Pushes a float operand, flushed where `ftz`. */
export function pushFloats(e: VectorEmitter, s: SsaInstruction, operand: Operand | undefined, it: FloatForm, j: number): void {
  e.pushVector(s, s.instruction, operand, it.type, j);
  if (it.ftz) flush(e);
}

/** Subnormal lanes of the f32 vector on the stack become zeros of their sign. */
export function flush(e: VectorEmitter): void {
  const { f } = e;
  const value = e.vectorTemporary("flush");
  f.localTee(value).f32Const(-0).simd(SIMD.f32x4_splat).simd(SIMD.v128_and).localGet(value).localGet(value).simd(SIMD.f32x4_abs);
  f.f32Const(2 ** -126)
    .simd(SIMD.f32x4_splat)
    .simd(SIMD.f32x4_lt)
    .simd(SIMD.v128_bitselect);
}

/** Clamps to [0, 1]; NaN and -0 become 0. */
export function saturate(e: VectorEmitter, type: "f32" | "f64"): void {
  const { f } = e;
  const single = type === "f32";
  const value = e.vectorTemporary("sat");
  const constant = (number: number): void => {
    if (single) f.f32Const(number).simd(SIMD.f32x4_splat);
    else f.f64Const(number).simd(SIMD.f64x2_splat);
  };
  f.localTee(value).localGet(value);
  constant(0);
  f.simd(single ? SIMD.f32x4_gt : SIMD.f64x2_gt).simd(SIMD.v128_and);
  constant(1);
  f.simd(single ? SIMD.f32x4_min : SIMD.f64x2_min);
}

export function finishFloat(e: VectorEmitter, it: FloatForm): void {
  if (it.ftz) flush(e);
  if (it.sat) saturate(e, it.type);
}

/** The type of an integer instruction of 32 or 64 bits with no other suffix. */
export function integerForm(i: Instruction, dropped: readonly string[] = []): ScalarType | undefined {
  const left = i.modifiers.filter((name) => !dropped.includes(name));
  const [type] = left;
  return left.length === 1 && type !== undefined && isScalarType(type) && /^[usb](32|64)$/.test(type) ? type : undefined;
}

/** The type of an integer instruction of 16 bits with no other suffix. */
export function shortForm(i: Instruction, dropped: readonly string[] = []): ScalarType | undefined {
  const [type, ...rest] = i.modifiers.filter((name) => !dropped.includes(name));
  return rest.length === 0 && (type === "u16" || type === "s16") ? type : undefined;
}

/** A shuffle of four 32-bit words out of two vectors. */
export function words(...places: readonly number[]): number[] {
  return places.flatMap((place) => [0, 1, 2, 3].map((byte) => place * 4 + byte));
}
