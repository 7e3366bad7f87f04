import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { graphOf } from "./graph.ts";
import { naturalLoops } from "./loops.ts";
import { effects } from "./operands.ts";
import { successors, type Program } from "./program.ts";
import type { Uniform } from "./uniform.ts";

/** What addresses are made of. */
const LINEAR = new Set(["mov", "add", "sub", "mul", "mad", "shl", "cvt", "cvta"]);
/** Beyond this many instructions, a load is as cheap. */
const MOST = 4;

/**
 * Registers that are computed again when a thread goes on behind a barrier, instead of being kept across it, each with the instructions for that, in order:
 * a few sums and products of the thread's index and what is the same for the block, as addresses are. Each is written once, where all ways to those
 * who read it pass, and not in a loop. `live`: what is read from the start of each block on.
 */
export function findRecomputed(
  program: Program,
  uniform: Uniform,
  live: readonly ReadonlySet<Register>[],
): ReadonlyMap<Register, readonly Instruction[]> {
  const graph = graphOf(
    program.blocks.map((block) => successors(block)),
    0,
  );
  const chains = new Map<Register, readonly Instruction[]>();
  if (!graph.reducible) return chains;
  const inLoops = new Set(naturalLoops(graph).flatMap(({ blocks }) => [...blocks]));
  const writes = countWrites(program);
  const known = (operand: Operand): readonly Instruction[] | undefined => {
    switch (operand.kind) {
      case "integer":
      case "variable":
        return [];
      case "special":
        return /^(n?tid|n?ctaid)\.[xyz]$/.test(operand.name) ? [] : undefined;
      case "register": {
        if (uniform.registers.has(operand.register)) return [];
        const copy = uniform.copies.get(operand.register);
        return copy === undefined ? chains.get(operand.register) : known(copy);
      }
      default:
        return undefined;
    }
  };
  // Where a way leads around its only writer, a register is read from the start on.
  const isAlwaysWritten = (register: Register): boolean => live[graph.entry]?.has(register) !== true;
  for (const index of graph.blocks) {
    if (inLoops.has(index)) continue;
    for (const instruction of program.blocks[index]?.instructions ?? []) {
      const [target, ...sources] = instruction.operands;
      if (target?.kind !== "register" || target.part !== undefined || !isLinear(instruction)) continue;
      const { register } = target;
      if (writes.get(register) !== 1 || uniform.registers.has(register) || uniform.copies.has(register)) continue;
      const parts = sources.map(known);
      if (parts.includes(undefined)) continue;
      const chain = [...new Set(parts.flatMap((part) => part ?? [])), instruction];
      if (chain.length <= MOST && isAlwaysWritten(register)) chains.set(register, chain);
    }
  }
  return chains;
}

function isLinear({ opcode, modifiers, guard }: Instruction): boolean {
  return guard === undefined && LINEAR.has(opcode) && !modifiers.includes("cc") && !modifiers.includes("local");
}

function countWrites({ blocks }: Program): ReadonlyMap<Register, number> {
  const writes = new Map<Register, number>();
  for (const { instructions, terminator } of blocks) {
    const last = terminator.kind === "suspend" ? [terminator.instruction] : [];
    for (const instruction of [...instructions, ...last])
      for (const register of effects(instruction).writes) writes.set(register, (writes.get(register) ?? 0) + 1);
  }
  return writes;
}
