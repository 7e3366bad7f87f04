import { MemoryAccessError } from "@decant/memory";
import { Win32Error } from "../errors/error-classes.ts";
import { ERROR } from "../errors/win32-codes.ts";
import type { CallingThread } from "../thread.ts";
import {
  type AcceptedOf,
  type AnyType,
  type Direction,
  hex,
  KIND,
  PointerArgumentType,
  type Siblings,
  type Type,
  type ValueOf,
} from "./type.ts";

/** A place of the caller's for one value: an out-parameter. */
export interface Out<V, W = V> {
  /** Guest address, 0 for NULL. */
  readonly address: number;
  readonly isNull: boolean;
  get(): V;
  /** Stores a whole value: struct fields that are left out become zero. Fails with ERROR_INVALID_PARAMETER on NULL. */
  set(value: W): void;
  /** Stores only the fields given. */
  update(value: W): void;
}

/** A place in the guest's memory. */
export class GuestOut<V, W> implements Out<V, W> {
  readonly thread: CallingThread;
  readonly address: number;
  readonly type: PointerType<V, W>;

  constructor(thread: CallingThread, address: number, type: PointerType<V, W>) {
    this.thread = thread;
    this.address = address;
    this.type = type;
  }

  get isNull(): boolean {
    return this.address === 0;
  }

  get(): V {
    if (this.address === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return this.type.target.load(this.thread, this.address);
  }

  set(value: W): void {
    if (this.type.isWord && this.address !== 0) this.thread.memory.setU32(this.address, value as number);
    else if (this.address !== 0) this.type.target.store(this.thread, this.address, value);
    else if (!this.type.isOptional) throw new Win32Error(ERROR.INVALID_PARAMETER);
  }

  update(value: W): void {
    if (this.address !== 0) this.type.target.storePart(this.thread, this.address, value);
    else if (!this.type.isOptional) throw new Win32Error(ERROR.INVALID_PARAMETER);
  }
}

/** A place outside the guest, for calls from one mapping to another. */
export function cell<V>(initial: V): Out<V> {
  let current = initial;
  const set = (value: V) => {
    current = value;
  };
  return { address: 0, isNull: false, get: () => current, set, update: set };
}

/** A pointer that an implementation sees as a place to read and write. */
export class PointerType<V, W> extends PointerArgumentType<Out<V, W>> {
  override readonly kind = KIND.OUT;
  readonly name: string;
  readonly target: Type<V, W>;
  override readonly direction: Direction;
  readonly isOptional: boolean;
  /** A 32-bit integer: stored with no call of the type's. */
  readonly isWord: boolean;

  constructor(target: Type<V, W>, direction: Direction, isOptional = false) {
    super();
    this.isWord = target.kind === KIND.U32 || target.kind === KIND.I32;
    this.name = `${target.name}*`;
    this.target = target;
    this.direction = direction;
    this.isOptional = isOptional;
  }

  fromWords(thread: CallingThread, low: number): Out<V, W> {
    return new GuestOut(thread, low, this);
  }

  override forText(wide: boolean): PointerType<V, W> {
    const target = this.target.forText(wide);
    return target === this.target ? this : new PointerType(target, this.direction, this.isOptional);
  }

  asOptional(): PointerType<V, W> {
    return new PointerType(this.target, this.direction, true);
  }

  override show(thread: CallingThread, value: Out<V, W>, siblings: Siblings, name?: string): string {
    if (value.isNull) return "NULL";
    if (this.target.size(thread.pointerSize) === 0) return hex(value.address);
    const target = braced(readable(() => this.target.show(thread, value.get(), siblings, name)));
    return value.address === 0 ? target : `${hex(value.address)}${target}`;
  }
}

/** A pointer to a value that the function only reads; the implementation sees the value itself. */
export class InType<V> extends PointerArgumentType<V> {
  readonly name: string;
  readonly target: AnyType;
  readonly isOptional: boolean;

  constructor(target: AnyType, isOptional = false) {
    super();
    this.name = `const ${target.name}*`;
    this.target = target;
    this.isOptional = isOptional;
  }

  fromWords(thread: CallingThread, low: number): V {
    if (low !== 0) return this.target.load(thread, low) as V;
    if (this.isOptional) return undefined as V;
    throw new Win32Error(ERROR.INVALID_PARAMETER);
  }

  override forText(wide: boolean): InType<V> {
    const target = this.target.forText(wide);
    return target === this.target ? this : new InType(target, this.isOptional);
  }

  asOptional(): InType<V | undefined> {
    return new InType(this.target, true);
  }

  override show(thread: CallingThread, value: V, siblings: Siblings, name?: string): string {
    return value === undefined ? "NULL" : braced(this.target.show(thread, value, siblings, name));
  }
}

/** A parameter through which a function gives back a value. */
export function out<T extends AnyType>(target: T): PointerType<ValueOf<T>, AcceptedOf<T>> {
  return new PointerType(target, "out");
}

/** A parameter through which a function takes a value and gives one back. */
export function inout<T extends AnyType>(target: T): PointerType<ValueOf<T>, AcceptedOf<T>> {
  return new PointerType(target, "inout");
}

/** A pointer to a value that the function reads before its implementation runs; NULL fails with ERROR_INVALID_PARAMETER. */
export function in_<T extends AnyType>(target: T): InType<ValueOf<T>> {
  return new InType(target);
}

/** What a pointer points to, in braces: a struct has its own. */
export function braced(target: string): string {
  return target.startsWith("{") ? target : `{${target}}`;
}

/** Text for the trace, or "?" where the guest's memory cannot be read. */
export function readable(show: () => string): string {
  try {
    return show();
  } catch (error) {
    if (error instanceof MemoryAccessError || error instanceof Win32Error) return "?";
    throw error;
  }
}
