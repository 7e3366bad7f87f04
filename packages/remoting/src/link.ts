import { WireError } from "@decant/cuda";
import { BULK_MARK, FRAME, packMessage, unpackMessage } from "./message.ts";
import type { MessageSocket } from "./socket.ts";

/** Where both ends of a link stand: what one has received of the other, in frames, and what of that it has no more to hold, in bytes. */
export interface LinkPosition {
  readonly frames: number;
  readonly bytes: number;
}

export interface LinkOptions {
  /** Bytes that this end takes before it has used some up. */
  readonly windowBytes: number;
  /** Takes a frame of the other end, whose bytes must be reported by `consume`, then or later. May throw WireError. */
  onFrame(frame: Uint8Array): void;
  /** A frame was no acknowledgement and `onFrame` did not like it, or it was an acknowledgement that cannot be. */
  onBadFrame(reason: string): void;
  /** The socket is gone, or said nothing for too long. The link keeps what was not acknowledged, and waits for `attach`. */
  onDetached(reason: string): void;
}

interface Outgoing {
  readonly frame: Uint8Array;
  readonly sent: (() => void) | undefined;
}

const ARRAY_OF_3 = 0x93;
/** An acknowledgement goes out this long after a frame came in, or sooner when a quarter of a window has been used up. */
const ACKNOWLEDGE_MS = 20;
/** A link with nothing to say says so this often, and one that hears nothing for three times as long takes its socket for dead. */
export const HEARTBEAT_MS = 10_000;

/**
 * Frames in order, each exactly once, over WebSockets that may break and be replaced. Each end counts the frames that it
 * has received and the bytes that it has used up, and tells the other from time to time; the sender keeps every frame until it is acknowledged, so
 * that after a break both go on where they were. The same counts are the credit: who sends stays within the other's window.
 */
export class Link {
  readonly #options: LinkOptions;
  #socket: MessageSocket | undefined;
  /** Not yet on the wire, the urgent ones first. */
  readonly #urgent: Outgoing[] = [];
  readonly #waiting: Outgoing[] = [];
  #waitingBytes = 0;
  /** On the wire, not acknowledged. */
  #unacknowledged: Outgoing[] = [];
  #acknowledgedFrames = 0;
  #sentBytes = 0;
  #creditedBytes = 0;
  #receivedFrames = 0;
  #consumedBytes = 0;
  #reportedBytes = 0;
  /** Bulk frames go out while fewer bytes than this are under way; messages, which are small, up to twice as many: they free bulk. */
  #theirWindow = 0;
  #reportTimer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #heard = 0;
  #said = 0;
  readonly #drains: { readonly bytes: number; resolve(): void }[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get position(): LinkPosition {
    return { frames: this.#receivedFrames, bytes: this.#consumedBytes };
  }

  get isAttached(): boolean {
    return this.#socket !== undefined;
  }

