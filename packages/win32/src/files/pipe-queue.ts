import { ERROR, Win32Error } from "@decant/hook";
import { PendingIo } from "./pending-io.ts";

/** A message that was longer than the reader's buffer: what fitted. The rest is read next. */
export class MoreDataError extends Win32Error {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super(ERROR.MORE_DATA);
    this.bytes = bytes;
  }
}

/** What all pipes of a kernel may hold together, in bytes: a guest that writes on without a reader meets this limit. */
export class PipeBudget {
  readonly limitBytes: number;
  usedBytes = 0;
  readonly #onLimit: () => void;

  /** `onLimit` runs when something did not fit. */
  constructor(limitBytes: number, onLimit: () => void) {
    this.limitBytes = limitBytes;
    this.#onLimit = onLimit;
  }

  /** Throws ERROR_NO_SYSTEM_RESOURCES when there is no room. */
  take(bytes: number): void {
    if (this.usedBytes + bytes > this.limitBytes) {
      this.#onLimit();
      throw new Win32Error(ERROR.NO_SYSTEM_RESOURCES);
    }
    this.usedBytes += bytes;
  }
}

interface Entry {
  /** What is left of a write. */
  bytes: Uint8Array;
  readonly size: number;
  /** The write, while it waits for room. */
  write: PendingIo<number> | undefined;
}

interface Reading {
  readonly maxBytes: number;
  readonly isMessage: boolean;
  readonly pending: PendingIo<Uint8Array>;
}

/**
 * One direction of a pipe: writes that were not read yet, and reads that wait for one. A write ends at once while the capacity holds it, and otherwise
 * when enough has been read ("Named Pipe Type, Read, and Wait Modes").
 */
export class PipeQueue {
  readonly capacity: number;
  /** Whether writes stay apart. */
  readonly isMessages: boolean;
  readonly #budget: PipeBudget;
  #entries: Entry[] = [];
  #readings: Reading[] = [];
  #length = 0;
  /** Why there are no more writes, or reads; undefined while the end is open. */
  #writerEnd: number | undefined;
  #readerEnd: number | undefined;

  constructor({ capacity, isMessages = false, budget }: { capacity: number; isMessages?: boolean; budget: PipeBudget }) {
    this.capacity = capacity;
    this.isMessages = isMessages;
    this.#budget = budget;
  }

  /** Bytes that can be read. */
  get length(): number {
    return this.#length;
  }

  /** Bytes left of the first message; 0 in a pipe of bytes. */
  get messageLength(): number {
    return this.isMessages ? (this.#entries[0]?.bytes.length ?? 0) : 0;
  }

  /** Bytes that a write may have to end at once. */
  get room(): number {
    return Math.max(0, this.capacity - this.#length);
  }

  write(bytes: Uint8Array): number | PendingIo<number> {
    if (this.#readerEnd !== undefined) throw new Win32Error(this.#readerEnd);
    if (bytes.length === 0 && !this.isMessages) return 0;
    this.#budget.take(bytes.length);
    const entry: Entry = { bytes: bytes.slice(), size: bytes.length, write: undefined };
    this.#entries.push(entry);
    this.#length += bytes.length;
    this.#serve();
    if (this.#length <= this.capacity || !this.#entries.includes(entry)) return bytes.length;
    entry.write = new PendingIo<number>(() => this.#drop(entry));
    return entry.write;
  }

  /** `isMessage`: at most one message, which throws MoreDataError when it is longer. Throws why there will be nothing more to read. */
  read(maxBytes: number, isMessage: boolean): Uint8Array | PendingIo<Uint8Array> {
    if (this.#entries.length > 0 && this.#readings.length === 0) return this.#take(maxBytes, isMessage);
    if (this.#writerEnd !== undefined) throw new Win32Error(this.#writerEnd);
    const reading: Reading = {
      maxBytes,
      isMessage,
      pending: new PendingIo<Uint8Array>(() => (this.#readings = this.#readings.filter((each) => each !== reading))),
    };
    this.#readings.push(reading);
    return reading.pending;
  }

  /** What a read would give, up to `maxBytes`. Throws as a read does when there will be nothing more. */
  peek(maxBytes: number, isMessage: boolean): Uint8Array {
    if (this.#entries.length === 0 && this.#writerEnd !== undefined) throw new Win32Error(this.#writerEnd);
    const parts = isMessage ? this.#entries.slice(0, 1) : this.#entries;
    return join(parts.map(({ bytes }) => bytes), maxBytes); // prettier-ignore
  }

  /** Nobody will write any more: what is there is still read, then reads fail with `error`. */
  endWriting(error: number): void {
    this.#writerEnd ??= error;
    if (this.#entries.length > 0) return;
    const readings = this.#readings;
    this.#readings = [];
    for (const { pending } of readings) pending.end({ error: new Win32Error(error) });
  }

  /** Nobody will read any more: writes fail with `error`, and what is there is lost. */
  endReading(error: number): void {
    this.#readerEnd ??= error;
    const entries = this.#entries;
    this.#entries = [];
    this.#budget.usedBytes -= this.#length;
    this.#length = 0;
    for (const { write } of entries) write?.end({ error: new Win32Error(error) });
    for (const { pending } of this.#readings.splice(0)) pending.cancel();
  }

  #serve(): void {
    while (this.#readings.length > 0 && this.#entries.length > 0) {
      const { maxBytes, isMessage, pending } = this.#readings.shift()!;
      try {
        pending.end({ value: this.#take(maxBytes, isMessage) });
      } catch (error) {
        pending.end({ error });
      }
    }
  }

  #take(maxBytes: number, isMessage: boolean): Uint8Array {
    const parts: Uint8Array[] = [];
    let wanted = maxBytes;
    let isCut = false;
    for (const entry of this.#entries.slice(0, isMessage ? 1 : undefined)) {
      const part = entry.bytes.subarray(0, wanted);
      parts.push(part);
      wanted -= part.length;
      isCut = part.length < entry.bytes.length;
      entry.bytes = entry.bytes.subarray(part.length);
      if (isCut) break;
      this.#entries.shift();
      entry.write?.end({ value: entry.size });
      if (wanted === 0) break;
    }
    const bytes = join(parts, maxBytes);
    this.#length -= bytes.length;
    this.#budget.usedBytes -= bytes.length;
    this.#endWrites();
    if (isCut && isMessage) throw new MoreDataError(bytes);
    return bytes;
  }

  /** Writes end that the capacity holds now. */
  #endWrites(): void {
    let before = 0;
    for (const entry of this.#entries) {
      before += entry.bytes.length;
      if (before > this.capacity) return;
      entry.write?.end({ value: entry.size });
    }
  }

  #drop(entry: Entry): void {
    this.#entries = this.#entries.filter((each) => each !== entry);
    this.#length -= entry.bytes.length;
    this.#budget.usedBytes -= entry.bytes.length;
  }
}

function join(parts: readonly Uint8Array[], maxBytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!.slice(0, maxBytes);
  const all = new Uint8Array(
    Math.min(
      maxBytes,
      parts.reduce((sum, { length }) => sum + length, 0),
    ),
  );
  let at = 0;
  for (const part of parts) {
    const fitting = part.subarray(0, all.length - at);
    all.set(fitting, at);
    at += fitting.length;
  }
  return all;
}
