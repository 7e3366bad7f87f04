import { F32, F64, I32, I64, type FunctionBuilder, type ModuleBuilder, type ValueType } from "@decant/wasm";
import { helperBodies, type HelperName } from "./helper-bodies.ts";

/** What every compiled module imports, in "env". The i64 globals are generic pointers. */
export interface ModuleImports {
  /** `tag << 32`: the generic address of address 0. */
  readonly window: number;
  /** The generic address of the module's own variables. */
  readonly symbols: number;
  readonly sin: number;
  readonly cos: number;
  readonly log2: number;
  readonly exp2: number;
  readonly tanh: number;
  /** Nanoseconds, i64. */
  readonly clock: number;
  /** (worker, service, thread) -> i64: see run/services.ts. */
  readonly service: number;
}

const SIGNATURES: Record<HelperName, readonly [parameters: readonly ValueType[], results: readonly ValueType[]]> = {
  resolve: [[I32, I64, I32, I32, I32], []],
  locate: [[I32, I64, I32, I32, I32], []],
  fault: [[I32, I64, I32, I32, I32], []],
  stop: [[I32, I32, I32, I32], []],
  fmaTie: [[F64, F64, F64], [F32]],
  demoteOdd: [[F64, F64], [F64]],
  demote: [[F64, I32], [F32]],
  fma64: [[F64, F64, F64, I32], [F64]],
  mulHighUnsigned: [[I64, I64], [I64]],
  roundFromInteger: [[I64, I32, I32], [F64]],
  oddFromInteger: [[I64, I32], [F64]],
  permute: [[I32, I32, I32], [I32]],
  halfToSingle: [[I32], [F32]],
  toF16: [[F64, I32], [I32]],
  toBf16: [[F64, I32], [I32]],
  toTf32: [[F64, I32], [I32]],
  toE4m3: [[F64, I32], [I32]],
  toE5m2: [[F64, I32], [I32]],
  toE2m3: [[F64, I32], [I32]],
  toE3m2: [[F64, I32], [I32]],
  toE2m1: [[F64, I32], [I32]],
  decodeE4m3: [[I32], [F32]],
  roundQuotient: [[F64, F64, F64, I32], [F64]],
  nthBit: [[I32, I32, I32], [I32]],
};

/** The functions that generated code calls, each written into the module when it is first asked for. */
export class Helpers {
  readonly imports: ModuleImports;
  readonly #module: ModuleBuilder;
  readonly #custom = new Map<string, FunctionBuilder>();
  readonly #known = new Map<HelperName, FunctionBuilder>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
    module.importMemory("env", "memory", { initial: 1, maximum: 65536, shared: true });
    const unary = module.type([F64], [F64]);
    this.imports = {
      window: module.importGlobal("env", "window", I64, false),
      symbols: module.importGlobal("env", "symbols", I64, false),
      sin: module.importFunction("env", "sin", unary),
      cos: module.importFunction("env", "cos", unary),
      log2: module.importFunction("env", "log2", unary),
      exp2: module.importFunction("env", "exp2", unary),
      tanh: module.importFunction("env", "tanh", unary),
      clock: module.importFunction("env", "clock", module.type([], [I64])),
      service: module.importFunction("env", "service", module.type([I32, I32, I32], [I64])),
    };
  }

  /** The index of a function that is made for one purpose, written when it is first asked for. */
  custom(key: string, parameters: readonly ValueType[], results: readonly ValueType[], write: (f: FunctionBuilder) => void): number {
    const known = this.#custom.get(key);
    if (known !== undefined) return known.index;
    const f = this.#module.function(this.#module.type(parameters, results));
    this.#custom.set(key, f);
    write(f);
    return f.index;
  }

  /** The index of a helper function. */
  get(name: HelperName): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known.index;
    const [parameters, results] = SIGNATURES[name];
    const f = this.#module.function(this.#module.type(parameters, results), name);
    this.#known.set(name, f);
    helperBodies[name](f, this);
    return f.index;
  }
}
