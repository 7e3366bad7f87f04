import { PtxError } from "../error.ts";
import type { Instruction, Operand, PtxFunction, PtxModule, Register, Statement, Variable } from "../parse/ast.ts";
import { formatInstruction } from "../parse/format.ts";
import { bitsOf, type ScalarType } from "../parse/types.ts";
import { placeAllocations, releaseAllocations } from "./allocations.ts";
import { addressedFunctions, callOf, callsOf, functionPointer, sharedFunctions, type Call } from "./call-graph.ts";
import { placeFrame } from "./frame.ts";
import { offers, paramAccess, pieceType, slotShapes, transfer, type ParamAccess, type Piece, type Slot, type SlotShape } from "./slots.ts";
import { systemCall } from "./system-calls.ts";
import { localVariable, make, reg, registersOf, type LinkContext, type SharedCall, type SharedFunction, type Unit } from "./unit.ts";

/** The stack of a thread whose functions call themselves, and what a thread may allocate there, in bytes, where nothing else is asked for. */
export const STACK_BYTES = 16 * 1024;

/**
 * A kernel with all functions that it calls: one body with no calls in it (PTX ISA, "Abstracting the ABI"). Most functions are
 * written in the place of their calls; what is shared is entered and left by jumps, with a stack in local memory.
 */
export function joinCalls(module: PtxModule, entry: PtxFunction, stackBytes = STACK_BYTES): PtxFunction {
  const named = (entry.body?.statements ?? []).some(
    (statement) =>
      statement.kind === "instruction" && (statement.opcode === "call" || statement.operands.some(({ kind }) => kind === "symbol")),
  );
  return placeAllocations(named ? new Linker(module, entry, stackBytes).link() : entry, stackBytes);
}

/** What one copy of a function's body is made with. */
interface Copy {
  readonly unit: Unit;
  readonly source: PtxFunction;
  readonly slots: ReadonlyMap<Variable, Slot>;
  readonly variables: Map<Variable, Variable>;
  readonly registers: Map<Register, Register>;
  readonly prefix: string;
  readonly returnLabel: string | undefined;
}

class Linker implements LinkContext {
  readonly registers: Register[];
  readonly variables = new Set<Variable>();
  /** The stack, and the register that points to the frame of the shared function that runs. */
  readonly stack: Variable;
  readonly stackPointer: Register;
  readonly stackBytes: number;
  readonly #module: PtxModule;
  readonly #entry: PtxFunction;
  readonly #functions: ReadonlyMap<string, PtxFunction>;
  readonly #addressed: ReadonlySet<string>;
  readonly #sharedNames: ReadonlySet<string>;
  readonly #shared = new Map<string, SharedFunction>();
  readonly #shapes = new Map<PtxFunction, Map<Variable, SlotShape>>();
  #copies = 0;
  #labels = 0;