  /** Bytes that were given to `send` and are not known to be used up at the other end. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#sentBytes - this.#creditedBytes;
  }

  /**
   * Goes on over a socket whose other end stands at `theirs`: what it has not received is sent again. Throws WireError when it claims to have
   * received what was never sent, or less than it had acknowledged.
   */
  attach(socket: MessageSocket, theirs: LinkPosition & { readonly windowBytes: number }): void {
    this.#advance(theirs);
    this.#theirWindow = theirs.windowBytes;
    this.#dropSocket();
    this.#socket = socket;
    this.#heard = this.#said = Date.now();
    socket.onFrame = (frame) => this.#receive(frame);
    socket.onClose = (reason) => this.#lose(reason);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    (this.#heartbeat as { unref?(): void }).unref?.();
    for (const { frame } of this.#unacknowledged) this.#write(frame);
    this.#pump();
  }

  /** Sends a frame when there is a socket and credit. It is the link's until `sent`. Urgent frames pass others that still wait. */
  send(frame: Uint8Array, options: { readonly sent?: () => void; readonly urgent?: boolean } = {}): void {
    const outgoing = { frame, sent: options.sent };
    this.#waitingBytes += frame.length;
    (options.urgent ? this.#urgent : this.#waiting).push(outgoing);
    this.#pump();
  }

  /** Reports bytes of received frames as used up: they are the other end's credit again. */
  consume(bytes: number): void {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes - this.#reportedBytes >= this.#options.windowBytes / 4) this.#report();
    else this.#reportLater();
  }

  /** Gives back the bytes of a frame that came, which nobody reads any more. */
  recycle(frame: Uint8Array): void {
    this.#socket?.recycle?.(frame);
  }

  /** Resolves when at most `bytes` are buffered, or nothing will ever be sent again. */
  drained(bytes: number): Promise<void> {
    if (this.bufferedBytes <= bytes) return Promise.resolve();
    return new Promise((resolve) => this.#drains.push({ bytes, resolve }));
  }

  /** Lets go of the socket, and gives it back: `onDetached` is not told. */
  detach(): MessageSocket | undefined {
    const socket = this.#socket;
    this.#dropSocket();
    return socket;
  }

  /** Lets go of the socket, which it gives back, and of all that waits. */
  end(): MessageSocket | undefined {
    const socket = this.detach();
    this.#waiting.length = this.#urgent.length = this.#unacknowledged.length = 0;
    this.#waitingBytes = 0;
    this.#creditedBytes = this.#sentBytes;
    this.#settleDrains();
    return socket;
  }

  #dropSocket(): void {
    clearTimeout(this.#reportTimer);
    clearInterval(this.#heartbeat);
    this.#reportTimer = undefined;
    if (this.#socket === undefined) return;
    this.#socket.onFrame = () => undefined;
    this.#socket.onClose = () => undefined;
    this.#socket = undefined;
  }

  #lose(reason: string): void {
    this.#dropSocket();
    this.#options.onDetached(reason);
  }

  #receive(frame: Uint8Array): void {
    this.#heard = Date.now();
    try {
      const acknowledged = readAcknowledgement(frame);
      if (acknowledged === undefined) {
        this.#receivedFrames++;
        this.#reportLater();
        this.#options.onFrame(frame);
      } else {
        this.#advance(acknowledged);
        this.#pump();
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#options.onBadFrame(error.message);
    }
  }

  /** Throws WireError where the other end cannot stand. */
  check({ frames, bytes }: LinkPosition): void {
    const known = frames - this.#acknowledgedFrames;
    if (known < 0 || known > this.#unacknowledged.length || bytes < this.#creditedBytes || bytes > this.#sentBytes)
      throw new WireError("what the other end acknowledges was never sent");
  }

  /** Takes the other end's word for what it has received and used up. */
  #advance({ frames, bytes }: LinkPosition): void {
    this.check({ frames, bytes });
    const known = frames - this.#acknowledgedFrames;
    for (const { sent } of this.#unacknowledged.splice(0, known)) sent?.();
    this.#acknowledgedFrames = frames;
    this.#creditedBytes = bytes;
    this.#settleDrains();
  }

  /** Hot: after each frame given to `send`, and each acknowledgement (bench/cuda-channel.ts). */
  #pump(): void {
    while (this.#socket !== undefined) {
      const lane = this.#urgent.length > 0 ? this.#urgent : this.#waiting;
      const next = lane[0];
      if (next === undefined) return;
      const window = next.frame[0] === BULK_MARK ? this.#theirWindow : 2 * this.#theirWindow;
      if (this.#sentBytes - this.#creditedBytes >= window) return;
      lane.shift();
      this.#waitingBytes -= next.frame.length;
      this.#sentBytes += next.frame.length;
      this.#unacknowledged.push(next);
      this.#write(next.frame);
    }
  }

  #write(frame: Uint8Array): void {
    this.#said = Date.now();
    this.#socket?.send(frame);
  }

  #reportLater(): void {
    this.#reportTimer ??= setTimeout(() => this.#report(), ACKNOWLEDGE_MS);
  }

  #report(): void {
    clearTimeout(this.#reportTimer);
    this.#reportTimer = undefined;
    if (this.#socket === undefined) return;
    this.#reportedBytes = this.#consumedBytes;
    this.#write(packMessage([FRAME.ACKNOWLEDGE, this.#receivedFrames, this.#consumedBytes]));
  }

  #beat(): void {
    const now = Date.now();
    if (now - this.#heard > 3 * HEARTBEAT_MS) {
      const socket = this.#socket;
      this.#lose("the other end has been silent for too long");
      socket?.terminate();
    } else if (now - this.#said >= HEARTBEAT_MS) this.#report();
  }

  #settleDrains(): void {
    for (let index = this.#drains.length - 1; index >= 0; index--) {
      const drain = this.#drains[index]!;
      if (this.bufferedBytes > drain.bytes) continue;
      this.#drains.splice(index, 1);
      drain.resolve();
    }
  }
}

/** [ACKNOWLEDGE, frames, bytes]: the only message of three values with that type. */
function readAcknowledgement(frame: Uint8Array): LinkPosition | undefined {
  if (frame[0] !== ARRAY_OF_3 || frame[1] !== FRAME.ACKNOWLEDGE) return undefined;
  const [, frames, bytes] = unpackMessage(frame, { values: 4 });
  return positionOf(frames, bytes);
}

/** Checks a stranger's position; throws WireError. */
export function positionOf(frames: unknown, bytes: unknown): LinkPosition {
  if (!Number.isSafeInteger(frames) || !Number.isSafeInteger(bytes) || (frames as number) < 0 || (bytes as number) < 0)
    throw new WireError("an acknowledgement must have two counts");
  return { frames: frames as number, bytes: bytes as number };
}
