/** Says that debug information is damaged, or of a kind that is not read: what was found before it counts. */
export class DwarfError extends Error {}

/** Reads little-endian values one after another, and throws DwarfError past the end: debug information is as untrusted as the rest of the file. */
export class DwarfCursor {
  at: number;
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = Math.min(end, bytes.length);
    if (at < 0 || at > this.end) throw new DwarfError(`an offset beyond the section: ${at}`);
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u24(): number {
    return this.u16() | (this.u8() << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Above 2^53 inexact: no offset or address in an image is. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  unsigned(bytes: number): number {
    if (bytes === 1) return this.u8();
    if (bytes === 2) return this.u16();
    if (bytes === 4) return this.u32();
    if (bytes === 8) return this.u64();
    throw new DwarfError(`a value of ${bytes} bytes`);
  }

  /** An offset in another section: as wide as the unit's format. */
  offset(is64: boolean): number {
    return is64 ? this.u64() : this.u32();
  }

  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
    }
  }

  text(): string {
    const start = this.at;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0 || end >= this.end) throw new DwarfError("a text without an end");
    this.at = end + 1;
    return utf8.decode(this.#bytes.subarray(start, end));
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  /** A length, and whether the unit that it begins is in the 64-bit format (DWARF 5, 7.4). */
  initialLength(): { length: number; is64: boolean } {
    const first = this.u32();
    if (first < 0xffff_fff0) return { length: first, is64: false };
    if (first !== 0xffff_ffff) throw new DwarfError("a reserved length");
    return { length: this.u64(), is64: true };
  }

  /** What follows, up to `bytes` further on; goes past it. */
  part(bytes: number): DwarfCursor {
    const start = this.#take(bytes);
    return new DwarfCursor(this.#bytes, start, start + bytes);
  }

  #take(bytes: number): number {
    const start = this.at;
    if (!(bytes >= 0) || start + bytes > this.end) throw new DwarfError("debug information that ends too early");
    this.at = start + bytes;
    return start;
  }
}

const utf8 = new TextDecoder();
