import { PeError } from "./error.ts";
import type { Directory, Image } from "./image.ts";

/** No name in an image is longer. */
const MAX_NAME = 4096;

/** What the readers of tables need: bytes by relative virtual address. Implemented over a file here, and by a loader over mapped memory. */
export interface RvaSource {
  u8(rva: number): number;
  u16(rva: number): number;
  u32(rva: number): number;
}

/** Reads an image's file by relative virtual address, as if it were mapped. Every read outside of it throws PeError. */
export class RvaView implements RvaSource {
  readonly #image: Image;
  readonly #bytes: Uint8Array;
  /** The range of addresses that the last read fell in, and what takes an address to a file offset. */
  #start = 0;
  #fileEnd = 0;
  #end = 0;
  #delta = 0;

  constructor(image: Image) {
    this.#image = image;
    this.#bytes = image.bytes;
  }

  u8(rva: number): number {
    if (rva < this.#start || rva >= this.#end) this.#locate(rva);
    return rva < this.#fileEnd ? this.#bytes[rva + this.#delta]! : 0;
  }

  u16(rva: number): number {
    return this.u8(rva) | (this.u8(rva + 1) << 8);
  }

  u32(rva: number): number {
    return (this.u16(rva) | (this.u16(rva + 2) << 16)) >>> 0;
  }

  u64(rva: number): bigint {
    return BigInt(this.u32(rva)) | (BigInt(this.u32(rva + 4)) << 32n);
  }

  /** A pointer-sized field. */
  pointer(rva: number): bigint {
    return this.#image.is64 ? this.u64(rva) : BigInt(this.u32(rva));
  }

  /** A NUL-terminated name, a code unit for each byte. */
  name(rva: number, what: string): string {
    let text = "";
    for (let at = rva; ; at++) {
      const byte = this.u8(at);
      if (byte === 0) return text;
      if (text.length === MAX_NAME) {
        throw new PeError("malformed", `expected ${what} of at most ${MAX_NAME} bytes at address 0x${rva.toString(16)}, found no end`);
      }
      text += String.fromCharCode(byte);
    }
  }

  /** A copy of a range. */
  read(rva: number, size: number): Uint8Array {
    if (size > 0) {
      this.u8(rva);
      this.u8(rva + size - 1);
    }
    return Uint8Array.from({ length: size }, (_, index) => this.u8(rva + index));
  }

  /** The address, relative to the image, of a virtual address that a field holds; undefined for 0. */
  fromVa(va: bigint, what: string): number | undefined {
    if (va === 0n) return undefined;
    const rva = va - this.#image.imageBase;
    if (rva < 0n || rva >= BigInt(this.#image.sizeOfImage)) {
      throw new PeError("malformed", `expected ${what} inside the image, found the address 0x${va.toString(16)}`);
    }
    return Number(rva);
  }

  #locate(rva: number): void {
    for (const section of this.#image.sections) {
      const size = Math.max(section.virtualSize, section.rawSize);
      if (rva < section.rva || rva >= section.rva + size) continue;
      this.#start = section.rva;
      this.#end = section.rva + size;
      this.#fileEnd = section.rva + section.rawSize;
      this.#delta = section.rawOffset - section.rva;
      return;
    }
    const headers = Math.min(this.#image.sizeOfHeaders, this.#bytes.length);
    if (!(rva >= 0 && rva < headers)) {
      throw new PeError("malformed", `expected an address inside the image's sections, found 0x${rva.toString(16)}`);
    }
    this.#start = 0;
    this.#end = this.#fileEnd = headers;
    this.#delta = 0;
  }
}

/** A directory by its index, or undefined when the image has none. */
export function directoryOf(image: Image, index: number): Directory | undefined {
  const directory = image.directories[index]!;
  return directory.rva === 0 ? undefined : directory;
}
