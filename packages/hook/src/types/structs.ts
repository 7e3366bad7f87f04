import type { CallingThread, PointerSize } from "../thread.ts";
import { Type, type AcceptedOf, type AnyType, type Siblings, type ValueOf } from "./type.ts";

/** The fields of a struct, in order. */
export type Fields = Readonly<Record<string, AnyType>>;

/** A struct as an implementation sees it: a copy. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K]> };

/** A struct as an implementation gives it back: fields left out are zero. */
export type StructInput<F extends Fields> = { readonly [K in keyof F]?: AcceptedOf<F[K]> };

/** How a struct's fields are placed: one after the other with C's alignment, or all at its start. */
export interface StructOptions {
  /** #pragma pack: the largest alignment of a field, in bytes. */
  pack?: number;
  isUnion?: boolean;
}

interface Layout {
  offsets: Readonly<Record<string, number>>;
  size: number;
  align: number;
}

/** A struct or a union with C's layout for both pointer sizes. */
export class StructType<F extends Fields> extends Type<StructValue<F>, StructInput<F>> {
  readonly name: string;
  readonly fields: F;
  override readonly passing = "block";
  readonly #options: StructOptions;
  readonly #layouts = new Map<PointerSize, Layout>();
  readonly #variants = new Map<boolean, StructType<F>>();

  constructor(name: string, fields: F, options: StructOptions) {
    super();
    this.name = name;
    this.fields = fields;
    this.#options = options;
  }

  size(pointerSize: PointerSize): number {
    return this.#layout(pointerSize).size;
  }

  override align(pointerSize: PointerSize): number {
    return this.#layout(pointerSize).align;
  }

  /** A field's offset in bytes. */
  offsetOf(field: keyof F & string, pointerSize: PointerSize): number {
    return this.#layout(pointerSize).offsets[field] ?? 0;
  }

  load(thread: CallingThread, address: number): StructValue<F> {
    const { offsets, size } = this.#layout(thread.pointerSize);
    thread.memory.slice(address, size);
    const value: Record<string, unknown> = {};
    for (const field in this.fields) value[field] = this.fields[field]?.load(thread, address + (offsets[field] ?? 0));
    return value as StructValue<F>;
  }

  store(thread: CallingThread, address: number, value: StructInput<F>): void {
    thread.memory.fill(address, 0, this.size(thread.pointerSize));
    this.storePart(thread, address, value);
  }

  override storePart(thread: CallingThread, address: number, value: StructInput<F>): void {
    const { offsets } = this.#layout(thread.pointerSize);
    for (const field in this.fields) {
      const part = value[field];
      if (part !== undefined) this.fields[field]?.store(thread, address + (offsets[field] ?? 0), part);
    }
  }

  fromWords(): StructValue<F> {
    throw new TypeError("a struct is passed as a block");
  }

  override forText(wide: boolean): StructType<F> {
    let variant = this.#variants.get(wide);
    if (variant === undefined) {
      const fields = Object.fromEntries(Object.entries(this.fields).map(([name, type]) => [name, type.forText(wide)])) as unknown as F;
      const isSame = Object.entries(fields).every(([name, type]) => type === this.fields[name]);
      variant = isSame ? this : new StructType(this.name, fields, this.#options);
      this.#variants.set(wide, variant);
    }
    return variant;
  }

  override show(thread: CallingThread, value: StructValue<F>): string {
    const shown = Object.entries(this.fields).filter(([name]) => value[name] !== undefined);
    return `{${shown.map(([name, type]) => `${name}=${type.show(thread, value[name], value, name)}`).join(", ")}}`;
  }

  #layout(pointerSize: PointerSize): Layout {
    let layout = this.#layouts.get(pointerSize);
    if (layout === undefined) {
      layout = layOut(this.fields, pointerSize, this.#options);
      this.#layouts.set(pointerSize, layout);
    }
    return layout;
  }
}

/** Declares a struct. As a type by itself it is passed by value; with in_, out and inout by reference. */
export function struct<const F extends Fields>(name: string, fields: F, options: { pack?: number } = {}): StructType<F> {
  return new StructType(name, fields, options);
}

/** Declares a union: reading gives every member's view of the bytes, writing stores the members that are given. */
export function union<const F extends Fields>(name: string, fields: F): StructType<F> {
  return new StructType(name, fields, { isUnion: true });
}

/** A fixed number of values in a struct or in a data export. */
export class ArrayType<V, W> extends Type<V[], readonly W[]> {
  readonly name: string;
  readonly element: Type<V, W>;
  readonly count: number;
  override readonly passing = "block";

