/** Offsets in msvcrt's 64-bit FILE (stdio.h); the ucrt's is opaque, and laid out the same here. */
export const FILE = {
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
