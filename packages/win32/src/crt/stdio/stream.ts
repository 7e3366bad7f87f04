import { CrtError, ERRNO, errnoOf } from "@decant/hook";

import type { GuestGenerator, Process, Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { BufferedFile } from "./buffered-file.ts";
import { BUFFER_SIZE, FLAG } from "./file-layout.ts";
import { descriptor, readDescriptor, SEEK, seekDescriptor, writeDescriptor } from "./low-io.ts";

/** A FILE of the guest's and what its stream functions do. */
export class Stream extends BufferedFile {
  /** Marks what happened: FLAG.EOF or FLAG.ERROR. */
  mark(flag: number): void {
    this.flags |= flag;
  }

  /** The next byte if it is in the buffer; undefined when the buffer must be filled first. Hot: a call a character. */
  takeByte(): number | undefined {
    const count = this.count;
    if (count <= 0 || (this.flags & (FLAG.READ | FLAG.STRING)) === 0) return undefined;
    const at = this.next;
    this.count = count - 1;
    this.next = at + 1;
    return this.thread.memory.u8(at);
  }

  /** Stores a byte if the buffer has room; false when it must be written first. Hot: a call a character. */
  putByte(byte: number): boolean {
    const { flags } = this;
    const count = this.count;
    if (count <= 0 || (flags & (FLAG.WRITE | FLAG.UNBUFFERED)) !== FLAG.WRITE || this.base === 0) return false;
    const at = this.next;
    this.thread.memory.setU8(at, byte);
    this.next = at + 1;
    this.count = count - 1;
    return true;
  }

  /** Bytes that are in the buffer, at most `length`, taken out of it. */
  takeBytes(length: number): Uint8Array {
    if ((this.flags & (FLAG.READ | FLAG.STRING)) === 0) return new Uint8Array(0);
    const taken = Math.min(length, Math.max(0, this.count));
    const bytes = this.thread.memory.read(this.next, taken);
    this.next += taken;
    this.count -= taken;
    return bytes;
  }

  /** What is in the buffer, without taking it. */
  peekBytes(): Uint8Array {
    const count = Math.max(0, this.count);
    return (this.flags & (FLAG.READ | FLAG.STRING)) === 0 || count === 0 ? new Uint8Array(0) : this.thread.memory.slice(this.next, count);
  }

  /** Reads the next piece of the file into the buffer. False at the end; throws on errors, having marked them. */
  *fill(): GuestGenerator<boolean> {
    if ((this.flags & FLAG.STRING) !== 0) return false;
    yield* this.#beginReading();
    this.provideBuffer();
    const base = this.base;
    const bytes = yield* this.#guard(readDescriptor(this.thread, this.fd, this.bufferSize));
    this.thread.memory.write(base, bytes);
    this.next = base;
    this.count = bytes.length;
    if (bytes.length === 0) this.mark(FLAG.EOF);
    return bytes.length > 0;
  }

  /** Reads exactly `length` bytes, or fewer at the end of the file. */
  *read(length: number): GuestGenerator<Uint8Array> {
    const first = this.takeBytes(length);
    if (first.length === length || (this.flags & FLAG.STRING) !== 0) return first;
    const out = new Uint8Array(length);
    out.set(first);
    let at = first.length;
    while (at < length) {
      yield* this.#beginReading();
      // Large reads go past the buffer.
      const rest = length - at;
      const direct = rest >= Math.max(this.bufferSize, BUFFER_SIZE);
      if (!direct && !(yield* this.fill())) break;
      const bytes = direct ? yield* this.#guard(readDescriptor(this.thread, this.fd, rest)) : this.takeBytes(rest);
      if (bytes.length === 0) {
        this.mark(FLAG.EOF);
        break;
      }
      out.set(bytes, at);
      at += bytes.length;
    }
    return out.subarray(0, at);
  }

  /** Writes bytes: into the buffer, or at once when the stream has none. Throws on errors, having marked them. */
  *write(bytes: Uint8Array): GuestGenerator<void> {
    yield* this.beginWriting();
    if (this.isUnbuffered) return yield* this.#guard(writeDescriptor(this.thread, this.fd, bytes));
    let rest = bytes;
    while (rest.length > 0) {
      const pending = this.next - this.base;
      const room = this.bufferSize - pending;
      if (pending === 0 && rest.length >= this.bufferSize) {
        const whole = rest.length - (rest.length % this.bufferSize);
        yield* this.#guard(writeDescriptor(this.thread, this.fd, rest.subarray(0, whole)));
        rest = rest.subarray(whole);
        continue;
      }
      if (room <= 0) {
        yield* this.flush();
        yield* this.beginWriting();
        continue;
      }
      const taken = Math.min(room, rest.length);
      this.thread.memory.write(this.next, rest.subarray(0, taken));
      this.next += taken;
      this.count = room - taken;
      rest = rest.subarray(taken);
    }
  }

  /** Appends as much as the buffer takes, when that needs no writing; false otherwise. Hot: most fwrite, fputs and printf calls end here. */
  tryWrite(bytes: Uint8Array): boolean {
    const { flags } = this;
    if ((flags & (FLAG.WRITE | FLAG.UNBUFFERED)) !== FLAG.WRITE || this.base === 0 || this.count < bytes.length) return false;
    this.thread.memory.write(this.next, bytes);
    this.next += bytes.length;
    this.count -= bytes.length;
    return true;
  }

  /** Writes what waits in the buffer. */
  *flush(): GuestGenerator<void> {
    const { flags } = this;
    const base = this.base;
    const pending = this.next - base;
    if ((flags & FLAG.WRITE) === 0 || (flags & FLAG.STRING) !== 0) return;
    this.next = base;
    this.count = base === 0 ? 0 : this.bufferSize;
    if ((flags & FLAG.READ_WRITE) !== 0) {
      this.flags &= ~FLAG.WRITE;
      this.count = 0;
    }
    if (pending > 0) yield* this.#guard(writeDescriptor(this.thread, this.fd, this.thread.memory.read(base, pending)));
  }

  /** Puts a byte back before the position. False when there is no room for it. */
  unget(byte: number): boolean {
    const { flags } = this;
    if ((flags & FLAG.READ) === 0 && !((flags & FLAG.READ_WRITE) !== 0 && (flags & FLAG.WRITE) === 0)) return false;
    if ((flags & FLAG.STRING) === 0) this.provideBuffer();
    if (this.next === this.base) {
      if (this.count > 0) return false;
      this.next += 1;
    }
    this.next -= 1;
    this.count += 1;
    if ((flags & FLAG.STRING) === 0) this.thread.memory.setU8(this.next, byte);
    this.flags = (flags & ~FLAG.EOF) | FLAG.READ;
    return true;
  }

  /** The position in the file: what the descriptor has reached, less what is still to read, or with what is still to write. */
  position(): number {
    const { flags } = this;
    const at = seekDescriptor(this.thread, this.fd, 0, SEEK.CUR);
    if ((flags & FLAG.WRITE) !== 0) return at + this.#pendingSize();
    return (flags & FLAG.READ) !== 0 ? at - this.#unreadSize() : at;
  }

  /** Moves the position; buffered data is written or dropped. */
  *seek(offset: number, whence: number): GuestGenerator<void> {
    const { flags } = this;
    let target = offset;
    let from = whence;
    if (whence === SEEK.CUR) {
      target += this.position();
      from = SEEK.SET;
    }
    yield* this.flush();
    this.next = this.base;
    this.count = 0;
    this.flags = flags & ~FLAG.EOF;
    if ((flags & FLAG.READ_WRITE) !== 0) this.flags &= ~(FLAG.READ | FLAG.WRITE);
    seekDescriptor(this.thread, this.fd, target, from);
    if ((flags & FLAG.READ_WRITE) === 0 && (flags & FLAG.WRITE) !== 0) this.count = this.base === 0 ? 0 : this.bufferSize;
  }

  /** Uses the caller's buffer, one of its own of a size, or none (setvbuf). */
  setBuffer(address: number, size: number, isUnbuffered: boolean): void {
    this.freeBuffer();
    this.flags &= ~(FLAG.UNBUFFERED | FLAG.OWN_BUFFER | FLAG.USER_BUFFER);
    this.count = 0;
    if (isUnbuffered) return this.useOneByte();
    if (address !== 0) this.useBuffer(address, size, FLAG.USER_BUFFER);
    else this.allocateBuffer(size);
  }

  /** Gives the buffer back, when the stream is closed. */
  release(): void {
    this.freeBuffer();
    this.thread.memory.fill(this.address, 0, this.layout.SIZE);
    this.thread.memory.setI32(this.address + this.layout.fd, -1);
  }

  /** Makes the stream one that is written, with a buffer. */
  *beginWriting(): GuestGenerator<void> {
    const { flags } = this;
    if ((flags & FLAG.WRITE) === 0) {
      if ((flags & FLAG.READ_WRITE) === 0) {
        this.mark(FLAG.ERROR);
        throw new CrtError(ERRNO.EBADF);
      }
      // What was read ahead is not read any more: the position is where the program believes it is.
      if ((flags & FLAG.READ) !== 0 && this.count > 0) yield* this.seek(0, SEEK.CUR);
      this.flags = (this.flags & ~(FLAG.READ | FLAG.EOF)) | FLAG.WRITE;
      this.next = this.base;
      this.count = this.bufferSize;
    }
    if (this.base !== 0) return;
    this.provideBuffer();
    this.count = this.isUnbuffered ? 0 : this.bufferSize;
  }

  *#beginReading(): GuestGenerator<void> {
    const { flags } = this;
    if ((flags & FLAG.READ) !== 0) return;
    if ((flags & FLAG.READ_WRITE) === 0) {
      this.mark(FLAG.ERROR);
      throw new CrtError(ERRNO.EBADF);
    }
    if ((flags & FLAG.WRITE) !== 0) yield* this.flush();
    this.flags = (this.flags & ~FLAG.WRITE) | FLAG.READ;
    this.next = this.base;
    this.count = 0;
  }

  /** What waits in the buffer, in bytes of the file: text mode writes two for a line's end. */
  #pendingSize(): number {
    const pending = this.next - this.base;
    return this.base === 0 ? 0 : pending + this.#lineEnds(this.base, pending);
  }

  #unreadSize(): number {
    const count = Math.max(0, this.count);
    return count + this.#lineEnds(this.next, count);
  }

  #lineEnds(address: number, length: number): number {
    if (length === 0 || !descriptor(this.thread, this.fd).isText) return 0;
    let ends = 0;
    for (const byte of this.thread.memory.slice(address, length)) if (byte === 0x0a) ends++;
    return ends;
  }

  /** However a program exits, what its streams hold is written; only TerminateProcess loses it. */
  protected override flushesAtExit(process: Process): void {
    process.onDetach(function* (thread) {
      yield* flushAll(thread);
    });
  }

  *#guard<T>(operation: GuestGenerator<T>): GuestGenerator<T> {
    try {
      return yield* operation;
    } catch (error) {
      this.mark(FLAG.ERROR);
      throw error;
    }
  }
}

/** Writes what all streams have buffered. Streams whose writing fails are marked, and the rest go on. Returns how many were open. */
export function* flushAll(thread: Thread): GuestGenerator<number> {
  let count = 0;
  for (const address of [...Runtime.of(thread).streams]) {
    const stream = new Stream(thread, address);
    if ((stream.flags & (FLAG.WRITE | FLAG.READ | FLAG.READ_WRITE)) !== 0) count++;
    try {
      yield* stream.flush();
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return count;
}
