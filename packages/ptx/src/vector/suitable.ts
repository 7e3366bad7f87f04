import type { Instruction, Register } from "../parse/ast.ts";
import { maySpin } from "../compile/spin.ts";
import type { PhasePlan } from "../compile/plan.ts";
import type { Program } from "../compile/program.ts";
import { findRegions } from "./regions.ts";
import type { Shapes } from "./shapes.ts";
import type { Ssa, Value } from "./ssa.ts";

/** Beyond this, finding the vector form takes seconds. */
const MAX_BLOCKS = 2000;

/** Whether a kernel may run several threads at a time at all, by its size and its instructions. */
export function hasVectorForm(program: Program): boolean {
  if (program.blocks.length > MAX_BLOCKS) return false;
  return program.blocks.every((block) => block.terminator.kind !== "switch" && block.instructions.every(isPossible));
}

/** The carry flag is no register, and has no lanes. */
function isPossible({ opcode, modifiers }: Instruction): boolean {
  return !modifiers.includes("cc") && opcode !== "addc" && opcode !== "subc" && opcode !== "madc";
}

/**
 * Whether a kernel's vector form would be right, and can be written: no loop waits for what another thread does
 * (lanes of a vector go round together, so it would wait for ever), and every region that lanes run apart has an order.
 */
export function canVectorize({ program, plan }: { program: Program; plan: PhasePlan }, ssa: Ssa, shapes: Shapes): boolean {
  for (const loop of ssa.loops) if ([...loop.blocks].some((block) => program.blocks[block]?.instructions.some(maySpin))) return false;
  for (const phase of plan.phases) {
    if (findRegions(shapes, phase.entry) === undefined) return false;
    for (const [register] of phase.live) {
      const shape = ssa.valueBefore(phase.entry, register)?.shape;
      if (shape?.kind === "indexed") return false;
    }
  }
  for (const [index, block] of program.blocks.entries()) {
    const end = block.terminator;
    if (end.kind !== "suspend" || (end.instruction.opcode !== "bar" && end.instruction.opcode !== "barrier")) continue;
    if (end.instruction.modifiers.includes("warp")) continue;
    // A barrier's number must be known for all lanes at once.
    const { modifiers, operands } = end.instruction;
    const numbers = modifiers.includes("red") ? operands.slice(1, -1) : operands;
    const reads = ssa.blocks[index]?.reads ?? new Map<Register, Value>();
    if (numbers.some((operand) => shapes.of(reads, operand).kind !== "uniform")) return false;
  }
  return true;
}
