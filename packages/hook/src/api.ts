import type { Convention } from "./convention.ts";
import type { PointerSize } from "./thread.ts";
import type { AnyBody } from "./implement.ts";
import { AddressType } from "./types/address.ts";
import type { AcceptedOf, AnyType, ValueOf } from "./types/type.ts";
import type { VarArgs, VarArgsType } from "./types/varargs.ts";

/** A parameter: its name in Windows' documentation, and its type. */
export type Parameter = readonly [name: string, type: AnyType];

/** The parameters of a function; VARARGS by itself may be the last. */
export type Parameters = readonly (Parameter | VarArgsType)[];

/** What an implementation is given for a function's parameters. */
export type ArgumentsOf<P extends Parameters> = {
  -readonly [I in keyof P]: P[I] extends readonly [string, infer T] ? ValueOf<T> : VarArgs;
};

/** What a caller in the guest's place gives for a function's parameters. */
export type NamedArguments<P extends Parameters> = {
  // Positions alone: the keys of a tuple are also "length", methods, and number, which is all of its elements at once.
  -readonly [
    I in keyof P as I extends `${number}` ? (P[I] extends readonly [infer N extends string, AnyType] ? N : never) : never
  ]: P[I] extends readonly [string, infer T] ? ValueOf<T> : never;
};

/** What fn and text take and make. */
export interface Signature<R extends AnyType = AnyType, P extends Parameters = Parameters> {
  readonly result: R;
  readonly parameters: P;
  /** Absent where the table's own convention holds. */
  readonly convention?: Convention | undefined;
}

/** A function export. */
export interface FunctionDeclaration<R extends AnyType = AnyType, P extends Parameters = Parameters> extends Signature<R, P> {
  readonly kind: "function";
  readonly ordinal?: number | undefined;
}

/** Two exports, for ANSI and for wide text, with one implementation. */
export interface TextDeclaration<R extends AnyType = AnyType, P extends Parameters = Parameters> extends Signature<R, P> {
  readonly kind: "text";
  /** The exports' names; absent for the implementation's name with A and with W. */
  readonly names?: readonly [ansi: string, wide: string] | undefined;
  readonly ordinal?: undefined;
}

/** A variable that a DLL exports. */
export interface DataDeclaration<T extends AnyType = AnyType> {
  readonly kind: "data";
  readonly type: T;
  /** What it starts as; absent for zeros. */
  readonly initial?: AcceptedOf<T> | undefined;
  readonly ordinal?: number | undefined;
}

/** An export that is another DLL's. */
export interface ForwardDeclaration {
  readonly kind: "forward";
  /** "ntdll.RtlAllocateHeap", as an export table spells it. */
  readonly target: string;
  readonly ordinal?: number | undefined;
}

/** A second name of an export of the same DLL. */
export interface AliasDeclaration {
  readonly kind: "alias";
  readonly target: string;
  readonly ordinal?: number | undefined;
}

/** One entry of a table. */
export type Declaration = FunctionDeclaration | TextDeclaration | DataDeclaration | ForwardDeclaration | AliasDeclaration;

/** A topic of a DLL: what it exports, implemented or not. */
export interface ApiTable<D = Readonly<Record<string, Declaration>>, N extends string = string> {
  /** DLL names without ".dll", lower case; several DLLs may share one topic. */
  readonly dlls: readonly N[];
  readonly declarations: D;
  readonly convention: Convention;
  /** The only pointer size that has these exports; absent for both. */
  readonly only?: PointerSize | undefined;
  /** What stands around the bodies of functions that can fail, in one of the DLLs. */
  readonly around?: ((dll: string, body: AnyBody) => AnyBody) | undefined;
}

/** Declares a topic: `api("kernel32", { GetTickCount: fn(DWORD), … })`. DLL names are lower case, without ".dll". */
export function api<const D extends Readonly<Record<string, Declaration>>, const N extends string>(
  dll: N | readonly N[],
  declarations: D,
  { convention = "stdcall", only, around }: Partial<Pick<ApiTable, "convention" | "only" | "around">> = {},
): ApiTable<D, N> {
  return { dlls: typeof dll === "string" ? [dll] : dll, declarations, convention, only, around };
}

/** Declares a function: its result, then its parameters as [name, type]. */
export function fn<R extends AnyType, const P extends Parameters>(result: R, ...parameters: P): FunctionDeclaration<R, P> {
  return { kind: "function", result, parameters };
}

/** Declares NameA and NameW, which one implementation called Name serves. */
export function text<R extends AnyType, const P extends Parameters>(result: R, ...parameters: P): TextDeclaration<R, P> {
  return { kind: "text", result, parameters };
}

/** Declares a pair like fopen and _wfopen, which one implementation serves. */
export function textAs<R extends AnyType, const P extends Parameters>(
  ansi: string,
  wide: string,
  result: R,
  ...parameters: P
): TextDeclaration<R, P> {
  return { kind: "text", result, parameters, names: [ansi, wide] };
}

/** Declares a variable. */
export function data<T extends AnyType>(type: T, initial?: AcceptedOf<T>): DataDeclaration<T> {
  return { kind: "data", type, initial };
}

/** Declares an export that is another DLL's: forward("ntdll.RtlAllocateHeap"). */
export function forward(target: string): ForwardDeclaration {
  return { kind: "forward", target };
}

/** Declares a second name of an export of the same DLL: the same address. */
export function alias(target: string): AliasDeclaration {
  return { kind: "alias", target };
}

/** Gives an export an ordinal of its own. */
export function ordinal<D extends FunctionDeclaration | DataDeclaration | ForwardDeclaration | AliasDeclaration>(
  number: number,
  declaration: D,
): D {
  return { ...declaration, ordinal: number };
}

/** Gives a function another 32-bit calling convention than its table's. */
export function convention<D extends FunctionDeclaration | TextDeclaration>(name: Convention, declaration: D): D {
  return { ...declaration, convention: name };
}

/** Same as convention("cdecl", …); what VARARGS implies. */
export function cdecl<D extends FunctionDeclaration | TextDeclaration>(declaration: D): D {
  return convention("cdecl", declaration);
}

declare const signatureBrand: unique symbol;

/** The address of a guest function whose signature is known, for guest.call; 0 for NULL. */
export type GuestFunction<D extends Signature> = number & { readonly [signatureBrand]?: D };

/** A parameter that is a guest function. */
export class CallbackType<D extends Signature> extends AddressType {
  declare readonly valueType: GuestFunction<D>;
  declare readonly acceptedType: GuestFunction<D>;
  readonly signature: D;

  constructor(signature: D) {
    super("CALLBACK");
    this.signature = signature;
  }
}

/** A guest function with its own signature: callback(fn(INT, ["a", PVOID], ["b", PVOID])). */
export function callback<D extends FunctionDeclaration>(signature: D): CallbackType<D> {
  return new CallbackType(signature);
}
