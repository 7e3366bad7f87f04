import { GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { I32, importHead, LATE_FUNCTION, ModuleBuilder, type FunctionBuilder, type ValueType } from "@decant/wasm";
import { HELPERS, type HelperName } from "../lower/helpers.ts";
import { CALL_BYTES, CONSTANT_BYTES, RELOCATION, type RelocationKind } from "./relocation.ts";
import { pushVector, RUNTIME_IMPORTS, type RuntimeImport } from "./runtime-module.ts";
import type { SitePacker } from "./site-table.ts";
import type { Stub } from "./stub.ts";

/** What all modules of translated code declare first, so that a unit's code fits into any of them. */
export interface Declarations {
  /** The type of guest functions: () -> next RIP, and of what takes an i32 and returns one. */
  readonly unitType: number;
  readonly toNextType: number;
  /** The function of each import, by its number. */
  readonly imports: ReadonlyMap<number, number>;
}

interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** All functions that translated code may import, by number. */
const IMPORTS: readonly (Signature & { readonly module: string; readonly name: string; readonly head: Uint8Array })[] = [
  ["runtime", RUNTIME_IMPORTS] as const,
  ["helper", HELPERS] as const,
].flatMap(([module, table]) =>
  Object.entries<Signature>(table).map(([name, { parameters, results }]) => ({
    parameters,
    results,
    module,
    name,
    head: importHead(module, name),
  })),
);

/** The number of each imported function. */
export const IMPORT_NUMBERS = {
  runtime: numbersOf<RuntimeImport>("runtime"),
  helper: numbersOf<HelperName>("helper"),
};

function numbersOf<Name extends string>(wanted: string): Readonly<Record<Name, number>> {
  const numbers = IMPORTS.flatMap(({ module, name }, number) => (module === wanted ? [[name, number] as const] : []));
  return Object.fromEntries(numbers) as Record<Name, number>;
}

const ONE_I32: readonly ValueType[] = [I32];
const NOTHING: readonly ValueType[] = [];

/** Declares what every module of translated code has, and the imports of these numbers, and no others: V8 compiles wrappers for helpers. */
export function declare(m: ModuleBuilder, used: Iterable<number>): Declarations {
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const toNextType = m.type(ONE_I32, ONE_I32);
  const unitType = m.type(NOTHING, ONE_I32);
  const imports = new Map<number, number>();
  for (const number of used) {
    const { head, parameters, results } = IMPORTS[number] as (typeof IMPORTS)[number];
    imports.set(number, m.importFunctionBy(head, m.type(parameters, results)));
  }
  return { unitType, toNextType, imports };
}

/** The same in every module: the types are declared first. */
const UNIT_TYPE = declare(new ModuleBuilder(), []).unitType;

/** What a unit's code may refer to beyond itself: imports, other guest functions, API functions, and its place among the modules. */
export class ModuleContext {
  readonly unitType = UNIT_TYPE;
  /** Where a trap may happen. */
  readonly sites: SitePacker;
  /** What stands in the function's holes, by their tags. */
  readonly relocations: { readonly kind: RelocationKind; readonly operand: number }[] = [];
  /** Whether something is called that works while registers are in locals. */
  callsHelpers = false;
  /** API functions and guest functions that relocations are of. */
  readonly stubs: Stub[] = [];
  readonly targets: number[] = [];
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder, sites: SitePacker) {
    this.#f = f;
    this.sites = sites;
  }

  /** Calls a function of the runtime with the numbers on the wasm stack, or jumps to it. */
  callRuntime(name: RuntimeImport, isTail = false): void {
    this.callsHelpers ||= !FINDS_STATE.has(name);
    pushVector(this.#f);
    const late = LATE_FUNCTION + IMPORT_NUMBERS.runtime[name];
    if (isTail) this.#f.returnCall(late);
    else this.#f.call(late);
  }

  helper(name: HelperName): number {
    this.callsHelpers ||= !NEVER_RETURNS.has(name);
    return LATE_FUNCTION + IMPORT_NUMBERS.helper[name];
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

/** What is called with all registers, and where to go on, in the CPU block; or does not return. */
const FINDS_STATE: ReadonlySet<RuntimeImport> = new Set(["go", "goFrom", "api", "fault", "stale", "link", "refuse"]);
const NEVER_RETURNS: ReadonlySet<HelperName> = new Set(["trap", "accessFault"]);

const OP_I32_CONST = 0x41;
const OP_I64_CONST = 0x42;

function indexIn<T>(list: T[], item: T): number {
  const known = list.indexOf(item);
  return known >= 0 ? known : list.push(item) - 1;
}

/** The name of a unit's function: what a stack trace says, and how the unit is found by it. */
export const unitName = (entry: number): string => `x${entry.toString(16)}`;

/** The wasm address of a guest address, as the signed number that i32.const takes. */
export const wasmAddress = (address: number): number => (address - GUEST_BASE) | 0;
