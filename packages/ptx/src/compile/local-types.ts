import { F32, F64, I32, I64, type ValueType } from "@decant/wasm";
import type { Instruction, Register } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";
import type { Program } from "./program.ts";

/** The wasm type of each register: untyped ones (.b32, .b64) are floats when more instructions use them so than otherwise. */
export function findLocalTypes(program: Program): ReadonlyMap<Register, ValueType> {
  const votes = new Map<Register, number>();
  for (const block of program.blocks) for (const instruction of block.instructions) vote(instruction, votes);
  const types = new Map<Register, ValueType>();
  for (const register of program.registers) {
    const float = register.type.startsWith("b") ? (votes.get(register) ?? 0) > 0 : register.type === "f32" || register.type === "f64";
    types.set(register, bitsOf(register.type) === 64 ? (float ? F64 : I64) : float ? F32 : I32);
  }
  return types;
}

function vote(instruction: Instruction, votes: Map<Register, number>): void {
  const types = instruction.modifiers.filter((name) => /^(f32|f64|[usb](8|16|32|64))$/.test(name));
  const result = types[0];
  const source = types.at(-1);
  for (const [position, operand] of instruction.operands.entries()) {
    const type = position === 0 ? result : source;
    for (const element of operand.kind === "vector" ? operand.elements : [operand]) {
      if (element.kind !== "register") continue;
      const weight = type === "f32" || type === "f64" ? 1 : -1;
      votes.set(element.register, (votes.get(element.register) ?? 0) + weight);
    }
  }
}
