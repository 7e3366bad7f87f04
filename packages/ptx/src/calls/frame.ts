import type { Instruction, Operand, PtxFunction, Register, Statement, Variable } from "../parse/ast.ts";
import { bitsOf } from "../parse/types.ts";
import { liveAtStart } from "../compile/liveness.ts";
import { effects } from "../compile/operands.ts";
import { buildProgram } from "../compile/program.ts";
import { make, reg, type LinkContext, type SharedCall, type SharedFunction, type Unit } from "./unit.ts";

/** A frame begins with the number of the place to return to. */
const HEADER_BYTES = 16;

/**
 * A unit's statements with its calls written out, and the variables of each activation in its frame. A frame is what lies from
 * the stack pointer on: where to return, variables, and what is kept across calls.
 */
export function placeFrame(linker: LinkContext, unit: Unit): Statement[] {
  const places = new Map<Variable, number>();
  let size = HEADER_BYTES;
  for (const variable of unit.framed) {
    size = align(size, variable.align);
    places.set(variable, size);
    size += variable.size;
  }
  const keeps = unit.shared === undefined ? new Map<Instruction, readonly Register[]>() : keptAcross(linker, unit);
  const base = align(size, 8);
  const most = Math.max(0, ...[...keeps.values()].map((registers) => registers.length));
  // The kernel itself has no frame: its variables have places of their own, and nothing that it calls can call it.
  const frameBytes = unit.shared === undefined ? 0 : align(base + 8 * most, 16);
  const statements = unit.statements.flatMap((statement): Statement[] => {
    if (statement.kind === "label") return [statement];
    const call = unit.calls.get(statement);
    const written =
      call !== undefined
        ? writeCall(linker, statement, call, keeps.get(statement) ?? [], base, frameBytes)
        : statement.opcode === "call"
          ? []
          : statement.opcode === "ret" && unit.shared !== undefined
            ? writeReturn(linker, statement.line, unit.shared)
            : [statement];
    return written.flatMap((one) => (one.kind === "label" ? [one] : framed(linker, one, places)));
  });
  return unit.shared === undefined ? statements : [...writeEntry(linker, unit.shared, frameBytes), ...statements];
}

/** The registers that each call of a unit must find as they were. */
function keptAcross(linker: LinkContext, unit: Unit): Map<Instruction, readonly Register[]> {
  const source = { body: { registers: linker.registers, variables: [], statements: unit.statements } } as unknown as PtxFunction; // Only its body is asked for.
  const program = buildProgram(source);
  const live = liveAtStart(program);
  const keeps = new Map<Instruction, readonly Register[]>();
  for (const block of program.blocks) {
    const alive = new Set<Register>();
    const end = block.terminator;
    const next =
      end.kind === "jump"
        ? [end.target]
        : end.kind === "branch"
          ? [end.target, end.otherwise]
          : end.kind === "suspend"
            ? [end.resume]
            : end.kind === "switch"
              ? end.targets
              : [];
    for (const target of next) for (const register of live[target] ?? []) alive.add(register);
    if (end.kind === "branch") alive.add(end.condition);
    if (end.kind === "switch") alive.add(end.index);
    if (end.kind === "suspend") step(end.instruction, alive);
    for (const instruction of block.instructions.toReversed()) {
      if (unit.calls.has(instruction)) {
        const results = new Set(effects(instruction).writes);
        keeps.set(
          instruction,
          [...alive].filter((register) => !results.has(register) && register !== linker.stackPointer),
        );
      }
      step(instruction, alive);
    }
  }
  return keeps;
}

function step(instruction: Instruction, alive: Set<Register>): void {
  const { reads, writes } = effects(instruction);
  for (const register of writes) alive.delete(register);
  for (const register of reads) alive.add(register);
}

