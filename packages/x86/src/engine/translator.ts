import { GUEST_BASE, WASM_PAGES, type GuestMemory } from "@decant/memory";
import { FUNCREF, I32, ModuleBuilder, OP, type FunctionBuilder } from "@decant/wasm";
import type { Decoder } from "../decode/index.ts";
import { HELPERS, type HelperName } from "../lower/index.ts";
import { discover, type ApiTarget, type Unit } from "./control-flow-graph.ts";
import { RUNTIME_IMPORTS, type RuntimeImport } from "./runtime-module.ts";
import type { Stub } from "./stub.ts";
import { UnitEmitter, type ModuleContext } from "./unit-emitter.ts";

/** One module of translated functions. */
export interface Batch {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Entry addresses, by index in the module's table. */
  readonly entries: readonly number[];
  readonly units: readonly Unit[];
  /** Code offsets of accesses that may trap, sorted, with the guest address of the instruction. */
  readonly marks: readonly { offset: number; tag: number }[];
}

export interface TranslatorOptions {
  readonly memory: GuestMemory;
  readonly decoder: Decoder;
  stubAt(address: number): Stub | undefined;
  /** True when an address has code already. */
  isTranslated(address: number): boolean;
}

const MAX_UNITS = 64;
const MAX_INSTRUCTIONS = 4_000;

/** Makes batches: from entries along direct calls, one module each. */
export class Translator {
  readonly #options: TranslatorOptions;
  #batches = 0;

  constructor(options: TranslatorOptions) {
    this.#options = options;
  }

  /** Translates `entries`, and what they call directly as far as a batch goes. */
  translate(entries: readonly number[]): Batch {
    const units = this.#collect(entries);
    const m = new ModuleBuilder();
    const name = `guest${++this.#batches}`;
    m.name = name;
    m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
    const toNext = m.type([], [I32]);
    const context = new BatchContext(m, units);
    const functions = [...units.values()].map((unit) => m.function(toNext, `x${unit.entry.start.toString(16)}`));
    context.firstFunction = functions[0]?.index ?? 0;
    [...units.values()].forEach((unit, i) => this.#emit(functions[i] as FunctionBuilder, unit, context));
    const table = m.table(FUNCREF, functions.length, functions.length);
    m.elem(table, 0, functions.map(({ index }) => index));
    const enter = m.function(m.type([I32], [I32]), "enter");
    enter.localGet(0).returnCallIndirect(toNext, table);
    m.exportFunction("enter", enter.index);
    const bytes = m.finish();
    return { name, bytes, entries: [...units.keys()], units: [...units.values()], marks: m.marks };
  }

  #emit(f: FunctionBuilder, unit: Unit, context: BatchContext): void {
    if (unit.ranges.some(([start, end]) => this.#options.memory.accessible(start, end - start, "write"))) this.#compareBytes(f, unit, context);
    new UnitEmitter(f, unit, context).emit();
  }

  /** Code on pages that are writable too may have changed since: compared at every entry, and translated again when it did. */
  #compareBytes(f: FunctionBuilder, unit: Unit, context: BatchContext): void {
    const { view } = this.#options.memory;
    let terms = 0;
    for (const [start, end] of unit.ranges) {
      for (let at = start; at < end; ) {
        const wide = end - at >= 8;
        const where = at - GUEST_BASE;
        f.i32Const(where | 0);
        if (wide) f.load(OP.i64_load).i64Const(view.getBigInt64(where, true)).op(OP.i64_ne);
        else f.load(OP.i32_load8_u).i32Const(view.getUint8(where)).op(OP.i32_ne);
        if (terms++ > 0) f.op(OP.i32_or);
        at += wide ? 8 : 1;
      }
    }
    f.if();
    f.i32Const(unit.entry.start | 0).call(context.stale).return().end();
  }

  #collect(entries: readonly number[]): Map<number, Unit> {
    const { memory, decoder, isTranslated } = this.#options;
    const units = new Map<number, Unit>();
    const work = [...entries];
    let instructions = 0;
    for (let i = 0; i < work.length && units.size < MAX_UNITS && (i < entries.length || instructions < MAX_INSTRUCTIONS); i++) {
      const entry = work[i] as number;
      if (units.has(entry)) continue;
      if (i >= entries.length && (isTranslated(entry) || !memory.accessible(entry, 1, "execute"))) continue;
      const unit = discover(entry, decoder, memory);
      units.set(entry, unit);
      instructions += unit.instructionCount;
      for (const { ending } of unit.blocks) {
        if (ending.kind !== "call" && ending.kind !== "jump") continue;
        const via = this.#apiTarget(ending.kind === "call" ? ending.target : undefined, ending.insn);
        if (via !== undefined) ending.via = via;
        else if (ending.kind === "call" && ending.target !== undefined) work.push(ending.target);
      }
    }
    return units;
  }

  /** The stub that a call or jump reaches: directly, through the import table, or through a function that only jumps through it. */
  #apiTarget(target: number | undefined, insn: { memory: { base: number; index: number; displacement: number } | undefined; operands: readonly { kind: string }[] }): ApiTarget | undefined {
    const { stubAt, memory, decoder } = this.#options;
    if (target !== undefined) {
      const stub = stubAt(target);
      if (stub !== undefined) return { stub, slot: undefined };
      if (!memory.accessible(target, 16, "execute")) return undefined;
      const first = decoder.decode(target);
      return first.kind === "jmp-indirect" ? this.#apiTarget(undefined, first) : undefined;
    }
    if (insn.operands[0]?.kind !== "memory" || insn.memory === undefined || insn.memory.base >= 0 || insn.memory.index >= 0) return undefined;
    const slot = insn.memory.displacement >>> 0;
    if (!memory.accessible(slot, 8, "read")) return undefined;
    const stub = stubAt(memory.u32(slot));
    return stub === undefined ? undefined : { stub, slot };
  }
}

/** The imports of a module, declared when they are first asked for; all imports come before all functions, so all are declared at once. */
class BatchContext implements ModuleContext {
  readonly api: number;
  readonly fault: number;
  readonly stale: number;
  firstFunction = 0;
  readonly #runtime = new Map<RuntimeImport, number>();
  readonly #helpers = new Map<HelperName, number>();
  readonly #indices: Map<number, number>;

  constructor(m: ModuleBuilder, units: ReadonlyMap<number, Unit>) {
    this.api = m.importFunction("env", "api", m.type([I32], [I32]));
    this.fault = m.importFunction("env", "fault", m.type([I32], [I32]));
    this.stale = m.importFunction("env", "stale", m.type([I32], [I32]));
    for (const [name, { parameters, results }] of Object.entries(RUNTIME_IMPORTS)) {
      this.#runtime.set(name as RuntimeImport, m.importFunction("runtime", name, m.type(parameters, results)));
    }
    for (const [name, { parameters, results }] of Object.entries(HELPERS)) {
      this.#helpers.set(name as HelperName, m.importFunction("helper", name, m.type(parameters, results)));
    }
    this.#indices = new Map([...units.keys()].map((entry, i) => [entry, i]));
  }

  runtime(name: RuntimeImport): number {
    return this.#runtime.get(name) as number;
  }

  helper(name: HelperName): number {
    return this.#helpers.get(name) as number;
  }

  unit(address: number): number | undefined {
    const index = this.#indices.get(address);
    return index === undefined ? undefined : this.firstFunction + index;
  }
}
