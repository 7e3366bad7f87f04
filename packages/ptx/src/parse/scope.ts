import { PtxError } from "../error.ts";
import type { Register, Variable } from "./ast.ts";
import type { ScalarType } from "./types.ts";

/** A register of `.v2` or `.v4` type stands for its elements. */
interface VectorRegister {
  readonly elements: readonly Register[];
}

export type Named =
  | { kind: "register"; register: Register }
  | { kind: "vector"; vector: VectorRegister }
  | { kind: "variable"; variable: Variable };

/** A label operand whose final name is known when its scope ends. */
export interface LabelUse {
  readonly operand: { kind: "label"; name: string };
  readonly line: number;
}

/** The names of one `{ }` scope. Registers of a range (`%r<100>`) come into being when they are first named. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly labels = new Map<string, string>();
  readonly uses: LabelUse[] = [];
  readonly #names = new Map<string, Named>();
  readonly #ranges = new Map<string, { type: ScalarType; count: number }>();
  readonly #registers: Register[];

  constructor(parent: Scope | undefined, registers: Register[]) {
    this.parent = parent;
    this.#registers = registers;
  }

  declareRegister(name: string, type: ScalarType, vector: 1 | 2 | 4, line: number): Register | undefined {
    if (vector === 1) {
      const register = this.#register(name, type);
      this.#declare(name, { kind: "register", register }, line);
      return register;
    }
    const elements = ["x", "y", "z", "w"].slice(0, vector).map((element) => this.#register(`${name}.${element}`, type));
    this.#declare(name, { kind: "vector", vector: { elements } }, line);
    return undefined;
  }

  declareRange(prefix: string, type: ScalarType, count: number): void {
    this.#ranges.set(prefix, { type, count });
  }

  declareVariable(variable: Variable): void {
    this.#declare(variable.name, { kind: "variable", variable }, variable.line);
  }

  find(name: string): Named | undefined {
    return this.#names.get(name) ?? this.#fromRange(name) ?? this.parent?.find(name);
  }

  #declare(name: string, named: Named, line: number): void {
    if (this.#names.has(name)) throw new PtxError(line, `duplicate definition of '${name}'`);
    this.#names.set(name, named);
  }

  #register(name: string, type: ScalarType): Register {
    const register = { name, type, index: this.#registers.length };
    this.#registers.push(register);
    return register;
  }

  #fromRange(name: string): Named | undefined {
    if (this.#ranges.size === 0) return undefined;
    for (let at = name.length - 1; at > 0 && isDigit(name.charCodeAt(at)); at--) {
      if (name[at] === "0" && at !== name.length - 1) continue;
      const range = this.#ranges.get(name.slice(0, at));
      if (range === undefined || Number(name.slice(at)) >= range.count) continue;
      const named: Named = { kind: "register", register: this.#register(name, range.type) };
      this.#names.set(name, named);
      return named;
    }
    return undefined;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
