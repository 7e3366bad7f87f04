import { PtxError } from "../error.ts";
import { formatInstruction } from "../parse/format.ts";
import type { Instruction, PtxFunction, Register, Statement } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";

/** How a block ends. Targets are positions in `Program.blocks`. */
type Terminator =
  | { readonly kind: "jump"; readonly target: number }
  | {
      readonly kind: "branch";
      readonly condition: Register;
      readonly negated: boolean;
      readonly target: number;
      readonly otherwise: number;
    }
  | { readonly kind: "exit" }
  /** Goes where the index says; what lies past the end goes to the last. */
  | { readonly kind: "switch"; readonly instruction: Instruction; readonly index: Register; readonly targets: readonly number[] }
  /** The thread waits at `instruction`, and goes on at `resume` in another phase. */
  | { readonly kind: "suspend"; readonly instruction: Instruction; readonly resume: number };

export interface Block {
  readonly index: number;
  readonly instructions: readonly Instruction[];
  readonly terminator: Terminator;
}

/** A function's control-flow graph. Block 0 is the entry. */
export interface Program {
  readonly blocks: readonly Block[];
  readonly registers: readonly Register[];
}

const WARP_OPCODES = new Set(["shfl", "vote", "match", "redux", "activemask", "elect", "mma", "ldmatrix", "stmatrix", "movmatrix"]);

/** Instructions at which all threads of a block, or of a warp, meet. */
function suspends(instruction: Instruction): boolean {
  const { opcode, modifiers } = instruction;
  if (opcode === "bar" || opcode === "barrier") return !modifiers.includes("arrive");
  return WARP_OPCODES.has(opcode) || (opcode === "wmma" && modifiers[0] === "mma");
}

export function successors(block: Block): readonly number[] {
  const end = block.terminator;
  switch (end.kind) {
    case "jump":
      return [end.target];
    case "branch":
      return end.target === end.otherwise ? [end.target] : [end.target, end.otherwise];
    case "suspend":
      return [end.resume];
    case "switch":
      return [...new Set(end.targets)];
    case "exit":
      return [];
  }
}

/** Splits a function's body into blocks at labels, branches and barriers; with `expandGuards`, around every guarded instruction too. */
export function buildProgram(source: PtxFunction, { expandGuards = false } = {}): Program {
  const statements = (source.body?.statements ?? []).flatMap((statement, index) =>
    statement.kind === "instruction" &&
    statement.guard !== undefined &&
    (expandGuards ? !leaves(statement) : suspends(statement) || statement.opcode === "brx")
      ? branchAround(statement, statement.guard, index)
      : [statement],
  );
  const starts = new Map<string, number>();
  const blocks: { instructions: Instruction[]; end: Ending | undefined }[] = [];
  let current: { instructions: Instruction[]; end: Ending | undefined } = { instructions: [], end: undefined };
  blocks.push(current);
  // What follows a suspension is a block of its own, that nothing else leads to.
  let resumes = false;
  const startBlock = (): void => {
    resumes = current.end?.kind === "suspend";
    current = { instructions: [], end: undefined };
    blocks.push(current);
  };
  for (const statement of statements) {
    if (statement.kind === "label") {
      if (current.end?.kind === "suspend") startBlock();
      if (current.instructions.length > 0 || current.end !== undefined || resumes) startBlock();
      starts.set(statement.name, blocks.length - 1);
      continue;
    }
    if (current.end !== undefined) startBlock();
    const end = ending(statement);
    if (end === undefined) {
      current.instructions.push(statement);
      continue;
    }
    current.end = end;
  }
  if (current.end?.kind === "suspend") startBlock();
  // Falling off the end is a return; this block is also where guarded returns go.
  const exit = blocks.length;
  const finished: Block[] = blocks.map(({ instructions, end }, index) => ({
    index,
    instructions,
    terminator: terminate(end, index + 1, exit, starts),
  }));
  finished.push({ index: exit, instructions: [], terminator: { kind: "exit" } });
  return { blocks: finished, registers: source.body?.registers ?? [] };
}

/** `@p x` as `@!p bra around; x; around:`. */
function branchAround(instruction: Instruction, guard: NonNullable<Instruction["guard"]>, index: number): Statement[] {
  const { line, source } = instruction;
  const name = ` around ${index}`;
  return [
    {
      kind: "instruction",
      line,
      source,
      opcode: "bra",
      modifiers: [],
      guard: { register: guard.register, negated: !guard.negated },
      operands: [{ kind: "label", name }],
    },
    { ...instruction, guard: undefined },
    { kind: "label", name, line },
  ];
}

function leaves({ opcode }: Instruction): boolean {
  return opcode === "bra" || opcode === "ret" || opcode === "exit";
}

type Ending = { kind: "branch" | "exit" | "switch" | "suspend"; instruction: Instruction };

function ending(instruction: Instruction): Ending | undefined {
  if (instruction.opcode === "bra") return { kind: "branch", instruction };
  if (instruction.opcode === "brx") return { kind: "switch", instruction };
  if (instruction.opcode === "ret" || instruction.opcode === "exit") return { kind: "exit", instruction };
  return suspends(instruction) ? { kind: "suspend", instruction } : undefined;
}

function terminate(end: Ending | undefined, next: number, exit: number, starts: ReadonlyMap<string, number>): Terminator {
  if (end === undefined) return { kind: "jump", target: next };
  const { instruction } = end;
  const { guard } = instruction;
  if (end.kind === "suspend") return { kind: "suspend", instruction, resume: next };
  if (end.kind === "switch") return switchOf(instruction, exit, starts);
  const target = end.kind === "exit" ? exit : branchTarget(instruction, starts);
  if (guard === undefined) return { kind: "jump", target };
  return { kind: "branch", condition: guard.register, negated: guard.negated, target, otherwise: next };
}

function switchOf(instruction: Instruction, exit: number, starts: ReadonlyMap<string, number>): Terminator {
  const [index, list] = instruction.operands;
  const targets = (list?.kind === "list" ? list.elements : []).map((label) =>
    label.kind === "label" ? starts.get(label.name) : undefined,
  );
  if (index?.kind !== "register" || bitsOf(index.register.type) !== 32 || targets.includes(undefined))
    throw new PtxError(instruction.line, "'brx.idx' needs a 32-bit index and labels", { instruction: formatInstruction(instruction) });
  return { kind: "switch", instruction, index: index.register, targets: targets.length === 0 ? [exit] : (targets as number[]) }; // None is undefined.
}

function branchTarget(instruction: Instruction, starts: ReadonlyMap<string, number>): number {
  const [operand] = instruction.operands;
  const target = operand?.kind === "label" ? starts.get(operand.name) : undefined;
  if (target === undefined || instruction.operands.length !== 1) {
    throw new PtxError(instruction.line, "a branch needs one label", { instruction: formatInstruction(instruction) });
  }
  return target;
}
