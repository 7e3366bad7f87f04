import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { Decompress } from "fzstd";
import { decodeLz4 } from "./lz4.ts";

/** Magic of a fatbin, and of the wrapper that nvcc puts around one in a host program. */
export const FATBIN = 0xba55_ed50;

/** What an entry holds: PTX text, or an ELF image with machine code. */
const KIND = { PTX: 1, ELF: 2 } as const;
/** Flags: how an entry's bytes are compressed. */
const FLAG = { LZ4: 0x2000n, ZSTD: 0x8000n } as const;
/** No PTX is longer; what claims to be is not unpacked. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** PTX in a fatbin, and the compute capability that it was made for, as 75. */
export interface FatbinPtx {
  readonly capability: number;
  readonly text: string;
}

/**
 * The PTX texts in a fatbin. Its layout is not documented by NVIDIA; this is what nvcc 13 writes, and what its `fatbinary` reads.
 *
 *     header   u32 magic, u16 version, u16 header bytes, u64 bytes of the rest
 *     entry    u16 kind, u16 version, u32 header bytes, u64 bytes, u32 compressed bytes, ... at 28 u32 capability,
 *              at 40 u64 flags, at 56 u64 bytes when not compressed; then the bytes
 *
 * Fails with CUDA_ERROR_INVALID_IMAGE where it is damaged.
 */
export function readFatbin(image: Uint8Array): FatbinPtx[] {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < 16) throw damaged("the header is cut off");
  const begin = view.getUint16(6, true);
  const end = begin + sizeAt(view, 8);
  if (begin < 16 || end > image.length) throw damaged("the header says more than there is");
  const found: FatbinPtx[] = [];
  for (let at = begin; at + 64 <= end;) {
    const headerBytes = view.getUint32(at + 4, true);
    const next = at + headerBytes + sizeAt(view, at + 8);
    if (headerBytes < 64 || next > end || next <= at) throw damaged(`the entry at ${at} is cut off`);
    if (view.getUint16(at, true) === KIND.PTX) {
      const text = new TextDecoder("latin1").decode(unpack(view, at, image.subarray(at + headerBytes, next)));
      found.push({ capability: view.getUint32(at + 28, true), text: text.replace(/\0[^]*$/, "") });
    }
    at = next;
  }
  return found;
}

function unpack(view: DataView, at: number, bytes: Uint8Array): Uint8Array {
  const flags = view.getBigUint64(at + 40, true);
  const compressed = bytes.subarray(0, Math.min(view.getUint32(at + 16, true), bytes.length));
  const size = sizeAt(view, at + 56);
  if ((flags & (FLAG.LZ4 | FLAG.ZSTD)) === 0n) return bytes;
  if (size > MAX_TEXT_BYTES) throw damaged(`an entry would unpack to ${size} bytes`);
  const result = (flags & FLAG.ZSTD) !== 0n ? decodeZstd(compressed, size) : decodeLz4(compressed, size);
  if (result === undefined) throw damaged("compressed PTX does not unpack");
  return result;
}

function decodeZstd(bytes: Uint8Array, size: number): Uint8Array | undefined {
  const result = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Decompress((chunk) => {
      // What is longer than it says is not unpacked to its end.
      if (at + chunk.length > size) throw new RangeError("too long");
      result.set(chunk, at);
      at += chunk.length;
    });
    stream.push(bytes, true);
  } catch {
    return undefined;
  }
  return at === size ? result : undefined;
}

/** A 64-bit size; what is past 2^53 is larger than any image anyway. */
function sizeAt(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

function damaged(why: string): CudaError {
  return new CudaError(CUDA_ERROR.INVALID_IMAGE, `the fatbin is damaged: ${why}`);
}
