import { freeBuffer } from "./free-buffer.ts";

/** What the reader hands on. */
export interface BulkReaderOptions {
  /** Frames come masked: this is the server's end. */
  readonly isMasked: boolean;
  /** Frames of more bytes are the WebSocket's to refuse. */
  readonly frameBytes: number;
  /** Bytes of the usual large frame, whose buffers are kept. */
  readonly bufferBytes: number;
  /** Takes all bytes of other frames, in their order. */
  pass(bytes: Uint8Array): void;
  /** Takes the payload of a large frame, or of one that came whole in one piece. */
  frame(payload: Uint8Array): void;
}

/** Payloads from this size are large: what a socket reads at once. */
const LARGE_BYTES = 64 * 1024;
const KEPT_BUFFERS = 16;
/** A header with a length of 64 bits and a mask (RFC 6455, 5.2). */
const MOST_HEADER_BYTES = 14;
const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const OPCODE = { CONTINUATION: 0, BINARY: 2, CLOSE: 8 };

/**
 * Takes large binary frames out of the bytes of a WebSocket connection (RFC 6455, 5) before `ws` sees them, and writes each into one buffer as it comes.
 * `ws` keeps the pieces, joins them in a new buffer for each frame, and stops the socket behind each piece: for a megabyte twice its bytes of
 * garbage (bench/cuda-channel.ts). Small ones that come whole are taken where they lie: their way through `ws`, which is a stream of its own, is a tenth of a
 * round trip. Everything else goes to `ws`: small frames that come in parts, fragments, control frames, and all that is wrong.
 */
export class BulkReader {
  readonly #options: BulkReaderOptions;
  /** Buffers for frames of the usual size, that can be filled again: a fresh one costs its page faults. */
  readonly #free: ArrayBuffer[] = [];
  /** A header whose rest has not come. */
  readonly #header = new Uint8Array(MOST_HEADER_BYTES);
  #headerBytes = 0;
  /** Payload still to come of a frame that is passed on. */
  #passBytes = 0;
  #payload: Uint8Array | undefined;
  #filled = 0;
  readonly #mask = new Uint8Array(4);
  #isFragmented = false;
  /** The WebSocket is closing, or what came is none of ours: all that follows is passed on. */
  #passesAll = false;

  constructor(options: BulkReaderOptions) {
    this.#options = options;
  }

