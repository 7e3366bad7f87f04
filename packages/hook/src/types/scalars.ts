import type { CallingThread, PointerSize } from "../thread.ts";
import { hex, KIND, showUnsigned, Type, type Kind, type Siblings } from "./type.ts";

const WORD = 2 ** 32;

interface Integer {
  name: string;
  bytes: 1 | 2 | 4;
  signed: boolean;
  kind?: Kind;
  show?: (value: number) => string;
}

/** An integer of up to 32 bits. */
export class IntegerType extends Type<number, number> {
  readonly name: string;
  override readonly kind: Kind;
  readonly signed: boolean;
  readonly #bytes: 1 | 2 | 4;
  readonly #show: ((value: number) => string) | undefined;

  constructor({ name, bytes, signed, kind, show }: Integer) {
    super();
    this.name = name;
    this.signed = signed;
    this.#bytes = bytes;
    this.#show = show;
    this.kind = kind ?? (bytes < 4 ? KIND.OTHER : signed ? KIND.I32 : KIND.U32);
  }

  size(): number {
    return this.#bytes;
  }

  load({ memory }: CallingThread, address: number): number {
    return this.#narrow(this.#bytes === 4 ? memory.u32(address) : this.#bytes === 2 ? memory.u16(address) : memory.u8(address));
  }

