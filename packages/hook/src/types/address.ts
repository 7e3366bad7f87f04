import type { CallingThread, PointerSize } from "../thread.ts";
import type { Failure } from "./failure.ts";
import { hex, KIND, Type, type AnyType, type Direction, type Kind, type Siblings } from "./type.ts";
import { braced, readable } from "./pointers.ts";

declare const handleBrand: unique symbol;

/** A Windows handle: its low 32 bits, signed, so that INVALID_HANDLE_VALUE is -1. */
export type Handle = number & { readonly [handleBrand]: true };

/** A type of a pointer's size that an implementation sees as its low 32 bits. */
abstract class PointerSizedType<V extends number> extends Type<V, V> {
  size(pointerSize: PointerSize): number {
    return pointerSize;
  }

  load(thread: CallingThread, address: number): V {
    return this.fromWords(thread, thread.memory.u32(address));
  }

  abstract override fromWords(thread: CallingThread, low: number): V;

  store(thread: CallingThread, address: number, value: V): void {
    thread.memory.setU32(address, value);
    if (thread.pointerSize === 8) thread.memory.setU32(address + 4, this.high(thread, value));
  }

  override low(_thread: CallingThread, value: V): number {
    return value >>> 0;
  }
}

/** A guest address, 0 for NULL. */
export class AddressType extends PointerSizedType<number> {
  readonly name: string;
  override readonly kind: Kind = KIND.POINTER;
  override readonly failure?: Failure | undefined;

  constructor(name: string, failure?: Failure) {
    super();
    this.name = name;
    this.failure = failure;
  }

  fromWords(_thread: CallingThread, low: number): number {
    return low;
  }

  override show(_thread: CallingThread, value: number, _siblings: Siblings, _name?: string): string {
    return value === 0 ? "NULL" : hex(value);
  }
}

/** The address of code or of a module, which the trace shows with the module that it lies in. */
export class CodeAddressType extends AddressType {
  override show(thread: CallingThread, value: number): string {
    if (value === 0) return "NULL";
    const place = thread.describeAddress?.(value)?.replace(/\+0x0$/, "");
    return place?.includes(".") === true ? `${hex(value)}(${place})` : hex(value);
  }
}

/** The address of a value that the implementation reads or writes by itself; the trace shows what is there. */
export class TargetAddressType extends AddressType {
  readonly target: AnyType;
  override readonly direction: Direction;

  constructor(target: AnyType, direction: Direction) {
    super(`${target.name}*`);
    this.target = target;
    this.direction = direction;
  }

  override forText(wide: boolean): TargetAddressType {
    const target = this.target.forText(wide);
    return target === this.target ? this : new TargetAddressType(target, this.direction);
  }

  override show(thread: CallingThread, value: number, siblings: Siblings, name?: string): string {
    if (value === 0) return "NULL";
    return `${hex(value)}${readable(() => braced(this.target.show(thread, this.target.load(thread, value), siblings, name)))}`;
  }
}

/** The address of a value that a function reads. */
export function at(target: AnyType): TargetAddressType {
  return new TargetAddressType(target, "in");
}

/** The address of a value that a function writes. */
export function outAt(target: AnyType): TargetAddressType {
  return new TargetAddressType(target, "out");
}

/** A handle: sign-extended, as Windows extends its 32-bit handles. */
export class HandleType extends PointerSizedType<Handle> {
  readonly name: string;
  override readonly kind: Kind = KIND.HANDLE;
  readonly #names: Readonly<Record<string, number>>;

  /** `names` are those of values that stand for themselves. */
  constructor(name: string, names: Readonly<Record<string, number>> = { INVALID_HANDLE_VALUE: -1 }) {
    super();
    this.name = name;
    this.#names = names;
  }

  fromWords(_thread: CallingThread, low: number): Handle {
    return (low | 0) as Handle;
  }

  override high(_thread: CallingThread, value: Handle): number {
    return value < 0 ? 0xffff_ffff : 0;
  }

  override show(thread: CallingThread, value: Handle, _siblings: Siblings, name = ""): string {
    // -1 is no handle, but where a process is wanted the one that asks.
    if (value === -1 && /process/i.test(name)) return "-1(this process)";
    if (value === -2 && /thread/i.test(name)) return "-2(this thread)";
    for (const [name, known] of Object.entries(this.#names)) if ((known | 0) === value) return name;
    const meaning = thread.describeHandle?.(value);
    return value === 0 ? "NULL" : meaning === undefined ? hex(value) : `${hex(value)}(${meaning})`;
  }
}