  /** Gives a payload's buffer back: nobody reads it any more. */
  recycle(payload: Uint8Array): void {
    const { buffer } = payload;
    if (buffer.byteLength === this.#options.bufferBytes && this.#free.length < KEPT_BUFFERS) this.#free.push(buffer as ArrayBuffer);
  }

  /** Takes a piece that the socket has read, which is the reader's own. Hot (bench/cuda-channel.ts). */
  write(bytes: Uint8Array): void {
    let at = 0;
    let passFrom = 0;
    const passUpTo = (end: number): void => {
      if (end > passFrom) this.#options.pass(passFrom === 0 && end === bytes.length ? bytes : bytes.subarray(passFrom, end));
    };
    while (at < bytes.length && !this.#passesAll) {
      if (this.#payload !== undefined) {
        at = passFrom = this.#fill(this.#payload, bytes, at);
      } else if (this.#passBytes > 0) {
        const count = Math.min(this.#passBytes, bytes.length - at);
        this.#passBytes -= count;
        at += count;
      } else if (this.#headerBytes > 0) {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        passFrom = at;
        const size = headerSize(this.#header, 0, this.#headerBytes);
        if (this.#headerBytes < size) continue;
        this.#headerBytes = 0;
        if (!this.#begin(this.#header, 0, size)) this.#options.pass(this.#header.slice(0, size));
      } else {
        const size = headerSize(bytes, at, bytes.length - at);
        if (bytes.length - at < size) {
          passUpTo(at);
          this.#header.set(bytes.subarray(at));
          this.#headerBytes = bytes.length - at;
          return;
        }
        const end = at + size + lengthAt(bytes, at);
        if (end <= bytes.length && this.#isWhole(bytes, at)) {
          passUpTo(at);
          this.#options.frame(this.#payloadIn(bytes, at + size, end));
          at = passFrom = end;
          continue;
        }
        if (this.#begin(bytes, at, size)) {
          passUpTo(at);
          passFrom = at + size;
        }
        at += size;
      }
    }
    passUpTo(bytes.length);
  }

  /** True for the header of a message in one frame that needs no buffer of its own. */
  #isWhole(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] !== (FINAL | OPCODE.BINARY) || this.#isFragmented) return false;
    const length = lengthAt(bytes, at);
    return ((bytes[at + 1]! & MASKED) !== 0) === this.#options.isMasked && length < LARGE_BYTES && length <= this.#options.frameBytes;
  }

  /** A payload where it lies. */
  #payloadIn(bytes: Uint8Array, from: number, to: number): Uint8Array {
    // A socket's piece is a Buffer, whose `slice` copies nothing.
    const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
    if (this.#options.isMasked) for (let at = 0; at < payload.length; at++) payload[at] = payload[at]! ^ bytes[from - 4 + (at & 3)]!;
    return payload;
  }

  /** Looks at a whole header, and says whether a large frame begins. */
  #begin(bytes: Uint8Array, at: number, size: number): boolean {
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    const opcode = first & 0x0f;
    const isFinal = (first & FINAL) !== 0;
    const isMasked = (second & MASKED) !== 0;
    const length = lengthAt(bytes, at);
    if ((first & RESERVED) !== 0 || isMasked !== this.#options.isMasked || opcode === OPCODE.CLOSE || length > Number.MAX_SAFE_INTEGER) {
      this.#passesAll = true;
      return false;
    }
    const isLarge =
      opcode === OPCODE.BINARY && isFinal && !this.#isFragmented && length >= LARGE_BYTES && length <= this.#options.frameBytes;
    if (!isLarge) {
      if (opcode <= OPCODE.BINARY) this.#isFragmented = !isFinal;
      this.#passBytes = length;
      return false;
    }
    if (isMasked) this.#mask.set(bytes.subarray(at + size - 4, at + size));
    this.#payload = this.#buffer(length);
    this.#filled = 0;
    return true;
  }

  #buffer(size: number): Uint8Array {
    // Small ones would hold much more memory than their sender has credit for.
    const { bufferBytes } = this.#options;
    if (size <= bufferBytes / 2 || size > bufferBytes) return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    return new Uint8Array(this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes).buffer, 0, size);
  }

  /** Puts bytes to the frame that is being read, and gives where in them it ends. */
  #fill(payload: Uint8Array, bytes: Uint8Array, at: number): number {
    const count = Math.min(payload.length - this.#filled, bytes.length - at);
    payload.set(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#filled);
    this.#filled += count;
    // A piece with a buffer of its own, of which nobody has a part.
    if (count === bytes.length && count === bytes.buffer.byteLength) freeBuffer(bytes.buffer as ArrayBuffer);
    if (this.#filled === payload.length) {
      this.#payload = undefined;
      if (this.#options.isMasked) unmask(payload, this.#mask);
      this.#options.frame(payload);
    }
    return at + count;
  }
}

/** Bytes of a header, of which `known` are there; two where not even its length is known. */
function headerSize(bytes: Uint8Array, at: number, known: number): number {
  if (known < 2) return 2;
  const second = bytes[at + 1]!;
  const length = second & 0x7f;
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (second & MASKED ? 4 : 0);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]! & 0x7f;
  if (length < 126) return length;
  let value = 0;
  for (let index = at + 2; index < at + (length === 126 ? 4 : 10); index++) value = value * 256 + bytes[index]!;
  return value;
}

/** Undoes a mask in place, a word at a time; `payload` begins its buffer. */
function unmask(payload: Uint8Array, mask: Uint8Array): void {
  const [word] = new Uint32Array(mask.slice().buffer);
  if (word === undefined || word === 0) return;
  const words = new Uint32Array(payload.buffer, 0, payload.length >>> 2);
  for (let index = 0; index < words.length; index++) words[index] = words[index]! ^ word;
  for (let index = words.length * 4; index < payload.length; index++) payload[index] = payload[index]! ^ mask[index & 3]!;
}
