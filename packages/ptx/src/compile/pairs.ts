import type { Instruction, Operand, PtxFunction, Register, Statement } from "../parse/ast.ts";
import type { ScalarType } from "../parse/types.ts";
import { illegal, notTranslated, Suffixes } from "./suffixes.ts";

/** Operands of the arithmetic that takes .f32x2. */
const OPERANDS: Readonly<Record<string, number>> = { add: 3, sub: 3, mul: 3, fma: 4 };

type Halves = readonly [Operand & { kind: "register" }, Operand & { kind: "register" }];

/** Values that are two in one as these two: arithmetic on .f32x2, and registers of 128 bits. */
export function splitPairs(source: PtxFunction): PtxFunction {
  return splitWide(splitFloats(source));
}

/** Arithmetic on two floats in 64 bits (PTX ISA, "Floating Point Instructions", .f32x2) by each of them, in registers that all such instructions share. */
function splitFloats(source: PtxFunction): PtxFunction {
  const { body } = source;
  if (body === undefined || !body.statements.some(isFloatPair)) return source;
  const registers = [...body.registers];
  const halves = Array.from({ length: 4 }, (_, operand) => addHalves(registers, `operand ${operand}`, "f32"));
  const statements = body.statements.flatMap((statement): readonly Statement[] =>
    isFloatPair(statement) ? eachFloat(statement, halves) : [statement],
  );
  return { ...source, body: { ...body, registers, statements } };
}

function addHalves(registers: Register[], name: string, type: ScalarType): Halves {
  const add = (half: string): Operand & { kind: "register" } => {
    const register: Register = { name: `${half} half of ${name}`, type, index: registers.length };
    registers.push(register);
    return { kind: "register", register };
  };
  return [add("low"), add("high")];
}

function isFloatPair(statement: Statement): statement is Instruction {
  return statement.kind === "instruction" && Object.hasOwn(OPERANDS, statement.opcode) && statement.modifiers.includes("f32x2");
}

function eachFloat(i: Instruction, halves: readonly Halves[]): Instruction[] {
  const suffixes = new Suffixes(i);
  const rounding = suffixes.oneOf(["rn", "rz", "rm", "rp"]);
  const ftz = suffixes.take("ftz");
  const type: ScalarType = suffixes.type();
  suffixes.end();
  if (i.opcode === "fma" && rounding === undefined) throw illegal(i, "fma needs a rounding mode");
  if (type !== "f32x2" || i.operands.length !== OPERANDS[i.opcode]) throw illegal(i, `wrong operands for '${i.opcode}.f32x2'`);
  for (const operand of i.operands)
    if (operand.kind !== "register" || operand.register.type !== "b64") throw illegal(i, "operands of .f32x2 are registers of type .b64");
  const plain = { ...i, guard: undefined };
  const vector = (operand: number): Operand => ({ kind: "vector", elements: halves[operand] ?? [] });
  const take = i.operands
    .slice(1)
    .map((operand, at): Instruction => ({ ...plain, opcode: "mov", modifiers: ["b64"], operands: [vector(at + 1), operand] }));
  const compute = [0, 1].map((half): Instruction => ({
    ...plain,
    modifiers: [rounding ?? "rn", ...(ftz ? ["ftz"] : []), "f32"],
    operands: halves.slice(0, i.operands.length).flatMap((pair) => pair.slice(half, half + 1)),
  }));
  return [...take, ...compute, { ...i, opcode: "mov", modifiers: ["b64"], operands: [...i.operands.slice(0, 1), vector(0)] }];
}

/** Registers of 128 bits as two of 64. What there is for them is to load, store, pack, unpack and exchange (PTX ISA, "ld", "st", "mov", "atom", .b128). */
function splitWide(source: PtxFunction): PtxFunction {
  const { body } = source;
  if (body === undefined || !body.registers.some(isWide)) return source;
  const registers = [...body.registers];
  const halves = new Map(body.registers.filter(isWide).map((register) => [register, addHalves(registers, register.name, "b64")]));
  const statements = body.statements.flatMap((statement): readonly Statement[] =>
    statement.kind === "instruction" && statement.operands.some((operand) => halvesOf(operand, halves) !== undefined)
      ? withHalves(statement, halves)
      : [statement],
  );
  return { ...source, body: { ...body, registers, statements } };
}

function isWide({ type }: Register): boolean {
  return type === "b128";
}

function halvesOf(operand: Operand | undefined, halves: ReadonlyMap<Register, Halves>): Halves | undefined {
  return operand?.kind === "register" && operand.negated !== true && operand.minus !== true ? halves.get(operand.register) : undefined;
}

function withHalves(i: Instruction, halves: ReadonlyMap<Register, Halves>): Instruction[] {
  const { opcode, modifiers, operands } = i;
  const at = modifiers.indexOf("b128");
  if (at < 0 || !["ld", "st", "mov", "atom"].includes(opcode) || (opcode !== "atom" && operands.length !== 2))
    throw notTranslated(i, "type .b128");
  if (opcode === "atom") return [{ ...i, operands: operands.map((operand) => vectorOf(operand, halves)) }];
  const pairOf = (operand: Operand | undefined): readonly Operand[] => {
    const elements = halvesOf(operand, halves) ?? (operand?.kind === "vector" ? operand.elements : []);
    if (elements.length !== 2 || elements.some((element) => element.kind === "register" && element.register.type !== "b64"))
      throw illegal(i, "a value of 128 bits is a register, or two of type .b64");
    return elements;
  };
  if (opcode === "mov") {
    const [to, from] = operands.map(pairOf);
    return [0, 1].map((half) => ({
      ...i,
      modifiers: modifiers.with(at, "b64"),
      operands: [to, from].flatMap((pair) => pair?.slice(half, half + 1) ?? []),
    }));
  }
  const value = opcode === "ld" ? 0 : 1;
  const elements = halvesOf(operands[value], halves);
  if (elements === undefined) throw illegal(i, `'${opcode}.b128' needs a register of type .b128`);
  if (modifiers.some((name) => ORDERED.has(name)) && !modifiers.some((name) => OWN_SPACES.has(name))) {
    // Whole, where others exchange it at the same time: an exchange itself.
    const space = modifiers.filter((name) => /^(global|shared)/.test(name));
    const vector: Operand = { kind: "vector", elements };
    return opcode === "ld"
      ? [{ ...i, opcode: "atom", modifiers: [...space, "cas", "b128"], operands: [vector, ...operands.slice(1), ZERO, ZERO] }]
      : [{ ...i, opcode: "atom", modifiers: [...space, "exch", "b128"], operands: [{ kind: "sink" }, ...operands.slice(0, 1), vector] }];
  }
  return [{ ...i, modifiers: modifiers.toSpliced(at, 1, "v2", "b64"), operands: operands.with(value, { kind: "vector", elements }) }];
}

const ORDERED: ReadonlySet<string> = new Set(["relaxed", "acquire", "release", "volatile", "mmio"]);
/** What no other thread sees, or nobody writes. */
const OWN_SPACES: ReadonlySet<string> = new Set(["local", "param", "const"]);
const ZERO: Operand = { kind: "vector", elements: [0, 1].map(() => ({ kind: "integer", value: 0n })) };

function vectorOf(operand: Operand, halves: ReadonlyMap<Register, Halves>): Operand {
  const elements = halvesOf(operand, halves);
  return elements === undefined ? operand : { kind: "vector", elements };
}
