import type { Instruction, Operand } from "../parse/ast.ts";
import type { Uniform } from "../compile/uniform.ts";
import { meeting } from "../compile/lower/warp.ts";
import type { Program } from "../compile/program.ts";
import { findRegions } from "./regions.ts";
import type { Shapes } from "./shapes.ts";
import type { Ssa, Value } from "./ssa.ts";

/** What is known of a phase before it is written. */
export interface PhaseFacts {
  /** Values that its code reads; what it only keeps for later ones need not be loaded. */
  readonly reads: ReadonlySet<Value>;
  /** It asks for tid.x, .y or .z. */
  readonly readsIndex: boolean;
  /** All of its threads end in one state, which nothing but the phase decides. */
  readonly hasOneEnd: boolean;
  /** Some lanes of a vector may wait without the others. */
  readonly suspendsApart: boolean;
}

export function phaseFacts(
  { program, ssa, shapes }: { program: Program; ssa: Ssa; shapes: Shapes },
  uniform: Uniform,
  entry: number,
): PhaseFacts {
  const found = findRegions(shapes, entry);
  if (found === undefined) throw new Error("ptx: a kernel with a vector form has regions");
  const reads = new Set<Value>();
  const asks = (operand: Operand): boolean => {
    if (operand.kind === "special") return operand.name.startsWith("tid.");
    if (operand.kind === "register") {
      const copy = uniform.copies.get(operand.register);
      return copy !== undefined && asks(copy);
    }
    return (operand.kind === "vector" || operand.kind === "list") && operand.elements.some(asks);
  };
  let readsIndex = false;
  const ends: (Instruction | undefined)[] = [];
  for (const index of found.graph.blocks) {
    const block = program.blocks[index];
    const values = ssa.blocks[index];
    if (block === undefined || values === undefined) continue;
    for (const { inputs } of values.phis) for (const value of inputs.values()) reads.add(value);
    for (const { reads: operands } of values.instructions) for (const value of operands.values()) reads.add(value);
    for (const value of values.reads.values()) reads.add(value);
    const { terminator } = block;
    const last = terminator.kind === "suspend" ? [terminator.instruction] : [];
    if (terminator.kind === "suspend") ends.push(terminator.instruction);
    if (terminator.kind === "exit") ends.push(undefined);
    for (const { operands } of [...block.instructions, ...last]) if (operands.some(asks)) readsIndex = true;
  }
  const inRegions = new Set(found.regions.flatMap(({ blocks }) => [...blocks]));
  const suspendsApart = [...inRegions].some((block) => program.blocks[block]?.terminator.kind === "suspend");
  const [end] = ends;
  const hasOneEnd =
    ends.length > 0 &&
    (ends.every((other) => other === undefined) || (ends.length === 1 && end !== undefined && isPlainBarrier(end) && !suspendsApart));
  return { reads, readsIndex, hasOneEnd, suspendsApart };
}

/** A barrier of the block that its text names: it is the same wherever a thread comes to it. */
function isPlainBarrier(instruction: Instruction): boolean {
  const { opcode, modifiers, operands } = instruction;
  if (opcode !== "bar" && opcode !== "barrier") return false;
  return !meeting(instruction).warp && !modifiers.includes("red") && operands.every(({ kind }) => kind === "integer");
}
