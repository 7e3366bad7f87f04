/** The protocol that this code speaks; both ends must name the same number. */
export const PROTOCOL_VERSION = 1;

/** Bytes from this size on travel in bulk frames of their own. */
export const BULK_BYTES = 64 * 1024;

/** The most bytes that a bulk frame carries. */
export const CHUNK_BYTES = 1024 * 1024;

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
  /** Bytes that may wait to be sent, or to be executed, before the other end is no longer read. */
  readonly queuedBytes: number;
}

export const defaultWireLimits: WireLimits = {
  frameBytes: 2 * 1024 * 1024,
  values: 200_000,
  transferBytes: 512 * 1024 * 1024,
  pendingTransferBytes: 1024 * 1024 * 1024,
  queuedBytes: 32 * 1024 * 1024,
};
