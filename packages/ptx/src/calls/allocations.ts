import type { Instruction, Operand, PtxFunction, Register, Statement } from "../parse/ast.ts";
import type { ScalarType } from "../parse/types.ts";
import { illegal, Suffixes } from "../compile/suffixes.ts";
import { localVariable, make, reg } from "./unit.ts";

const OPCODES: ReadonlySet<string> = new Set(["alloca", "stacksave", "stackrestore"]);
/** Beyond any stack, and far below where sums of addresses would wrap. */
const LARGE = 1n << 32n;
const LEAST_ALIGN = 8n;
const MOST_ALIGN = 1n << 23n;

/** A function that gives back, where it returns, what it has allocated on the stack (PTX ISA, "alloca"). */
export function releaseAllocations(source: PtxFunction): PtxFunction {
  const { body } = source;
  if (body === undefined || !body.statements.some(allocates)) return source;
  const kept: Register = { name: "%kept top", type: "b64", index: body.registers.length };
  const restore = (line: number): Instruction => make(line, "stackrestore", ["u64"], [reg(kept)]);
  const statements = body.statements.flatMap((statement): readonly Statement[] =>
    statement.kind === "instruction" && statement.opcode === "ret"
      ? [{ ...restore(statement.line), guard: statement.guard }, statement]
      : [statement],
  );
  return {
    ...source,
    body: {
      ...body,
      registers: [...body.registers, kept],
      statements: [make(source.line, "stacksave", ["u64"], [reg(kept)]), ...statements, restore(source.line)],
    },
  };
}

/** A kernel with no calls in it, its allocations written out: they lie one after the other in a variable of each thread's local memory. */
export function placeAllocations(source: PtxFunction, stackBytes: number): PtxFunction {
  const { body } = source;
  if (body === undefined || !body.statements.some(allocates)) return source;
  const registers = [...body.registers];
  const add = (name: string, type: ScalarType): Operand => {
    const register: Register = { name, type, index: registers.length };
    registers.push(register);
    return reg(register);
  };
  const allocations = localVariable("%allocations", stackBytes, 16);
  const start: Operand = { kind: "variable", variable: allocations, offset: 0n };
  const top = add("%top", "b64");
  const [size, next, full] = [add("%size", "b64"), add("%next", "b64"), add("%full", "pred")];
  /** Takes a value of the instruction's type from or to 64 bits. */
  const move = (line: number, to: Operand, from: Operand, [toType, fromType]: readonly [ScalarType, ScalarType]): Instruction =>
    toType === fromType || from.kind === "integer"
      ? make(line, "mov", [toType], [to, from])
      : make(line, "cvt", [toType, fromType], [to, from]);
  const allocate = (i: Instruction, type: ScalarType, [pointer, bytes, align]: readonly Operand[]): Statement[] => {
    const alignment = align === undefined ? LEAST_ALIGN : align.kind === "integer" ? align.value : 0n;
    if (pointer === undefined || bytes === undefined || alignment < 1n || alignment > MOST_ALIGN || (alignment & (alignment - 1n)) !== 0n)
      throw illegal(i, "alloca needs a pointer, a size, and an alignment that is a power of 2 and at most 8388608");
    const by = alignment < LEAST_ALIGN ? LEAST_ALIGN : alignment;
    const word = (opcode: string, type64: ScalarType, to: Operand, from: Operand, other: Operand): Instruction =>
      make(i.line, opcode, [type64], [to, from, other]);
    return [
      move(i.line, size, bytes, ["u64", type]),
      word("min", "u64", size, size, integer(LARGE)),
      word("add", "u64", top, top, integer(by - 1n)),
      word("and", "b64", top, top, integer(-by)),
      word("add", "u64", next, top, size),
      make(i.line, "setp", ["gt", "u64"], [full, next, { ...start, offset: BigInt(stackBytes) }]),
      {
        ...make(i.line, "fault", ["stackOverflow"], []),
        guard: full.kind === "register" ? { register: full.register, negated: false } : undefined,
      },
      move(i.line, pointer, top, [type, "u64"]),
      make(i.line, "mov", ["u64"], [top, next]),
    ];
  };
  const expand = (i: Instruction): Statement[] => {
    const suffixes = new Suffixes(i);
    const type = suffixes.type();
    suffixes.end();
    if (type !== "u32" && type !== "u64") throw illegal(i, `'${i.opcode}' needs .u32 or .u64`);
    if (i.opcode === "alloca") return allocate(i, type, i.operands);
    const [operand] = i.operands;
    if (operand?.kind !== "register" || i.operands.length !== 1) throw illegal(i, `'${i.opcode}' needs a register`);
    return [i.opcode === "stacksave" ? move(i.line, operand, top, [type, "u64"]) : move(i.line, top, operand, ["u64", type])];
  };
  const statements = body.statements.flatMap((statement, index): readonly Statement[] => {
    if (!allocates(statement)) return [statement];
    const { guard, line } = statement;
    const written = expand(statement);
    if (guard === undefined) return written;
    const past = ` past allocation ${index}`;
    const around = { ...make(line, "bra", [], [{ kind: "label", name: past }]), guard: { ...guard, negated: !guard.negated } };
    return [around, ...written, { kind: "label", name: past, line }];
  });
  statements.unshift(make(source.line, "mov", ["u64"], [top, start]));
  return { ...source, body: { ...body, registers, variables: [...body.variables, allocations], statements } };
}

function allocates(statement: Statement): statement is Instruction {
  return statement.kind === "instruction" && OPCODES.has(statement.opcode);
}

function integer(value: bigint): Operand {
  return { kind: "integer", value };
}
