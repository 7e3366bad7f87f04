import type { ScalarType } from "./types.ts";

/** A parsed PTX module (PTX ISA, "Directives"). */
export interface PtxModule {
  readonly version: { readonly major: number; readonly minor: number };
  /** The `.target` list: "sm_75", "texmode_independent", "debug"... */
  readonly targets: readonly string[];
  readonly addressSize: 32 | 64;
  readonly variables: readonly Variable[];
  readonly functions: readonly PtxFunction[];
  /** `.file` directives: index to name. */
  readonly files: ReadonlyMap<number, string>;
}

export type Space = "reg" | "param" | "global" | "const" | "shared" | "local" | "tex";
export type Linkage = "none" | "visible" | "extern" | "weak" | "common";

/** A declared variable, parameters included. `size` is 0 for an array of unknown length (`.extern .shared .b8 s[];`). */
export interface Variable {
  readonly name: string;
  readonly space: Space;
  readonly type: ScalarType;
  readonly vector: 1 | 2 | 4;
  /** Array dimensions, outermost first; empty for a scalar. */
  readonly dimensions: readonly number[];
  readonly size: number;
  readonly align: number;
  readonly linkage: Linkage;
  /** Flattened initial values in element order; missing ones are zero. */
  readonly initial: readonly Initial[];
  readonly managed: boolean;
  readonly line: number;
}

/** One initial element: a number by its bits, or the address of a symbol plus an offset (`generic(...)` included, `mask` for 0xFF(sym)). */
export type Initial =
  | { readonly kind: "bits"; readonly value: bigint }
  | { readonly kind: "address"; readonly name: string; readonly offset: bigint; readonly generic: boolean; readonly mask?: bigint };

/** A virtual register. `index` counts the registers of its function. */
export interface Register {
  readonly name: string;
  readonly type: ScalarType;
  readonly index: number;
}

export interface PtxFunction {
  readonly name: string;
  readonly entry: boolean;
  readonly linkage: Linkage;
  readonly results: readonly (Variable | Register)[];
  readonly parameters: readonly (Variable | Register)[];
  /** Performance directives by name without the dot: `maxntid` to [256, 1, 1]. */
  readonly directives: ReadonlyMap<string, readonly number[]>;
  /** Absent for a declaration. */
  readonly body: FunctionBody | undefined;
  readonly line: number;
}

export interface FunctionBody {
  readonly registers: readonly Register[];
  /** Variables of all scopes: .shared, .local, .param, .global... */
  readonly variables: readonly Variable[];
  readonly statements: readonly Statement[];
  /** The functions that a call through a register may reach, by the name of the list. */
  readonly callTargets: ReadonlyMap<string, readonly string[]>;
}

export type Statement = Instruction | LabelStatement;

/** A label; names of nested scopes are made unique. */
export interface LabelStatement {
  readonly kind: "label";
  readonly name: string;
  readonly line: number;
}

export interface Instruction {
  readonly kind: "instruction";
  readonly line: number;
  /** Where the source is, by the last `.loc`. */
  readonly source: SourceLocation | undefined;
  readonly opcode: string;
  /** Suffixes without their dots, in order: ["rn", "f32"]. */
  readonly modifiers: readonly string[];
  readonly guard: { readonly register: Register; readonly negated: boolean } | undefined;
  readonly operands: readonly Operand[];
}

export interface SourceLocation {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

export type Operand =
  /** `negated` is `!p`, `minus` is `-r`; `part` is a byte or half selector of video instructions (`.b0`, `.h1`). */
  | {
      readonly kind: "register";
      readonly register: Register;
      readonly negated?: boolean;
      readonly minus?: boolean;
      readonly part?: string;
    }
  | { readonly kind: "integer"; readonly value: bigint }
  /** `bits` are those of the literal's own width; `value` is the number. */
  | { readonly kind: "float"; readonly value: number; readonly single: boolean; readonly bits: bigint }
  | { readonly kind: "special"; readonly name: string }
  | { readonly kind: "variable"; readonly variable: Variable; readonly offset: bigint }
  | { readonly kind: "label"; readonly name: string }
  /** A function, or a name that only the linker knows. */
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "address"; readonly base: AddressBase | undefined; readonly offset: bigint; readonly coordinates: Operand | undefined }
  | { readonly kind: "vector"; readonly elements: readonly Operand[] }
  /** A parenthesised list in a call. */
  | { readonly kind: "list"; readonly elements: readonly Operand[] }
  | { readonly kind: "pair"; readonly first: Operand; readonly second: Operand }
  | { readonly kind: "sink" };

export type AddressBase =
  | { readonly kind: "register"; readonly register: Register }
  | { readonly kind: "variable"; readonly variable: Variable };
