import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { BulkReader } from "./bulk-reader.ts";
import { BULK_FRAME_BYTES } from "./limits.ts";
import { BULK_MARK } from "./message.ts";
import { type MessageSocket, messageSocket } from "./socket.ts";

const FINAL_BINARY = 0x82;
const MASKED = 0x80;
/** The longest payload whose length stands in the second byte of a frame. */
const SMALL_BYTES = 125;

/** What a socket reads at most at once. Where less comes, the network is slower than this end, and nobody is spared anything. */
const PIECE_BYTES = 64 * 1024;
/** How long to look for the next piece: on loopback they come every 20 to 40 us. */
const AWAKE_MS = 0.1;

/** The connection under a WebSocket of `ws`. */
export interface Wire {
  readonly stream: Duplex;
  /** How this end masks what it sends: a server not at all, a client by zeroes where nothing else is needed. */
  readonly mask: "none" | "zero" | "random";
  /** The longest frame that the WebSocket takes. */
  readonly frameBytes: number;
}

/**
 * Wraps a WebSocket of `ws`, which must be open and have received nothing. Large frames are read from its connection (see BulkReader), and small ones
 * written to it (see `smallFrame`), past the WebSocket.
 */
export function wiredSocket(webSocket: WebSocket, { stream, mask, frameBytes }: Wire): MessageSocket {
  const wrapped = messageSocket(webSocket);
  const { send } = wrapped;
  const listeners = stream.listeners("data") as ((chunk: Buffer) => void)[];
  const reader = new BulkReader({
    isMasked: mask === "none",
    frameBytes,
    bufferBytes: BULK_FRAME_BYTES,
    pass(bytes) {
      for (const listener of listeners) listener.call(stream, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    frame: (payload) => wrapped.onFrame(payload),
  });
  // Whoever sleeps has to be woken by who sends, which costs more than the sending; so while pieces come whole, the event loop looks for the next one.
  let awakeUntil = 0;
  let isAwake = false;
  const stayAwake = (): void => {
    isAwake = performance.now() < awakeUntil;
    if (isAwake) setImmediate(stayAwake);
  };
  const read = (chunk: Uint8Array): void => {
    const isWhole = chunk.length >= PIECE_BYTES;
    reader.write(chunk);
    if (!isWhole) return;
    awakeUntil = performance.now() + AWAKE_MS;
    if (!isAwake) stayAwake();
  };
  for (const listener of listeners) stream.off("data", listener);
  stream.on("data", read);
  // What comes behind a frame that `ws` refuses is nobody's.
  webSocket.on("error", () => {
    stream.off("data", read);
    stream.resume();
  });
  wrapped.recycle = (frame) => reader.recycle(frame);
  let isCorked = false;
  const uncork = (): void => {
    if (isCorked) stream.uncork();
    isCorked = false;
  };
  wrapped.send = (frame) => {
    const isSmall = frame.length <= SMALL_BYTES;
    if (!isSmall) {
      uncork();
      // The message that takes the bytes is written with them: a write of its own costs as much as a tenth of them (bench/cuda-channel.ts).
      if (frame[0] === BULK_MARK) {
        isCorked = true;
        stream.cork();
        process.nextTick(uncork);
      }
    }
    if (!isSmall || mask === "random") send(frame);
    else if (webSocket.readyState === webSocket.OPEN) stream.write(smallFrame(frame, mask === "zero"));
    if (isSmall) uncork();
  };
  return wrapped;
}

/**
 * A whole binary message (RFC 6455, 5.2) of at most 125 bytes, in one piece: `ws` writes header and bytes apart, which takes a fifth of a round trip
 * longer (bench/cuda-channel.ts). Its own frames are written whole too, so that ours can stand between any two of them.
 */
function smallFrame(payload: Uint8Array, masked: boolean): Uint8Array {
  const start = masked ? 6 : 2;
  const bytes = Buffer.allocUnsafe(start + payload.length);
  bytes[0] = FINAL_BINARY;
  bytes[1] = payload.length;
  if (masked) {
    bytes[1] |= MASKED;
    bytes.fill(0, 2, 6);
  }
  bytes.set(payload, start);
  return bytes;
}
