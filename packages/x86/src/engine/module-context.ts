import { GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { I32, ModuleBuilder, type FunctionBuilder, type ValueType } from "@decant/wasm";
import { HELPERS, type HelperName } from "../lower/index.ts";
import { CALL_BYTES, CONSTANT_BYTES, RELOCATION, type RelocationKind } from "./relocation.ts";
import { RUNTIME_IMPORTS, type RuntimeImport } from "./runtime-module.ts";
import type { Stub } from "./stub.ts";

/** What all modules of translated code declare first, so that a unit's code fits into any of them. */
export interface Declarations {
  /** The type of guest functions: () -> next RIP, and of what takes an i32 and returns one. */
  readonly unitType: number;
  readonly toNextType: number;
  readonly api: number;
  /** Reports an instruction that cannot be run: (rip) -> 0. */
  readonly fault: number;
  /** Drops a unit whose bytes have changed: (slot, entry, whether it has just written there itself). */
  readonly stale: number;
  /** Puts a link's function in its place: (slot, number). */
  readonly link: number;
  readonly runtime: ReadonlyMap<RuntimeImport, number>;
  readonly helpers: ReadonlyMap<HelperName, number>;
}

export function declare(m: ModuleBuilder): Declarations {
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const toNextType = m.type([I32], [I32]);
  return {
    unitType: m.type([], [I32]),
    toNextType,
    api: m.importFunction("env", "api", toNextType),
    fault: m.importFunction("env", "fault", toNextType),
    stale: m.importFunction("env", "stale", m.type([I32, I32, I32], [])),
    link: m.importFunction("env", "link", m.type([I32, I32], [])),
    runtime: importAll(m, "runtime", RUNTIME_IMPORTS),
    helpers: importAll(m, "helper", HELPERS),
  };
}

type Signatures<K extends string> = Readonly<Record<K, { parameters: readonly ValueType[]; results: readonly ValueType[] }>>;

function importAll<K extends string>(m: ModuleBuilder, module: string, table: Signatures<K>): Map<K, number> {
  const indices = new Map<K, number>();
  for (const name in table) indices.set(name, m.importFunction(module, name, m.type(table[name].parameters, table[name].results)));
  return indices;
}

let declarations: Declarations | undefined;

/** What a unit's code may refer to beyond itself: imports, other guest functions, API functions, and its place among the modules. */
export class ModuleContext {
  readonly unitType: number;
  readonly api: number;
  readonly fault: number;
  readonly stale: number;
  /** Where a trap may happen, by the tag of its mark. */
  readonly sites: Site[] = [];
  /** What stands in the function's holes, by their tags. */
  readonly relocations: { readonly kind: RelocationKind; readonly operand: number }[] = [];
  /** API functions and guest functions that relocations are of. */
  readonly stubs: Stub[] = [];
  readonly targets: number[] = [];
  readonly #f: FunctionBuilder;
  readonly #declarations = (declarations ??= declare(new ModuleBuilder()));

  constructor(f: FunctionBuilder) {
    this.#f = f;
    ({ unitType: this.unitType, api: this.api, fault: this.fault, stale: this.stale } = this.#declarations);
  }

  runtime(name: RuntimeImport): number {
    return this.#declarations.runtime.get(name) as number;
  }

  helper(name: HelperName): number {
    return this.#declarations.helpers.get(name) as number;
  }

  /** Pushes a constant that depends on where the unit is put: an i32, and an i64 for `slotHigh`. */
  placeConst(kind: "slot" | "slotSalt" | "slotHigh"): void {
    this.#constant(kind === "slotHigh" ? OP_I64_CONST : OP_I32_CONST, RELOCATION[kind], 0);
  }

  /** Pushes a stub's API index, or its address. */
  stubConst(kind: "apiIndex" | "stubAddress", stub: Stub): void {
    this.#constant(OP_I32_CONST, RELOCATION[kind], indexIn(this.stubs, stub));
  }

  /** Calls a guest function, or jumps to it: directly where it gets into the same module, and through a link otherwise. */
  call(address: number, isTail: boolean): void {
    this.#hole(CALL_BYTES, isTail ? RELOCATION.jump : RELOCATION.call, indexIn(this.targets, address));
  }

  #constant(opcode: number, kind: RelocationKind, operand: number): void {
    this.#f.op(opcode);
    this.#hole(CONSTANT_BYTES, kind, operand);
  }

  #hole(bytes: number, kind: RelocationKind, operand: number): void {
    this.#f.hole(bytes, this.relocations.push({ kind, operand }) - 1);
  }
}

const OP_I32_CONST = 0x41;
const OP_I64_CONST = 0x42;

function indexIn<T>(list: T[], item: T): number {
  const known = list.indexOf(item);
  return known >= 0 ? known : list.push(item) - 1;
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
