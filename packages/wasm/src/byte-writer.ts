const encoder = new TextEncoder();
const NONE = new Uint8Array(0);
const FEW = 64;

/** Bytes that grow, with WebAssembly's integer encodings (core specification, "Binary Format: Values"). */
export class ByteWriter {
  #bytes = NONE;
  #length = 0;
  readonly #capacity: number;

  /** Room for `capacity` bytes is made at the first write: many of a module's sections stay empty. Up to 64 are part of V8's own heap. */
  constructor(capacity = 64) {
    this.#capacity = capacity;
  }

  /** Forgets what was written, and keeps the room. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  get length(): number {
    return this.#length;
  }

  /** A view of what was written; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds what another has. Most have little, and a view of it would cost more than the copy. */
  appendFrom(other: ByteWriter): void {
    const count = other.#length;
    if (count > FEW) return this.append(other.bytes);
    if (this.#length + count > this.#bytes.length) this.#grow(count);
    const to = this.#bytes;
    const from = other.#bytes;
    let at = this.#length;
    for (let i = 0; i < count; i++) to[at++] = from[i]!;
    this.#length = at;
  }

  /** Unsigned LEB128 of a number from 0 to 2^32-1. */
  u32(value: number): void {
    let rest = value >>> 0;
    if (rest < 0x80) return this.byte(rest);
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a number taken as 32 bits. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  /** Signed LEB128 of a value taken as 64 bits. */
  s64(value: bigint | number): void {
    if (typeof value === "number" && (value | 0) === value) return this.s32(value);
    let rest = BigInt.asIntN(64, BigInt(value));
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  f32(value: number): void {
    this.append(new Uint8Array(new Float32Array([value]).buffer));
  }

  f64(value: number): void {
    this.append(new Uint8Array(new Float64Array([value]).buffer));
  }

  name(text: string): void {
    const start = this.#length;
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        const bytes = encoder.encode(text);
        this.#length = start;
        this.u32(bytes.length);
        return this.append(bytes);
      }
      this.byte(unit);
    }
  }

  #grow(extra: number): void {
    const bytes = new Uint8Array(Math.max(this.#capacity, this.#bytes.length * 2, this.#length + extra));
    if (this.#length > 0) bytes.set(this.bytes);
    this.#bytes = bytes;
  }
}
