import type { Parameters } from "./api.ts";
import { REGISTER, type PointerSize } from "./thread.ts";
import { KIND, type AnyType } from "./types/type.ts";
import { VarArgsType } from "./types/varargs.ts";

/** A 32-bit calling convention; x86-64 has only Microsoft's own. */
export type Convention = "stdcall" | "cdecl" | "fastcall" | "thiscall";

/**
 * Where a 32-bit word of an argument lies when the function is entered: zero or more is an index into the registers, less than zero the
 * negated offset from the stack pointer, at which the return address lies.
 */
export type WordPlace = number;

/** Where an argument lies. */
export interface Place {
  low: WordPlace;
  /** Undefined for an argument of 32 bits. */
  high: WordPlace | undefined;
  /** For structs by value: the bytes themselves, or a pointer to them. */
  isReference: boolean;
  /** The stack slot, as an offset from the stack pointer, that belongs to the argument. */
  home: number;
}

/** Where everything lies in a call of one signature. */
export interface CallLayout {
  places: Place[];
  /** Where the caller says where a large result goes; undefined when the result fits into registers. */
  resultPlace: WordPlace | undefined;
  /** The offset from the stack pointer of the first argument behind "...". */
  varargsOffset: number;
  /** Bytes of arguments that the callee pops, besides the return address. */
  popBytes: number;
}

const WIN64_INTEGERS = [REGISTER.rcx, REGISTER.rdx, REGISTER.r8, REGISTER.r9];
const XMM_WORDS = 4;

/** The places of a signature's arguments ("x64 calling convention"; "Argument Passing and Naming Conventions" for 32 bits). */
export function layOutCall(result: AnyType, parameters: Parameters, pointerSize: PointerSize, convention: Convention): CallLayout {
  const types = parameters.flatMap((parameter) => (parameter instanceof VarArgsType ? [] : [parameter[1]]));
  const isVariadic = types.length < parameters.length;
  return pointerSize === 8 ? win64(result, types) : x86(result, types, isVariadic ? "cdecl" : convention);
}

/** The general register of each position whose argument goes on the stack's home slots when a variadic function reads them from memory. */
export function homeRegister(position: number): number | undefined {
  return WIN64_INTEGERS[position];
}

/** Whether a result comes back through memory that the caller gives. */
export function isReturnedInMemory(result: AnyType, pointerSize: PointerSize): boolean {
  return result.passing === "block" && result.kind !== KIND.VOID && ![1, 2, 4, 8].includes(result.size(pointerSize));
}

function win64(result: AnyType, types: readonly AnyType[]): CallLayout {
  const inMemory = isReturnedInMemory(result, 8);
  const first = inMemory ? 1 : 0;
  const places = types.map((type, index): Place => {
    const position = first + index;
    const home = 8 + 8 * position;
    const isReference = type.passing === "block" && ![1, 2, 4, 8].includes(type.size(8));
    const integer = WIN64_INTEGERS[position];
    if (integer === undefined) return { low: -home, high: -home - 4, isReference, home };
    const low = type.passing === "float" ? REGISTER.xmm0 + XMM_WORDS * position : integer;
    return { low, high: low + 1, isReference, home };
  });
  return { places, resultPlace: inMemory ? REGISTER.rcx : undefined, varargsOffset: 8 + 8 * (first + types.length), popBytes: 0 };
}

function x86(result: AnyType, types: readonly AnyType[], convention: Convention): CallLayout {
  const registers: number[] = convention === "fastcall" ? [REGISTER.rcx, REGISTER.rdx] : convention === "thiscall" ? [REGISTER.rcx] : [];
  const inMemory = isReturnedInMemory(result, 4);
  let offset = inMemory ? 8 : 4;
  const places = types.map((type): Place => {
    const size = type.size(4);
    const register = type.passing === "integer" && size <= 4 ? registers.shift() : undefined;
    if (register !== undefined) return { low: register, high: undefined, isReference: false, home: 0 };
    const home = offset;
    offset += Math.ceil(size / 4) * 4;
    return { low: -home, high: size > 4 ? -home - 4 : undefined, isReference: false, home };
  });
  return { places, resultPlace: inMemory ? -4 : undefined, varargsOffset: offset, popBytes: convention === "cdecl" ? 0 : offset - 4 };
}
