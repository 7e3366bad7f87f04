import type { Instruction, Operand, PtxFunction, Register, Statement, Variable } from "../parse/ast.ts";
import type { ScalarType } from "../parse/types.ts";
import type { Slot } from "./slots.ts";

/** A function that is written once. Its arguments and results are passed in slots that all callers know. */
export interface SharedFunction {
  readonly source: PtxFunction;
  readonly parameters: readonly Slot[];
  readonly results: readonly Slot[];
  readonly entry: string;
  /** Labels to return to, by the numbers that callers leave in the frame. */
  readonly sites: Operand[];
}

/** A call of a shared function, until it is known what the caller must keep. */
export interface SharedCall {
  readonly targets: readonly SharedFunction[];
  /** Compared with each target's address, where it is a register that says who is called. */
  readonly pointer: Register | undefined;
  readonly arguments: readonly Slot[];
  readonly results: readonly Slot[];
}

/** One piece of code that is written as a whole: the kernel, or a shared function. */
export interface Unit {
  readonly statements: Statement[];
  readonly calls: Map<Instruction, SharedCall>;
  /** Variables that each activation has for itself. */
  readonly framed: Variable[];
  readonly shared: SharedFunction | undefined;
}

/** What the parts of linking ask of each other. */
export interface LinkContext {
  readonly registers: readonly Register[];
  /** The stack, and the register that points to the frame of the shared function that runs. */
  readonly stack: Variable;
  readonly stackBytes: number;
  readonly stackPointer: Register;
  register(name: string, type: ScalarType): Register;
  label(name: string): string;
  /** The number that stands for a function's address. */
  pointerTo(name: string): bigint;
  transfer(line: number, from: Slot, to: Slot): Statement[];
}

export function make(line: number, opcode: string, modifiers: readonly string[], operands: readonly Operand[]): Instruction {
  return { kind: "instruction", line, source: undefined, opcode, modifiers, guard: undefined, operands };
}

/** A variable of local memory: bytes. */
export function localVariable(name: string, size: number, align: number): Variable {
  return {
    name,
    space: "local",
    type: "b8",
    vector: 1,
    dimensions: [size],
    size,
    align,
    linkage: "none",
    initial: [],
    managed: false,
    line: 0,
  };
}

export function reg(register: Register): Operand {
  return { kind: "register", register };
}

export function registersOf(slot: Slot): Operand[] {
  return slot.kind === "pieces" ? [...slot.pieces.values()].map((piece) => reg(piece.register)) : [];
}
