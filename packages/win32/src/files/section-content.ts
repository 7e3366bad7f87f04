import type { DiskFile } from "./disk-file.ts";

/** Where the bytes of a section are while no view is looked at. */
export interface SectionContent {
  /** Fills `into` from an offset; past the end are zeros. */
  read(into: Uint8Array, offset: number): void;
  write(bytes: Uint8Array, offset: number): void;
}

const CHUNK = 0x1_0000;

/** A section's bytes that no file holds: what was never written takes no room. */
export class MemoryContent implements SectionContent {
  readonly #chunks = new Map<number, Uint8Array>();

  read(into: Uint8Array, offset: number): void {
    for (const [chunk, from, at, length] of pieces(offset, into.length)) {
      const bytes = this.#chunks.get(chunk);
      if (bytes === undefined) into.fill(0, at, at + length);
      else into.set(bytes.subarray(from, from + length), at);
    }
  }

  write(source: Uint8Array, offset: number): void {
    for (const [chunk, from, at, length] of pieces(offset, source.length)) {
      let bytes = this.#chunks.get(chunk);
      if (bytes === undefined) this.#chunks.set(chunk, (bytes = new Uint8Array(CHUNK)));
      bytes.set(source.subarray(at, at + length), from);
    }
  }
}

/** A file's bytes. Nothing is written past the section's end, so that the file does not grow by a page's rest. */
export class FileContent implements SectionContent {
  readonly #file: DiskFile;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  read(into: Uint8Array, offset: number): void {
    const count = this.#file.readMapped(into, offset);
    into.fill(0, count);
  }

  write(bytes: Uint8Array, offset: number): void {
    this.#file.writeMapped(bytes, offset);
  }
}

/** The pieces of a range by chunk: its number, where in it, where in the range, how long. */
function* pieces(offset: number, length: number): Generator<readonly [chunk: number, from: number, at: number, length: number]> {
  for (let at = 0; at < length;) {
    const chunk = Math.floor((offset + at) / CHUNK);
    const from = (offset + at) % CHUNK;
    const count = Math.min(CHUNK - from, length - at);
    yield [chunk, from, at, count];
    at += count;
  }
}
