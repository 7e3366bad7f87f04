const encoder = new TextEncoder();

/** Bytes that grow, with WebAssembly's integer encodings (core specification, "Binary Format: Values"). */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
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

  /** Unsigned LEB128 of a number from 0 to 2^32-1. */
  u32(value: number): void {
    let rest = value >>> 0;
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
    const bytes = encoder.encode(text);
    this.u32(bytes.length);
    this.append(bytes);
  }

  #grow(extra: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + extra));
    bytes.set(this.bytes);
    this.#bytes = bytes;
  }
}
