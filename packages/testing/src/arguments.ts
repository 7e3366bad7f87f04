import { ArrayPointerType, encodeText, InType, PointerType, REGISTER, StringType, TextBufferType } from "@decant/hook";
import type { AnyType, ApiFunction, CallingThread, TextForm } from "@decant/hook";
import type { Callback } from "./stub-machine.ts";

const INTEGERS = [REGISTER.rcx, REGISTER.rdx, REGISTER.r8, REGISTER.r9];
const XMM_WORDS = 4;

/** What a test gives for a parameter: a word; text, bytes, a struct's fields or an array for pointers; a place; a function for callbacks. */
export type Argument =
  | number
  | bigint
  | boolean
  | string
  | undefined
  | Uint8Array
  | Place<unknown>
  | Callback
  | readonly unknown[]
  | { readonly [field: string]: unknown };

/** Memory of the guest's for one value, to pass as an out-parameter and to look at after the call. */
export class Place<V> {
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
  addCallback(callback: Callback): number;
}

/** Places the arguments of a call as compiled code does, above the return address that the stack pointer points to. */
export function placeArguments(
  context: ArgumentContext,
  target: ApiFunction | undefined,
  args: readonly (Argument | DoubleArgument)[],
): void {
  const { thread } = context;
  const { registers, memory } = thread;
  const types = target?.parameterTypes ?? [];
  if (thread.pointerSize === 4) return placeArguments32(context, target, args);
  const stack = registers[REGISTER.rsp] as number;
  args.forEach((arg, position) => {
    const type = types[position];
    const word = BigInt.asUintN(64, wordOf(context, type, arg));
    const [low, high] = [Number(word & 0xffff_ffffn), Number(word >> 32n)];
    const integer = INTEGERS[position];
    if (integer === undefined) return memory.setU64(stack + 8 + 8 * position, word);
    const isFloat = type?.passing === "float";
    const register = isFloat ? REGISTER.xmm0 + XMM_WORDS * position : integer;
    registers[register] = low;
    registers[register + 1] = high;
    return undefined;
  });
}

/** x86: where the signature says; what is behind "..." follows, an integer in a word, a double or a bigint in two. */
function placeArguments32(context: ArgumentContext, target: ApiFunction | undefined, args: readonly (Argument | DoubleArgument)[]): void {
  const { thread } = context;
  const layout = target?.signature(4).layout;
  const stack = thread.registers[REGISTER.rsp] as number;
  let next = layout?.varargsOffset ?? 4;
  args.forEach((arg, position) => {
    const place = layout?.places[position];
    const word = BigInt.asUintN(64, wordOf(context, target?.parameterTypes[position], arg));
    const put = (at: number | undefined, value: bigint) => {
      if (at === undefined) return;
      if (at >= 0) thread.registers[at] = Number(value);
      else thread.memory.setU32(stack - at, Number(value));
    };
    if (place === undefined) {
      const isWide = arg instanceof DoubleArgument || typeof arg === "bigint";
      put(-next, word & 0xffff_ffffn);
      if (isWide) put(-next - 4, word >> 32n);
      next += isWide ? 8 : 4;
      return;
    }
    put(place.low, word & 0xffff_ffffn);
    put(place.high, word >> 32n);
  });
}

function wordOf(context: ArgumentContext, type: AnyType | undefined, arg: Argument | DoubleArgument): bigint {
  const { thread } = context;
  if (arg === undefined) return 0n;
  if (arg instanceof DoubleArgument) return floatBits(arg.value);
  if (arg instanceof Place) return BigInt(arg.address);
  if (typeof arg === "function") return BigInt(context.addCallback(arg));
  if (typeof arg === "string") return BigInt(store(context, encodeText(thread, `${arg}\0`, formOf(type))));
  if (arg instanceof Uint8Array) return BigInt(store(context, arg));
  if (typeof arg === "object") return BigInt(storeValue(context, type, arg));
  if (type?.passing === "float") return (BigInt(type.high(thread, Number(arg))) << 32n) | BigInt(type.low(thread, Number(arg)));
  return BigInt(arg);
}

function formOf(type: AnyType | undefined): TextForm {
  return type instanceof StringType || type instanceof TextBufferType ? type.form : "ansi";
}

function store({ thread, allocate }: ArgumentContext, bytes: Uint8Array): number {
  const address = allocate(bytes.length);
  thread.memory.write(address, bytes);
  return address;
}

/** A struct's fields or an array's elements, behind a pointer of that type; a struct of 8 bytes by value is its word. */
function storeValue({ thread, allocate }: ArgumentContext, type: AnyType | undefined, value: object): number | bigint {
  if (type instanceof ArrayPointerType) {
    const elements = value as readonly unknown[];
    const step = type.element.size(thread.pointerSize);
    const address = allocate(step * elements.length);
    elements.forEach((element, index) => type.element.store(thread, address + step * index, element));
    return address;
  }
  const target = type instanceof InType || type instanceof PointerType ? type.target : type?.passing === "block" ? type : undefined;
  if (target === undefined) throw new TypeError(`an object was given for a ${type?.name ?? "parameter that is not declared"}`);
  const size = target.size(thread.pointerSize);
  const address = allocate(Math.max(size, 8));
  target.store(thread, address, value);
  return target === type && [1, 2, 4, 8].includes(size) ? thread.memory.u64(address) : address;
}

function floatBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
