import type { Instruction } from "../parse/ast.ts";
import { graphOf } from "./graph.ts";
import { naturalLoops } from "./loops.ts";
import { successors, type Block, type Program } from "./program.ts";

/** True for what threads use to wait for each other: compare and exchange, and loads that ask memory each time. */
export function maySpin({ opcode, modifiers }: Instruction): boolean {
  if (opcode === "atom") return modifiers.includes("cas") || modifiers.includes("exch");
  return opcode === "ld" && modifiers.some((name) => name === "volatile" || name === "acquire" || name === "relaxed" || name === "mmio");
}

/**
 * Lets other threads of the block run before each way back of a loop that may wait for one of them (a lock, a flag): there
 * the thread suspends, ready to go on. Undefined when the program has no such loop.
 */
export function yieldInSpinLoops(program: Program): Program | undefined {
  const graph = graphOf(
    program.blocks.map((block) => successors(block)),
    0,
  );
  const waits = (block: number): boolean => program.blocks[block]?.instructions.some(maySpin) ?? false;
  const spinning = naturalLoops(graph).filter((loop) => [...loop.blocks].some(waits));
  if (spinning.length === 0) return undefined;
  const blocks: Block[] = [...program.blocks];
  for (const { header, blocks: body } of spinning) {
    for (const from of body) {
      const block = blocks[from];
      if (block === undefined || !successors(block).includes(header)) continue;
      const stop: Block = {
        index: blocks.length,
        instructions: [],
        terminator: { kind: "suspend", instruction: yielding(block.instructions.at(-1)), resume: header },
      };
      blocks.push(stop);
      const redirect = (target: number): number => (target === header ? stop.index : target);
      const end = block.terminator;
      if (end.kind === "jump") blocks[from] = { ...block, terminator: { ...end, target: redirect(end.target) } };
      else if (end.kind === "switch") blocks[from] = { ...block, terminator: { ...end, targets: end.targets.map(redirect) } };
      else if (end.kind === "branch")
        blocks[from] = { ...block, terminator: { ...end, target: redirect(end.target), otherwise: redirect(end.otherwise) } };
    }
  }
  return { ...program, blocks };
}

function yielding(near: Instruction | undefined): Instruction {
  return {
    kind: "instruction",
    line: near?.line ?? 0,
    source: near?.source,
    opcode: "yield",
    modifiers: [],
    guard: undefined,
    operands: [],
  };
}
