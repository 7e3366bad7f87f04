import type { PointerSize } from "@decant/hook";

/** A structure and all that it points to, in one piece, as it will lie at an address. */
export class StructureBlock {
  readonly pointerSize: PointerSize;
  readonly #base: number;
  #bytes = new Uint8Array(256);
  #length = 0;

  constructor(base: number, pointerSize: PointerSize) {
    this.#base = base;
    this.pointerSize = pointerSize;
  }

  /** Room of zeros, aligned for a pointer; returns its offset. */
  reserve(size: number): number {
    const at = Math.ceil(this.#length / 8) * 8;
    this.#length = at + size;
    if (this.#length > this.#bytes.length) {
      const wider = new Uint8Array(2 * this.#length);
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    return at;
  }

  append(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return at;
  }

  u32(at: number, value: number): void {
    new DataView(this.#bytes.buffer).setUint32(at, value, true);
  }

  /** Stores the address of what lies at an offset. */
  pointer(at: number, target: number): void {
    this.u32(at, this.#base + target);
  }

  /** A CRYPT_DATA_BLOB: how many bytes, and where they lie. */
  blob(at: number, bytes: Uint8Array): void {
    this.u32(at, bytes.length);
    if (bytes.length > 0) this.pointer(at + this.pointerSize, this.append(bytes));
  }

  /** Stores the address of a text of bytes. */
  text(at: number, text: string): void {
    this.pointer(at, this.append(new TextEncoder().encode(`${text}\0`)));
  }

  /** Stores the address of a text of UTF-16. */
  wideText(at: number, text: string): void {
    this.pointer(at, this.append(new Uint8Array(Uint16Array.from(`${text}\0`, (letter) => letter.charCodeAt(0)).buffer)));
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
