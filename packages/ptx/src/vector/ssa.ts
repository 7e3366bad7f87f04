import type { Instruction, Register } from "../parse/ast.ts";
import { graphOf, type Graph } from "../compile/graph.ts";
import { liveAtStart } from "../compile/liveness.ts";
import { effects } from "../compile/operands.ts";
import { successors, type Program } from "../compile/program.ts";
import type { Uniform } from "../compile/uniform.ts";
import { naturalLoops, type Loop } from "../compile/loops.ts";
import type { Shape } from "./shapes.ts";

/** One of the values that a register takes: written by one instruction, or chosen where ways meet. */
export interface Value {
  readonly register: Register;
  readonly block: number;
  /** Present for the choice at the start of a block: what comes along each edge. */
  readonly phi: Phi | undefined;
  shape: Shape | undefined;
}

export interface Phi {
  readonly value: Value;
  /** By predecessor. */
  readonly inputs: Map<number, Value>;
  /** True at the exit of a loop, for what the loop has computed. */
  readonly leavesLoop: boolean;
}

export interface SsaInstruction {
  readonly instruction: Instruction;
  readonly reads: ReadonlyMap<Register, Value>;
  readonly writes: ReadonlyMap<Register, Value>;
}

export interface SsaBlock {
  readonly phis: readonly Phi[];
  readonly instructions: readonly SsaInstruction[];
  /** What the terminator reads: the condition of a branch, or what a suspension takes. */
  readonly reads: ReadonlyMap<Register, Value>;
  /** The results of the suspension that this block resumes from. */
  readonly results: ReadonlyMap<Register, Value>;
}

export interface Ssa {
  readonly blocks: readonly SsaBlock[];
  readonly graph: Graph;
  readonly loops: readonly Loop[];
  /** The value of a register at the end of a block; undefined where nothing has been written to it. */
  valueAfter(block: number, register: Register): Value | undefined;
  /** The value of a register at the start of a block, after its phis. */
  valueBefore(block: number, register: Register): Value | undefined;
}

/**
 * Static single assignment form, pruned, with a phi at loop exits for what the loop computed (so that what lanes leave with
 * at different times has a name). Registers that are the same in all threads of a block, or constant, take no part.
 * Undefined when a loop has more than one entry, or begins with the function.
 */
