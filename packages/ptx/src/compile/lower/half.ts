import { F32, F64, I32, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import type { ScalarType } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { flushBits, narrowHalf, pushOddSum, pushSmaller, saturate, widenHalf } from "./float-parts.ts";
import type { Lowering } from "./table.ts";

/** Half precision, and its alternative with a float's exponents, alone or two in a word (PTX ISA, "Half Precision Floating Point Instructions"). */
export interface HalfType {
  readonly element: "f16" | "bf16";
  readonly lanes: 1 | 2;
}

export function halfType(type: ScalarType): HalfType | undefined {
  if (type === "f16" || type === "f16x2") return { element: "f16", lanes: type === "f16" ? 1 : 2 };
  if (type === "bf16" || type === "bf16x2") return { element: "bf16", lanes: type === "bf16" ? 1 : 2 };
  return undefined;
}

interface HalfForm extends HalfType {
  readonly ftz: boolean;
  readonly sat: boolean;
  readonly relu: boolean;
}

function form(i: Instruction, suffixes: Suffixes): HalfForm {
  suffixes.take("rn");
  const ftz = suffixes.take("ftz");
  const sat = suffixes.take("sat");
  const relu = suffixes.take("relu");
  const type = suffixes.type();
  suffixes.end();
  const half = halfType(type);
  if (half === undefined) throw notTranslated(i, `type .${type}`);
  return { ...half, ftz, sat, relu };
}

/** Pushes the bits of one element of the packed value in a local. */
function pushLane(e: Emitter, bits: number, lane: number): void {
  e.f.localGet(bits);
  if (lane === 0) e.f.i32Const(0xffff).op(OP.i32_and);
  else e.f.i32Const(16).op(OP.i32_shr_u);
}

/** Takes the operands from `first` on into locals, as bits. */
function takeBits(e: Emitter, i: Instruction, type: HalfType, operands: readonly (Operand | undefined)[]): number[] {
  return operands.map((operand, index) => {
    const local = e.scratch(I32, `half ${index}`);
    e.push(i, operand, type.lanes === 2 ? "b32" : "b16");
    e.f.localSet(local);
    return local;
  });
}

/** Writes the result lane by lane; `write` pushes the bits of one. */
function eachElement(e: Emitter, i: Instruction, type: HalfType, write: (lane: number) => void): void {
  const { f } = e;
  for (let lane = 0; lane < type.lanes; lane++) {
    write(lane);
    if (lane === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
  }
  e.set(i, i.operands[0], type.lanes === 2 ? "b32" : "b16");
}

/** Pushes an element as a float. */
function pushElement(e: Emitter, it: HalfForm, bits: number, lane: number): void {
  pushLane(e, bits, lane);
  if (it.ftz) flushBits(e, it.element);
  widenHalf(e, it.element);
}

/** The double on the stack, as the result of an instruction. */
function finish(e: Emitter, it: HalfForm): void {
  const { f } = e;
  if (it.sat) saturate(e, "f64");
  if (it.relu) {
    // Negative numbers become +0; NaN stays.
    const value = e.scratch(F64, "relu");
    f.localTee(value).f64Const(0).localGet(value).f64Const(0).op(OP.f64_le).op(OP.i32_eqz).select();
  }
  narrowHalf(e, it.element);
  if (it.ftz) flushBits(e, it.element);
}

/** add, sub, mul and fma: exact in double, or rounded to odd there, then rounded once. */
export const halfArithmetic: Lowering = (e, i) => {
  const it = form(i, new Suffixes(i));
  const { f } = e;
  const operands = i.operands.slice(1);
  const fused = i.opcode === "fma" || i.opcode === "mad";
  if (operands.length !== (fused ? 3 : 2)) throw illegal(i, `wrong number of operands for '${i.opcode}'`);
  const bits = takeBits(e, i, it, operands);
  eachElement(e, i, it, (lane) => {
    const [a, b, c] = bits.map((local, index) => {
      const value = e.scratch(F64, `half value ${index}`);
      pushElement(e, it, local, lane);
      f.op(OP.f64_promote_f32).localSet(value);
      return value;
    });
    if (a === undefined || b === undefined) return;
    if (c === undefined)
      f.localGet(a)
        .localGet(b)
        .op({ add: OP.f64_add, sub: OP.f64_sub, mul: OP.f64_mul }[i.opcode] ?? OP.f64_add);
    else {
      f.localGet(a).localGet(b).op(OP.f64_mul).localSet(a);
      pushOddSum(e, a, c, false);
    }
    finish(e, it);
  });
};

export const halfAbsNeg: Lowering = (e, i) => {
  const it = form(i, new Suffixes(i));
  const bits = takeBits(e, i, it, [i.operands[1]]);
  eachElement(e, i, it, (lane) => {
    pushLane(e, bits[0] ?? 0, lane);
    if (it.ftz) flushBits(e, it.element);
    if (i.opcode === "abs") e.f.i32Const(0x7fff).op(OP.i32_and);
    else e.f.i32Const(0x8000).op(OP.i32_xor);
  });
};

/** min and max: as those of floats (see floatMinMax); with .xorsign.abs of magnitudes, and the sign of a product. */
export const halfMinMax: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const propagate = suffixes.take("NaN");
  const crossed = suffixes.take("xorsign") && suffixes.take("abs");
  const it = form(i, suffixes);
  if (i.operands.length !== 3) throw notTranslated(i, "min and max of three");
  const { f } = e;
  const bits = takeBits(e, i, it, i.operands.slice(1));
  const [a, b] = [e.scratch(F32, "a"), e.scratch(F32, "b")];
  eachElement(e, i, it, (lane) => {
    for (const [index, value] of [a, b].entries()) {
      pushElement(e, it, bits[index] ?? 0, lane);
      if (crossed) f.op(OP.f32_abs);
      f.localSet(value);
    }
    pushSmaller(e, i.opcode === "min", a, b, propagate);
    f.op(OP.f64_promote_f32);
    narrowHalf(e, it.element);
    if (!crossed) return;
    pushLane(e, bits[0] ?? 0, lane);
    pushLane(e, bits[1] ?? 0, lane);
    f.op(OP.i32_xor).i32Const(0x8000).op(OP.i32_and).op(OP.i32_or);
  });
};

/** tanh.approx and ex2.approx: computed in double, and rounded once. */
export const halfTranscendental: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  if (!suffixes.take("approx")) throw illegal(i, `'${i.opcode}' needs .approx`);
  const it = form(i, suffixes);
  const bits = takeBits(e, i, it, [i.operands[1]]);
  const { imports } = e.helpers;
  eachElement(e, i, it, (lane) => {
    pushElement(e, it, bits[0] ?? 0, lane);
    e.f.op(OP.f64_promote_f32).call(i.opcode === "tanh" ? imports.tanh : imports.exp2);
    finish(e, it);
  });
};