  constructor(module: PtxModule, entry: PtxFunction, stackBytes: number) {
    this.#module = module;
    this.#entry = entry;
    this.#functions = new Map(
      module.functions.filter((source) => !source.entry).map((source) => [source.name, releaseAllocations(source)]),
    );
    this.#addressed = addressedFunctions(module);
    this.#sharedNames = sharedFunctions(entry, this.#functions, this.#addressed);
    this.registers = [];
    // A call writes the number of its return before the callee can see whether its frame fits.
    this.stackBytes = stackBytes;
    this.stack = localVariable("%stack", stackBytes + 16, 16);
    this.stackPointer = this.register("%sp", "b64");
  }

  link(): PtxFunction {
    const body = this.#entry.body;
    if (body === undefined) return this.#entry;
    const main: Unit = { statements: [], calls: new Map(), framed: [], shared: undefined };
    this.#copy(main, this.#entry, new Map(), undefined);
    main.statements.push(make(this.#entry.line, "exit", [], []));
    // Shared functions come to be known while others are written.
    const units = [main];
    for (const shared of this.#shared.values()) units.push(this.#sharedUnit(shared));
    const statements = units.flatMap((unit) => placeFrame(this, unit));
    if (this.#shared.size > 0) {
      this.variables.add(this.stack);
      statements.unshift(
        make(this.#entry.line, "mov", ["u64"], [reg(this.stackPointer), { kind: "variable", variable: this.stack, offset: 0n }]),
      );
    }
    return { ...this.#entry, body: { ...body, registers: this.registers, variables: [...this.variables], statements } };
  }

  register(name: string, type: ScalarType): Register {
    const register = { name, type, index: this.registers.length };
    this.registers.push(register);
    return register;
  }

  label(name: string): string {
    return ` ${name} ${this.#labels++}`;
  }

  pointerTo(name: string): bigint {
    return functionPointer(this.#module, name) ?? 0n;
  }

  #sharedFunction(name: string): SharedFunction | undefined {
    const known = this.#shared.get(name);
    const source = this.#functions.get(name);
    if (known !== undefined || source?.body === undefined) return known;
    const slot = (parameter: Variable | Register): Slot => this.#newSlot(parameter, this.#shapeOf(source, parameter), undefined);
    const shared = {
      source,
      parameters: source.parameters.map(slot),
      results: source.results.map(slot),
      entry: this.label(name),
      sites: [],
    };
    this.#shared.set(name, shared);
    return shared;
  }

  #sharedUnit(shared: SharedFunction): Unit {
    const unit: Unit = { statements: [], calls: new Map(), framed: [], shared };
    const { source } = shared;
    const { line } = source;
    const slots = new Map<Variable, Slot>();
    const registers = new Map<Register, Register>();
    const own = (formal: Variable | Register, passed: Slot): Slot => {
      if (!("space" in formal)) {
        const [piece] = passed.kind === "pieces" ? passed.pieces.values() : [];
        if (piece !== undefined) registers.set(formal, piece.register);
        return passed;
      }
      // What is passed in memory is copied to where this activation keeps it.
      const slot = passed.kind === "pieces" ? passed : this.#newSlot(formal, undefined, unit);
      slots.set(formal, slot);
      return slot;
    };
    const parameters = source.parameters.map((formal, index) => own(formal, shared.parameters[index] ?? NO_SLOT));
    const results = source.results.map((formal, index) => own(formal, shared.results[index] ?? NO_SLOT));
    for (const [index, slot] of parameters.entries()) {
      const passed = shared.parameters[index] ?? NO_SLOT;
      if (passed.kind === "memory") unit.statements.push(...this.transfer(line, passed, slot));
    }
    const end = this.label("return");
    this.#copy(unit, source, slots, end, registers);
    unit.statements.push({ kind: "label", name: end, line });
    for (const [index, slot] of results.entries()) {
      const passed = shared.results[index] ?? NO_SLOT;
      if (passed.kind === "memory") unit.statements.push(...this.transfer(line, slot, passed));
    }
    // Keeps the results alive to the end; see frame.ts.
    const kept = shared.results.flatMap((slot) => registersOf(slot));
    unit.statements.push(
      make(
        line,
        "call",
        [],
        [
          { kind: "list", elements: [] },
          { kind: "list", elements: kept },
        ],
      ),
      make(line, "ret", [], []),
    );
    return unit;
  }

  transfer(line: number, from: Slot, to: Slot): Statement[] {
    return transfer(
      from,
      to,
      (opcode, modifiers, operands) => make(line, opcode, modifiers, operands),
      (type) => this.register("%copy", type),
    );
  }

  #shapesOf(source: PtxFunction): Map<Variable, SlotShape> {
    let shapes = this.#shapes.get(source);
    if (shapes !== undefined) return shapes;
    shapes = slotShapes(source);
    this.#shapes.set(source, shapes);
    // What a callee takes in other pieces than it is given goes through memory.
    for (const call of callsOf(source)) {
      for (const target of this.#targetsOf(call, source)) {
        const check = (operand: Operand, formal: Variable | Register | undefined, isResult: boolean): void => {
          if (operand.kind !== "variable" || formal === undefined || !shapes?.has(operand.variable)) return;
          const [mine, theirs] = [
            shapes.get(operand.variable),
            target === source ? shapes.get(formal as Variable) : this.#shapeOf(target, formal),
          ];
          if (!(isResult ? offers(theirs, mine) : offers(mine, theirs))) shapes.set(operand.variable, undefined);
        };
        for (const [index, operand] of call.arguments.entries()) check(operand, target.parameters[index], false);
        for (const [index, operand] of call.results.entries()) check(operand, target.results[index], true);
      }
    }
    return shapes;
  }

  #shapeOf(source: PtxFunction, formal: Variable | Register): SlotShape {
    if (!("space" in formal)) return new Map([[0, Math.max(1, bitsOf(formal.type) / 8)]]);
    return slotShapes(source).get(formal);
  }

  /** The functions with a body that a call may reach. */
  #targetsOf({ callee, table }: Call, source: PtxFunction): PtxFunction[] {
    const names =
      callee.kind === "symbol"
        ? [callee.name]
        : callee.kind === "register"
          ? (source.body?.callTargets.get(table ?? "") ?? [...this.#addressed])
          : [];
    return names.flatMap((name) => {
      const target = this.#functions.get(name);
      return target?.body === undefined ? [] : [target];
    });
  }

  #newSlot(formal: Variable | Register, shape: SlotShape, unit: Unit | undefined): Slot {
    if (!("space" in formal)) return { kind: "pieces", pieces: new Map([[0, this.#piece(formal.name, 0, formal.type)]]) };
    if (shape !== undefined) {
      return {
        kind: "pieces",
        pieces: new Map(
          [...shape].map(([offset, bytes]) => [offset, { ...this.#piece(`${formal.name}+${offset}`, offset, pieceType(bytes)), bytes }]),
        ),
      };
    }
    const variable = localVariable(formal.name, Math.max(1, formal.size), Math.max(formal.align, 8));
    if (unit?.shared === undefined) this.variables.add(variable);
    else unit.framed.push(variable);
    return { kind: "memory", variable };
  }

  #piece(name: string, offset: number, type: ScalarType): Piece {
    return { offset, bytes: Math.max(1, bitsOf(type) / 8), register: this.register(name, type) };
  }

  /** Writes a function's body once more. */
  #copy(
    unit: Unit,
    source: PtxFunction,
    given: ReadonlyMap<Variable, Slot>,
    returnLabel: string | undefined,
    registers = new Map<Register, Register>(),
  ): void {
    const slots = new Map(given);
    const shapes = this.#shapesOf(source);
    const variables = new Map<Variable, Variable>();
    for (const variable of source.body?.variables ?? []) {
      if (variable.space === "param") slots.set(variable, this.#newSlot(variable, shapes.get(variable), unit));
      else if (variable.space !== "local" || source === this.#entry) {
        // Shared memory is there once for all copies.
        this.variables.add(variable);
      } else {
        const own = { ...variable };
        variables.set(variable, own);
        if (unit.shared === undefined) this.variables.add(own);
        else unit.framed.push(own);
      }
    }
    const prefix = source === this.#entry ? "" : ` ${this.#copies++}:`;
    const copy: Copy = { unit, source, slots, variables, registers, prefix, returnLabel };
    for (const statement of source.body?.statements ?? []) {
      if (statement.kind === "label") unit.statements.push({ ...statement, name: prefix + statement.name });
      else this.#instruction(copy, statement);
    }
  }

  #instruction(copy: Copy, i: Instruction): void {
    const { statements } = copy.unit;
    const guard = i.guard === undefined ? undefined : { ...i.guard, register: this.#register(copy, i.guard.register) };
    if (i.opcode === "call") {
      const around = this.label("around");
      if (guard !== undefined)
        statements.push({
          ...i,
          guard: { ...guard, negated: !guard.negated },
          opcode: "bra",
          modifiers: [],
          operands: [{ kind: "label", name: around }],
        });
      this.#call(copy, i);
      if (guard !== undefined) statements.push({ kind: "label", name: around, line: i.line });
      return;
    }
    if (i.opcode === "ret" && copy.returnLabel !== undefined) {
      statements.push({ ...i, guard, opcode: "bra", modifiers: [], operands: [{ kind: "label", name: copy.returnLabel }] });
      return;
    }
    const access = paramAccess(i);
    const slot = access === undefined ? undefined : copy.slots.get(access.variable);
    if (access !== undefined && slot?.kind === "pieces") {
      this.#pieceAccess(copy, { ...i, guard }, access, slot.pieces);
      return;
    }
    // The parameters of functions are in local memory.
    const moved = slot !== undefined || copy.source !== this.#entry;
    const modifiers = moved ? i.modifiers.map((name) => (/^param(::func)?$/.test(name) ? "local" : name)) : i.modifiers;
    const operands = i.operands.map((operand) => this.#operand(copy, operand, i));
    statements.push({ ...i, guard, modifiers, operands });
  }

  /** ld.param and st.param of what is in registers. */
  #pieceAccess(copy: Copy, i: Instruction, access: ParamAccess, pieces: ReadonlyMap<number, Piece>): void {
    const { statements } = copy.unit;
    for (const [index, element] of access.elements.entries()) {
      const piece = pieces.get(access.offset + index * access.bytes);
      if (piece === undefined || element.kind === "sink") continue;
      const other = this.#operand(copy, element, i);
      const own = reg(piece.register);
      const [to, from] = i.opcode === "ld" ? [other, own] : [own, other];
      const width = (operand: Operand): number => (operand.kind === "register" ? bitsOf(operand.register.type) : 8 * piece.bytes);
      if (piece.bytes > 1 && width(to) === width(from)) {
        statements.push({ ...i, opcode: "mov", modifiers: [piece.register.type], operands: [to, from] });
        continue;
      }
      const sign = access.type.startsWith("s") ? "s" : "u";
      const narrow = `${sign}${8 * piece.bytes}`;
      const wide = `${sign}${Math.max(16, width(i.opcode === "ld" ? to : from))}`;
      if (from.kind !== "register") {
        const value = from.kind === "integer" ? from.value & ((1n << BigInt(8 * piece.bytes)) - 1n) : 0n;
        statements.push({ ...i, opcode: "mov", modifiers: [piece.register.type], operands: [to, { kind: "integer", value }] });
      } else
        statements.push({
          ...i,
          opcode: "cvt",
          modifiers: i.opcode === "ld" ? [wide, narrow] : [`u${8 * piece.bytes}`, wide],
          operands: [to, from],
        });
    }
  }

  #register(copy: Copy, register: Register): Register {
    let own = copy.registers.get(register);
    if (own === undefined) {
      own = this.register(register.name, register.type);
      copy.registers.set(register, own);
    }
    return own;
  }

  #operand(copy: Copy, operand: Operand, i: Instruction): Operand {
    const map = (inner: Operand): Operand => this.#operand(copy, inner, i);
    const variable = (named: Variable): Variable => {
      const slot = copy.slots.get(named);
      return slot?.kind === "memory" ? slot.variable : (copy.variables.get(named) ?? named);
    };
    switch (operand.kind) {
      case "register":
        return { ...operand, register: this.#register(copy, operand.register) };
      case "variable":
        return { ...operand, variable: variable(operand.variable) };
      case "address": {
        const { base, coordinates } = operand;
        const own =
          base?.kind === "register"
            ? { ...base, register: this.#register(copy, base.register) }
            : base?.kind === "variable"
              ? { ...base, variable: variable(base.variable) }
              : undefined;
        return { ...operand, base: own, coordinates: coordinates === undefined ? undefined : map(coordinates) };
      }
      case "label":
        return { ...operand, name: copy.prefix + operand.name };
      case "symbol": {
        const value = functionPointer(this.#module, operand.name);
        if (value === undefined || !this.#functions.has(operand.name)) throw bad(i, `'${operand.name}' is not a function`);
        return { kind: "integer", value };
      }
      case "vector":
      case "list":
        return { ...operand, elements: operand.elements.map(map) };
      case "pair":
        return { ...operand, first: map(operand.first), second: map(operand.second) };
      default:
        return operand;
    }
  }

  #call(copy: Copy, i: Instruction): void {
    const call = callOf(i);
    if (call === undefined) throw bad(i, "a call needs a function");
    const { unit } = copy;
    const passed = call.arguments.map((operand) => this.#actual(copy, i, operand, true));
    const results = call.results.map((operand) => this.#actual(copy, i, operand, false));
    if (call.callee.kind === "register") {
      const targets = this.#targetsOf(call, copy.source).filter(
        (target) => target.parameters.length === passed.length && target.results.length === results.length,
      );
      const shared = targets.flatMap(({ name }) => this.#sharedFunction(name) ?? []);
      this.#sharedCall(unit, i, { targets: shared, pointer: this.#register(copy, call.callee.register), arguments: passed, results });
    } else {
      if (call.callee.kind !== "symbol") throw bad(i, "a call needs a function");
      const target = this.#functions.get(call.callee.name);
      if (target === undefined) throw bad(i, `'${call.callee.name}' is not a function`);
      if (target.body === undefined) unit.statements.push(...systemCall(this, i, target.name, passed, results));
      else {
        if (target.parameters.length !== passed.length || target.results.length !== results.length)
          throw bad(i, `'${target.name}' takes ${target.parameters.length} arguments and gives ${target.results.length} results`);
        const shared = this.#sharedNames.has(target.name) ? this.#sharedFunction(target.name) : undefined;
        if (shared === undefined) this.#inPlace(unit, i, target, passed, results);
        else this.#sharedCall(unit, i, { targets: [shared], pointer: undefined, arguments: passed, results });
      }
    }
    // Results in registers that the caller named itself.
    for (const [index, operand] of call.results.entries()) {
      const slot = results[index];
      if (operand.kind !== "register" || slot?.kind !== "pieces") continue;
      for (const piece of slot.pieces.values())
        unit.statements.push(make(i.line, "mov", [piece.register.type], [this.#operand(copy, operand, i), reg(piece.register)]));
    }
  }

  #sharedCall(unit: Unit, i: Instruction, call: SharedCall): void {
    const reads = [...call.arguments.flatMap(registersOf), ...(call.pointer === undefined ? [] : [reg(call.pointer)])];
    const marker: Instruction = {
      ...i,
      guard: undefined,
      operands: [
        { kind: "list", elements: call.results.flatMap(registersOf) },
        { kind: "list", elements: reads },
      ],
    };
    unit.calls.set(marker, call);
    unit.statements.push(marker);
  }

  #inPlace(unit: Unit, i: Instruction, target: PtxFunction, passed: readonly Slot[], results: readonly Slot[]): void {
    const { statements } = unit;
    const slots = new Map<Variable, Slot>();
    const registers = new Map<Register, Register>();
    const formalSlot = (formal: Variable | Register): Slot => {
      const slot = this.#newSlot(formal, this.#shapeOf(target, formal), unit);
      if ("space" in formal) slots.set(formal, slot);
      else for (const piece of slot.kind === "pieces" ? slot.pieces.values() : []) registers.set(formal, piece.register);
      return slot;
    };
    const parameters = target.parameters.map(formalSlot);
    const own = target.results.map(formalSlot);
    for (const [index, slot] of parameters.entries()) statements.push(...this.transfer(i.line, passed[index] ?? NO_SLOT, slot));
    const end = this.label("return");
    this.#copy(unit, target, slots, end, registers);
    statements.push({ kind: "label", name: end, line: i.line });
    for (const [index, slot] of own.entries()) statements.push(...this.transfer(i.line, slot, results[index] ?? NO_SLOT));
  }

  /** The slot of an argument or result as the caller has it. */
  #actual(copy: Copy, i: Instruction, operand: Operand, argument: boolean): Slot {
    if (operand.kind === "variable") {
      const slot = copy.slots.get(operand.variable);
      if (slot === undefined) throw bad(i, `'${operand.variable.name}' is no .param variable of this function`);
      return slot;
    }
    const mapped = this.#operand(copy, operand, i);
    if (mapped.kind !== "register" && !argument) {
      if (mapped.kind === "sink") return NO_SLOT;
      throw bad(i, "a result must be a register or a .param variable");
    }
    const type: ScalarType =
      mapped.kind === "register"
        ? mapped.register.type === "pred"
          ? "pred"
          : pieceType(bitsOf(mapped.register.type) / 8)
        : mapped.kind === "float" && !mapped.single
          ? "b64"
          : "b32";
    const piece = this.#piece("%argument", 0, type);
    if (argument) copy.unit.statements.push(make(i.line, "mov", [type], [reg(piece.register), mapped]));
    return { kind: "pieces", pieces: new Map([[0, piece]]) };
  }
}

const NO_SLOT: Slot = { kind: "pieces", pieces: new Map() };

function bad(i: Instruction, reason: string): PtxError {
  return new PtxError(i.line, reason, { instruction: formatInstruction(i) });
}
