import { Win32Error } from "../errors/error-classes.ts";
import { ERROR } from "../errors/win32-codes.ts";
import type { CallingThread } from "../thread.ts";
import { AddressType } from "./address.ts";
import { countOf, type Count } from "./counts.ts";
import { readable } from "./pointers.ts";
import { type AcceptedOf, type AnyType, type Direction, hex, PointerArgumentType, type Siblings, type Type, type ValueOf } from "./type.ts";

const SHOWN_BYTES = 32;
const SHOWN_ELEMENTS = 8;

/** A pointer to bytes whose number another parameter tells. Every access is checked; NULL fails like any other bad address. */
export interface Pointer {
  /** Guest address, 0 for NULL. */
  readonly address: number;
  readonly isNull: boolean;
  /** A copy of the first bytes. */
  read(length: number): Uint8Array;
  write(bytes: Uint8Array): void;
  /** The bytes themselves, to read: never kept across a wait. */
  view(length: number): Uint8Array;
  /** The bytes themselves, to write: never kept across a wait. */
  writable(length: number): Uint8Array;
}

class GuestPointer implements Pointer {
  readonly #thread: CallingThread;
  readonly address: number;

  constructor(thread: CallingThread, address: number) {
    this.#thread = thread;
    this.address = address;
  }

  get isNull(): boolean {
    return this.address === 0;
  }

  read(length: number): Uint8Array {
    return this.#thread.memory.read(this.address, length);
  }

  write(bytes: Uint8Array): void {
    this.#thread.memory.write(this.address, bytes);
  }

  view(length: number): Uint8Array {
    return this.#thread.memory.slice(this.address, length);
  }

  writable(length: number): Uint8Array {
    return this.#thread.memory.writableSlice(this.address, length);
  }
}

/** Bytes outside the guest as a Pointer, for calls from one mapping to another. */
export function hostPointer(bytes: Uint8Array): Pointer {
  const view = (length: number) => {
    if (length > bytes.length) throw new RangeError(`${length} bytes wanted of a buffer of ${bytes.length}`);
    return bytes.subarray(0, length);
  };
  return {
    address: 0,
    isNull: false,
    read: (length) => view(length).slice(),
    write: (source) => view(source.length).set(source),
    view,
    writable: view,
  };
}

/** A pointer to bytes; `length` names the parameter that counts them, for the trace. */
export class BytesType extends PointerArgumentType<Pointer> {
  readonly name = "BYTE*";
  override readonly direction: Direction;
  readonly #length: Count | undefined;

  constructor(length: Count | undefined, direction: Direction) {
    super();
    this.#length = length;
    this.direction = direction;
  }

  fromWords(thread: CallingThread, low: number): Pointer {
    return new GuestPointer(thread, low);
  }

  override show(_thread: CallingThread, value: Pointer, siblings: Siblings): string {
    if (value.isNull) return "NULL";
    const length = countOf(this.#length, siblings);
    if (length === undefined) return hex(value.address);
    return `${value.address === 0 ? "" : hex(value.address)}${showBytes((shown) => value.read(shown), length)}`;
  }
}

/** A pointer to bytes; the count comes from elsewhere, and the trace shows the address alone. */
export const BYTES: BytesType = new BytesType(undefined, "in");

/** Bytes that a function reads, as many as the named parameter says. */
export function bytesIn(length: Count): BytesType {
  return new BytesType(length, "in");
}

/** Bytes that a function writes, as many as the named parameter says (a pointer counts what it points to, after the call). */
export function bytesOut(length: Count): BytesType {
  return new BytesType(length, "out");
}

/** A guest's array whose length another parameter tells. */
export interface GuestArray<V, W = V> {
  readonly address: number;
  readonly isNull: boolean;
  get(index: number): V;
  set(index: number, value: W): void;
  read(count: number): V[];
  write(values: readonly W[]): void;
}

/** A pointer to the first of several values. */
export class ArrayPointerType<V, W> extends PointerArgumentType<GuestArray<V, W>> {
  readonly name: string;
  readonly element: Type<V, W>;
  override readonly direction: Direction;
  readonly #count: Count | undefined;

  constructor(element: Type<V, W>, count: Count | undefined, direction: Direction) {
    super();
    this.name = `${element.name}[]`;
    this.element = element;
    this.direction = direction;
    this.#count = count;
  }

  fromWords(thread: CallingThread, address: number): GuestArray<V, W> {
    const { element } = this;
    const step = element.size(thread.pointerSize);
    const get = (index: number) => element.load(thread, address + step * index);
    const set = (index: number, value: W) => element.store(thread, address + step * index, value);
    return {
      address,
      isNull: address === 0,
      get,
      set,
      read(count) {
        if (count > 0 && address === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
        thread.memory.slice(address, step * count);
        return Array.from({ length: count }, (_, index) => get(index));
      },
      write: (values) => values.forEach((value, index) => set(index, value)),
    };
  }

  override forText(wide: boolean): ArrayPointerType<V, W> {
    const element = this.element.forText(wide);
    return element === this.element ? this : new ArrayPointerType(element, this.#count, this.direction);
  }

  override show(thread: CallingThread, value: GuestArray<V, W>, siblings: Siblings, name?: string): string {
    if (value.isNull) return "NULL";
    const count = countOf(this.#count, siblings);
    if (count === undefined) return hex(value.address);
    const shown = () => value.read(Math.min(count, SHOWN_ELEMENTS)).map((item) => this.element.show(thread, item, siblings, name));
    return `${hex(value.address)}[${readable(() => shown().join(", "))}${count > SHOWN_ELEMENTS ? ", …" : ""}]`;
  }
}

/** An array that a function reads; `count` names the parameter that counts it. */
export function arrayIn<T extends AnyType>(element: T, count?: Count): ArrayPointerType<ValueOf<T>, AcceptedOf<T>> {
  return new ArrayPointerType(element, count, "in");
}

/** An array that a function writes; `count` names the parameter that counts it. */
export function arrayOut<T extends AnyType>(element: T, count?: Count): ArrayPointerType<ValueOf<T>, AcceptedOf<T>> {
  return new ArrayPointerType(element, count, "out");
}

/** Bytes that lie at an address, with which the implementation does as it likes: for functions that are called too often for a Pointer each. */
export class BytesAddressType extends AddressType {
  override readonly direction: Direction;
  readonly #length: Count;

  constructor(length: Count, direction: Direction) {
    super("void*");
    this.#length = length;
    this.direction = direction;
  }

  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    const length = countOf(this.#length, siblings);
    if (value === 0 || length === undefined) return super.show(thread, value, siblings);
    return `${hex(value)}${showBytes((shown) => thread.memory.read(value, shown), length)}`;
  }
}

/** The address of bytes that a function reads, as many as the named parameter says. */
export function bytesAt(length: Count): BytesAddressType {
  return new BytesAddressType(length, "in");
}

/** The address of bytes that a function writes. */
export function bytesOutAt(length: Count): BytesAddressType {
  return new BytesAddressType(length, "out");
}

function showBytes(read: (length: number) => Uint8Array, length: number): string {
  return readable(() => quoteBytes(read(Math.min(length, SHOWN_BYTES)), length > SHOWN_BYTES));
}

function quoteBytes(bytes: Uint8Array, isCut: boolean): string {
  const text = Array.from(bytes, (byte) => {
    if (byte === 0x0a) return "\\n";
    if (byte === 0x0d) return "\\r";
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${text.join("")}"${isCut ? "…" : ""}`;
}