  store({ memory }: CallingThread, address: number, value: number): void {
    if (this.#bytes === 4) memory.setU32(address, value);
    else if (this.#bytes === 2) memory.setU16(address, value);
    else memory.setU8(address, value);
  }

  fromWords(_thread: CallingThread, low: number): number {
    return this.#narrow(low);
  }

  override low(_thread: CallingThread, value: number): number {
    return this.#narrow(value);
  }

  override high(): number {
    return 0;
  }

  override show(_thread: CallingThread, value: number, _siblings: Siblings, name?: string): string {
    if (this.#show !== undefined) return this.#show(value);
    return this.signed ? String(value) : showUnsigned(value, name, 32);
  }

  #narrow(word: number): number {
    const shift = 32 - 8 * this.#bytes;
    return this.signed ? (word << shift) >> shift : (word << shift) >>> shift;
  }
}

/** A C truth value of one or four bytes. */
export class BooleanType extends Type<boolean, boolean | number> {
  readonly name: string;
  override readonly kind: Kind;
  readonly #bytes: 1 | 4;

  constructor(name: string, bytes: 1 | 4) {
    super();
    this.name = name;
    this.#bytes = bytes;
    this.kind = bytes === 4 ? KIND.BOOL : KIND.OTHER;
  }

  size(): number {
    return this.#bytes;
  }

  load({ memory }: CallingThread, address: number): boolean {
    return (this.#bytes === 4 ? memory.u32(address) : memory.u8(address)) !== 0;
  }

  store({ memory }: CallingThread, address: number, value: boolean | number): void {
    if (this.#bytes === 4) memory.setU32(address, Number(value));
    else memory.setU8(address, Number(value));
  }

  fromWords(_thread: CallingThread, low: number): boolean {
    return (this.#bytes === 4 ? low : low & 0xff) !== 0;
  }

  override low(_thread: CallingThread, value: boolean | number): number {
    return Number(value);
  }

  override high(): number {
    return 0;
  }

  override show(_thread: CallingThread, value: boolean | number): string {
    return value === false || value === 0 ? "FALSE" : value === true || value === 1 ? "TRUE" : hex(value);
  }
}

interface Wide {
  name: string;
  /** 0 for the size of a pointer. */
  bytes: 0 | 8;
  signed: boolean;
  kind?: Kind;
}

/** A 64-bit or pointer-sized integer that an implementation sees as a number: exact to 2^53. */
export class WideNumberType extends Type<number, number | bigint> {
  readonly name: string;
  override readonly kind: Kind;
  readonly #bytes: 0 | 8;
  readonly #signed: boolean;

  constructor({ name, bytes, signed, kind = KIND.OTHER }: Wide) {
    super();
    this.name = name;
    this.kind = kind;
    this.#bytes = bytes;
    this.#signed = signed;
  }

  size(pointerSize: PointerSize): number {
    return this.#bytes === 0 ? pointerSize : this.#bytes;
  }

  load(thread: CallingThread, address: number): number {
    const wide = this.size(thread.pointerSize) === 8;
    return this.fromWords(thread, thread.memory.u32(address), wide ? thread.memory.u32(address + 4) : 0);
  }

  store(thread: CallingThread, address: number, value: number | bigint): void {
    const { memory } = thread;
    memory.setU32(address, this.low(thread, value));
    if (this.#bytes === 8 || thread.pointerSize === 8) memory.setU32(address + 4, this.high(thread, value));
  }

  fromWords(thread: CallingThread, low: number, high: number): number {
    if (this.size(thread.pointerSize) === 4) return this.#signed ? low | 0 : low;
    return (this.#signed ? high | 0 : high) * WORD + low;
  }

  override low(_thread: CallingThread, value: number | bigint): number {
    return typeof value === "bigint" ? Number(BigInt.asUintN(32, value)) : value >>> 0;
  }

  override high(_thread: CallingThread, value: number | bigint): number {
    return typeof value === "bigint" ? Number(BigInt.asUintN(32, value >> 32n)) : Math.floor(value / WORD) >>> 0;
  }

  override show(_thread: CallingThread, value: number | bigint, _siblings: Siblings, name?: string): string {
    return showUnsigned(value, name);
  }
}

/** A 64-bit or pointer-sized integer whose every bit counts: a bigint. */
export class WideType extends Type<bigint, bigint | number> {
  readonly name: string;
  readonly #bytes: 0 | 8;
  readonly #signed: boolean;

  constructor({ name, bytes, signed }: Wide) {
    super();
    this.name = name;
    this.#bytes = bytes;
    this.#signed = signed;
  }

  size(pointerSize: PointerSize): number {
    return this.#bytes === 0 ? pointerSize : this.#bytes;
  }

  load(thread: CallingThread, address: number): bigint {
    const wide = this.size(thread.pointerSize) === 8;
    return this.fromWords(thread, thread.memory.u32(address), wide ? thread.memory.u32(address + 4) : 0);
  }

  store(thread: CallingThread, address: number, value: bigint | number): void {
    if (this.size(thread.pointerSize) === 8) thread.memory.setU64(address, BigInt(value));
    else thread.memory.setU32(address, this.low(thread, value));
  }

  fromWords(thread: CallingThread, low: number, high: number): bigint {
    if (this.size(thread.pointerSize) === 4) return BigInt(this.#signed ? low | 0 : low);
    return (BigInt(this.#signed ? high | 0 : high) << 32n) | BigInt(low);
  }

  override low(_thread: CallingThread, value: bigint | number): number {
    return Number(BigInt.asUintN(32, BigInt(value)));
  }

  override high(_thread: CallingThread, value: bigint | number): number {
    return Number(BigInt.asUintN(32, BigInt(value) >> 32n));
  }

  override show(_thread: CallingThread, value: bigint | number, _siblings: Siblings, name?: string): string {
    return showUnsigned(value, name);
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** A float or a double. */
export class FloatType extends Type<number, number> {
  readonly name: string;
  override readonly passing = "float";
  readonly #bytes: 4 | 8;

  constructor(name: string, bytes: 4 | 8) {
    super();
    this.name = name;
    this.#bytes = bytes;
  }

  size(): number {
    return this.#bytes;
  }

  load({ memory }: CallingThread, address: number): number {
    return this.#bytes === 4 ? memory.f32(address) : memory.f64(address);
  }

  store({ memory }: CallingThread, address: number, value: number): void {
    if (this.#bytes === 4) memory.setF32(address, value);
    else memory.setF64(address, value);
  }

  fromWords(_thread: CallingThread, low: number, high: number): number {
    scratch.setUint32(0, low, true);
    scratch.setUint32(4, high, true);
    return this.#bytes === 4 ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
  }

  override low(_thread: CallingThread, value: number): number {
    if (this.#bytes === 4) scratch.setFloat32(0, value, true);
    else scratch.setFloat64(0, value, true);
    return scratch.getUint32(0, true);
  }

  override high(_thread: CallingThread, value: number): number {
    if (this.#bytes === 4) return 0;
    scratch.setFloat64(0, value, true);
    return scratch.getUint32(4, true);
  }
}
