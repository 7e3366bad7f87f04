import { PtxError } from "./error.ts";
import type { FunctionBody, Initial, Operand, PtxFunction, PtxModule, Statement, Variable } from "./parse/ast.ts";

/**
 * Joins modules into one, as a linker does (PTX ISA, "Linking Directives"): names that are .visible, .weak or .common mean the same in all of them,
 * .extern declarations find their definitions, and all other names are a module's own, and are renamed where two modules have the same. Fails with
 * PtxError where two definitions of a name are neither .weak nor .common; names that nobody defines stay .extern.
 */
export function linkPtx(modules: readonly PtxModule[]): PtxModule {
  const [first] = modules;
  if (first !== undefined && modules.length === 1) return first;
  if (first === undefined) throw new PtxError(1, "there is nothing to link");
  const shared = { variables: new Map<string, Variable>(), functions: new Map<string, PtxFunction>() };
  for (const module of modules) collect(module, shared);
  const taken = new Set([...shared.variables.keys(), ...shared.functions.keys()]);
  const variables = new Map<string, Variable>();
  const functions = new Map<string, PtxFunction>();
  const linked = new Map<Variable, Variable>();
  const linkers = modules.map((module) => new ModuleLinker(module, shared, taken, linked));
  // All variables first: statements name them by object.
  for (const linker of linkers) for (const variable of linker.variables()) variables.set(variable.name, variable);
  // A declaration gives way to the definition.
  for (const linker of linkers)
    for (const f of linker.functions()) if (f.body !== undefined || !functions.has(f.name)) functions.set(f.name, f);
  return {
    version: modules.map(({ version }) => version).reduce((a, b) => (b.major * 100 + b.minor > a.major * 100 + a.minor ? b : a)),
    targets: first.targets,
    addressSize: first.addressSize,
    variables: [...variables.values()],
    functions: [...functions.values()],
    files: first.files,
  };
}

interface SharedNames {
  readonly variables: Map<string, Variable>;
  readonly functions: Map<string, PtxFunction>;
}

/** Notes what a module defines for others. */
function collect(module: PtxModule, shared: SharedNames): void {
  for (const variable of module.variables) {
    if (variable.linkage === "none" || variable.linkage === "extern") continue;
    const known = shared.variables.get(variable.name);
    if (known === undefined || yields(known.linkage)) shared.variables.set(variable.name, variable);
    else if (!yields(variable.linkage)) throw twice(variable);
  }
  for (const f of module.functions) {
    if (f.body === undefined || (f.linkage === "none" && !f.entry)) continue;
    const known = shared.functions.get(f.name);
    if (known === undefined || yields(known.linkage)) shared.functions.set(f.name, f);
    else if (!yields(f.linkage)) throw twice(f);
  }
}

const yields = (linkage: string): boolean => linkage === "weak" || linkage === "common";

function twice({ name, line }: { readonly name: string; readonly line: number }): PtxError {
  return new PtxError(line, `multiple definition of '${name}'`);
}

/** One module's statements and initial values, with each name replaced by what it means in the whole. */
class ModuleLinker {
  readonly #module: PtxModule;
  readonly #shared: SharedNames;
  /** Each definition as it is in the whole. */
  readonly #linked: Map<Variable, Variable>;
  readonly #names = new Map<string, string>();

  constructor(module: PtxModule, shared: SharedNames, taken: Set<string>, linked: Map<Variable, Variable>) {
    this.#module = module;
    this.#shared = shared;
    this.#linked = linked;
    const own = [
      ...module.variables.filter(({ linkage, space }) => linkage === "none" || (space === "shared" && linkage === "extern")),
      ...module.functions.filter(({ linkage, entry, body }) => linkage === "none" && !entry && body !== undefined),
    ];
    for (const { name } of own) this.#names.set(name, fresh(name, taken));
  }

  /** What the module itself defines, and what nobody does. */
  variables(): Variable[] {
    const own = this.#module.variables.filter((variable) => this.#definition(variable) === variable);
    return own.map((variable) => {
      const initial = variable.initial.map((value) => this.#initial(value));
      const renamed = { ...variable, name: this.#name(variable.name), initial };
      this.#linked.set(variable, renamed);
      return renamed;
    });
  }

  functions(): PtxFunction[] {
    return this.#module.functions.map((f) => ({ ...f, name: this.#name(f.name), body: f.body && this.#body(f.body) }));
  }

  #definition(variable: Variable): Variable {
    return variable.linkage === "none" ? variable : (this.#shared.variables.get(variable.name) ?? variable);
  }

  #variable(variable: Variable): Variable {
    // Only variables of modules are linked: those of functions have names that may be the same.
    return this.#module.variables.includes(variable) ? (this.#linked.get(this.#definition(variable)) ?? variable) : variable;
  }

  #body(body: FunctionBody): FunctionBody {
    const callTargets = new Map([...body.callTargets].map(([list, names]) => [list, names.map((name) => this.#name(name))]));
    return { ...body, statements: body.statements.map((statement) => this.#statement(statement)), callTargets };
  }

  #statement(statement: Statement): Statement {
    if (statement.kind === "label") return statement;
    return { ...statement, operands: statement.operands.map((operand) => this.#operand(operand)) };
  }

  #operand(operand: Operand): Operand {
    switch (operand.kind) {
      case "variable":
        return { ...operand, variable: this.#variable(operand.variable) };
      case "symbol":
        return { ...operand, name: this.#name(operand.name) };
      case "address": {
        const { base, coordinates } = operand;
        const found = base?.kind === "variable" ? { ...base, variable: this.#variable(base.variable) } : base;
        return { ...operand, base: found, coordinates: coordinates && this.#operand(coordinates) };
      }
      case "vector":
      case "list":
        return { ...operand, elements: operand.elements.map((element) => this.#operand(element)) };
      case "pair":
        return { ...operand, first: this.#operand(operand.first), second: this.#operand(operand.second) };
      default:
        return operand;
    }
  }

  #initial(value: Initial): Initial {
    return value.kind === "address" ? { ...value, name: this.#name(value.name) } : value;
  }

  #name(name: string): string {
    return this.#names.get(name) ?? name;
  }
}

/** The name itself, or with a number behind it that no other name of the whole has. */
function fresh(name: string, taken: Set<string>): string {
  let result = name;
  for (let number = 1; taken.has(result); number++) result = `${name}$${number}`;
  taken.add(result);
  return result;
}
