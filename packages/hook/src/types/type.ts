import type { Failure } from "./failure.ts";
import type { CallingThread, PointerSize } from "../thread.ts";

/** How a compiled signature reads and writes a value without asking its type; OTHER goes through the type's methods. */
export const KIND = {
  OTHER: 0,
  U32: 1,
  I32: 2,
  BOOL: 3,
  HANDLE: 4,
  POINTER: 5,
  SIZE: 6,
  OUT: 7,
  VOID: 8,
} as const;

/** One of KIND. */
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Where a value travels: in a general register or stack slot, an XMM register, or as a block of bytes. */
export type Passing = "integer" | "float" | "block";

/** When the trace can show a parameter: before the call, after it, or both. */
export type Direction = "in" | "out" | "inout";

/**
 * A type of the API's language. V is what an implementation is given, W what it may give back (a result, a field, an out-parameter).
 * A type knows its size for both pointer sizes, how it lies in memory, how it is made from an argument's words, and how to print itself.
 */
export abstract class Type<V = unknown, W = V> {
  /** Type-level only. */
  declare readonly valueType: V;
  /** Type-level only. */
  declare readonly acceptedType: W;

  readonly kind: Kind = KIND.OTHER;
  readonly passing: Passing = "integer";
  readonly direction: Direction = "in";
  /** What the guest sees when an implementation throws; absent where the type has no way to fail. */
  readonly failure?: Failure | undefined;
  abstract readonly name: string;

  abstract size(pointerSize: PointerSize): number;

  align(pointerSize: PointerSize): number {
    return this.size(pointerSize);
  }

  abstract load(thread: CallingThread, address: number): V;
  abstract store(thread: CallingThread, address: number, value: W): void;

  /** Stores what `value` says, and leaves the rest of a struct as it is. */
  storePart(thread: CallingThread, address: number, value: W): void {
    this.store(thread, address, value);
  }

  /** A value from an argument's words; `high` is 0 where the type has 32 bits. */
  abstract fromWords(thread: CallingThread, low: number, high: number): V;

  /** The low word of a result, or of an argument to guest code. Types that an implementation sees as objects take a guest address. */
  low(_thread: CallingThread, value: W): number {
    if (typeof value === "number") return value >>> 0;
    throw new TypeError(`${this.name} takes a guest address, not ${typeof value}`);
  }

  /** The high word of the same. */
  high(thread: CallingThread, value: W): number {
    return thread.pointerHigh === undefined ? 0 : thread.pointerHigh(Number(value));
  }

  /** The type as the A or the W variant of a function has it. */
  forText(_wide: boolean): Type<V, W> {
    return this;
  }

  /**
   * The value as the trace prints it. `siblings` are the call's other arguments, by name, and after the call its result, as RESULT; `name` is that of the
   * parameter or field, or of the function whose result it is.
   */
  show(_thread: CallingThread, value: V, _siblings: Siblings, _name?: string): string {
    return String(value);
  }
}

/** A pointer that an implementation is given as something else than an address: as an argument only, or a field that is read. */
export abstract class PointerArgumentType<V> extends Type<V, never> {
  size(pointerSize: PointerSize): number {
    return pointerSize;
  }

  load(thread: CallingThread, address: number): V {
    return this.fromWords(thread, thread.memory.u32(address), 0);
  }

  store(): void {
    throw new TypeError(`a ${this.name} cannot be stored`);
  }
}

/** What a value is shown beside: the call's arguments, or the struct's fields, by name. */
export type Siblings = Readonly<Record<string, unknown>>;

/** The name of a call's result among the siblings of its arguments. */
export const RESULT = "=";

/** Any type of the language. */
// oxlint-disable-next-line no-explicit-any -- a table holds types of all values; each is used with the value it made
export type AnyType = Type<any, any>;

/** What an implementation is given for a type. */
export type ValueOf<T> = T extends { readonly valueType: infer V } ? V : never;

/** What an implementation may give back for a type. */
export type AcceptedOf<T> = T extends { readonly acceptedType: infer W } ? W : never;

/** Names of values that are bits, codes and addresses rather than amounts. */
const NAMES_BITS =
  /flag|mask|access|attrib|options?$|version(?!info)|lctype|locale|lcid|lang|address|hash|key|context|param|cookie|fat(?:date|time)|^(?:hton|ntoh|inet_)|(?:net|host)(?:long|short)|class$|^msg|message$|csidl|control|magic|crc|char$|value$|^in$/i;

/** An unsigned integer: amounts in decimal, what is bits by its name or its size in hexadecimal. */
export function showUnsigned(value: number | bigint, name = "", bits = 64): string {
  const isBits = value > 9 && (NAMES_BITS.test(name) || (bits === 32 ? value >= 2 ** 31 : value >= 2 ** 52));
  return isBits ? `0x${value.toString(16)}` : String(value);
}

/** 0x-prefixed hexadecimal of the low 32 bits. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
