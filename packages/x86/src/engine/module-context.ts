import { GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { FUNCREF, I32, OP, type FunctionBuilder, type ModuleBuilder } from "@decant/wasm";
import { CPU } from "../cpu-block.ts";
import { HELPERS, type HelperName } from "../lower/index.ts";
import { CPU_ADDRESS, MAX_BOUND } from "./layout.ts";
import { RUNTIME_IMPORTS, type RuntimeImport } from "./runtime-module.ts";

/** What a unit's code may refer to in its module: imports, the batch's other units, and links to code outside of it. */
export class ModuleContext {
  /** The module's place in the dispatcher's table of modules. */
  readonly slot: number;
  /** The type of guest functions: () -> next RIP. */
  readonly unitType: number;
  readonly api: number;
  /** Reports an instruction that cannot be run: (rip) -> 0. */
  readonly fault: number;
  /** Drops the unit at an address, whose bytes have changed: (rip). */
  readonly stale: number;
  readonly #m: ModuleBuilder;
  readonly #link: number;
  readonly #runtime = new Map<RuntimeImport, number>();
  readonly #helpers = new Map<HelperName, number>();
  readonly #units = new Map<number, FunctionBuilder>();
  readonly #links: number[] = [];
  /** Where a trap may happen, by the tag of its mark. */
  readonly sites: Site[] = [];

  /** Declares the imports, and a function for each entry. All imports come before all functions, so all are declared. */
  constructor(m: ModuleBuilder, slot: number, entries: readonly number[]) {
    this.#m = m;
    this.slot = slot;
    m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
    const toNext = m.type([I32], [I32]);
    this.unitType = m.type([], [I32]);
    this.api = m.importFunction("env", "api", toNext);
    this.fault = m.importFunction("env", "fault", toNext);
    this.stale = m.importFunction("env", "stale", m.type([I32], []));
    this.#link = m.importFunction("env", "link", m.type([I32, I32], []));
    for (const [name, { parameters, results }] of Object.entries(RUNTIME_IMPORTS)) {
      this.#runtime.set(name as RuntimeImport, m.importFunction("runtime", name, m.type(parameters, results)));
    }
    for (const [name, { parameters, results }] of Object.entries(HELPERS)) {
      this.#helpers.set(name as HelperName, m.importFunction("helper", name, m.type(parameters, results)));
    }
    for (const entry of entries) this.#units.set(entry, m.function(this.unitType, unitName(entry)));
  }

  runtime(name: RuntimeImport): number {
    return this.#runtime.get(name) as number;
  }

  helper(name: HelperName): number {
    return this.#helpers.get(name) as number;
  }

  /** The wasm function of a guest function of the same batch. */
  unit(address: number): FunctionBuilder | undefined {
    return this.#units.get(address);
  }

  /**
   * The place in the module's table of a guest function outside of the batch. At first a function is there that has the machine put the real one
   * in its stead, so later calls cost one call through the module's own table.
   */
  link(address: number): number {
    let n = this.#links.indexOf(address);
    if (n < 0) n = this.#links.push(address) - 1;
    return this.#units.size + n;
  }

  /** Emits the table, `enter`, and the links' first functions, each twice: at its place, and to be put back after the last of them. */
  finish(): { links: readonly number[] } {
    const m = this.#m;
    const units = [...this.#units.values()].map(({ index }) => index);
    const first = this.#links.map((address, n) => this.#linkFunction(address, n));
    const all = [...units, ...first, ...first];
    const table = m.table(FUNCREF, all.length, all.length + MAX_BOUND);
    m.elem(table, 0, all);
    m.exportTable("table", table);
    const enter = m.function(m.type([I32], [I32]), "enter");
    enter.localGet(0).returnCallIndirect(this.unitType, table);
    m.exportFunction("enter", enter.index);
    return { links: this.#links };
  }

  #linkFunction(address: number, n: number): number {
    const f = this.#m.function(this.unitType, "link");
    f.i32Const(CPU_ADDRESS)
      .i32Const(address | 0)
      .store(OP.i32_store, CPU.rip, 2);
    f.i32Const(this.slot).i32Const(n).call(this.#link);
    f.i32Const(address | 0).returnCall(this.runtime("go"));
    return f.index;
  }
}

/** An instruction that may trap, and what rsp is there beyond the rsp in the CPU block. */
export interface Site {
  readonly rip: number;
  readonly stackDifference: number;
}

/** The name of a unit's function: what a stack trace says, and how the unit is found by it. */
export const unitName = (entry: number): string => `x${entry.toString(16)}`;

/** The wasm address of a guest address, as the signed number that i32.const takes. */
export const wasmAddress = (address: number): number => (address - GUEST_BASE) | 0;
