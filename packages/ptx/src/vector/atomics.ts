import { I32, OP, SIMD } from "@decant/wasm";
import type { Operand } from "../parse/ast.ts";
import { bitsOf, isSigned, type ScalarType } from "../parse/types.ts";
import { Suffixes } from "../compile/suffixes.ts";
import type { VectorEmitter } from "./emitter.ts";
import { checkSharedPlaces, setSharedPlaces, type SharedPlaces } from "./memory.ts";
import type { SsaInstruction } from "./ssa.ts";

const OPERATIONS = ["add", "and", "or", "xor", "exch", "min", "max"] as const;
type Operation = (typeof OPERATIONS)[number];

/**
 * atom and red on words of shared memory: all lanes are checked at once, then each takes its turn, the next instruction after the last one's. Nobody but
 * this block, whose threads run in turn, sees its shared memory. False: not of this form.
 */
export function sharedAtomic(e: VectorEmitter, s: SsaInstruction): boolean {
  const i = s.instruction;
  const suffixes = new Suffixes(i);
  const space = suffixes.oneOf(["shared", "shared::cta"]);
  suffixes.oneOf(["relaxed", "acquire", "release", "acq_rel"]);
  suffixes.oneOf(["cta", "cluster", "gpu", "sys"]);
  const operation = suffixes.oneOf(OPERATIONS);
  const type = suffixes.type();
  const [address, value] = i.opcode === "atom" ? i.operands.slice(1) : i.operands;
  if (space === undefined || operation === undefined || suffixes.left > 0 || !/^[usb]32$/.test(type) || !isWord(value)) return false;
  const places = setSharedPlaces(e, s, address, 2);
  if (places === undefined) return false;
  const { f } = e;
  const done = f.block();
  checkSharedPlaces(e, places);
  f.expect(false).if();
  e.eachLane(s.reads, s.writes, () => e.lowerScalar(i));
  f.br(done);
  f.end();
  inTurn(e, s, places, operation, type, value);
  f.end();
  return true;
}

function isWord(operand: Operand | undefined): boolean {
  return (
    operand?.kind === "integer" || (operand?.kind === "register" && bitsOf(operand.register.type) === 32 && operand.part === undefined)
  );
}

function inTurn(
  e: VectorEmitter,
  s: SsaInstruction,
  { vectors }: SharedPlaces,
  operation: Operation,
  type: ScalarType,
  value: Operand | undefined,
): void {
  const { f, mask } = e;
  const [place, old, operand] = [e.temporary(I32, "place"), e.temporary(I32, "old"), e.temporary(I32, "operand")];
  const [result] = s.writes.values();
  const isUniform = e.shapes.of(s.reads, value).kind === "uniform";
  if (isUniform) {
    e.pushScalar(s, s.instruction, value, "b32");
    f.localSet(operand);
  }
  for (const vector of vectors) f.localGet(vector).localGet(e.locals.shared).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add).localSet(vector);
  for (const [j, vector] of vectors.entries()) {
    const values = e.vectorTemporary("values");
    if (!isUniform) {
      e.pushVector(s, s.instruction, value, "b32", j);
      f.localSet(values);
    }
    for (let lane = 0; lane < 4; lane++) {
      if (mask !== undefined)
        f.localGet(mask.bits)
          .i32Const(1 << (4 * j + lane))
          .op(OP.i32_and)
          .if();
      f.localGet(vector).simdLane(SIMD.i32x4_extract_lane, lane).localTee(place);
      f.localGet(place).load(OP.i32_load, 0, 2).localSet(old);
      if (!isUniform) f.localGet(values).simdLane(SIMD.i32x4_extract_lane, lane).localSet(operand);
      pushUpdate(e, operation, type, old, operand);
      f.store(OP.i32_store, 0, 2);
      if (result !== undefined) {
        const into = e.vectorsOf(result)[j] ?? 0;
        f.localGet(into).localGet(old).simdLane(SIMD.i32x4_replace_lane, lane).localSet(into);
      }
      if (mask !== undefined) f.end();
    }
  }
}

function pushUpdate({ f }: VectorEmitter, operation: Operation, type: ScalarType, old: number, operand: number): void {
  if (operation === "exch") {
    f.localGet(operand);
    return;
  }
  f.localGet(old).localGet(operand);
  if (operation !== "min" && operation !== "max") {
    f.op({ add: OP.i32_add, and: OP.i32_and, or: OP.i32_or, xor: OP.i32_xor }[operation]);
    return;
  }
  f.localGet(old)
    .localGet(operand)
    .op(isSigned(type) ? OP.i32_lt_s : OP.i32_lt_u);
  if (operation === "max") f.op(OP.i32_eqz);
  f.select();
}