  constructor(element: Type<V, W>, count: number) {
    super();
    this.name = `${element.name}[${count}]`;
    this.element = element;
    this.count = count;
  }

  size(pointerSize: PointerSize): number {
    return this.count * this.element.size(pointerSize);
  }

  override align(pointerSize: PointerSize): number {
    return this.element.align(pointerSize);
  }

  load(thread: CallingThread, address: number): V[] {
    const step = this.element.size(thread.pointerSize);
    return Array.from({ length: this.count }, (_, index) => this.element.load(thread, address + index * step));
  }

  store(thread: CallingThread, address: number, values: readonly W[]): void {
    const step = this.element.size(thread.pointerSize);
    values.slice(0, this.count).forEach((value, index) => this.element.store(thread, address + index * step, value));
  }

  fromWords(): V[] {
    throw new TypeError("an array is not passed by value");
  }

  override forText(wide: boolean): ArrayType<V, W> {
    const element = this.element.forText(wide);
    return element === this.element ? this : new ArrayType(element, this.count);
  }

  override show(thread: CallingThread, values: V[], siblings: Siblings, name?: string): string {
    return `[${values.map((value) => this.element.show(thread, value, siblings, name)).join(", ")}]`;
  }
}

/** `count` values one after the other. */
export function array<T extends AnyType>(element: T, count: number): ArrayType<ValueOf<T>, AcceptedOf<T>> {
  return new ArrayType<ValueOf<T>, AcceptedOf<T>>(element, count);
}

/** A fixed number of bytes in a struct. */
export class ByteBlockType extends Type<Uint8Array, Uint8Array> {
  readonly name: string;
  readonly count: number;
  override readonly passing = "block";

  constructor(count: number) {
    super();
    this.name = `BYTE[${count}]`;
    this.count = count;
  }

  size(): number {
    return this.count;
  }

  override align(): number {
    return 1;
  }

  load({ memory }: CallingThread, address: number): Uint8Array {
    return memory.read(address, this.count);
  }

  store({ memory }: CallingThread, address: number, value: Uint8Array): void {
    memory.write(address, value.subarray(0, this.count));
  }

  fromWords(): Uint8Array {
    throw new TypeError("an array is not passed by value");
  }

  override show(_thread: CallingThread, value: Uint8Array): string {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  }
}

/** `count` bytes in a struct, as a Uint8Array. */
export function byteBlock(count: number): ByteBlockType {
  return new ByteBlockType(count);
}

/** C's layout: each field at a multiple of its alignment, the whole at a multiple of the largest. */
function layOut(fields: Fields, pointerSize: PointerSize, { pack = 16, isUnion = false }: StructOptions): Layout {
  const offsets: Record<string, number> = {};
  let end = 0;
  let largest = 1;
  for (const [name, type] of Object.entries(fields)) {
    const align = Math.min(type.align(pointerSize), pack);
    const offset = isUnion ? 0 : Math.ceil(end / align) * align;
    offsets[name] = offset;
    end = Math.max(end, offset + type.size(pointerSize));
    largest = Math.max(largest, align);
  }
  return { offsets, size: Math.ceil(end / largest) * largest, align: largest };
}
