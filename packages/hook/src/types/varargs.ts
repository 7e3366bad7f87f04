import type { CallingThread, PointerSize } from "../thread.ts";
import { hex, Type } from "./type.ts";

/** The arguments behind "...", or those that a va_list stands for, read one after the other. */
export class VarArgs {
  readonly #thread: CallingThread;
  #address: number;

  constructor(thread: CallingThread, address: number) {
    this.#thread = thread;
    this.#address = address;
  }

  /** Where the next argument lies: what to hand on as a va_list. */
  get address(): number {
    return this.#address;
  }

  /** An int, signed; what smaller types are promoted to. */
  int(): number {
    return this.uint() | 0;
  }

  uint(): number {
    const at = this.#advance(this.#thread.pointerSize);
    return this.#thread.memory.u32(at);
  }

  /** A long long. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    return this.#thread.memory.u64(this.#advance(8));
  }

  /** A value of a pointer's size, all bits of it: size_t, intptr_t. */
  word(): bigint {
    return this.#thread.pointerSize === 8 ? this.uint64() : BigInt(this.uint());
  }

  /** The bits of a pointer, and of what `word` gives. */
  get wordBits(): 32 | 64 {
    return this.#thread.pointerSize === 8 ? 64 : 32;
  }

  /** A guest address, 0 for NULL. */
  pointer(): number {
    return this.uint();
  }

  /** A double; what float is promoted to. */
  double(): number {
    return this.#thread.memory.f64(this.#advance(8));
  }

  #advance(bytes: number): number {
    const at = this.#address;
    this.#address += bytes;
    return at;
  }
}

/** The type of "..." and of va_list. */
export class VarArgsType extends Type<VarArgs, never> {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  size(pointerSize: PointerSize): number {
    return pointerSize;
  }

  load(thread: CallingThread, address: number): VarArgs {
    return this.fromWords(thread, thread.memory.u32(address));
  }

  store(): void {
    throw new TypeError("a va_list cannot be stored");
  }

  fromWords(thread: CallingThread, low: number): VarArgs {
    return new VarArgs(thread, low);
  }

  override show(_thread: CallingThread, value: VarArgs): string {
    return this === VARARGS ? "…" : hex(value.address);
  }
}

/** The "..." of a variadic function: the last entry of its parameters, by itself. */
export const VARARGS: VarArgsType = new VarArgsType("...");

/** A va_list parameter. */
export const VA_LIST: VarArgsType = new VarArgsType("va_list");