function writeCall(
  linker: LinkContext,
  { line }: Instruction,
  call: SharedCall,
  kept: readonly Register[],
  base: number,
  frameBytes: number,
): Statement[] {
  const sp = reg(linker.stackPointer);
  const out: Statement[] = [];
  for (const [index, register] of kept.entries()) out.push(...keep(linker, line, register, base + 8 * index));
  const moveStack = (opcode: string): void => {
    if (frameBytes > 0) out.push(make(line, opcode, ["u64"], [sp, sp, { kind: "integer", value: BigInt(frameBytes) }]));
  };
  const back = linker.label("back");
  const enter = (target: SharedFunction): void => {
    for (const [index, slot] of call.arguments.entries()) {
      const formal = target.parameters[index];
      if (formal !== undefined) out.push(...linker.transfer(line, slot, formal));
    }
    const site = linker.label("site");
    const number = target.sites.push({ kind: "label", name: site }) - 1;
    moveStack("add");
    out.push(make(line, "st", ["local", "u32"], [at(linker, 0), { kind: "integer", value: BigInt(number) }]));
    out.push(jump(line, target.entry), { kind: "label", name: site, line });
    moveStack("sub");
    for (const [index, register] of kept.entries()) out.push(...restore(linker, line, register, base + 8 * index));
    for (const [index, slot] of call.results.entries()) {
      const formal = target.results[index];
      if (formal !== undefined) out.push(...linker.transfer(line, formal, slot));
    }
  };
  if (call.pointer === undefined) {
    for (const target of call.targets) enter(target);
    return out;
  }
  for (const target of call.targets) {
    const next = linker.label("next");
    const differs = linker.register("%differs", "pred");
    const value = linker.pointerTo(target.source.name);
    out.push(make(line, "setp", ["ne", "u64"], [reg(differs), reg(call.pointer), { kind: "integer", value }]));
    out.push({ ...jump(line, next), guard: { register: differs, negated: false } });
    enter(target);
    out.push(jump(line, back), { kind: "label", name: next, line });
  }
  out.push(make(line, "fault", ["invalidPc"], []), { kind: "label", name: back, line });
  return out;
}

function keep(linker: LinkContext, line: number, register: Register, offset: number): Statement[] {
  if (register.type !== "pred") return [make(line, "st", ["local", `b${bitsOf(register.type)}`], [at(linker, offset), reg(register)])];
  const word = linker.register("%kept", "b32");
  return [
    make(line, "selp", ["b32"], [reg(word), { kind: "integer", value: 1n }, { kind: "integer", value: 0n }, reg(register)]),
    make(line, "st", ["local", "b32"], [at(linker, offset), reg(word)]),
  ];
}

function restore(linker: LinkContext, line: number, register: Register, offset: number): Statement[] {
  if (register.type !== "pred") return [make(line, "ld", ["local", `b${bitsOf(register.type)}`], [reg(register), at(linker, offset)])];
  const word = linker.register("%kept", "b32");
  return [
    make(line, "ld", ["local", "b32"], [reg(word), at(linker, offset)]),
    make(line, "setp", ["ne", "b32"], [reg(register), reg(word), { kind: "integer", value: 0n }]),
  ];
}

/** The label, and a check that the frame fits. */
function writeEntry(linker: LinkContext, { source, entry }: SharedFunction, frameBytes: number): Statement[] {
  const { line } = source;
  const full = linker.register("%full", "pred");
  const last: Operand = { kind: "variable", variable: linker.stack, offset: BigInt(linker.stackBytes - frameBytes) };
  return [
    { kind: "label", name: entry, line },
    make(line, "setp", ["gt", "s64"], [reg(full), reg(linker.stackPointer), last]),
    { ...make(line, "fault", ["stackOverflow"], []), guard: { register: full, negated: false } },
  ];
}

function writeReturn(linker: LinkContext, line: number, { sites }: SharedFunction): Statement[] {
  const site = linker.register("%site", "b32");
  // The list grows with the calls that are written after this.
  return [
    make(line, "ld", ["local", "u32"], [reg(site), at(linker, 0)]),
    make(line, "brx", ["idx"], [reg(site), { kind: "list", elements: sites }]),
  ];
}

function at(linker: LinkContext, offset: number): Operand {
  return { kind: "address", base: { kind: "register", register: linker.stackPointer }, offset: BigInt(offset), coordinates: undefined };
}

function jump(line: number, name: string): Instruction {
  return make(line, "bra", [], [{ kind: "label", name }]);
}

/** An instruction with the variables of the frame by their places from the stack pointer. */
function framed(linker: LinkContext, i: Instruction, places: ReadonlyMap<Variable, number>): Statement[] {
  if (places.size === 0) return [i];
  const before: Statement[] = [];
  const operands = i.operands.map((operand): Operand => {
    if (operand.kind === "address" && operand.base?.kind === "variable") {
      const place = places.get(operand.base.variable);
      return place === undefined
        ? operand
        : { ...operand, base: { kind: "register", register: linker.stackPointer }, offset: operand.offset + BigInt(place) };
    }
    const place = operand.kind === "variable" ? places.get(operand.variable) : undefined;
    if (operand.kind !== "variable" || place === undefined) return operand;
    const address = linker.register("%address", "b64");
    const offset: Operand = { kind: "integer", value: operand.offset + BigInt(place) };
    before.push(make(i.line, "add", ["u64"], [reg(address), reg(linker.stackPointer), offset]));
    return reg(address);
  });
  return [...before, { ...i, operands }];
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
