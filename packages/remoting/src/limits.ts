/** The protocol that this code speaks; both ends must name the same number. */
export const PROTOCOL_VERSION = 2;

/** Bytes from this size on travel in bulk frames of their own. */
export const BULK_BYTES = 64 * 1024;

/** The most bytes that a bulk frame carries. */
export const CHUNK_BYTES = 1024 * 1024;

/** Bytes before the data of a bulk frame: mark, three zero bytes, transfer id, total size, offset (u32, little-endian). */
export const BULK_HEADER_BYTES = 16;

/** A bulk frame with as much as it may carry. */
export const BULK_FRAME_BYTES = BULK_HEADER_BYTES + CHUNK_BYTES;

/** What one end accepts from the other. */
export interface WireLimits {
  /** Bytes of a frame. */
  readonly frameBytes: number;
  /** Values in a message, at all depths together. */
  readonly values: number;
  /** Bytes of one transfer: a module image, or a piece of a copy. */
  readonly transferBytes: number;
  /** Bytes of all transfers that no call has taken yet. */
  readonly pendingTransferBytes: number;
  /** Bytes that the other end may have under way to this one. */
  readonly windowBytes: number;
  /** Bytes of calls under way, and of answers not yet taken, before no more calls are taken up. */
  readonly queuedBytes: number;
  /** Calls under way before no more are taken up. */
  readonly queuedCalls: number;
}

export const defaultWireLimits: WireLimits = {
  frameBytes: 2 * 1024 * 1024,
  values: 200_000,
  transferBytes: 512 * 1024 * 1024,
  pendingTransferBytes: 1024 * 1024 * 1024,
  windowBytes: 16 * 1024 * 1024,
  queuedBytes: 32 * 1024 * 1024,
  queuedCalls: 100_000,
};

/** The least and the most that a window may be: less than two bulk frames would stand still, more is no limit. */
export const WINDOW_BYTES = { least: 4 * 1024 * 1024, most: 256 * 1024 * 1024 };

/** How long a server keeps a session whose connection broke, unless it is told otherwise. */
export const GRACE_MS = 30_000;