export function buildSsa(program: Program, uniform: Uniform): Ssa | undefined {
  const graph = graphOf(
    program.blocks.map((block) => successors(block)),
    0,
  );
  if (!graph.reducible || (graph.predecessors[0] ?? []).length > 0) return undefined;
  const loops = naturalLoops(graph);
  const takesPart = (register: Register): boolean => !uniform.copies.has(register) && !uniform.registers.has(register);
  const suspendedBefore = new Map<number, Instruction>();
  for (const { terminator } of program.blocks)
    if (terminator.kind === "suspend") suspendedBefore.set(terminator.resume, terminator.instruction);

  const writtenIn = program.blocks.map((block) => {
    const written = new Set<Register>();
    const from = suspendedBefore.get(block.index);
    if (from !== undefined) for (const register of effects(from).writes) written.add(register);
    for (const instruction of block.instructions) for (const register of effects(instruction).writes) written.add(register);
    return new Set([...written].filter(takesPart));
  });
  const placed = placePhis(program, graph, loops, writtenIn, takesPart);
  const definitions = program.blocks.map(() => new Map<Register, Value>());
  const starts = program.blocks.map(() => new Map<Register, Value>());
  const phis: Phi[][] = program.blocks.map(() => []);
  for (const block of graph.blocks) {
    for (const [register, leavesLoop] of placed[block] ?? []) {
      const phi: { value: Value; inputs: Map<number, Value>; leavesLoop: boolean } = {
        value: undefined as unknown as Value, // Set on the next line: the two name each other.
        inputs: new Map(),
        leavesLoop,
      };
      phi.value = { register, block, phi, shape: undefined };
      phis[block]?.push(phi);
      starts[block]?.set(register, phi.value);
    }
  }
  const up = (block: number): number => graph.dominators[block] ?? block;
  const find = (from: number, register: Register, tables: readonly (ReadonlyMap<Register, Value> | undefined)[]): Value | undefined => {
    for (const table of tables) {
      const found = table?.get(register);
      if (found !== undefined) return found;
    }
    for (let at = from; at !== up(at);) {
      at = up(at);
      const found = definitions[at]?.get(register) ?? starts[at]?.get(register);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const blocks: SsaBlock[] = program.blocks.map((_, index) => ({
    phis: phis[index] ?? [],
    instructions: [],
    reads: new Map(),
    results: new Map(),
  }));
  for (const index of graph.blocks) {
    const block = program.blocks[index];
    const defined = definitions[index];
    if (block === undefined || defined === undefined) continue;
    const read = (registers: readonly Register[]): Map<Register, Value> => {
      const values = new Map<Register, Value>();
      for (const register of registers) {
        const value = takesPart(register) ? find(index, register, [defined, starts[index]]) : undefined;
        if (value !== undefined) values.set(register, value);
      }
      return values;
    };
    const write = (registers: readonly Register[]): Map<Register, Value> => {
      const values = new Map<Register, Value>();
      for (const register of registers) {
        if (!takesPart(register)) continue;
        const value: Value = { register, block: index, phi: undefined, shape: undefined };
        values.set(register, value);
        defined.set(register, value);
      }
      return values;
    };
    const from = suspendedBefore.get(index);
    const results = from === undefined ? new Map<Register, Value>() : write(effects(from).writes);
    const instructions = block.instructions.map((instruction): SsaInstruction => {
      const { reads, writes } = effects(instruction);
      const inputs = read(reads);
      return { instruction, reads: inputs, writes: write(writes) };
    });
    const end = block.terminator;
    const last = end.kind === "branch" ? [end.condition] : end.kind === "suspend" ? effects(end.instruction).reads : [];
    blocks[index] = { phis: phis[index] ?? [], instructions, reads: read(last), results };
  }
  const valueAfter = (block: number, register: Register): Value | undefined => find(block, register, [definitions[block], starts[block]]);
  for (const list of phis) {
    for (const { value, inputs } of list) {
      for (const predecessor of graph.predecessors[value.block] ?? []) {
        const input = valueAfter(predecessor, value.register);
        if (input !== undefined) inputs.set(predecessor, input);
      }
    }
  }
  return { blocks, graph, loops, valueAfter, valueBefore: (block, register) => find(block, register, [starts[block]]) };
}

/** Where registers need a phi: where definitions meet, as far as the register is still read, and at loop exits. */
function placePhis(
  program: Program,
  graph: Graph,
  loops: readonly Loop[],
  writtenIn: readonly ReadonlySet<Register>[],
  takesPart: (register: Register) => boolean,
): readonly Map<Register, boolean>[] {
  const live = liveAtStart(program);
  const frontiers = dominanceFrontiers(graph);
  const placed = program.blocks.map(() => new Map<Register, boolean>());
  const work: [block: number, register: Register][] = [];
  const place = (block: number, register: Register, leavesLoop: boolean): void => {
    const here = placed[block];
    if (here === undefined || !live[block]?.has(register)) return;
    const known = here.get(register);
    if (known === undefined) work.push([block, register]);
    if (known === undefined || leavesLoop) here.set(register, leavesLoop);
  };
  for (const { blocks, exits } of loops) {
    const written = new Set<Register>();
    for (const block of blocks) for (const register of writtenIn[block] ?? []) written.add(register);
    for (const exit of exits)
      for (const register of live[exit] ?? []) if (written.has(register) && takesPart(register)) place(exit, register, true);
  }
  for (const block of graph.blocks) for (const register of writtenIn[block] ?? []) work.push([block, register]);
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [block, register] = next;
    for (const frontier of frontiers[block] ?? []) place(frontier, register, false);
  }
  return placed;
}

function dominanceFrontiers(graph: Graph): readonly ReadonlySet<number>[] {
  const frontiers = graph.successors.map(() => new Set<number>());
  for (const block of graph.blocks) {
    const predecessors = graph.predecessors[block] ?? [];
    if (predecessors.length < 2) continue;
    const above = graph.dominators[block] ?? block;
    for (const predecessor of predecessors)
      for (let at = predecessor; at !== above; at = graph.dominators[at] ?? above) frontiers[at]?.add(block);
  }
  return frontiers;
}
