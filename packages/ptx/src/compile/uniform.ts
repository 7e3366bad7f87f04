import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { effects } from "./operands.ts";
import type { Program } from "./program.ts";

/**
 * Registers whose value is known without running the thread: those written once, by an instruction that gives the same
 * for every thread of a block. They are computed once a block, before the loop over its threads.
 */
export interface Uniform {
  /** Written once by a mov of an immediate or of a special register: reads become that operand. */
  readonly copies: ReadonlyMap<Register, Operand>;
  /** Instructions to run before the thread loop, in order. */
  readonly hoisted: readonly Instruction[];
  readonly registers: ReadonlySet<Register>;
}

const PURE = new Set([
  "mov",
  "cvta",
  "add",
  "sub",
  "mul",
  "mad",
  "mul24",
  "mad24",
  "shl",
  "shr",
  "and",
  "or",
  "xor",
  "not",
  "neg",
  "abs",
  "min",
  "max",
  "cvt",
  "selp",
  "setp",
  "fma",
  "div",
  "rem",
  "rcp",
  "sqrt",
  "shf",
  "bfe",
  "bfi",
  "prmt",
  "lop3",
  "popc",
  "clz",
  "brev",
]);
const PER_THREAD = /^(tid|laneid|warpid|lanemask|clock|globaltimer)/;

export function findUniform(program: Program, isEntryParameter: (name: string) => boolean): Uniform {
  const writes = new Map<Register, { instruction: Instruction; count: number }>();
  const all: Instruction[] = [];
  for (const block of program.blocks) {
    for (const instruction of block.instructions) all.push(instruction);
    if (block.terminator.kind === "suspend") all.push(block.terminator.instruction);
  }
  for (const instruction of all) {
    for (const register of effects(instruction).writes) {
      const known = writes.get(register);
      if (known === undefined) writes.set(register, { instruction, count: 1 });
      else known.count++;
    }
  }
  const once = (instruction: Instruction): boolean =>
    instruction.guard === undefined && effects(instruction).writes.every((register) => writes.get(register)?.count === 1);

  const copies = new Map<Register, Operand>();
  const registers = new Set<Register>();
  const hoisted: Instruction[] = [];
  const done = new Set<Instruction>();
  for (const instruction of all) {
    const copy = once(instruction) ? copyOf(instruction) : undefined;
    if (copy === undefined) continue;
    copies.set(copy.register, copy.operand);
    done.add(instruction);
  }
  const isUniform = (operand: Operand): boolean => {
    switch (operand.kind) {
      case "register": {
        const copy = copies.get(operand.register);
        return registers.has(operand.register) || (copy !== undefined && isUniform(copy));
      }
      case "special":
        return !PER_THREAD.test(operand.name);
      case "integer":
      case "float":
      case "variable":
        return true;
      case "address":
        return operand.coordinates === undefined && operand.base?.kind === "variable";
      case "vector":
        return operand.elements.every(isUniform);
      default:
        return false;
    }
  };
  for (let before = -1; before !== hoisted.length;) {
    before = hoisted.length;
    for (const instruction of all) {
      if (done.has(instruction) || !once(instruction) || !isPure(instruction, isEntryParameter)) continue;
      if (!instruction.operands.slice(1).every(isUniform)) continue;
      hoisted.push(instruction);
      done.add(instruction);
      for (const register of effects(instruction).writes) registers.add(register);
    }
  }
  return { copies, hoisted, registers };
}

function isPure({ opcode, modifiers, operands }: Instruction, isEntryParameter: (name: string) => boolean): boolean {
  // Each thread has its own local memory, at an address of its own.
  if (opcode !== "ld") return PURE.has(opcode) && !modifiers.includes("cc") && !(opcode === "cvta" && modifiers.includes("local"));
  const address = operands[1];
  return (
    modifiers[0] === "param" &&
    address?.kind === "address" &&
    address.base?.kind === "variable" &&
    isEntryParameter(address.base.variable.name)
  );
}

function copyOf({ opcode, modifiers, operands }: Instruction): { register: Register; operand: Operand } | undefined {
  const [target, source] = operands;
  if (opcode !== "mov" || modifiers.length !== 1 || target?.kind !== "register" || source === undefined) return undefined;
  if (target.register.type === "pred") return undefined;
  const special = source.kind === "special" && /^(tid|ntid|ctaid|nctaid)\.[xyz]$/.test(source.name);
  return source.kind === "integer" || source.kind === "float" || special ? { register: target.register, operand: source } : undefined;
}
