import { PeError } from "./error.ts";

/** Bounds-checked little-endian reads; every read names what it is for, so that a short file is described in the file's own terms. */
export class ByteView {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  u16(offset: number, what: string): number {
    this.need(offset, 2, what);
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number, what: string): number {
    this.need(offset, 4, what);
    return this.#view.getUint32(offset, true);
  }

  u64(offset: number, what: string): bigint {
    this.need(offset, 8, what);
    return this.#view.getBigUint64(offset, true);
  }

  /** Throws unless the file holds [offset, offset + size). */
  need(offset: number, size: number, what: string): void {
    if (offset >= 0 && size >= 0 && offset + size <= this.bytes.length) return;
    throw new PeError(
      "truncated",
      `the file is truncated: ${what} should lie at offset 0x${offset.toString(16)}, and the file has ${this.bytes.length} bytes`,
    );
  }
}
