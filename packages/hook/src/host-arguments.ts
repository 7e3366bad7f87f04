import type { CallbackType, FunctionDeclaration, Parameters } from "./api.ts";
import type { CallingThread } from "./thread.ts";
import { ArrayPointerType } from "./types/buffers.ts";
import { InType, PointerType } from "./types/pointers.ts";
import { encodeText, StringType, TextBufferType, type TextForm } from "./types/text.ts";
import type { AnyType, Type } from "./types/type.ts";

/** A value that TypeScript gives for a parameter: a word; text, bytes, a struct's fields or an array for pointers; a place; a function for callbacks. */
export type HostArgument =
  | number
  | bigint
  | boolean
  | string
  | null
  | undefined
  | Uint8Array
  | GuestPlace<unknown>
  | DoubleArgument
  // oxlint-disable-next-line no-explicit-any -- what it takes follows from the parameter's type
  | ((...args: any[]) => unknown)
  | readonly unknown[]
  | { readonly [field: string]: unknown };

/** What may be given for a parameter of a type: a number is an address wherever a pointer is wanted. */
export type ArgumentFor<T> =
  T extends StringType<string | undefined>
    ? string | number | undefined
    : T extends PointerType<infer V, infer W>
      ? GuestPlace<V> | W | number | undefined
      : T extends InType<infer V>
        ? Partial<V> | GuestPlace<V> | number | undefined
        : T extends ArrayPointerType<infer V, infer W>
          ? readonly (V | W)[] | GuestPlace<unknown> | Uint8Array | number | undefined
          : T extends CallbackType<FunctionDeclaration>
            ? number | ((...args: bigint[]) => bigint | number | boolean | void) | undefined
            : T extends Type<number, number | bigint> | Type<boolean, boolean | number> | Type<bigint, bigint | number>
              ? number | bigint | boolean | undefined
              : HostArgument;

/** What may be given for a function's parameters; what is left out at the end is zero. */
export type ArgumentsFor<P extends Parameters> = P extends readonly [infer First, ...infer Rest extends Parameters]
  ? First extends readonly [string, infer T]
    ? [argument?: ArgumentFor<T>, ...ArgumentsFor<Rest>]
    : HostArgument[]
  : [];

/** Memory of the guest's for one value, to pass as an out-parameter and to look at after the call. */
export class GuestPlace<V> {
  readonly address: number;
  readonly #load: () => V;

  constructor(address: number, load: () => V) {
    this.address = address;
    this.#load = load;
  }

  /** What it holds now. */
  get value(): V {
    return this.#load();
  }
}

/** A double where the signature does not say so: behind "...". */
export class DoubleArgument {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A double for the "..." of a variadic function. */
export function double(value: number): DoubleArgument {
  return new DoubleArgument(value);
}

/** What turns arguments into words. */
export interface ArgumentContext {
  readonly thread: CallingThread;
  allocate(bytes: number): number;
  /** The address of a function of TypeScript's, for a parameter of this type. */
  // oxlint-disable-next-line no-explicit-any -- as in HostArgument
  addCallback(callback: (...args: any[]) => unknown, type: AnyType | undefined): number;
}

/** The 64 bits of an argument as the guest sees it. What it points to is stored in memory of the guest's. */
export function argumentWord(context: ArgumentContext, type: AnyType | undefined, arg: HostArgument): bigint {
  const { thread } = context;
  if (arg === undefined || arg === null) return 0n;
  if (arg instanceof DoubleArgument) return floatBits(arg.value);
  if (arg instanceof GuestPlace) return BigInt(arg.address);
  if (typeof arg === "function") return BigInt(context.addCallback(arg, type));
  if (typeof arg === "string") return BigInt(store(context, encodeText(thread, `${arg}\0`, formOf(type))));
  if (arg instanceof Uint8Array) return BigInt(store(context, arg));
  if (typeof arg === "object") return BigInt(storeValue(context, type, arg));
  if (type?.passing === "float") return (BigInt(type.high(thread, Number(arg))) << 32n) | BigInt(type.low(thread, Number(arg)));
  return BigInt(arg);
}

function formOf(type: AnyType | undefined): TextForm {
  return type instanceof StringType || type instanceof TextBufferType ? type.form : "ansi";
}

function store(context: ArgumentContext, bytes: Uint8Array): number {
  const address = context.allocate(bytes.length);
  context.thread.memory.write(address, bytes);
  return address;
}

/** A struct's fields or an array's elements, behind a pointer of that type; a struct of 8 bytes by value is its word. */
function storeValue(context: ArgumentContext, type: AnyType | undefined, value: object): number | bigint {
  const { thread } = context;
  if (type instanceof ArrayPointerType) {
    const elements = value as readonly unknown[];
    const step = type.element.size(thread.pointerSize);
    const address = context.allocate(step * elements.length);
    elements.forEach((element, index) => type.element.store(thread, address + step * index, element));
    return address;
  }
  const target = type instanceof InType || type instanceof PointerType ? type.target : type?.passing === "block" ? type : undefined;
  if (target === undefined) throw new TypeError(`an object was given for a ${type?.name ?? "parameter that is not declared"}`);
  const size = target.size(thread.pointerSize);
  const address = context.allocate(Math.max(size, 8));
  target.store(thread, address, value);
  return target === type && [1, 2, 4, 8].includes(size) ? thread.memory.u64(address) : address;
}

function floatBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
