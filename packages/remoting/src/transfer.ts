import { WireError } from "@decant/cuda";
import type { WireLimits } from "./limits.ts";
import { BULK_BYTES, BULK_FRAME_BYTES, BULK_HEADER_BYTES as HEADER_BYTES, CHUNK_BYTES } from "./limits.ts";
import { BULK_MARK } from "./message.ts";

const KEPT_FRAMES = 16;

/** Gives bytes the form that they have in a message: themselves when small, else the number of a transfer that is sent at once. */
export class TransferSender {
  #next = 1;
  #hasBulk = false;
  readonly #send: (frame: Uint8Array, sent: () => void) => void;
  /** Frames that were sent and can be filled again: a fresh one costs its zeroes and its page faults. */
  readonly #free: Uint8Array[] = [];

  constructor(send: (frame: Uint8Array, sent: () => void) => void) {
    this.#send = send;
  }

  /** True when bulk was sent since the last time. */
  takeBulk(): boolean {
    const had = this.#hasBulk;
    this.#hasBulk = false;
    return had;
  }

  /** A frame for `size` bytes, from BULK_BYTES to CHUNK_BYTES, that somebody writes in place; it goes out by `commit`, or is left. */
  reserve(size: number): Uint8Array {
    const whole = size === CHUNK_BYTES;
    return ((whole && this.#free.pop()) || new Uint8Array(HEADER_BYTES + size)).subarray(HEADER_BYTES);
  }

  /** Sends what `reserve` gave, and gives the transfer's number. */
  commit(body: Uint8Array): number {
    return this.#sendChunk(new Uint8Array(body.buffer), this.#number(), body.length, 0);
  }

  /** The bytes are copied; the caller's may change when this returns. */
  encode(bytes: Uint8Array): Uint8Array | number {
    // Buffer's slice would be a view.
    if (bytes.length < BULK_BYTES) return Uint8Array.prototype.slice.call(bytes);
    this.#hasBulk = true;
    const id = this.#number();
    for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
      const chunk = bytes.subarray(offset, offset + CHUNK_BYTES);
      const body = this.reserve(chunk.length);
      body.set(chunk);
      this.#sendChunk(new Uint8Array(body.buffer), id, bytes.length, offset);
    }
    return id;
  }

  #number(): number {
    const id = this.#next;
    this.#next = (this.#next + 1) >>> 0 || 1;
    return id;
  }

  #sendChunk(frame: Uint8Array, id: number, total: number, offset: number): number {
    const view = new DataView(frame.buffer);
    frame[0] = BULK_MARK;
    view.setUint32(4, id, true);
    view.setUint32(8, total, true);
    view.setUint32(12, offset, true);
    this.#send(frame, () => {
      if (frame.length === BULK_FRAME_BYTES && this.#free.length < KEPT_FRAMES) this.#free.push(frame);
    });
    return id;
  }
}

interface Transfer {
  readonly total: number;
  received: number;
  /** Undefined until a first chunk shows that there are more. */
  bytes: Uint8Array;
  /** Bytes of the frame, when its bytes are passed on as they came. */
  readonly credit: number;
}

/** Puts transfers together, until a message takes them. */
export class TransferReceiver {
  readonly #limits: WireLimits;
  readonly #transfers = new Map<number, Transfer>();
  #pendingBytes = 0;
  #credit = 0;
  #frame: Uint8Array | undefined;

  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** True for a frame that `receive` takes. */
  static accepts(frame: Uint8Array): boolean {
    return frame[0] === BULK_MARK;
  }

  /**
   * Takes a bulk frame in; throws WireError for one that is malformed, out of order, or more than the limits allow. Gives how many of its bytes
   * are used up at once: all, but of a transfer in one piece, which is passed on as it is, none before a call has used it.
   */
  receive(frame: Uint8Array): number {
    if (frame.length <= HEADER_BYTES) throw new WireError("a bulk frame has no data");
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const id = view.getUint32(4, true);
    const total = view.getUint32(8, true);
    const offset = view.getUint32(12, true);
    const chunk = frame.subarray(HEADER_BYTES);
    if (view.getUint32(0, true) !== BULK_MARK || id === 0) throw new WireError("a bulk frame has a malformed header");
    if (chunk.length > CHUNK_BYTES) throw new WireError(`a chunk of ${chunk.length} bytes is over the limit of ${CHUNK_BYTES}`);
    if (total > this.#limits.transferBytes)
      throw new WireError(`a transfer of ${total} bytes is over the limit of ${this.#limits.transferBytes}`);
    const known = this.#transfers.get(id);
    if (known ? known.total !== total || known.received !== offset : offset !== 0)
      throw new WireError(`a chunk of transfer ${id} is out of order`);
    if (offset + chunk.length > total) throw new WireError(`transfer ${id} is longer than its ${total} bytes`);
    if (known) {
      known.bytes.set(chunk, offset);
      known.received += chunk.length;
      return frame.length;
    }
    this.#pendingBytes += total;
    if (this.#pendingBytes > this.#limits.pendingTransferBytes) throw new WireError("too many bytes wait for a call that takes them");
    let bytes = chunk;
    if (chunk.length < total) {
      bytes = new Uint8Array(total);
      bytes.set(chunk);
    }
    const isWhole = chunk.length === total;
    this.#transfers.set(id, { total, received: chunk.length, bytes, credit: isWhole ? frame.length : 0 });
    return isWhole ? 0 : frame.length;
  }

  /** The bytes of bulk frames that were held for what `decode` has given since the last time. */
  takeCredit(): number {
    const credit = this.#credit;
    this.#credit = 0;
    return credit;
  }

  /** The last bytes that `decode` has given of a frame of their own, if any since the last time: whoever is done with them may have them filled again. */
  takeFrame(): Uint8Array | undefined {
    const frame = this.#frame;
    this.#frame = undefined;
    return frame;
  }

  /** The bytes that a value in a message stands for; throws WireError when there are none. */
  decode(value: unknown): unknown {
    // msgpackr gives Buffers, whose `slice` copies nothing.
    if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (typeof value !== "number") return value;
    const transfer = this.#transfers.get(value);
    if (!transfer || transfer.received !== transfer.total) throw new WireError(`transfer ${value} is not complete`);
    this.#transfers.delete(value);
    this.#pendingBytes -= transfer.total;
    this.#credit += transfer.credit;
    if (transfer.credit > 0) this.#frame = transfer.bytes;
    return transfer.bytes;
  }
}
