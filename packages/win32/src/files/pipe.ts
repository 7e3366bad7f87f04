import { ERROR, Win32Error } from "@decant/hook";
import { FILE_TYPE, IoObject } from "./io-object.ts";

const DEFAULT_CAPACITY = 4096;

/** The bytes between the two ends of an anonymous pipe. */
class Channel {
  readonly capacity: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #waiting: (() => void)[] = [];
  readerOpen = true;
  writerOpen = true;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes.slice());
    this.#length += bytes.length;
    this.changed();
  }

  take(maxBytes: number): Uint8Array {
    const taken = new Uint8Array(Math.min(maxBytes, this.#length));
    let done = 0;
    while (done < taken.length) {
      const chunk = this.#chunks[0]!;
      const part = chunk.subarray(0, taken.length - done);
      taken.set(part, done);
      done += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#length -= taken.length;
    this.changed();
    return taken;
  }

  peek(maxBytes: number): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all.slice(0, maxBytes);
  }

  /** Resolves at the next change. */
  async change(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** The end of a pipe that is read: fails with ERROR_BROKEN_PIPE when it is empty and the other end is closed. */
export class PipeReader extends IoObject {
  readonly fileType = FILE_TYPE.PIPE;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    super();
    this.#channel = channel;
  }

  override read(into: Uint8Array): number | Promise<Uint8Array> {
    if (this.#channel.length === 0 && this.#channel.writerOpen) return this.#wait(into.length);
    const bytes = this.#take(into.length);
    into.set(bytes);
    return bytes.length;
  }

  /** What PeekNamedPipe tells. */
  peek(maxBytes: number): { bytes: Uint8Array; available: number } {
    if (this.#channel.length === 0 && !this.#channel.writerOpen) throw new Win32Error(ERROR.BROKEN_PIPE);
    return { bytes: this.#channel.peek(maxBytes), available: this.#channel.length };
  }

  protected override close(): void {
    this.#channel.readerOpen = false;
    this.#channel.changed();
  }

  async #wait(maxBytes: number): Promise<Uint8Array> {
    while (this.#channel.length === 0 && this.#channel.writerOpen) await this.#channel.change();
    return this.#take(maxBytes);
  }

  #take(maxBytes: number): Uint8Array {
    if (this.#channel.length === 0) throw new Win32Error(ERROR.BROKEN_PIPE);
    return this.#channel.take(maxBytes);
  }
}

/** The end of a pipe that is written: fails with ERROR_NO_DATA when the other end is closed. */
export class PipeWriter extends IoObject {
  readonly fileType = FILE_TYPE.PIPE;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    super();
    this.#channel = channel;
  }

  override write(bytes: Uint8Array): number | Promise<number> {
    if (!this.#channel.readerOpen) throw new Win32Error(ERROR.NO_DATA);
    if (this.#channel.length + bytes.length <= this.#channel.capacity) {
      this.#channel.push(bytes);
      return bytes.length;
    }
    return this.#wait(bytes.slice());
  }

  protected override close(): void {
    this.#channel.writerOpen = false;
    this.#channel.changed();
  }

  async #wait(bytes: Uint8Array): Promise<number> {
    let done = 0;
    while (done < bytes.length) {
      if (!this.#channel.readerOpen) throw new Win32Error(ERROR.NO_DATA);
      const room = this.#channel.capacity - this.#channel.length;
      this.#channel.push(bytes.subarray(done, done + room));
      done += Math.min(room, bytes.length - done);
      if (done < bytes.length) await this.#channel.change();
    }
    return done;
  }
}

/** An anonymous pipe; 0 for the default size. */
export function makePipe(capacity: number): { reader: PipeReader; writer: PipeWriter } {
  const channel = new Channel(capacity === 0 ? DEFAULT_CAPACITY : capacity);
  return { reader: new PipeReader(channel), writer: new PipeWriter(channel) };
}
