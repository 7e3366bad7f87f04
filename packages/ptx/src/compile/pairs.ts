import type { Instruction, Operand, PtxFunction, Register, Statement } from "../parse/ast.ts";
import type { ScalarType } from "../parse/types.ts";
import { illegal, Suffixes } from "./suffixes.ts";

const OPERANDS: Readonly<Record<string, number>> = { add: 3, sub: 3, mul: 3, fma: 4 };

/**
 * Arithmetic on two floats in 64 bits (PTX ISA, "Floating Point Instructions", .f32x2) as that of each of them. The registers between are shared by all
 * such instructions of a function.
 */
export function splitPairs(source: PtxFunction): PtxFunction {
  const { body } = source;
  if (body === undefined || !body.statements.some(isPair)) return source;
  const registers: Register[] = [...body.registers];
  const halves = Array.from({ length: 4 }, (_, operand) =>
    [0, 1].map((half) => {
      const register: Register = { name: `half ${half} of operand ${operand}`, type: "f32", index: registers.length };
      registers.push(register);
      return { kind: "register", register } as const;
    }),
  );
  const statements = body.statements.flatMap((statement): readonly Statement[] =>
    isPair(statement) ? split(statement, halves) : [statement],
  );
  return { ...source, body: { ...body, registers, statements } };
}

function isPair(statement: Statement): statement is Instruction {
  return statement.kind === "instruction" && Object.hasOwn(OPERANDS, statement.opcode) && statement.modifiers.includes("f32x2");
}

function split(i: Instruction, halves: readonly (readonly Operand[])[]): Instruction[] {
  const suffixes = new Suffixes(i);
  const rounding = suffixes.oneOf(["rn", "rz", "rm", "rp"]);
  const ftz = suffixes.take("ftz");
  const type: ScalarType = suffixes.type();
  suffixes.end();
  if (i.opcode === "fma" && rounding === undefined) throw illegal(i, "fma needs a rounding mode");
  if (type !== "f32x2" || i.operands.length !== OPERANDS[i.opcode]) throw illegal(i, `wrong operands for '${i.opcode}.f32x2'`);
  for (const operand of i.operands)
    if (operand.kind !== "register" || operand.register.type !== "b64") throw illegal(i, "operands of .f32x2 are registers of type .b64");
  const plain = { kind: "instruction", line: i.line, source: i.source, guard: undefined } as const;
  const vector = (operand: number): Operand => ({ kind: "vector", elements: halves[operand] ?? [] });
  const take = i.operands
    .slice(1)
    .map((operand, at): Instruction => ({ ...plain, opcode: "mov", modifiers: ["b64"], operands: [vector(at + 1), operand] }));
  const compute = [0, 1].map((half): Instruction => ({
    ...plain,
    opcode: i.opcode,
    modifiers: [rounding ?? "rn", ...(ftz ? ["ftz"] : []), "f32"],
    operands: halves.slice(0, i.operands.length).flatMap((pair) => pair.slice(half, half + 1)),
  }));
  return [
    ...take,
    ...compute,
    { ...plain, guard: i.guard, opcode: "mov", modifiers: ["b64"], operands: [...i.operands.slice(0, 1), vector(0)] },
  ];
}
