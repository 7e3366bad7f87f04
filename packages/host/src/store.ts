/** One thing in a store. */
export interface StoreEntry {
  readonly name: string;
  readonly bytes: number;
  /** When it was last read or written, in milliseconds since 1970. */
  readonly usedMs: number;
}

/**
 * Runs of bytes by name that are kept between runs of Decant, and may be gone at any time: a cache. Nothing in it fails: what cannot be read is not there, what
 * cannot be written is dropped.
 */
export interface HostStore {
  /** The bytes from an offset on, which begin at a multiple of eight in their buffer. */
  load(name: string, from?: number): Uint8Array | undefined;
  /** How many bytes there are; 0 when nothing is there. */
  size(name: string): number;
  /** Adds bytes at the end of what is there, in one piece; does nothing when nothing is. Other processes may do the same. */
  append(name: string, bytes: Uint8Array): void;
  /** Puts bytes in place of what is there, in one step. */
  replace(name: string, bytes: Uint8Array): void;
  /** All that is kept, the last used first. */
  list(): StoreEntry[];
  /** Removes everything. */
  clear(): void;
}
