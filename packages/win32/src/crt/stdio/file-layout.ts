import type { GuestMemory } from "@decant/memory";

/** Offsets in msvcrt's 64-bit FILE (stdio.h); the ucrt's is opaque, and laid out the same here. */
const FILE = {
  /** The next byte of the buffer. */
  ptr: 0,
  /** Bytes left to read, or room left to write. */
  count: 8,
  base: 16,
  flag: 24,
  fd: 28,
  /** The one-byte buffer of an unbuffered stream. */
  charBuffer: 32,
  bufferSize: 36,
  temporaryName: 40,
  SIZE: 48,
} as const;

/** The same in the 32-bit FILE. */
const FILE32: { readonly [K in keyof typeof FILE]: number } = {
  ptr: 0,
  count: 4,
  base: 8,
  flag: 12,
  fd: 16,
  charBuffer: 20,
  bufferSize: 24,
  temporaryName: 28,
  SIZE: 32,
};

/** The layout of a FILE in this memory. */
export function fileLayout({ pointerSize }: GuestMemory): typeof FILE32 {
  return pointerSize === 8 ? FILE : FILE32;
}

/** Bits of FILE's _flag (stdio.h). */
export const FLAG = {
  READ: 0x01,
  WRITE: 0x02,
  UNBUFFERED: 0x04,
  OWN_BUFFER: 0x08,
  EOF: 0x10,
  ERROR: 0x20,
  STRING: 0x40,
  READ_WRITE: 0x80,
  USER_BUFFER: 0x100,
} as const;

/** The runtimes' own buffer size. */
export const BUFFER_SIZE = 4096;
/** What reading functions return at the end. */
export const EOF = -1;
/** EOF of the wide functions. */
export const WEOF = 0xffff;
