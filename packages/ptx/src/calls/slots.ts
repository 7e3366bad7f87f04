import type { Instruction, Operand, PtxFunction, Register, Statement, Variable } from "../parse/ast.ts";
import { bytesOf, isScalarType, type ScalarType } from "../parse/types.ts";

/** A part of an argument or result that is read or written as one, in a register of its own. */
export interface Piece {
  readonly offset: number;
  readonly bytes: number;
  readonly register: Register;
}

/** Where an argument or a result of a call is: in registers, piece by piece, or in local memory. */
export type Slot =
  | { readonly kind: "pieces"; readonly pieces: ReadonlyMap<number, Piece> }
  | { readonly kind: "memory"; readonly variable: Variable };

/** What a slot will be: the bytes of its pieces by their offsets. Undefined: memory, as it is not only accessed by name, or in parts that overlap. */
export type SlotShape = ReadonlyMap<number, number> | undefined;

/** The shape of each .param variable that a function names. Parameters of kernels are not among them: they have memory of their own. */
export function slotShapes(source: PtxFunction): Map<Variable, SlotShape> {
  const shapes = new Map<Variable, Map<number, number> | undefined>();
  const own = source.entry ? [] : [...source.results, ...source.parameters];
  for (const variable of [...own, ...(source.body?.variables ?? [])])
    if ("space" in variable && variable.space === "param") shapes.set(variable, new Map());
  for (const statement of source.body?.statements ?? []) {
    if (statement.kind !== "instruction" || statement.opcode === "call") continue;
    const access = paramAccess(statement);
    for (const operand of statement.operands) {
      const variable = variableOf(operand);
      if (variable === undefined || !shapes.has(variable)) continue;
      const shape = shapes.get(variable);
      if (shape === undefined) continue;
      if (access?.variable !== variable || !addPieces(shape, access)) shapes.set(variable, undefined);
    }
  }
  return shapes;
}

/** A load or store of a .param variable by its name. */
export interface ParamAccess {
  readonly variable: Variable;
  readonly offset: number;
  readonly type: ScalarType;
  readonly bytes: number;
  readonly elements: readonly Operand[];
}

export function paramAccess({ opcode, modifiers, operands }: Instruction): ParamAccess | undefined {
  if ((opcode !== "ld" && opcode !== "st") || !modifiers.some((name) => name === "param" || name.startsWith("param::"))) return undefined;
  const [address, value] = opcode === "ld" ? [operands[1], operands[0]] : [operands[0], operands[1]];
  const type = modifiers.find(isScalarType);
  if (address?.kind !== "address" || address.base?.kind !== "variable" || type === undefined || value === undefined) return undefined;
  const elements = value.kind === "vector" ? value.elements : [value];
  return { variable: address.base.variable, offset: Number(address.offset), type, bytes: bytesOf(type), elements };
}

function addPieces(shape: Map<number, number>, { variable, offset, bytes, elements }: ParamAccess): boolean {
  for (const index of elements.keys()) {
    const at = offset + index * bytes;
    if (at < 0 || at + bytes > variable.size || bytes > 8) return false;
    for (const [other, size] of shape) if (at < other + size && other < at + bytes && (other !== at || size !== bytes)) return false;
    shape.set(at, bytes);
  }
  return true;
}

function variableOf(operand: Operand): Variable | undefined {
  if (operand.kind === "variable") return operand.variable;
  if (operand.kind === "address" && operand.base?.kind === "variable") return operand.base.variable;
  return undefined;
}

/** True when what is passed in pieces of one shape can be taken in pieces of the other. */
export function offers(from: SlotShape, to: SlotShape): boolean {
  if (from === undefined || to === undefined) return true;
  for (const [offset, bytes] of to) if (from.get(offset) !== bytes) return false;
  return true;
}

export function pieceType(bytes: number): ScalarType {
  return bytes === 8 ? "b64" : bytes === 4 ? "b32" : "b16";
}

type Make = (opcode: string, modifiers: readonly string[], operands: readonly Operand[]) => Statement;

const register = (of: Register): Operand => ({ kind: "register", register: of });

/** The instructions that bring what is in one slot to another. `temporary` gives registers to copy memory through. */
export function transfer(from: Slot, to: Slot, make: Make, temporary: (type: ScalarType) => Register): Statement[] {
  const place = (variable: Variable, offset: number): Operand => ({
    kind: "address",
    base: { kind: "variable", variable },
    offset: BigInt(offset),
    coordinates: undefined,
  });
  const load = (piece: Piece, variable: Variable): Statement =>
    make("ld", ["local", `u${8 * piece.bytes}`], [register(piece.register), place(variable, piece.offset)]);
  const store = (piece: Piece, variable: Variable): Statement =>
    make("st", ["local", `u${8 * piece.bytes}`], [place(variable, piece.offset), register(piece.register)]);
  if (from.kind === "pieces" && to.kind === "pieces") {
    return [...to.pieces.values()].flatMap((piece) => {
      const source = from.pieces.get(piece.offset);
      return source === undefined ? [] : [make("mov", [piece.register.type], [register(piece.register), register(source.register)])];
    });
  }
  if (from.kind === "pieces" && to.kind === "memory") return [...from.pieces.values()].map((piece) => store(piece, to.variable));
  if (from.kind === "memory" && to.kind === "pieces") return [...to.pieces.values()].map((piece) => load(piece, from.variable));
  if (from.kind !== "memory" || to.kind !== "memory") return [];
  const out: Statement[] = [];
  const size = Math.min(from.variable.size, to.variable.size);
  for (let offset = 0; offset < size;) {
    const align = (value: number): number => value & -value || 8;
    const bytes = Math.min(8, align(offset), align(size - offset), from.variable.align, to.variable.align);
    const piece = { offset, bytes, register: temporary(pieceType(bytes)) };
    out.push(load(piece, from.variable), store(piece, to.variable));
    offset += bytes;
  }
  return out;
}
