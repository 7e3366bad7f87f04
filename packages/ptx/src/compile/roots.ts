import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";
import { effects } from "./operands.ts";
import type { Program } from "./program.ts";

const POINTER_MATH = new Set(["add", "sub", "mov", "cvta", "mad"]);

/** How many definitions are followed from one register, at most. */
const MAX_DEPTH = 40;

interface Root {
  readonly root: string;
  /** It is a parameter or a variable. */
  readonly certain: boolean;
}

/**
 * For each 64-bit register, where its address comes from: a parameter, a variable, or a register that was loaded. Accesses
 * with one root are likely to stay in one allocation, so they share a range check; being wrong costs time only.
 */
export function findRoots(program: Program): ReadonlyMap<Register, string> {
  const first = new Map<Register, Instruction>();
  for (const block of program.blocks) {
    for (const instruction of block.instructions) {
      for (const register of effects(instruction).writes) if (!first.has(register)) first.set(register, instruction);
    }
  }
  const roots = new Map<Register, string>();
  const rootOf = (register: Register, depth: number): Root => {
    const known = roots.get(register);
    if (known !== undefined) return { root: known, certain: known.startsWith("[") };
    // What it is until something is found, and what those see that it is itself made of.
    roots.set(register, register.name);
    const found = depth > MAX_DEPTH ? undefined : rootOfDefinition(first.get(register), depth);
    if (found !== undefined) roots.set(register, found.root);
    return found ?? { root: register.name, certain: false };
  };
  const rootOfDefinition = (definition: Instruction | undefined, depth: number): Root | undefined => {
    if (definition?.opcode === "ld") {
      const address = definition.operands[1];
      const parameter = address?.kind === "address" && address.base?.kind === "variable";
      return parameter ? { root: `[${address.base.variable.name}+${address.offset}]`, certain: true } : undefined;
    }
    if (definition === undefined || !POINTER_MATH.has(definition.opcode)) return undefined;
    let fallback: Root | undefined;
    for (const operand of definition.operands.slice(1)) {
      const found = operandRoot(operand, depth);
      if (found?.certain) return found;
      fallback ??= found;
    }
    return fallback;
  };
  const operandRoot = (operand: Operand, depth: number): Root | undefined => {
    if (operand.kind === "variable") return { root: `[${operand.variable.name}]`, certain: true };
    if (operand.kind !== "register" || bitsOf(operand.register.type) !== 64) return undefined;
    return rootOf(operand.register, depth + 1);
  };
  for (const register of first.keys()) if (bitsOf(register.type) === 64) rootOf(register, 0);
  return roots;
}
