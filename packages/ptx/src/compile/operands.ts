import type { Instruction, Operand, Register } from "../parse/ast.ts";

/** The registers that an instruction reads and writes. A guarded write may leave the old value, so it reads it too. */
export interface Effects {
  readonly reads: readonly Register[];
  readonly writes: readonly Register[];
}

/** Opcodes whose first operand is read, not written. */
const NO_RESULT = new Set([
  "st",
  "red",
  "bra",
  "brx",
  "ret",
  "exit",
  "trap",
  "brkpt",
  "bar",
  "barrier",
  "membar",
  "fence",
  "prefetch",
  "prefetchu",
  "nanosleep",
  "sust",
  "sured",
  "cp",
  "discard",
  "applypriority",
  "pmevent",
  "setmaxnreg",
  "griddepcontrol",
  "stackrestore",
  "multimem",
  "fault",
  "yield",
]);

/** Opcodes that do something to the world, so that each thread must do it, and no thread that takes no part. */
export const ACTS: ReadonlySet<string> = new Set([
  "atom",
  "red",
  "cp",
  "trap",
  "brkpt",
  "syscall",
  "fault",
  "bar",
  "barrier",
  "wmma",
  "tex",
  "tld4",
  "suld",
  "sust",
  "txq",
  "suq",
]);

export function effects(instruction: Instruction): Effects {
  const reads: Register[] = [];
  const writes: Register[] = [];
  const { guard, operands, opcode, modifiers } = instruction;
  if (guard !== undefined) reads.push(guard.register);
  if (opcode === "call") {
    // Only while functions are linked: the registers that it sets, and those that it takes.
    const [results, args] = operands;
    if (results !== undefined) collect(results, writes, reads);
    if (args !== undefined) collect(args, reads, reads);
    return { reads, writes };
  }
  const barrierResult = (opcode === "bar" || opcode === "barrier") && modifiers.includes("red");
  for (const [position, operand] of operands.entries()) {
    if (position === 0 && (barrierResult || !NO_RESULT.has(opcode))) collect(operand, writes, reads);
    else collect(operand, reads, reads);
  }
  if (guard !== undefined) reads.push(...writes);
  return { reads, writes };
}

function collect(operand: Operand, direct: Register[], addresses: Register[]): void {
  switch (operand.kind) {
    case "register":
      direct.push(operand.register);
      break;
    case "address":
      if (operand.base?.kind === "register") addresses.push(operand.base.register);
      if (operand.coordinates !== undefined) collect(operand.coordinates, addresses, addresses);
      break;
    case "vector":
    case "list":
      for (const element of operand.elements) collect(element, direct, addresses);
      break;
    case "pair":
      collect(operand.first, direct, addresses);
      collect(operand.second, direct, addresses);
      break;
    default:
  }
}
